"""The request to a stage and its result: plain values that fit into a message.

A stage runs where the tables are, in this process or in a job far away, and its caller sees nothing
but these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from neo_assets.lakehouse.message import Message
from neo_assets.lakehouse.report import DayReport

REBUILD_BRONZE = "rebuild_bronze"
"""The stage that rebuilds bronze from the landing zone; it takes no days."""

MAINTENANCE = "maintenance"
"""The stage that keeps files few; it is about no single days either."""


def never_fetched(raw_asset: str) -> str:
    """Return why a stage leaves out a day that has no snapshot, not even an empty one."""
    return (
        "never fetched, so there is nothing to rebuild: fetch it first, by materializing "
        f"{raw_asset} or with neo-assets backfill"
    )


PLAN_RULES = "plan_rules"
"""The stage that finds what rules would change in the silver of one source, and writes nothing."""

CORRECT_SCHEMA = "correct_schema"
"""The stage that gives a field of the tracked schema other types; it is about no single days."""


class StageError(Exception):
    """A stage refuses to do what it was asked for; the message says why and what to do."""


@dataclass(frozen=True)
class Request(Message):
    """A request to one stage: `stage` is the asset it materializes, or the name of its job.

    `rules` are those of the project with what is configured, each as its fields; none means
    the project's own.  `schema_evolution` is what happens to unknown fields.  `field`
    and `types` are those that `CORRECT_SCHEMA` gives the tracked schema.  `sources` are the names
    of those that are included; none means all.
    """

    stage: str
    run_id: str
    days: Sequence[date] = ()
    rules: Sequence[Mapping[str, Any]] = ()
    schema_evolution: str = "addNewColumns"
    time_travel_days: int = 30
    field: str = ""
    types: Sequence[str] = ()
    sources: Sequence[str] = ()

    @property
    def needs_tables(self) -> bool:
        """Whether the tables must exist; a stage that rebuilds or plans takes them as they are."""
        return self.stage not in (REBUILD_BRONZE, PLAN_RULES)

    @property
    def is_about_days(self) -> bool:
        """Whether the stage does its days and nothing else, so that without any it does nothing."""
        return self.stage not in (REBUILD_BRONZE, MAINTENANCE, CORRECT_SCHEMA)


@dataclass(frozen=True)
class RowChange(Message):
    """Rows of a day that other rules would put elsewhere, all in the same way.

    `before` and `after` are their classes, `breaks` the rules that they would break and do not now,
    `obeys` the other way round.  `names` are those of the objects, of the first rows.
    """

    day: date
    before: str
    after: str
    breaks: Sequence[str]
    obeys: Sequence[str]
    rows: int
    names: Sequence[str]


@dataclass(frozen=True)
class Result(Message):
    """The result of a stage: a report and a preview for each day, and why other days failed.

    `summary` is a sentence for the log where the stage is about no single days.  `refusal` is what
    the stage says when it did nothing at all.  `changes` are what a plan of rules finds.  `job_url`
    is the page of the job that ran the stage, where one did.
    """

    reports: Sequence[DayReport] = ()
    previews: Mapping[date, str] = field(default_factory=dict)
    failed: Mapping[date, str] = field(default_factory=dict)
    summary: str = ""
    refusal: str = ""
    changes: Sequence[RowChange] = ()
    job_url: str = ""
