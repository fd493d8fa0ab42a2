"""How failed days are reported."""

from datetime import date, timedelta

import dagster as dg

from neo_assets.assets.materialization import _by_span, _share, emit
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result
from neo_assets.partitions import daily_partitions
from neo_assets.settings import Settings


def test_each_reason_is_printed_once_for_consecutive_days() -> None:
    first = date(2024, 3, 1)
    days = [first + timedelta(days=number) for number in range(6)]
    failed = {days[0]: "a", days[1]: "a", days[2]: "b", days[4]: "b", days[5]: "b"}
    assert _by_span(failed) == "2024-03-01…2024-03-02: a; 2024-03-03: b; 2024-03-05…2024-03-06: b"


def test_others_are_only_mentioned_where_there_are_others() -> None:
    assert _share(1, 1) == "The day failed."
    assert _share(3, 3) == "All 3 days failed."
    assert _share(1, 3) == "1 of 3 days failed, the others are done."


def test_a_day_names_the_job_that_materialized_it() -> None:
    settings, page = Settings(), "https://workspace/jobs/runs/1000"

    @dg.asset(partitions_def=daily_partitions(settings))
    def silver_neo_events(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        reports = [DayReport(date(2024, 3, 1))]
        return emit(context, Result(reports, job_url=page), {}, settings)

    done = dg.materialize([silver_neo_events], partition_key="2024-03-01")
    (event,) = done.asset_materializations_for_node("silver_neo_events")
    assert event.metadata["job"] == dg.MetadataValue.url(page)
