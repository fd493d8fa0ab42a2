"""The tables of the semantic model, made from the tables of the lakehouse.

    python -m powerbi.generate

from the root of the project, after a column has changed.  Names, types, descriptions and the M
expressions come from `neo_assets/lakehouse/tables.py`; what this module adds is which tables and
columns the model has, how they are shown, and in which order bands are sorted.  Measures,
relationships, parameters and pages are kept by hand beside what is made here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

from neo_assets.lakehouse import bands
from neo_assets.lakehouse.tables import (
    DQ_METRICS,
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    SILVER_NEO_QUARANTINE,
    Column,
    Table,
)

MODEL = Path(__file__).parent / "neo_assets.SemanticModel" / "definition"
_NAMESPACE = UUID("5a2d7c1e-8f4b-5d3a-9c6e-1b0f2e4d6a8c")
"""Lineage tags are made from names in it, so that they stay."""


@dataclass(frozen=True)
class AddedColumn(Column):
    """A column that the lakehouse does not have; `derivation` is the M that makes it of a row."""


@dataclass(frozen=True)
class CalculatedColumn(Column):
    """A column that the model computes; `derivation` is DAX."""


@dataclass(frozen=True)
class ModelTable:
    """A table as the model shows it.

    `rows` is a condition in M that its rows meet.  Of its columns, `left_out` are not in the model
    and `hidden` not shown, as keys are; `more` are added.  `sorted_by` says by which column another
    one is sorted, `order` has the values of a column in order, `categories` what a column holds,
    such as `WebUrl`, and `date` is the column that makes the table the model's calendar.
    """

    name: str
    source: Table
    rows: str = ""
    left_out: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    more: tuple[Column, ...] = ()
    sorted_by: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that come from the lakehouse."""
        return tuple(column for column in self.source.columns if column.name not in self.left_out)

    @property
    def ranks(self) -> tuple[Column, ...]:
        """A hidden column for each that has an order of its own: the place of its value."""
        return tuple(
            AddedColumn(
                f"{name}_order",
                "INT",
                f"Place of {shown_name(name)} in its order.",
                f"List.PositionOf({_list(values)}, [{name}])",
            )
            for name, values in self.order.items()
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the file."""
        return (*self.kept, *self.ranks, *self.more)


_BANDS = {
    "size_band": (bands.UNKNOWN, *bands.SIZE.names),
    "velocity_band": (bands.UNKNOWN, *bands.VELOCITY.names),
    "distance_band": (bands.UNKNOWN, *bands.DISTANCE.names),
    "risk_band": bands.RISK_ORDER,
}
_JPL_PAGE = AddedColumn(
    "jpl_page",
    "STRING",
    "The object in JPL's Small-Body Database.",
    '"https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr=" & '
    "Uri.EscapeDataString([designation])",
)

TABLES = (
    ModelTable(
        "Approach",
        GOLD_NEO_FACT,
        left_out=frozenset({"close_approach_year", "close_approach_month"}),
        hidden=frozenset({"neo_event_id"}),
        more=(_JPL_PAGE,),
        order=_BANDS,
        categories={"jpl_page": "WebUrl"},
    ),
    ModelTable(
        "Object",
        GOLD_DIM_NEO,
        # A fact joins the object as it is known now; how it was known is in the revisions.
        rows="[is_current]",
        left_out=frozenset({"valid_to", "is_current"}),
    ),
    ModelTable(
        "Date",
        GOLD_DIM_DATE,
        more=(
            AddedColumn(
                "month_start", "DATE", "First day of the month.", "Date.StartOfMonth([date])"
            ),
        ),
        sorted_by={"month_name": "month", "day_name": "day_of_week"},
        date="date",
    ),
    ModelTable(
        "Revision",
        GOLD_NEO_REVISION,
        hidden=frozenset({"neo_event_id", "moved_from", "moved_to"}),
        more=(
            AddedColumn(
                "seen_on", "DATE", "Day on which it was first seen (UTC).", "Date.From([seen_at])"
            ),
        ),
    ),
    ModelTable(
        "Quality metric",
        DQ_METRICS,
        hidden=frozenset({"run_id", "value"}),
        more=(
            CalculatedColumn(
                "is_newest",
                "BOOLEAN",
                "Whether no later run has measured this asset and day again.",
                "'Quality metric'[Measured at] = CALCULATE(MAX('Quality metric'[Measured at]), "
                "ALLEXCEPT('Quality metric', 'Quality metric'[Asset], "
                "'Quality metric'[Partition date]))",
            ),
        ),
    ),
    ModelTable(
        "Quarantine",
        SILVER_NEO_QUARANTINE,
        left_out=frozenset({"content_hash", "payload", "repeat", "run_id", "snapshot_id"}),
    ),
)

_TYPES = {
    "STRING": "string",
    "ARRAY<STRING>": "string",
    "BOOLEAN": "boolean",
    "INT": "int64",
    "BIGINT": "int64",
    "DOUBLE": "double",
    "DATE": "dateTime",
    "TIMESTAMP": "dateTime",
}
_M_TYPES = {"STRING": "type text", "INT": "Int64.Type", "DATE": "type date"}
_FORMATS = {
    "int64": "0",
    "double": "#,##0.00",
    "DATE": "yyyy-mm-dd",
    "TIMESTAMP": "yyyy-mm-dd hh:nn",
}
_UNITS = {
    "_km_s": " (km/s)",
    "_km": " (km)",
    "_lunar": " (lunar distances)",
    "_au": " (au)",
    "_m": " (m)",
}
_SPELLING = {"neo": "NEO", "id": "ID", "h": "H", "jpl": "JPL"}


def main() -> None:
    """Write the file of every table."""
    for table in TABLES:
        (MODEL / "tables" / f"{table.name}.tmdl").write_text(definition(table), encoding="utf-8")


def definition(table: ModelTable) -> str:
    """The table in TMDL."""
    return "\n".join([*_table(table), ""])


def shown_name(column: str) -> str:
    """How a column is called in the model: `miss_distance_km` is `Miss distance (km)`."""
    unit = next((ending for ending in _UNITS if column.endswith(ending)), "")
    words = column.removesuffix(unit).split("_")
    text = " ".join(_SPELLING.get(word, word) for word in words)
    return text[0].upper() + text[1:] + _UNITS.get(unit, "")


def _table(table: ModelTable) -> Iterator[str]:
    yield f"/// {table.source.comment}"
    yield f"table {_quoted(table.name)}"
    yield f"\tlineageTag: {_lineage_tag(table.name)}"
    if table.date:
        yield "\tdataCategory: Time"
    for column in table.columns:
        yield ""
        yield from _column(table, column)
    yield ""
    yield f"\tpartition {_quoted(table.name)} = m"
    yield "\t\tmode: import"
    yield "\t\tsource ="
    for line in _source(table):
        yield "\t\t\t\t" + line
    yield ""
    yield "\tannotation PBI_ResultType = Table"


def _column(table: ModelTable, column: Column) -> Iterator[str]:
    name, data_type = column.name, _TYPES[column.type]
    is_calculated = isinstance(column, CalculatedColumn)
    yield f"\t/// {column.comment}"
    yield f"\tcolumn {_quoted(shown_name(name))}" + (
        f" = {column.derivation}" if is_calculated else ""
    )
    yield f"\t\tdataType: {data_type}"
    if name in table.hidden or name.endswith(("_key", "_order")):
        yield "\t\tisHidden"
    if name == table.date:
        yield "\t\tisKey"
    shown_as = _FORMATS.get(column.type) or _FORMATS.get(data_type)
    if shown_as:
        yield f"\t\tformatString: {shown_as}"
    yield f"\t\tlineageTag: {_lineage_tag(table.name, name)}"
    if name in table.categories:
        yield f"\t\tdataCategory: {table.categories[name]}"
    # Numbers are added up by measures alone.
    yield "\t\tsummarizeBy: none"
    if not is_calculated:
        yield f"\t\tsourceColumn: {name}"
    sorted_by = table.sorted_by.get(name) or (f"{name}_order" if name in table.order else "")
    if sorted_by:
        yield f"\t\tsortByColumn: {_quoted(shown_name(sorted_by))}"
    yield ""
    yield "\t\tannotation SummarizationSetBy = User"
    if column.type == "DATE":
        yield ""
        yield "\t\tannotation UnderlyingDateTimeDataType = Date"


def _source(table: ModelTable) -> Iterator[str]:
    """The M expression that reads the table, a step for each thing that is done to it."""
    names = [column.name for column in table.kept]
    lists = [column.name for column in table.kept if column.type.startswith("ARRAY")]
    steps = {"Rows": f'Lakehouse("{table.source.name}", {_list(names)}, {_list(lists)})'}
    if table.rows:
        steps["Chosen"] = f"Table.SelectRows(Rows, each {table.rows})"
    for column in (*table.ranks, *table.more):
        if isinstance(column, AddedColumn):
            steps[f'#"With {shown_name(column.name)}"'] = (
                f'Table.AddColumn({[*steps][-1]}, "{column.name}", each {column.derivation}, '
                f"{_M_TYPES[column.type]})"
            )
    last = [*steps][-1]
    yield "let"
    for name, step in steps.items():
        yield f"    {name} = {step}" + ("" if name == last else ",")
    yield "in"
    yield f"    {last}"


def _list(values: Sequence[str]) -> str:
    return "{" + ", ".join(f'"{value}"' for value in values) + "}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else "'" + name.replace("'", "''") + "'"


def _lineage_tag(*names: str) -> UUID:
    return uuid5(_NAMESPACE, "/".join(names))


if __name__ == "__main__":
    main()
