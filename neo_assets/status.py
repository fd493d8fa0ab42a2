"""The state of every table, what its checks said last, and what needs attention, without Spark."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from neo_assets.attention import Finding, findings
from neo_assets.checks.definitions import checks_of
from neo_assets.checks.evaluations import outcome_of
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse import quarantine
from neo_assets.lakehouse.model.tables import DQ_METRICS
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.targets.registry import create_target


@dataclass(frozen=True)
class TableState:
    """One table now: how much is in it, up to which day, and what each of its checks said last.

    `open_quarantine_rows` is known for the silver tables alone, whose dropped rows they are.
    """

    table: str
    rows: int
    newest_partition: date | None
    checks: dict[str, str]
    open_quarantine_rows: int | None = None


@dataclass(frozen=True)
class Status:
    """The tables in the order in which data goes through them, and what needs attention."""

    tables: Sequence[TableState]
    attention: Sequence[Finding]


def status(settings: Settings) -> Status:
    """The state now; a table not made yet has no rows."""
    with dg.DagsterInstance.from_config(str(prepare_instance(settings))) as instance:
        return Status(list(_table_states(instance, settings)), findings(instance, settings))


def attention(days: Sequence[date], settings: Settings) -> list[Finding]:
    """What needs attention in these days."""
    with dg.DagsterInstance.from_config(str(prepare_instance(settings))) as instance:
        return findings(instance, settings, days)


def _table_states(instance: dg.DagsterInstance, settings: Settings) -> Iterator[TableState]:
    target, included = create_target(settings), Included(settings.sources)
    assets = included.assets
    quarantines = {
        dataset.tables.silver.name: dataset.tables.quarantine.name for dataset in included.datasets
    }
    for table in (*included.tables, DQ_METRICS):
        rows, newest = target.content(table)
        yield TableState(
            table.name,
            rows,
            newest,
            _last_checks(instance, table.name, settings) if table.name in assets else {},
            len(target.quarantined(quarantine.Selection(table=quarantines[table.name])))
            if table.name in quarantines
            else None,
        )


def _last_checks(instance: dg.DagsterInstance, asset: str, settings: Settings) -> dict[str, str]:
    checks = {}
    for check in checks_of(asset, settings.sources):
        record = instance.get_latest_asset_check_evaluation_record(
            dg.AssetCheckKey(dg.AssetKey(asset), check.name)
        )
        event = record.event.dagster_event if record and record.event else None
        if event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            checks[check.name] = f"{outcome_of(evaluation)} ({evaluation.partition})"
    return checks
