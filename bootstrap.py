"""Make `.venv` with everything in it: the packages, Java where there is none, Delta's JARs."""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).absolute().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
COMPLETE = ENVIRONMENT / "complete.txt"


def main() -> None:
    """Bring the environment up to date, with one line a step; exit 1 with one line of advice."""
    uv = shutil.which("uv")
    # The folder counts because what pip writes into an environment does not work elsewhere.
    base = f"{sys.executable} {sys.version} {ROOT}\n"
    wanted = base + _digest("setup.cfg", "pyproject.toml", "constraints.txt")
    complete = COMPLETE.read_text() if COMPLETE.exists() else ""
    if complete != wanted or not PYTHON.exists():
        if not complete.startswith(base) or not PYTHON.exists():
            _make_environment(uv)
        _install_packages(uv)
        COMPLETE.write_text(wanted)
    sys.exit(subprocess.call([PYTHON, "-m", "neo_assets.spark_server", "prepare"], cwd=ROOT))


def _make_environment(uv: str | None) -> None:
    if not uv and not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            f"{sys.executable} cannot make virtual environments: install its venv module"
            " (Debian, Ubuntu: apt-get install python3-venv), or uv."
        )
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    _step(
        "Virtual environment: .venv",
        [uv, "venv", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"],
        str(ENVIRONMENT),
        advice="It could not be made; with another Python it may: make PYTHON=python3.12",
    )


def _install_packages(uv: str | None) -> None:
    _step(
        "Packages: the first time takes minutes",
        [uv, "pip", "install", "--python", str(PYTHON)]
        if uv
        else [str(PYTHON), "-m", "pip", "install"],
        *("--constraint", "constraints.txt", "--editable", ".[test]"),
        advice="They could not be installed: check the network and the package index, try again.",
    )


def _step(title: str, command: list[str], *arguments: str, advice: str) -> None:
    print(title, end="", flush=True)
    start = time.monotonic()
    process = subprocess.run(
        [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if process.returncode:
        print(", failed", flush=True)
        last_lines = process.stdout.decode(errors="replace").splitlines()[-15:]
        sys.exit("\n".join([*last_lines, advice]))
    print(f", done in {time.monotonic() - start:.0f} s", flush=True)


def _digest(*names: str) -> str:
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in names)).hexdigest()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted: the next call goes on.")
