"""The rows that the dashboard is made of, read by delta-rs: no Spark is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from pathlib import Path

from neo_assets.dashboard import published
from neo_assets.dashboard.published import (
    ApproachComparison,
    Event,
    OddsComparison,
    OddsRevision,
    Published,
    read_rows,
)
from neo_assets.lakehouse.model.predictions import Revision
from neo_assets.lakehouse.model.tables import DQ_METRICS, GOLD_NEO_FACT, GOLD_NEO_REVISION
from neo_assets.sources.registry import Included


@dataclass(frozen=True)
class Approach:
    """One row of `gold_neo_fact`, as far as it is shown; the columns are documented there."""

    designation: str
    neo_id: str | None
    name: str | None
    close_approach_date: date
    close_approach_at: datetime | None
    miss_distance_km: float
    miss_distance_lunar: float
    relative_velocity_km_s: float
    estimated_diameter_min_m: float | None
    estimated_diameter_max_m: float | None
    is_potentially_hazardous: bool | None
    is_sentry_object: bool | None
    size_band: str
    velocity_band: str
    distance_band: str
    risk_band: str
    is_withdrawn: bool

    @property
    def diameter_m(self) -> float | None:
        """The geometric mean of both estimates in metres, which the size band goes by."""
        if self.estimated_diameter_min_m is None or self.estimated_diameter_max_m is None:
            return None
        return sqrt(self.estimated_diameter_min_m * self.estimated_diameter_max_m)


@dataclass(frozen=True)
class Measurement:
    """One row of `dq_metrics`."""

    run_id: str
    asset: str
    partition_date: date
    metric: str
    rule: str | None
    value: int
    measured_at: datetime


@dataclass(frozen=True)
class Gold:
    """The rows of gold and of the quality metrics.

    Without a table there are no approaches, revisions and measurements; `includes_approaches` says
    whether their source is included.  The others are none where the table or its source is not
    there, so that nothing is said of them.
    """

    approaches: tuple[Approach, ...] = ()
    revisions: tuple[Revision, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    includes_approaches: bool = True
    odds_revisions: Published[OddsRevision] | None = None
    odds_comparisons: Published[OddsComparison] | None = None
    events: Published[Event] | None = None
    approach_comparisons: Published[ApproachComparison] | None = None


def read_tables(tables: Path, sources: Sequence[str] = ()) -> Gold:
    """All rows of these sources, or of all, in no order, out of a folder of Delta tables."""
    included = Included(sources)
    includes_approaches = included.has_facts
    return Gold(
        (includes_approaches and read_rows(tables, GOLD_NEO_FACT, Approach)) or (),
        (includes_approaches and read_rows(tables, GOLD_NEO_REVISION, Revision)) or (),
        (includes_approaches and read_rows(tables, DQ_METRICS, Measurement)) or (),
        includes_approaches,
        published.odds_revisions(tables, included),
        published.odds_comparisons(tables, included),
        published.events(tables, included),
        published.approach_comparisons(tables, included),
    )
