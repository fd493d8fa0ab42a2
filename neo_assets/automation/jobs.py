"""Jobs that people and schedules launch by name: the kinds of refresh, as Lakeflow names them."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from neo_assets.lakehouse.request import CORRECT_SCHEMA, MAINTENANCE, REBUILD_BRONZE, Request
from neo_assets.pipeline import Layer
from neo_assets.progress import LogFunction, track_progress
from neo_assets.run_tags import ONLY_LANDED
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone, damage
from neo_assets.sources.registry import Included
from neo_assets.targets.base import TargetResource
from neo_assets.targets.stage_runner import LakehouseResource

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection

REPLAYED: tuple[Layer, ...] = ("silver", "gold")
"""The layers that a replay rebuilds from bronze alone."""

REBUILT: tuple[Layer, ...] = ("bronze", *REPLAYED)
"""The layers that a full replay rebuilds from the landing zone."""

_DAILY = dg.AssetSelection.groups("neo")


def _daily_of(layers: Sequence[Layer]) -> dg.AssetSelection:
    """The daily assets of these layers: the layer is one of their kinds."""
    return _DAILY & reduce(or_, map(dg.AssetSelection.kind, layers))


REFRESH = dg.define_asset_job(
    "refresh",
    selection=_DAILY,
    description="Refresh: requests the chosen days from the sources and brings what is new to "
    "gold, with all checks. Nothing is written for unchanged days.",
)

PROCESS_LANDED_FILES = dg.define_asset_job(
    "process_landed_files",
    selection=_DAILY,
    tags={ONLY_LANDED: "true"},
    description="Brings the event files that have landed for the chosen days to gold, with all "
    "checks, and requests nothing from the sources. The sensor landed_files_sensor launches it.",
)

SELECTIVE_REFRESH = dg.define_asset_job(
    "selective_refresh",
    selection=_daily_of(REPLAYED),
    description="Selective refresh, or replay: rebuilds silver and gold for the chosen days from "
    "bronze alone, without the API.",
)


def _damaged_files(zone: LandingZone, log: LogFunction) -> list[Path]:
    days = zone.days()
    return [
        file
        for day in track_progress(days, len(days), "days checked for damage", log)
        for file in zone.damaged(day)
    ]


@dg.op(pool="lakehouse", out=dg.Out(dg.Nothing))
def rebuild_bronze(
    context: dg.OpExecutionContext,
    target: TargetResource,
    lakehouse: LakehouseResource,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Stream the whole landing zone into a new bronze and swap it in when it is complete."""
    damaged = [
        file
        for dataset in Included(settings.sources).datasets
        for file in _damaged_files(target.landing_zone(dataset), context.log.info)
    ]
    if damaged:
        raise dg.Failure(f"{damage(damaged)}. Bronze was left as it is.", allow_retries=False)
    request = Request(REBUILD_BRONZE, context.run_id, sources=settings.sources)
    context.log.info(lakehouse.run(context, request).summary)


@dg.job(
    description="Reset of streaming checkpoints: streams bronze again from the landing zone "
    "with a new checkpoint and swaps it in once it is complete. Silver and gold stay unchanged."
)
def reset_streaming_checkpoints() -> None:
    """Rebuild bronze and its checkpoint."""
    rebuild_bronze()


@dg.job(
    description="Full refresh: resets bronze and its checkpoint from the landing zone, then "
    "replays silver and gold for every landed day, in runs that follow this one."
)
def full_refresh() -> None:
    """Rebuild bronze; a sensor launches the replay of every day when that is done."""
    rebuild_bronze()


REPLAY_AFTER_RESET = dg.define_asset_job(
    "replay_after_reset",
    selection=_daily_of(REBUILT),
    description="The second half of a full refresh: compares every line of bronze with the landing "
    "zone, then rebuilds silver and gold. The sensor of the same name launches it.",
)


class QuarantineFilter(dg.Config):
    """Which open quarantine rows to select; an empty field selects all."""

    day: str = Field("", description="Day under which the row was listed, as YYYY-MM-DD.")
    rule: str = Field("", description="A rule that the row breaks.")
    file: str = Field("", description="A part of the path of the row's event file.")

    @property
    def selection(self) -> "Selection":
        """The rows that are meant.

        Raises:
            ValueError: the day is none.
        """
        from neo_assets.lakehouse.quarantine import Selection

        return Selection(
            date.fromisoformat(self.day) if self.day else None,
            self.rule or None,
            self.file or None,
        )


class Discard(QuarantineFilter):
    """Which rows are discarded, and why."""

    why: str = Field(description="Who discards them, and why.")


@dg.op(out=dg.Out(dg.Nothing))
def choose_rows(
    context: dg.OpExecutionContext, config: QuarantineFilter, target: TargetResource
) -> None:
    """Find the days of the rows that are to be checked again."""
    found = target.quarantined(config.selection)
    days = sorted({str(row["partition_date"]) for row in found})
    context.log.info(
        f"{len(found)} open rows will be checked again, of {', '.join(days) or 'no day'}."
    )


@dg.op(pool="lakehouse", out=dg.Out(dg.Nothing))
def discard_rows(context: dg.OpExecutionContext, config: Discard, target: TargetResource) -> None:
    """Close the rows with a reason.

    Raises:
        dagster.Failure: no filter says which rows are meant.
    """
    if not (config.day or config.rule or config.file):
        raise dg.Failure("Give a day, a rule or a file: not everything at once.")
    number = target.discard(config.selection, config.why, context.log.info)
    context.log.info(f"Rows discarded: {number}.")


@dg.job(
    description="Evaluates open quarantine rows again with the current rules: runs of "
    "selective_refresh for their days follow this one, and the rows that pass are then in gold."
)
def replay_quarantine() -> None:
    """Choose the rows; a sensor launches the replay of their days."""
    choose_rows()


@dg.job(description="Closes open quarantine rows permanently, with a reason.")
def discard_quarantine() -> None:
    """Discard the rows that are chosen."""
    discard_rows()


@dg.op(pool="lakehouse", out=dg.Out(dg.Nothing))
def compact_and_vacuum(
    context: dg.OpExecutionContext,
    lakehouse: LakehouseResource,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Compact every table and delete the files of versions that are no longer kept."""
    request = Request(
        MAINTENANCE,
        context.run_id,
        time_travel_days=settings.neo_time_travel_days,
        sources=settings.sources,
    )
    context.log.info(lakehouse.run(context, request).summary)


@dg.job(
    name="maintenance",
    description="Compacts the small files that single days leave in the tables, and deletes the "
    "files of versions older than NEO_TIME_TRAVEL_DAYS. No row changes.",
)
def maintenance_job() -> None:
    """Compact all tables and delete the files of old versions."""
    compact_and_vacuum()


class SchemaCorrection(dg.Config):
    """A field of the tracked schema, and the types that it should have."""

    field: str = Field(
        description="Path of the field as the check schema_drift names it, such as "
        "`close_approach_data[].orbiting_body`."
    )
    types: list[str] = Field(
        description="Its types: array, boolean, mixed, number, object or string."
    )


@dg.op(pool="lakehouse", out=dg.Out(dg.Nothing))
def correct_tracked_type(
    context: dg.OpExecutionContext,
    config: SchemaCorrection,
    lakehouse: LakehouseResource,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Publish the next version of the tracked schema and bring the rescued data of all days to it.

    Raises:
        dagster.Failure: there is no such field or type; nothing was changed.
    """
    request = Request(
        CORRECT_SCHEMA,
        context.run_id,
        schema_evolution=settings.neo_schema_evolution,
        field=config.field,
        types=config.types,
        sources=settings.sources,
    )
    context.log.info(lakehouse.run(context, request).summary)


@dg.job(
    description="Gives a field of the tracked schema the types it should have, where they were "
    "inferred from a faulty response: values of these types no longer go to "
    "bronze_rescued_data."
)
def correct_schema() -> None:
    """Correct the type of a tracked field."""
    correct_tracked_type()
