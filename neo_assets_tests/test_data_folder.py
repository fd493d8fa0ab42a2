"""Data folders that a command cannot use: one sentence that names the folder and the remedy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings, SettingsError

COMMANDS = (
    ("status",),
    ("release", "2024-03-01", "--why", "looked at"),
    ("quarantine", "list"),
    ("quarantine", "discard", "--day", "2024-03-01", "--why", "looked at"),
    ("backfill", "--start", "2024-03-01", "--end", "2024-03-01"),
    ("replay", "--start", "2024-03-01", "--end", "2024-03-01"),
)
ALL_COMMANDS = f"""
import contextlib, ctypes, io, json, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
if len(sys.argv) == 1 and os.geteuid() == 0:
    # Root may do everything; without these it is bound by access rights like anyone else.
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        assert libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "again"])
from neo_assets.cli import main
said = {{}}
for command in {COMMANDS!r}:
    sys.argv = ["neo-assets", *command]
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    said[" ".join(command[:2])] = (code, errors.getvalue())
print(json.dumps(said))
"""


def all_commands(data: Path) -> dict[str, tuple[int, str]]:
    """The exit code of each command and what it printed as an error."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("NEO_")}
    environment.pop("DAGSTER_HOME", None)
    ended = subprocess.run(
        [sys.executable, "-c", ALL_COMMANDS],
        env=environment | {"NEO_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    message = {
        command: (code, errors) for command, (code, errors) in json.loads(ended.stdout).items()
    }
    assert len(message) == len(COMMANDS)
    return message


def assert_one_sentence(message: dict[str, tuple[int, str]], beginning: str, remedy: str) -> None:
    for command, (code, errors) in message.items():
        assert code == 1, (command, errors)
        assert errors.startswith(beginning) and remedy in errors, (command, errors)
        assert errors.count("\n") == 1, (command, errors)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("not a folder")
    assert_one_sentence(all_commands(file), f"NEO_DATA_DIR: {file} is a file", "name another")
    assert file.read_text() == "not a folder"


def test_a_folder_of_another_user(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_instance(Settings(neo_data_dir=data))
    data.chmod(0)
    try:
        message = all_commands(data)
    finally:
        data.chmod(0o755)
    assert_one_sentence(message, f"NEO_DATA_DIR: {data} cannot be ", "as its owner")


def test_a_read_only_folder_can_still_be_looked_at_where_nothing_is_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_instance(Settings(neo_data_dir=data))
    data.chmod(0o555)
    try:
        message = all_commands(data)
    finally:
        data.chmod(0o755)
    assert message.pop("quarantine list") == (0, "")
    assert_one_sentence(
        message, f"NEO_DATA_DIR: {data} cannot be written", "change the access rights"
    )


@pytest.mark.parametrize("below", ["a", "a/b"])
def test_a_file_on_the_way_to_the_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=f"^NEO_DATA_DIR: {tmp_path / 'file'} is a file, so "):
        prepare_instance(Settings(neo_data_dir=tmp_path / "file" / below))


def test_an_event_log_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = prepare_instance(Settings(neo_data_dir=tmp_path))
    events = home / "history" / "event_log.db"
    assert events.exists()
    real = os.access
    monkeypatch.setattr(
        "neo_assets.instance.os.access", lambda path, mode: path != events and real(path, mode)
    )
    with pytest.raises(SettingsError, match=f"^DAGSTER_HOME: {events} cannot be written by "):
        prepare_instance(Settings(neo_data_dir=tmp_path))


def test_a_name_that_a_library_cannot_handle_is_refused_by_every_command(tmp_path: Path) -> None:
    data = tmp_path / "what?"
    assert_one_sentence(all_commands(data), "NEO_DATA_DIR: must be a path without ? * [ ] ", "'?'")
    # No stray database beside it either.
    assert not list(tmp_path.iterdir())
