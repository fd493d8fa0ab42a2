"""The wheel that jobs run."""

import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from neo_assets.cli import application
from neo_assets.targets.databricks.wheel import Wheel

FOREIGN = ("dagster", "databricks", "deltalake", "filelock", "requests")
"""Modules that do not exist where the wheel runs, or may not."""


def test_it_brings_all_that_a_stage_needs_and_nothing_else(tmp_path: Path) -> None:
    wheels = Wheel().make(tmp_path)
    assert [wheel.name for wheel in wheels] == Wheel().names
    # No index is there: what is not in the wheels is in the environment of Databricks.
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "-q", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), *map(str, wheels)], check=True)
    program = (
        "import sys, neo_assets.targets.databricks.job, neo_assets.lakehouse.stages\n"
        "import neo_assets.targets.databricks.backend\n"
        "print(neo_assets.__file__)\n"
        "import dagster_pipes; assert dagster_pipes.__file__.startswith(sys.path[1])\n"
        f"print([name for name in {FOREIGN} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == [f"{tmp_path}/site/neo_assets/__init__.py", "[]"]
    (information,) = (tmp_path / "site").glob("neo*.dist-info")
    metadata = (information / "METADATA").read_text().splitlines()
    required = [line for line in metadata if line.startswith("Requires-Dist")]
    assert required == [
        "Requires-Dist: dagster-pipes==1.13.27",
        "Requires-Dist: pydantic>=2,<3",
    ]


def test_its_digest_follows_every_line(tmp_path: Path) -> None:
    root = tmp_path / "neo_assets"
    for name in ("__init__.py", "targets/databricks/job.py", "lakehouse/gold.py", "settings.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("one = 1\n")
    before = Wheel(root).digest
    assert Wheel(root).digest == before
    # Not in the wheel.
    (root / "settings.py").write_text("two = 2\n")
    assert Wheel(root).digest == before
    (root / "lakehouse" / "gold.py").write_text("two = 2\n")
    assert Wheel(root).digest != before


def test_other_code_is_another_version(tmp_path: Path) -> None:
    root, versions = tmp_path / "neo_assets", set()
    root.mkdir()
    for number in ("1", "2"):
        (root / "__init__.py").write_text(f'"""The code of day {number}."""\n')
        (tmp_path / number).mkdir()
        with zipfile.ZipFile(Wheel(root).make(tmp_path / number)[-1]) as archive:
            (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
            versions.add(archive.read(metadata).decode().split("\nVersion: ")[1].split()[0])
        assert f"{version('neo-assets')}+sha{Wheel(root).digest}" in versions
    assert len(versions) == 2


def test_a_build_leaves_one_wheel(tmp_path: Path) -> None:
    """The bundle takes all of a folder, and two of one package cannot be installed."""
    old = tmp_path / "neo_assets_stages-0.1.0+sha1-py3-none-any.whl"
    old.touch()
    assert CliRunner().invoke(application, ["databricks-wheel", str(tmp_path)]).exit_code == 0
    assert sorted(file.name for file in tmp_path.glob("*.whl")) == Wheel().names
