"""Settings that are read from the environment, and messages about unusable values."""

import os
import sys
import traceback
from pathlib import Path

import pytest

from neo_assets.settings import Settings, SettingsError

KEY = "a-secret-key-0000000000000000000000000000"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults() -> None:
    settings = Settings.from_environment()
    assert (settings.neo_target, settings.neo_source) == ("local", "simulator")
    assert settings.neows_base_url == "https://api.nasa.gov/neo/rest/v1"
    assert settings.nasa_api_key.get_secret_value() == "DEMO_KEY"
    assert settings.neo_data_dir == Path.cwd() / ".neo"
    assert settings.neo_start_date.isoformat() == "2015-01-01"
    assert settings.neo_days_ahead == 7
    assert settings.neo_max_drop_share == 0.25
    assert (settings.neo_http_timeout_s, settings.neo_http_retries) == (30, 5)
    assert settings.neo_rate_limit == "stop"
    assert settings.neo_schema_evolution == "addNewColumns"
    assert settings.dagster_directory == Path.cwd() / ".neo/dagster"
    assert settings.neo_spark_remote is None
    assert settings.neo_alert_urls is None
    assert (settings.neo_ui_url, settings.neo_stale_after_hours) == ("http://127.0.0.1:3000", 36)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert Settings.from_environment() == Settings()
    assert Settings().nasa_api_key.get_secret_value() == "DEMO_KEY"


def test_places_lie_below_the_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_DATA_DIR", "~/data")
    settings = Settings.from_environment()
    home = Path("~/data").expanduser()
    assert settings.landing_directory == home / "landing"
    assert settings.tables_directory == home / "tables"
    assert settings.checkpoints_directory == home / "checkpoints"
    assert settings.dagster_directory == home / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    assert Settings.from_environment().dagster_directory == Path.cwd() / "elsewhere"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEO_TARGET", "cloud"),
        ("NEO_SOURCE", "esa"),
        ("NEO_SOURCES", "neows,jupiter"),
        ("NEO_START_DATE", "2015-02-30"),
        ("NEO_DAYS_AHEAD", "-1"),
        ("NEO_PARTITIONS_PER_RUN", "0"),
        ("NEO_MAX_DROP_SHARE", "1.5"),
        ("NEO_MAX_DROP_SHARE", "nan"),
        ("NEO_HTTP_TIMEOUT_S", "0"),
        ("NEO_HTTP_TIMEOUT_S", "inf"),
        ("NEO_HTTP_TIMEOUT_S", "1e12"),
        ("NEO_STALE_AFTER_HOURS", "2e7"),
        ("NEO_DATA_DIR", "~nosuch/data"),
        ("NEO_QUALITY_FILE", "~nosuch/quality.yaml"),
        ("NEO_HTTP_TIMEOUT_S", "nan"),
        ("NEO_HTTP_TIMEOUT_S", "a while"),
        ("NEO_HTTP_RETRIES", "-1"),
        ("NEO_HTTP_RETRIES", "1000"),
        ("NEO_RATE_LIMIT", "ignore"),
        ("NEO_SCHEMA_EVOLUTION", "sometimes"),
        ("NEO_SPARK_REMOTE", "http://127.0.0.1"),
        ("NEO_DATABRICKS_CATALOG", "a.b"),
        ("NEO_DATABRICKS_SCHEMA", "a`b"),
        ("NEO_DATABRICKS_VOLUME", "../files"),
        ("NEO_DATABRICKS_CLUSTER_ID", "a cluster"),
        ("NEO_DATABRICKS_POLL_S", "0"),
        ("NEOWS_BASE_URL", "api.nasa.gov/neo/rest/v1"),
        ("NEOWS_BASE_URL", "ftp://api.nasa.gov"),
        ("NEOWS_BASE_URL", "https://"),
        ("NEOWS_BASE_URL", "https://["),
        ("NEOWS_BASE_URL", "http://127.0.0.1:0/"),
        ("NEOWS_BASE_URL", f"https://me:{KEY}"),
        ("NEOWS_BASE_URL", f"https://api.nasa.gov/neo/rest/v1?api_key={KEY}"),
        ("NEOWS_BASE_URL", f"https://api.nasa.gov/neo/rest/v1#{KEY}"),
        ("NEO_UI_URL", "127.0.0.1:3000"),
        ("NEO_UI_URL", f"http://127.0.0.1:3000/?token={KEY}"),
        ("NEO_STALE_AFTER_HOURS", "0"),
        ("NEO_STALE_AFTER_HOURS", "nan"),
        ("NASA_API_KEY", f"{KEY}\n{KEY}"),
        ("NASA_API_KEY", f"{KEY}é"),
        ("NASA_API_KEY", os.fsdecode(b"\xff") + KEY),
    ],
)
def test_values_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("NASA_API_KEY", KEY)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment()
    text = str(raised.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text and ";" not in text and "Value error" not in text
    assert raised.value.__cause__ is raised.value.__context__ is None
    # A value may be a secret that was put into the wrong variable.
    shown = repr(raised.value) + "".join(traceback.format_exception(raised.value))
    assert KEY not in shown


def test_every_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_SOURCE", "esa")
    monkeypatch.setenv("NEO_HTTP_RETRIES", "many")
    with pytest.raises(SettingsError, match=r"NEO_SOURCE: .*'simulator' or 'nasa'; NEO_HTTP_RETR"):
        Settings.from_environment()


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASA_API_KEY", KEY)
    settings = Settings.from_environment()
    assert settings.nasa_api_key.get_secret_value() == KEY
    for shown in (
        repr(settings),
        str(settings),
        f"{settings.model_dump()}",
        settings.model_dump_json(),
    ):
        assert KEY not in shown


def test_a_key_from_a_file_comes_with_the_end_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASA_API_KEY", f" {KEY}\n")
    assert Settings.from_environment().nasa_api_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8080/neo/rest/v1/", "https://[::1]/neo", "http://me:x@host"]
)
def test_other_addresses_of_the_service(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NEOWS_BASE_URL", address)
    assert Settings.from_environment().neows_base_url == address


REJECTED = [*"?*[]{}|\\^:\n\t\x7f\x85", "%20", "%2f", os.fsdecode(b"\xff")]


@pytest.mark.parametrize("part", REJECTED)
@pytest.mark.parametrize("name", ["NEO_DATA_DIR", "DAGSTER_HOME"])
def test_a_folder_name_that_a_library_cannot_handle(
    monkeypatch: pytest.MonkeyPatch, name: str, part: str
) -> None:
    monkeypatch.setenv(name, f"/data/a{part}b/neo")
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment()
    message = str(raised.value)
    assert message.startswith(f"{name}: must be a path without ? * [ ] ") and "\n" not in message
    assert repr(part) in message


def test_the_working_directory_is_part_of_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "a[1]"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match="NEO_DATA_DIR: must be a path without"):
        Settings.from_environment()


def test_a_folder_that_spark_would_spell_otherwise_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    monkeypatch.setenv("NEO_DATA_DIR", "/data/Ördner")
    with pytest.raises(SettingsError, match=r"^NEO_DATA_DIR: has letters .* set LC_ALL=C[.]UTF-8$"):
        Settings.from_environment()
    monkeypatch.setenv("NEO_DATA_DIR", "/data/folder")
    Settings.from_environment()
