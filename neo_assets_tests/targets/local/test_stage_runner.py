from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import dagster as dg
import pyspark
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from neo_assets.progress import discard_log
from neo_assets.settings import Settings
from neo_assets.targets.local import session as spark_session
from neo_assets.targets.local.stage_runner import SparkStageRunner
from neo_assets.targets.local.target import LocalTarget
from neo_assets_tests.targets.local.other_spark import other_spark

DELTA = "io.delta.sql.DeltaSparkSessionExtension"
SAME, TOKEN = pyspark.__version__, "a-token-to-be-kept"


def stage_runner(folder: Path, address: str) -> SparkStageRunner:
    return LocalTarget(Settings(neo_data_dir=folder, neo_spark_remote=address)).stage_runner()


def refusal(folder: Path, address: str) -> dg.Failure:
    with (
        pytest.raises(dg.Failure) as raised,
        closing(stage_runner(folder, address)) as runner,
        runner.writing(discard_log),
    ):
        pass
    return raised.value


@pytest.mark.parametrize(
    ("version", "extensions", "message"),
    [
        ("4.1.2", DELTA, f"has version 4.1.2, and the client here {SAME}"),
        ("3.5.0", "", "has version 3.5.0"),
        (SAME, "", "was started without Delta"),
        (SAME, "org.example.Other", "was started without Delta"),
    ],
)
def test_a_server_that_does_not_fit_is_refused_before_any_table_is_touched(
    tmp_path: Path,
    version: str,
    extensions: str,
    message: str,
) -> None:
    with other_spark(version, extensions) as address:
        failure = refusal(tmp_path, address)
    assert (failure.description or "").startswith(f"Spark at {address} {message}")
    assert not failure.allow_retries
    assert not (tmp_path / "tables").exists()


def test_a_later_patch_of_the_same_version_fits() -> None:
    major_and_minor = ".".join(SAME.split(".")[:2])
    with other_spark(f"{major_and_minor}.99", f"org.example.Other,{DELTA}") as address:
        spark_session.abandon(spark_session.spark_session(address))


@pytest.mark.filterwarnings("ignore:.*RETRIES_EXCEEDED")
def test_an_address_with_nothing_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_session, "RETRIES", 1)
    failure = refusal(tmp_path, f"sc://localhost:9/;token={TOKEN}")
    assert (failure.description or "").startswith(
        "Spark at sc://localhost:9 died or cannot be reached, and nothing is half done"
    )
    assert failure.allow_retries


@pytest.mark.filterwarnings("ignore:.*RETRIES_EXCEEDED")
def test_a_step_that_is_tried_again_finds_a_new_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_session, "RETRIES", 1)
    with ExitStack() as dying:
        address = dying.enter_context(other_spark(SAME, DELTA))
        runner = stage_runner(tmp_path, address)

        def lose_spark() -> None:
            with runner.rebuilding(discard_log) as opened:
                dying.close()
                opened.spark.range(1).count()

        with pytest.raises(dg.Failure, match=f"{address} died") as raised:
            lose_spark()
    assert raised.value.allow_retries
    with (
        other_spark(SAME, DELTA, port=urlsplit(address).port or 0),
        closing(runner),
        runner.rebuilding(discard_log) as opened,
    ):
        assert opened.spark.version == SAME


def test_a_token_that_the_server_does_not_know(tmp_path: Path, spark_address: str) -> None:
    server = spark_session.display_address(spark_address)
    failure = refusal(tmp_path, f"{server}/;token={TOKEN}")
    assert (failure.description or "").startswith(f"Spark at {server} does not know the token")
    assert not failure.allow_retries


def test_the_session_of_a_run_is_released_with_it(tmp_path: Path, spark_address: str) -> None:
    address = f"{spark_address};session_id={uuid4()}"
    with (
        closing(stage_runner(tmp_path, address)) as runner,
        runner.rebuilding(discard_log) as opened,
    ):
        assert opened.spark.range(1).count() == 1
    again = SparkSession.builder.remote(address).create()
    try:
        with pytest.raises(PySparkException, match="SESSION_CLOSED"):
            again.range(1).count()
    finally:
        spark_session.abandon(again)


@pytest.mark.parametrize(
    "address", ["sc://host:15002", f"sc://host:15002/;token={TOKEN}", f"sc://me:{TOKEN}@host:15002"]
)
def test_the_place_of_a_server_has_no_secrets(address: str) -> None:
    assert spark_session.display_address(address) == "sc://host:15002"


@pytest.mark.filterwarnings("ignore:.*RETRIES_EXCEEDED")
@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "grpc_proxy"])
def test_a_server_on_this_machine_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(spark_session, "RETRIES", 0)
    for variable in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with other_spark(SAME, DELTA) as address:
        for place in (address, address.replace("127.0.0.1", "localhost")):
            spark_session.abandon(spark_session.spark_session(place))
        # One elsewhere may be behind the proxy.
        assert not spark_session.is_on_this_machine("sc://spark.example.org:15002/;token=x")
