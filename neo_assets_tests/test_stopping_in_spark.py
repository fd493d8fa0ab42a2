"""A signal while Spark works: Spark stops as well, and a later run brings the day to gold."""

import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import dagster as dg
import pytest

from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.feed_objects import FeedObject, feed_object
from neo_assets_tests.lakehouse.plain_reading import read_day
from neo_assets_tests.processes import descendants, javas, still_running
from neo_assets_tests.test_cli import in_this_process
from neo_assets_tests.test_graph import Site, assert_same_rows, bare_site, site
from neo_assets_tests.test_stopping import (
    INTERRUPT,
    STOPS_WITHIN_S,
    TERMINATE,
    Command,
    assert_locks_are_free,
    continuation,
    running,
    statuses,
    wait_until,
)

__all__ = ["bare_site", "site"]

DAY = date(2024, 3, 1)
BACKFILL, REPLAY = (f"{name} --start {DAY} --end {DAY}" for name in ("backfill", "replay"))
OBJECTS = [feed_object(DAY, f"2024 A{letter}") for letter in "ABCDE"]
BRONZE_IS_WRITTEN = "tables/bronze_neo_events/*.parquet"
SILVER_IS_WRITTEN = "tables/silver_neo_versions/*.parquet"
GOLD_IS_WRITTEN = "tables/gold_dim_neo/*.parquet"
BRONZE_IS_REBUILT = "replay/**/*.parquet"


@pytest.fixture
def recorded(site: Site) -> Site:
    """A site whose feed has the objects of one day."""
    site.environment.setenv("PYTHONUNBUFFERED", "1")
    site.replay("recorded", {str(DAY): OBJECTS})
    return site


@contextmanager
def at_work(site: Site, command: str, file: str) -> Iterator[Command]:
    """A command that has just written a file that matches, below the data folder."""
    data = site.root / "data"
    before = set(data.glob(file))
    with running(*command.split()) as started:
        # A Spark of its own may have to start.
        wait_until(
            lambda: bool(set(data.glob(file)) - before) or started.process.poll() is not None,
            seconds=300,
        )
        injected("signals while Spark works")
        yield started


def assert_canceled(site: Site, others: Sequence[str] = ()) -> None:
    """The last run is canceled, with a reason for each check, and nothing is locked."""
    assert statuses(site) == [*others, "CANCELED"]
    assert "PLANNED" not in {status for _, _, _, status in site.history()}
    assert_locks_are_free(site)


def assert_continues(site: Site, command: str, objects: Sequence[FeedObject] = OBJECTS) -> None:
    """The command brings the day to gold, with nothing lost or duplicated."""
    result = in_this_process(*command.split())
    assert result.exit_code == 0, result.output
    plain = read_day(DAY, [(site.fetched(DAY)[0], objects)])
    assert len(site.rows("bronze_neo_events")) == len(objects)
    assert_same_rows(site.rows("silver_neo_events"), plain.silver)
    assert_same_rows(site.rows("gold_neo_fact"), plain.gold)
    with site.instance() as instance:
        gold = instance.get_materialized_partitions(dg.AssetKey("gold_neo_fact"))
    assert gold == {str(DAY)}
    assert "PLANNED" not in {status for _, _, _, status in site.history()}
    assert not (site.root / "data" / "replay").exists()


@pytest.mark.parametrize(
    ("file", "number"),
    [
        (BRONZE_IS_WRITTEN, TERMINATE),
        (SILVER_IS_WRITTEN, INTERRUPT),
    ],
    ids=["in bronze", "in silver"],
)
def test_a_backfill(recorded: Site, file: str, number: signal.Signals) -> None:
    with at_work(recorded, BACKFILL, file) as command:
        said = command.stop(number)
    assert continuation(said, number) == BACKFILL
    assert_canceled(recorded)
    assert_continues(recorded, BACKFILL)


def test_a_backfill_with_a_spark_of_its_own(recorded: Site, spark_address: str) -> None:
    recorded.environment.delenv("NEO_SPARK_REMOTE")
    others = javas()
    with at_work(recorded, BACKFILL, BRONZE_IS_WRITTEN) as command:
        assert javas() - others
        said = command.stop()
    assert continuation(said) == BACKFILL
    assert javas() == others
    assert_canceled(recorded)
    recorded.environment.setenv("NEO_SPARK_REMOTE", spark_address)
    assert_continues(recorded, BACKFILL)


def test_a_second_signal_ends_spark_too(recorded: Site, spark_address: str) -> None:
    recorded.environment.delenv("NEO_SPARK_REMOTE")
    others = javas()
    with at_work(recorded, BACKFILL, BRONZE_IS_WRITTEN) as command:
        started = descendants(command.process.pid)
        command.process.send_signal(INTERRUPT)
        command.process.send_signal(TERMINATE)
        assert command.process.wait(STOPS_WITHIN_S) in (128 + INTERRUPT, 128 + TERMINATE)
        assert not still_running(started, seconds=20)
        command.rest()
    assert javas() == others
    assert statuses(recorded) == ["CANCELED"]
    recorded.environment.setenv("NEO_SPARK_REMOTE", spark_address)
    assert_continues(recorded, BACKFILL)


@pytest.mark.parametrize(
    ("command", "file", "number"),
    [
        (REPLAY, GOLD_IS_WRITTEN, TERMINATE),
        ("replay --full", BRONZE_IS_REBUILT, INTERRUPT),
    ],
)
def test_a_replay(recorded: Site, command: str, file: str, number: signal.Signals) -> None:
    assert recorded.backfill(DAY, DAY).is_good
    # What is there already would not be written again.
    for pattern in ("silver_neo_*", "gold_*"):
        for table in (recorded.root / "data" / "tables").glob(pattern):
            shutil.rmtree(table)
    with at_work(recorded, command, file) as started:
        said = started.stop(number)
    assert continuation(said, number) == command
    assert_canceled(recorded, ["SUCCESS"])
    assert_continues(recorded, command)


HELD = [*OBJECTS, *(feed_object(DAY, f"2024 B{letter}", relative_velocity={}) for letter in "ABC")]
WHY = "NASA_has_none"


def releases(site: Site) -> int:
    """How many decisions to release the day are stored."""
    with site.instance() as instance:
        found = instance.fetch_observations(
            dg.AssetRecordsFilter(dg.AssetKey("silver_neo_events"), asset_partitions=[str(DAY)]),
            limit=100,
        )
    return sum(WHY in str(record.asset_observation) for record in found.records)


def held_day(site: Site) -> list[str]:
    """Bring the day to silver, which holds it back; the statuses of the runs until then."""
    site.replay("held", {str(DAY): HELD})
    assert not site.backfill(DAY, DAY).is_good
    return statuses(site)


def test_a_release(recorded: Site) -> None:
    before = held_day(recorded)
    with at_work(recorded, f"release {DAY} --why {WHY}", GOLD_IS_WRITTEN) as command:
        said = command.stop(INTERRUPT)
    assert continuation(said) == f"{BACKFILL} --select gold_neo_fact+"
    assert_canceled(recorded, before)
    assert_continues(recorded, f"{BACKFILL} --select gold_neo_fact+", HELD)
    assert releases(recorded) == 1
