"""The pages that are generated, and the site that all pages are."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reference import FOLDER, pages

DOCS = FOLDER.parent


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does: a warning is an error."""
    command = (sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(docs), str(site))
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_generated_from_the_code(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "python -m docs.reference"


def test_every_page_is_in_the_site_and_every_link_in_it_leads_somewhere(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs, ignore=shutil.ignore_patterns("__pycache__"))
    built = build(docs, tmp_path / "site")
    assert built.returncode == 0, built.stderr
    sources = {str(file.relative_to(docs).with_suffix("")) for file in docs.rglob("*.md")}
    assert {name for name in sources if not (tmp_path / "site" / f"{name}.html").exists()} == set()
    assert "https://github.com/OWNER/neo_assets/blob/main/README.md" in (
        tmp_path / "site" / "index.html"
    ).read_text(encoding="utf-8")

    (docs / "lost.md").write_text("# Lost\n\n[nowhere](operations.md#no-such-heading)\n")
    broken = build(docs, tmp_path / "site")
    assert broken.returncode != 0
    assert "no-such-heading" in broken.stderr and "lost.md" in broken.stderr
