"""What a day asks of Spark: each query and commit takes a tenth of a second, whatever the rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.metrics import PlanMetrics

from neo_assets.lakehouse import stages
from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    GOLD_NEO_FACT,
    SILVER_NEO_EVENTS,
    TABLES,
)
from neo_assets.lakehouse.request import Request
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.progress import discard_log

from .feed_objects import feed_object, fetched, land, version_of

LAYERS = (BRONZE_NEO_EVENTS.name, SILVER_NEO_EVENTS.name, GOLD_NEO_FACT.name)
WRITTEN = {
    "bronze_neo_events",
    "silver_neo_versions",
    "silver_neo_events",
    "gold_neo_fact",
    "gold_dim_neo",
    "gold_neo_revision",
}
FIRST = date(2024, 3, 1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the plans that the client has executed, and the files that their scans read."""
    counts: Counter[str] = Counter()
    execute = SparkConnectClient._execute_and_fetch_as_iterator

    def counted(self: SparkConnectClient, *args: Any, **named: Any) -> Iterator[Any]:
        counts["plans"] += 1
        for answer in execute(self, *args, **named):
            if isinstance(answer, PlanMetrics):
                counts["files"] += sum(
                    int(metric.value) for metric in answer.metrics if metric.name == "numFiles"
                )
            yield answer

    monkeypatch.setattr(SparkConnectClient, "_execute_and_fetch_as_iterator", counted)
    return counts


def test_a_new_day_asks_for_no_more_after_a_longer_history(
    lakehouse: Lakehouse, asked: Counter[str]
) -> None:
    files_of_gold = []
    for number in range(3):
        day = FIRST + timedelta(number)
        land(lakehouse, {day: [(fetched(number), [feed_object(day, f"2024 A{number}")])]})
        before = {table.name: version_of(lakehouse, table.name) for table in TABLES}
        plans, files = {}, {}
        for layer in LAYERS:
            asked.clear()
            stages.run(
                lakehouse, Request(layer, f"run {number}", [day], sources=["neows"]), discard_log
            )
            plans[layer], files[layer] = asked["plans"], asked["files"]
        files_of_gold.append(files.pop(GOLD_NEO_FACT.name))
        commits = {
            table.name: version_of(lakehouse, table.name) - before[table.name] for table in TABLES
        }
        if number:  # The first day makes the calendar and the tracked schema too.
            # Two of bronze ask which event files it has, before the stream and after it.
            assert plans == dict(zip(LAYERS, (9, 8, 12), strict=True))
            assert {name for name, times in commits.items() if times} == WRITTEN
            assert set(commits.values()) == {0, 1}
        assert files == dict(zip(LAYERS[:2], (5, 4), strict=True))
    # Gold looks at the days near by, and at all files for keys and for its attributes of an object
    # under any of its designations.  Maintenance keeps the number of files small.
    assert files_of_gold == [11, 22, 33]
