"""What the included sources published, with the titles under which people know them.

Which tables there are follows from how gold of a dataset is made: all of one kind have the columns
that are read here.  What is not included is not read, and what has no table yet is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pyarrow.compute import Expression

from neo_assets.lakehouse.model.tables import Table
from neo_assets.lakehouse.store.delta_files import dataset, open_table
from neo_assets.sources.registry import Included

_Row = TypeVar("_Row")
_SEEN_AT = "_seen_at"


@dataclass(frozen=True)
class Published(Generic[_Row]):
    """The rows of a table: `heading` is what people call them.

    `titles` has the titles of the sources that published the values, by the names that the rows
    have for them, and `reasons` what each reason in the rows means.
    """

    heading: str
    titles: Mapping[str, str]
    rows: tuple[_Row, ...]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class OddsRevision:
    """What a source said about an object from `seen_at` until `seen_until`, which is open now."""

    source: str
    designation: str
    number: str | None
    name: str | None
    seen_at: datetime
    seen_until: datetime | None
    revision_type: str
    odds_factor: float | None
    impact_probability: float | None
    palermo_cumulative: float | None
    impact_year_first: int | None
    impact_year_last: int | None


@dataclass(frozen=True)
class Said:
    """What one source says about an object now."""

    impact_probability: float | None
    palermo_cumulative: float | None
    impact_year_last: int | None


@dataclass(frozen=True)
class OddsComparison:
    """An object that a source lists now; `said` has what each source that lists it says.

    `object` is its number, or its designation where it has none.
    """

    object: str
    name: str | None
    said: Mapping[str, Said]
    odds_ratio: float | None
    palermo_difference: float | None
    reason: str


@dataclass(frozen=True)
class Event:
    """One event on Earth; the columns are documented at its table."""

    event_at: datetime
    radiated_energy_1e10_j: float | None
    impact_energy_kt: float | None
    latitude_deg: float | None
    longitude_deg: float | None
    altitude_km: float | None
    velocity_km_s: float | None
    approach_designation: str | None
    is_known_beforehand: bool | None
    is_withdrawn: bool


@dataclass(frozen=True)
class ApproachComparison:
    """One approach that one of two sources lists, and why they differ."""

    designation: str
    close_approach_date: date
    distance_difference_au: float | None
    reason: str


def read_rows(
    tables: Path, table: Table, kind: type[_Row], where: Expression | None = None
) -> tuple[_Row, ...] | None:
    """The rows of a table that meet a condition, in no order; none if there is no table."""
    columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    rows = _content(tables, table, columns, where)
    return None if rows is None else tuple(kind(**row) for row in rows)


def odds_revisions(tables: Path, included: Included) -> Published[OddsRevision] | None:
    """What the included risk lists ever said."""
    found = _of_kind("risk history", included)
    if found is None:
        return None
    heading, titles, (history, _) = found
    rows = read_rows(tables, history, OddsRevision)
    if rows is None:
        return None
    return Published(heading, titles, tuple(row for row in rows if row.source in titles), {})


def odds_comparisons(tables: Path, included: Included) -> Published[OddsComparison] | None:
    """What the risk lists say now, side by side, if all that the table compares are included."""
    found = _of_kind("risk history", included)
    if found is None:
        return None
    heading, titles, (_, compared) = found
    names = [
        name.removesuffix(_SEEN_AT) for name in compared.column_names if name.endswith(_SEEN_AT)
    ]
    rows = _content(tables, compared, None) if {*names} <= titles.keys() else None
    if rows is None:
        return None
    comparisons = tuple(_comparison(row, names) for row in rows)
    return Published(heading, titles, comparisons, compared.meanings("reason"))


def _comparison(row: Mapping[str, Any], names: Iterable[str]) -> OddsComparison:
    said = {
        name: Said(**{field.name: row[f"{name}_{field.name}"] for field in fields(Said)})
        for name in names
        if row[name + _SEEN_AT] is not None
    }
    return OddsComparison(
        row["object"],
        row["name"],
        said,
        row["odds_ratio"],
        row["palermo_difference"],
        row["reason"],
    )


def events(tables: Path, included: Included) -> Published[Event] | None:
    """The events of the included source that publishes events."""
    found = _of_kind("events", included)
    if found is None:
        return None
    heading, titles, (table,) = found
    rows = read_rows(tables, table, Event)
    return None if rows is None else Published(heading, titles, rows, {})


def approach_comparisons(tables: Path, included: Included) -> Published[ApproachComparison] | None:
    """The approaches of two sources side by side, if both are included."""
    for source in included.sources:
        found = included.comparison(source.dataset)
        if found and source.dataset.gold:
            how, _ = found
            rows = read_rows(tables, how.table, ApproachComparison)
            titles = {how.own_name: source.title, how.other_name: how.title}
            if rows is not None:
                return Published(
                    source.dataset.gold.title, titles, rows, how.table.meanings("reason")
                )
    return None


def _of_kind(
    publish: str, included: Included
) -> tuple[str, dict[str, str], tuple[Table, ...]] | None:
    """The heading, the titles by source, and the tables of gold that is made in this way."""
    found = [
        (source, gold)
        for source in included.sources
        if (gold := source.dataset.gold) and gold.publish == publish
    ]
    if not found:
        return None
    _, first = found[0]
    return first.title, {source.dataset.name: source.title for source, _ in found}, first.tables


def _content(
    tables: Path, table: Table, columns: list[str] | None, where: Expression | None = None
) -> list[Mapping[str, Any]] | None:
    delta = open_table(tables / table.name)
    if delta is None:
        return None
    rows: list[Mapping[str, Any]] = (
        dataset(delta).to_table(columns=columns, filter=where).to_pylist()
    )
    return rows
