"""The stages by name: functions from a lakehouse and a request to a result.

This is the only entry to the lakehouse: callers need not know which target is behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import cast

from pyspark.sql import DataFrame

from neo_assets.lakehouse import schema_tracking
from neo_assets.lakehouse.maintenance import compaction, replay
from neo_assets.lakehouse.model.dataset import Dataset, Gold
from neo_assets.lakehouse.model.event_files import landed_days
from neo_assets.lakehouse.model.rules import Rule, RuleSet
from neo_assets.lakehouse.preview import previews
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import (
    CORRECT_SCHEMA,
    MAINTENANCE,
    PLAN_RULES,
    REBUILD_BRONZE,
    Request,
    Result,
    StageError,
    never_fetched,
)
from neo_assets.lakehouse.schema_tracking import Evolution
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import (
    agreement,
    bronze,
    events,
    gold,
    risk_history,
    rule_changes,
    silver,
)
from neo_assets.lakehouse.transforms.as_of import star_as_of
from neo_assets.progress import LogFunction, ProgressMeter
from neo_assets.sources import registry
from neo_assets.sources.registry import Included


def run(lakehouse: Lakehouse, request: Request, log: LogFunction) -> Result:
    """Do what is asked for, in tables that are there, and store the counts in `dq_metrics`.

    `log` receives the progress.

    Raises:
        StageError: nothing was done; the message says what to do.
    """
    if request.stage in _OF_ALL_DAYS:
        return _OF_ALL_DAYS[request.stage](lakehouse, request, log)
    of_days = _stages_of_days(Included(request.sources))
    stage = of_days.get(request.stage)
    if stage is None:
        known = ", ".join([*of_days, *_OF_ALL_DAYS])
        raise StageError(f"There is no stage {request.stage}; the stages are {known}.")
    # A few statements do all days at once: between them there is nothing to tell of.
    meter = ProgressMeter(len(request.days), "days done")
    log(f"{meter}.")
    result = stage(lakehouse, request)
    lakehouse.record_metrics(request.run_id, request.stage, result.reports)
    meter.done = len(result.reports)
    log(f"{meter.summary}, {sum(report.rows_out for report in result.reports):,} rows.")
    return result


def as_of(lakehouse: Lakehouse, moment: datetime) -> Mapping[str, DataFrame]:
    """Return facts, revisions, objects, calendar and odds as known at `moment` (UTC), by table."""
    return star_as_of(lakehouse, moment, registry.others())


def _bronze(dataset: Dataset, lakehouse: Lakehouse, request: Request) -> Result:
    evolution = cast(Evolution, request.schema_evolution)
    failed = bronze.days_that_fail(lakehouse, dataset, request.days, evolution)
    days = [day for day in request.days if day not in failed]
    reports = bronze.ingest(lakehouse, dataset, days, request.run_id, evolution)
    reports = [report for report in reports if report.details["snapshots"]]
    label = dataset.preview[0]
    seen = previews(
        lakehouse,
        dataset.tables.bronze,
        [report.day for report in reports],
        f"try_variant_get(payload, '$.{dataset.paths[label]}', 'string') AS {label}",
        "fetched_at",
        "snapshot_id",
    )
    failed |= dict.fromkeys(_without_report(days, reports), never_fetched(dataset.raw_asset))
    return Result(reports, seen, failed)


def _silver(dataset: Dataset, lakehouse: Lakehouse, request: Request) -> Result:
    rules = tuple(Rule(**rule) for rule in request.rules)
    rule_set = RuleSet(rules) if rules else dataset.rule_set
    reports = silver.refine(lakehouse, dataset, request.days, rule_set)
    seen = previews(
        lakehouse,
        dataset.tables.silver,
        [report.day for report in reports],
        *dataset.preview,
    )
    failed = bronze.why_without_rows(lakehouse, dataset, _without_report(request.days, reports))
    return Result(reports, seen, failed)


def _plan_rules(lakehouse: Lakehouse, request: Request, log: LogFunction) -> Result:
    (dataset,) = Included(request.sources).datasets
    if not lakehouse.has(dataset.tables.versions):
        raise StageError(f"{dataset.tables.silver.name} has no rows yet, so no rule changes any.")
    rule_set = RuleSet(tuple(Rule(**rule) for rule in request.rules))
    log(f"{len(request.days)} days of {dataset.tables.silver.name} are evaluated.")
    reports, changes = rule_changes.plan(lakehouse, dataset, request.days, rule_set)
    return Result(reports, changes=changes)


def _without_report(days: Sequence[date], reports: Sequence[DayReport]) -> set[date]:
    return {*days} - {report.day for report in reports}


def _gold(dataset: Dataset, published: Gold, lakehouse: Lakehouse, request: Request) -> Result:
    reports = _PUBLISH[published.publish](lakehouse, dataset, request)
    empty = [report.day for report in reports if not report.rows_in]
    missing = gold.days_without_silver(lakehouse, dataset, empty) if empty else {}
    reports = [report for report in reports if report.day not in missing]
    days = [report.day for report in reports]
    return Result(
        reports, previews(lakehouse, published.tables[0], days, *published.preview), missing
    )


def _publish_approaches(
    lakehouse: Lakehouse, dataset: Dataset, request: Request
) -> Sequence[DayReport]:
    """The star, and how it compares with what another source says, if that one is included."""
    reports = gold.publish(lakehouse, request.days, registry.others())
    compared = Included(request.sources).comparison(dataset)
    if not compared:
        return reports
    how, other = compared
    agreement.publish(lakehouse, how, dataset.tables, other.tables, request.days)
    return agreement.with_counts(lakehouse, how, reports)


def _rebuild_bronze(lakehouse: Lakehouse, request: Request, log: LogFunction) -> Result:
    datasets = Included(request.sources).datasets
    landed = [dataset for dataset in datasets if landed_days(lakehouse.landing(dataset))]
    # Where nothing has landed at all, the rebuild of the first one says so.
    rebuilt = landed or datasets[:1]
    rows = sum(replay.rebuild_bronze(lakehouse, each, request.run_id, log) for each in rebuilt)
    return Result(
        summary=f"Bronze has {rows} rows and a new checkpoint; RESTORE brings the old back."
    )


def _maintain(lakehouse: Lakehouse, request: Request, log: LogFunction) -> Result:
    tables = Included(request.sources).tables
    meter = ProgressMeter(len(tables), "tables done")
    for result in compaction.maintain(lakehouse, request.time_travel_days, tables):
        meter.done += 1
        log(f"{result}. {meter}.")
    return Result(summary=f"{meter.summary}.")


def _correct_schema(lakehouse: Lakehouse, request: Request, log: LogFunction) -> Result:
    log("Rescued data of all days is brought to the corrected schema.")
    schema = schema_tracking.correct(
        lakehouse,
        _dataset_with(lakehouse, request),
        request.field,
        request.types,
        cast(Evolution, request.schema_evolution),
        request.run_id,
    )
    types = " or ".join(schema.fields[request.field].types)
    return Result(
        summary=f"The tracked schema (version {schema.version}) has {request.field} as {types}."
    )


def _dataset_with(lakehouse: Lakehouse, request: Request) -> Dataset:
    """The dataset whose tracked schema has the field; the first one if none has.

    Raises:
        StageError: several have it.
    """
    datasets = Included(request.sources).datasets
    found = [
        dataset
        for dataset in datasets
        if request.field in schema_tracking.tracked_schemas(lakehouse, dataset).newest().fields
    ]
    if len(found) > 1:
        names = " and ".join(dataset.name for dataset in found)
        raise StageError(f"The tracked schemas of {names} have a field {request.field!r}.")
    return (found or datasets)[0]


def _stages_of_days(included: Included) -> Mapping[str, Callable[[Lakehouse, Request], Result]]:
    """The stages that work day by day, by the assets that they materialize."""
    stages: dict[str, Callable[[Lakehouse, Request], Result]] = {}
    for dataset in included.datasets:
        stages[dataset.tables.bronze.name] = partial(_bronze, dataset)
        stages[dataset.tables.silver.name] = partial(_silver, dataset)
        if dataset.gold:
            stages[dataset.gold.asset] = partial(_gold, dataset, dataset.gold)
    return stages


_PUBLISH: Mapping[str, Callable[[Lakehouse, Dataset, Request], Sequence[DayReport]]] = {
    "approaches": _publish_approaches,
    "events": lambda lakehouse, dataset, request: events.publish(lakehouse, dataset, request.days),
    "risk history": lambda lakehouse, dataset, request: risk_history.publish(
        lakehouse, dataset, request.days
    ),
}


_OF_ALL_DAYS: Mapping[str, Callable[[Lakehouse, Request, LogFunction], Result]] = {
    REBUILD_BRONZE: _rebuild_bronze,
    MAINTENANCE: _maintain,
    CORRECT_SCHEMA: _correct_schema,
    PLAN_RULES: _plan_rules,
}
