"""A Spark server in a locale with other digits than 0 to 9."""

from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.progress import discard_log
from neo_assets.settings import Settings
from neo_assets.spark_server.server import spark_connect_server
from neo_assets.targets.local.session import display_address
from neo_assets.targets.local.target import LocalTarget

NAME = "".join(chr(0x06F0) for _ in range(20)) + ".json"
"""The first log file of a table, in Persian digits."""


def refusal(folder: Path, address: str | None = None) -> str:
    """The reason why this data folder is not opened."""
    settings = Settings(neo_data_dir=folder, neo_spark_remote=address)
    with (
        pytest.raises(dg.Failure) as raised,
        closing(LocalTarget(settings).stage_runner()) as runner,
        runner.rebuilding(discard_log),
    ):
        pass
    return raised.value.description or ""


def test_a_server_with_other_digits_is_refused_before_any_table_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # These go before the options that the server of this project has for its language.
    monkeypatch.setenv(
        "_JAVA_OPTIONS",
        "-Duser.language=fa -Duser.country=IR -Duser.language.format=fa -Duser.country.format=IR",
    )
    with spark_connect_server(tmp_path / "spark") as address:
        message = refusal(tmp_path / "data", address)
    assert message.startswith(
        f"Spark at {display_address(address)} runs in a locale with other digits"
    )
    assert "LC_ALL=C.UTF-8" in message
    assert not (tmp_path / "data" / "tables").exists()


@pytest.mark.parametrize(("others", "shown"), [(0, ""), (2, " and 2 more")])
def test_a_table_with_log_files_in_other_digits_is_named_with_its_remedy(
    tmp_path: Path, others: int, shown: str
) -> None:
    log = tmp_path / "data" / "tables" / "bronze_neo_events" / "_delta_log"
    log.mkdir(parents=True)
    for name in (f"{0:020}.json", f"{0:020}.crc", "_last_checkpoint", f".{NAME}.crc"):
        (log / name).touch()
    for number in range(others + 1):
        (log / (NAME[:19] + chr(0x06F0 + number) + ".json")).touch()
    message = refusal(tmp_path / "data")
    assert message.startswith(f"{log / NAME}{shown} was written in a locale with other digits")
    assert message.endswith("then run: neo-assets replay --full")
    assert message.count(". ") == 0
