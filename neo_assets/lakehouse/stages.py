"""The stages by name: functions from a lakehouse and a request to a result.

This is the one door to the lakehouse: whoever opens it need not know which target is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import cast

from neo_assets.lakehouse import schema_tracking
from neo_assets.lakehouse.maintenance import replay, upkeep
from neo_assets.lakehouse.model.rules import IN_FORCE, Rule, RuleSet
from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    GOLD_NEO_FACT,
    SILVER_NEO_EVENTS,
    TABLES,
)
from neo_assets.lakehouse.preview import previews
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import (
    CORRECT_SCHEMA,
    NEVER_FETCHED,
    REBUILD_BRONZE,
    UPKEEP,
    Request,
    Result,
    StageError,
)
from neo_assets.lakehouse.schema_tracking import Evolution
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.progress import Pace, Say


def run(lakehouse: Lakehouse, request: Request, say: Say) -> Result:
    """Do what is asked for, in tables that are there, and store the counts in `dq_metrics`.

    `say` is told how far it is.

    Raises:
        StageError: nothing was done; the message says what to do.
    """
    if request.stage in _OF_ALL_DAYS:
        return _OF_ALL_DAYS[request.stage](lakehouse, request, say)
    stage = _OF_DAYS.get(request.stage)
    if stage is None:
        known = ", ".join([*_OF_DAYS, *_OF_ALL_DAYS])
        raise StageError(f"There is no stage {request.stage}; the stages are {known}.")
    # A few statements do all days at once: between them there is nothing to tell of.
    pace = Pace(len(request.days), "days done")
    say(f"{pace}.")
    result = stage(lakehouse, request)
    lakehouse.record_metrics(request.run_id, request.stage, result.reports)
    pace.done = len(result.reports)
    say(f"{pace.account}, {sum(report.rows_out for report in result.reports):,} rows.")
    return result


def _bronze(lakehouse: Lakehouse, request: Request) -> Result:
    evolution = cast(Evolution, request.schema_evolution)
    failed = bronze.days_that_fail(lakehouse, request.days, evolution)
    days = [day for day in request.days if day not in failed]
    reports = bronze.ingest(lakehouse, days, request.run_id, evolution)
    reports = [report for report in reports if report.details["snapshots"]]
    seen = previews(
        lakehouse,
        BRONZE_NEO_EVENTS,
        [report.day for report in reports],
        "try_variant_get(payload, '$.name', 'string') AS name",
        "fetched_at",
        "snapshot_id",
    )
    failed |= dict.fromkeys(_without_report(days, reports), NEVER_FETCHED)
    return Result(reports, seen, failed)


def _silver(lakehouse: Lakehouse, request: Request) -> Result:
    rules = tuple(Rule(**rule) for rule in request.rules)
    rule_set = RuleSet(rules) if rules else IN_FORCE
    reports = silver.refine(lakehouse, request.days, rule_set)
    seen = previews(
        lakehouse,
        SILVER_NEO_EVENTS,
        [report.day for report in reports],
        "name",
        "close_approach_at",
        "miss_distance_lunar",
        "relative_velocity_km_s",
        "absolute_magnitude_h",
    )
    failed = bronze.why_without_rows(lakehouse, _without_report(request.days, reports))
    return Result(reports, seen, failed)


def _without_report(days: Sequence[date], reports: Sequence[DayReport]) -> set[date]:
    return {*days} - {report.day for report in reports}


def _gold(lakehouse: Lakehouse, request: Request) -> Result:
    reports = gold.publish(lakehouse, request.days)
    empty = [report.day for report in reports if not report.rows_in]
    missing = gold.days_without_silver(lakehouse, empty) if empty else {}
    reports = [report for report in reports if report.day not in missing]
    seen = previews(
        lakehouse,
        GOLD_NEO_FACT,
        [report.day for report in reports],
        "miss_distance_lunar",
        "designation",
        "size_band",
        "velocity_band",
        "distance_band",
        "risk_band",
        "is_withdrawn",
    )
    return Result(reports, seen, missing)


def _rebuild_bronze(lakehouse: Lakehouse, request: Request, say: Say) -> Result:
    rows = replay.rebuild_bronze(lakehouse, request.run_id, say)
    return Result(
        summary=f"Bronze has {rows} rows and a new checkpoint; RESTORE brings the old back."
    )


def _upkeep(lakehouse: Lakehouse, request: Request, say: Say) -> Result:
    pace = Pace(len(TABLES), "tables done")
    for kept_up in upkeep.keep_up(lakehouse, request.time_travel_days):
        pace.done += 1
        say(f"{kept_up}. {pace}.")
    return Result(summary=f"{pace.account}.")


def _correct_schema(lakehouse: Lakehouse, request: Request, say: Say) -> Result:
    say("Rescued data of all days is brought to the corrected schema.")
    schema = schema_tracking.correct(
        lakehouse,
        request.field,
        request.types,
        cast(Evolution, request.schema_evolution),
        request.run_id,
    )
    types = " or ".join(schema.fields[request.field].types)
    return Result(
        summary=f"The tracked schema (version {schema.version}) has {request.field} as {types}."
    )


_OF_DAYS: Mapping[str, Callable[[Lakehouse, Request], Result]] = {
    BRONZE_NEO_EVENTS.name: _bronze,
    SILVER_NEO_EVENTS.name: _silver,
    GOLD_NEO_FACT.name: _gold,
}
_OF_ALL_DAYS: Mapping[str, Callable[[Lakehouse, Request, Say], Result]] = {
    REBUILD_BRONZE: _rebuild_bronze,
    UPKEEP: _upkeep,
    CORRECT_SCHEMA: _correct_schema,
}
