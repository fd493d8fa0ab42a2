"""Spark is killed during a backfill: what is reported, what is kept, and what continues."""

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Thread

import dagster as dg
import pytest

from neo_assets.backfill import backfill, selected_assets
from neo_assets.spark_server import supervision
from neo_assets.targets.local import target
from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.feed_objects import FeedObject
from neo_assets_tests.lakehouse.plain_reading import read_day
from neo_assets_tests.processes import javas
from neo_assets_tests.test_graph import Site, assert_same_rows, bare_site, gold_of, site

__all__ = ["bare_site", "site"]

# Not neighbours, and so not of one run.
KILLED, NEXT = date(2024, 3, 1), date(2024, 3, 5)


def landed(site: Site, day: date) -> list[FeedObject]:
    """The objects of the one snapshot of a day."""
    (file,) = (site.root / "data/landing/neo_feed" / f"feed_date={day}").glob("*.json")
    return [json.loads(line)["payload"] for line in file.read_text().splitlines()]


@pytest.mark.timeout(400)
def test_spark_is_killed_in_the_middle_of_a_stage_and_between_two(
    site: Site,
    spark_address: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervision, "FIRST_WAIT_S", 0.2)
    monkeypatch.delenv("NEO_SPARK_REMOTE")
    others = javas()
    folder = site.root / "data" / "tables" / "silver_neo_versions"
    addresses: list[str] = []

    @contextmanager
    def noted(folder: Path) -> Iterator[str]:
        with supervision.supervised_server(folder) as address:
            addresses.append(address)
            yield address

    monkeypatch.setattr(target, "supervised_server", noted)

    def reports() -> list[str]:
        return [message for message in caplog.messages if message.startswith("Spark has stopped")]

    def kill() -> None:
        (java,) = javas() - others
        os.kill(java, signal.SIGKILL)
        injected("kills of Spark")

    def kill_in_the_middle() -> None:
        """As soon as silver has written its first file, and then let no other start for a while."""
        while not list(folder.glob("*.parquet")):
            time.sleep(0.001)
        monkeypatch.setenv("JDK_JAVA_OPTIONS", "--no-such-option")
        kill()
        while len(reports()) < 3:
            time.sleep(0.1)
        monkeypatch.delenv("JDK_JAVA_OPTIONS")

    killing = Thread(target=kill_in_the_middle, daemon=True)

    def on_progress(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.is_step_start and event.step_key == "silver_neo_events":
            if not killing.ident:
                killing.start()
            else:
                kill()

    with caplog.at_level(logging.WARNING, supervision.__name__):
        outcome = backfill(
            selected_assets("*", site.settings()), [KILLED, NEXT], site.settings(), on_progress
        )
    assert not killing.is_alive()

    (address,) = addresses
    place, _, token = address.partition("/;token=")
    ((days, output),) = outcome.failures.items()
    assert days == (KILLED, KILLED)
    assert output.startswith(f"Spark at {place} died or cannot be reached") and token not in output
    assert {day for asset, day in outcome.reports if asset == "gold_neo_fact"} == {NEXT}
    first, *without_java, second = reports()
    assert first == "Spark has stopped: it was ended by SIGKILL. It is restarted now."
    assert all("Java" in message for message in without_java)
    assert second.startswith("Spark has stopped: it was ended by SIGKILL.")
    assert javas() == others

    monkeypatch.setenv("NEO_SPARK_REMOTE", spark_address)
    assert site.backfill(KILLED, KILLED).is_good
    objects = {day: landed(site, day) for day in (KILLED, NEXT)}
    plain = {day: read_day(day, [(site.fetched(day)[0], objects[day])]) for day in objects}
    silver = {key: row for day in plain.values() for key, row in day.silver.items()}
    assert len(site.rows("bronze_neo_events")) == sum(map(len, objects.values()))
    assert_same_rows(site.rows("silver_neo_events"), silver)
    assert_same_rows(site.rows("gold_neo_fact"), gold_of(plain))
