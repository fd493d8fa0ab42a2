"""What the tests of the Power BI project share."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock

_PACKAGES = Path(__file__).parent / "npm"
_PINNED = ("package.json", "package-lock.json")
_CACHE = Path(__file__).parents[2] / ".venv" / "powerbi_tools"
_RULES = "semantic-link-labs==0.17.1"


@pytest.fixture(scope="session")
def npm_tools() -> Path:
    """The folder of the commands of the npm packages that are locked in `npm/`.

    Skips where there is no npm, or no registry; never in CI, which has both.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    digest = hashlib.sha256(b"".join((_PACKAGES / name).read_bytes() for name in _PINNED))
    folder = _CACHE / f"npm-{digest.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PINNED:
        shutil.copy(_PACKAGES / name, folder)
    # `npm ci` refuses a lock file that lacks optional packages for other platforms.
    options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
    _install(folder, [npm, "install", *options])
    return folder / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def rules_package() -> Path:
    """The folder of the package with Microsoft's best-practice rules, without what it depends on.

    Skips where there is no registry; never in CI.
    """
    folder = _CACHE / _RULES.replace("==", "-")
    folder.mkdir(parents=True, exist_ok=True)
    # An environment that uv has made has no pip.
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    _install(folder, [*pip, "install", "--no-deps", "--target", str(folder), _RULES])
    return folder


def _install(folder: Path, command: Sequence[str]) -> None:
    """Run the command in the folder, unless it has succeeded there before."""
    complete = folder / "complete"
    with FileLock(_CACHE / ".lock"):
        if complete.exists():
            return
        installed = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if installed.returncode and not os.environ.get("CI"):
            pytest.skip(f"{command[0]} could not install packages: {installed.stderr[-200:]}")
        assert installed.returncode == 0, installed.stderr
        complete.touch()
