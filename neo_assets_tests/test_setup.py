import configparser
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # The outer make's flags, such as -j, are not for this one.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_missing_python_is_one_sentence() -> None:
    result = make("setup", "PYTHON=no-such-python")
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == (
        "Python 3.10 to 3.13 is needed and no-such-python is not there:"
        " name another as in: make PYTHON=python3.12"
    )


def test_a_python_too_old_is_one_sentence(tmp_path: Path) -> None:
    # Not every machine has an old Python; this answers as one does.
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.10\n')
    old.chmod(0o755)
    result = make("setup", f"PYTHON={old}")
    assert result.returncode != 0
    assert result.stderr.startswith(
        f"Python 3.10 to 3.13 is needed and {old} is Python 3.8.10: name another"
    )


def test_every_file_names_the_same_python_versions() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    assert metadata["options"]["python_requires"] == ">=3.10,<3.14"
    assert "(3, 10) <= sys.version_info[:2] <= (3, 13)" in (ROOT / "Makefile").read_text()


def test_a_python_without_ensurepip_is_one_sentence(tmp_path: Path) -> None:
    shutil.copy(ROOT / "bootstrap.py", tmp_path)
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    without_ensurepip = (
        "import runpy, sys; sys.modules['ensurepip'] = None;"
        " runpy.run_path('bootstrap.py', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", without_ensurepip],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "install its venv module (Debian, Ubuntu: apt-get install python3-venv)" in result.stderr


def test_packages_that_cannot_be_had_are_one_line_and_the_end_of_the_log(tmp_path: Path) -> None:
    for name in ("bootstrap.py", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    unreachable = {
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "",
        "PIP_RETRIES": "0",
        "PIP_FIND_LINKS": "",
        "UV_INDEX_URL": "http://127.0.0.1:9",
        "UV_HTTP_RETRIES": "0",
    }
    result = subprocess.run(
        [sys.executable, "bootstrap.py"],
        cwd=tmp_path,
        env=os.environ | unreachable,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].endswith("failed")
    last_line = result.stderr.splitlines()[-1]
    assert last_line.endswith("check the network and the package index, try again.")
    assert len(result.stderr.splitlines()) <= 16


def test_the_ui_says_which_port_is_in_use() -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        result = subprocess.run(
            [Path(sys.executable).with_name("neo-assets"), "ui", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 1
    assert result.stderr == (
        f"Port {port} is in use: stop the process that uses it, or choose another port:"
        f" --port {port + 1}\n"
    )
