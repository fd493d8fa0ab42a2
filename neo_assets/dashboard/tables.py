"""The rows that the dashboard is made of, read by delta-rs: no Spark is needed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from math import sqrt
from pathlib import Path
from typing import Any, TypeVar

from neo_assets.lakehouse.model.predictions import Revision
from neo_assets.lakehouse.model.tables import DQ_METRICS, GOLD_NEO_FACT, GOLD_NEO_REVISION, Table
from neo_assets.lakehouse.store.delta_files import dataset, open_table

_Row = TypeVar("_Row")


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
    """The rows of gold and of the quality metrics; a table that does not exist yet has no rows."""

    approaches: tuple[Approach, ...] = ()
    revisions: tuple[Revision, ...] = ()
    measurements: tuple[Measurement, ...] = ()


def read_tables(tables: Path) -> Gold:
    """All rows, in no order, out of a folder of Delta tables."""
    return Gold(
        _rows(tables, GOLD_NEO_FACT, Approach),
        _rows(tables, GOLD_NEO_REVISION, Revision),
        _rows(tables, DQ_METRICS, Measurement),
    )


def _rows(tables: Path, table: Table, kind: type[_Row]) -> tuple[_Row, ...]:
    folder = tables / table.name
    delta = open_table(folder)
    if delta is None:
        return ()
    columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    rows: list[Mapping[str, Any]] = dataset(delta).to_table(columns=columns).to_pylist()
    return tuple(kind(**row) for row in rows)
