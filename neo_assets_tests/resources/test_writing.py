"""Who writes while another one does."""

from pathlib import Path

import pytest
from filelock import FileLock

from neo_assets.resources.writing import alone
from neo_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    return Settings.from_environment()


def test_who_need_not_wait_says_nothing(settings: Settings) -> None:
    said: list[str] = []
    for _ in range(2):
        with alone(settings, said.append), pytest.raises(TimeoutError):
            FileLock(settings.writing_lock, timeout=0).acquire()
    assert not said


def test_who_waits_says_what_for(settings: Settings) -> None:
    said: list[str] = []
    with alone(settings, said.append):
        other = FileLock(settings.writing_lock, is_singleton=False)
    other.acquire()

    def say(sentence: str) -> None:
        said.append(sentence)
        # The other one is ready at last.
        other.release()

    with alone(settings, say, told_after_s=0), pytest.raises(TimeoutError):
        FileLock(settings.writing_lock, timeout=0).acquire()
    (sentence,) = said
    assert f"another run or command that writes to {settings.tables_directory}" in sentence
