"""What the tests of the Power BI project share."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_PACKAGES = Path(__file__).parent / "npm"


@pytest.fixture(scope="session")
def npm_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of the npm packages that are locked in `npm/`.

    Skips where there is no npm, or no registry; never in CI, which has both.
    """
    npm, is_ci = shutil.which("npm"), os.environ.get("CI")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PACKAGES / name, folder)
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if installed.returncode and not is_ci:
        pytest.skip(f"npm could not install the packages: {installed.stderr[-200:]}")
    assert installed.returncode == 0, installed.stderr
    return folder / "node_modules" / ".bin"
