"""What a day asks of Spark: each query and commit takes a tenth of a second, whatever the rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.metrics import PlanMetrics

from neo_assets.lakehouse import stages
from neo_assets.lakehouse.request import Request
from neo_assets.lakehouse.storage import Lakehouse
from neo_assets.lakehouse.tables import (
    BRONZE_NEO_EVENTS,
    GOLD_NEO_FACT,
    SILVER_NEO_EVENTS,
    TABLES,
)

from .feed_objects import feed_object, fetched, land, version_of

LAYERS = (BRONZE_NEO_EVENTS.name, SILVER_NEO_EVENTS.name, GOLD_NEO_FACT.name)
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


def test_a_new_day_costs_the_same_after_any_history(
    lakehouse: Lakehouse, asked: Counter[str]
) -> None:
    costs = []
    for number in range(4):
        day = FIRST + timedelta(number)
        land(lakehouse, {day: [(fetched(number), [feed_object(day, f"2024 A{number}")])]})
        of_day = {}
        before = {table.name: version_of(lakehouse, table.name) for table in TABLES}
        for layer in LAYERS:
            asked.clear()
            stages.run(lakehouse, Request(layer, f"run {number}", [day]))
            of_day[layer] = dict(asked)
        of_day["commits"] = {
            table.name: commits
            for table in TABLES
            if (commits := version_of(lakehouse, table.name) - before[table.name])
        }
        costs.append(of_day)
        print(of_day)
    assert costs[1] == costs[3]
