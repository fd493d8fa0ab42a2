"""The tables of the semantic model, made from the tables of the lakehouse.

    python -m powerbi.generate

from the root of the project, after a column has changed.  Names, types, descriptions and the M
expressions come from the definitions of the tables; what this module adds is which tables and
columns the model has, how they are shown, and in which order bands are sorted.
Measures, relationships, parameters and pages are kept by hand beside what is made here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

from neo_assets.dashboard import risk_lists
from neo_assets.dashboard.formatting import reason
from neo_assets.lakehouse.model import bands
from neo_assets.lakehouse.model.predictions import HORIZONS
from neo_assets.lakehouse.model.tables import (
    DQ_METRICS,
    GOLD_DIM_DATE,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_PREDICTION,
    GOLD_NEO_REVISION,
    NEO_ATTRIBUTES,
    SILVER_NEO_QUARANTINE,
    Column,
    Table,
)
from neo_assets.lakehouse.transforms.revisions import predictions
from neo_assets.sources.base import Source
from neo_assets.sources.cad import CAD
from neo_assets.sources.esa_risk import ESA_RISK
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows import NEOWS
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets.sources.sentry import SENTRY

SEMANTIC_MODEL = Path(__file__).parent / "neo_assets.SemanticModel"
MODEL = SEMANTIC_MODEL / "definition"
MEASURES = "_Measures"
"""The table of measures, kept by hand; Desktop rejects tables called Measures."""
_NAMESPACE = UUID("5a2d7c1e-8f4b-5d3a-9c6e-1b0f2e4d6a8c")
"""Lineage tags are made from names in it, so that they stay."""


@dataclass(frozen=True)
class AddedColumn(Column):
    """A column that the lakehouse does not have; `derivation` is the M that makes it of a row."""


@dataclass(frozen=True)
class CalculatedColumn(Column):
    """A column that the model computes; `derivation` is DAX."""


def is_added(column: Column) -> bool:
    """Whether M adds the column to the rows of the lakehouse."""
    return isinstance(column, AddedColumn)


@dataclass(frozen=True)
class ModelTable:
    """A table as the model shows it.

    `rows` is a condition in M that its rows meet.  Of the lakehouse's columns, `left_out` are not
    in the model; `more` are added.  `hidden` are not shown: keys of relationships, columns that
    others are sorted by, and what another table shows.  `sorted_by` says by which column another
    one is sorted, `labels` has how the codes of a column are shown, in the order in which they are
    sorted, `formats` how numbers are, `categories` what a column holds, such as `WebUrl`, `date` is
    the column that makes the table the model's calendar, `hierarchies` has the columns of each from
    the coarsest to the finest, and `row_key` identifies a row.  `query` is the SQL that computes
    the table where it is not stored.  A lakehouse without its source lacks a table that
    `is_optional`.
    """

    name: str
    source: Table
    rows: str = ""
    left_out: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    more: tuple[Column, ...] = ()
    sorted_by: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    hierarchies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    row_key: str = ""
    query: str = ""
    is_optional: bool = False

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that come from the lakehouse."""
        return tuple(column for column in self.source.columns if column.name not in self.left_out)

    @property
    def read(self) -> tuple[Column, ...]:
        """Those columns, and the ones that the condition for its rows or an added column needs."""
        expressions = [self.rows, *(it.derivation for it in self.more if is_added(it))]
        needed = {name for text in expressions for name in re.findall(r"\[(\w+)\]", text)}
        return tuple(
            column
            for column in self.source.columns
            if column.name in needed or column.name not in self.left_out
        )

    @property
    def ranks(self) -> tuple[Column, ...]:
        """A hidden column for each column with labels: the position of the label in their order."""
        return tuple(
            AddedColumn(
                f"{name}_order",
                "INT",
                f"Position of {shown_name(name)} in the order of the "
                f"{'bands' if name in _BANDS else 'values'}.",
                f"List.PositionOf({_list([*labels.values()])}, [{name}])",
            )
            for name, labels in self.labels.items()
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the file."""
        return (*self.kept, *self.ranks, *self.more)


def label(code: str) -> str:
    """A band as the report shows it, such as `Very large`."""
    return _capitalized(bands.label(code))


def reason_labels(table: Table, *sources: Source) -> Mapping[str, str]:
    """The reasons why sources differ, as the dashboard shows them."""
    titles = {source.name: source.title for source in sources}
    return {code: _capitalized(reason(code, titles)) for code in table.meanings("reason")}


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


_BANDS = {
    name: {code: label(code) for code in codes}
    for name, codes in (
        ("size_band", (bands.UNKNOWN, *bands.SIZE.names)),
        ("velocity_band", (bands.UNKNOWN, *bands.VELOCITY.names)),
        ("distance_band", (bands.UNKNOWN, *bands.DISTANCE.names)),
        ("risk_band", bands.RISK_ORDER),
    )
}
AGENCIES = {source.name: source.title for source in (SENTRY, ESA_RISK)}
"""The risk lists, as people call them."""
RISK_REASONS = reason_labels(RISK_AGREEMENT, SENTRY, ESA_RISK)
APPROACH_REASONS = reason_labels(GOLD_CLOSE_APPROACH_AGREEMENT, NEOWS, CAD)
CHANGES = {kind: _capitalized(kind) for kind in (*risk_lists.CHANGES, risk_lists.SMALLER)}
"""What a revision of odds changed, as the dashboard tells it."""


def _meaning(table: Table, labels: Mapping[str, str]) -> Column:
    meanings = table.meanings("reason")
    fields = ", ".join(f'#"{labels[code]}" = "{meanings[code]}"' for code in labels)
    return AddedColumn(
        "reason_meaning",
        "STRING",
        "What the reason means.",
        f"Record.FieldOrDefault([{fields}], [reason], null)",
    )


def _jpl_page(designation: str = "designation") -> Column:
    return AddedColumn(
        "jpl_page",
        "STRING",
        "The object in JPL's Small-Body Database.",
        '"https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr=" & '
        f"Uri.EscapeDataString([{designation}])",
    )


_SMALL = "0.00E+00"
_DIFFERENCE = "+0.00;-0.00;0.00"
_OF_OBJECT = frozenset({"designation", *NEO_ATTRIBUTES})
"""Columns of Object that approaches and their versions have as well."""

TABLES = (
    ModelTable(
        "Approach",
        GOLD_NEO_FACT,
        left_out=frozenset({"close_approach_year", "close_approach_month"}),
        hidden=_OF_OBJECT
        | {"neo_event_key", "neo_event_id", "neo_key", "date_key", "close_approach_date"},
        more=(
            AddedColumn(
                "diameter_m",
                "DOUBLE",
                "Geometric mean of both estimates of the diameter in metres, or null.",
                "Number.Sqrt([estimated_diameter_min_m] * [estimated_diameter_max_m])",
            ),
            _jpl_page(),
        ),
        labels=_BANDS,
        categories={"jpl_page": "WebUrl"},
        row_key="neo_event_key",
    ),
    ModelTable(
        "Object",
        GOLD_DIM_NEO,
        # An approach joins the newest row of its designation; how it was known is in the revisions.
        rows="[is_latest]",
        left_out=frozenset({"valid_to", "is_current", "is_latest"}),
        hidden=frozenset({"neo_key", "current_neo_key"}),
        row_key="neo_key",
    ),
    ModelTable(
        "Date",
        GOLD_DIM_DATE,
        hidden=frozenset({"date_key", "month", "day_of_week"}),
        more=(
            AddedColumn(
                "month_start", "DATE", "First day of the month.", "Date.StartOfMonth([date])"
            ),
            AddedColumn(
                "quarter_name",
                "STRING",
                "Quarter, Q1 to Q4.",
                '"Q" & Number.ToText([quarter])',
            ),
        ),
        sorted_by={"month_name": "month", "day_name": "day_of_week"},
        date="date",
        hierarchies={"Calendar": ("year", "quarter_name", "month_name", "date")},
    ),
    ModelTable(
        "Revision",
        GOLD_NEO_REVISION,
        hidden=_OF_OBJECT
        | {"neo_event_key", "neo_event_id", "neo_key", "date_key", "moved_from", "moved_to"}
        | {"seen_on"},
        more=(
            AddedColumn(
                "seen_on", "DATE", "Day on which it was first seen (UTC).", "Date.From([seen_at])"
            ),
        ),
    ),
    ModelTable(
        "Prediction",
        GOLD_NEO_PREDICTION,
        hidden=frozenset({"predicted_event_key", "event_key"}),
        query=predictions("{schema}.gold_neo_revision", HORIZONS),
    ),
    ModelTable(
        "Quality metric",
        DQ_METRICS,
        hidden=frozenset({"run_id", "value", "partition_date"}),
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
        hidden=frozenset({"partition_date"}),
        more=(
            AddedColumn(
                "row_id",
                "STRING",
                "Identifies the row: the beginning of its hash, which `neo-assets quarantine show` "
                "takes; its number among equal rows of its file; the file.",
                'Text.Start([content_hash], 12) & " " & Number.ToText([repeat]) & " " & '
                "[source_file]",
            ),
        ),
    ),
    ModelTable(
        "Impact risk",
        GOLD_IMPACT_RISK,
        # Object shows what describes an object; a list may have objects that it does not have.
        hidden=frozenset({"neo_key", "seen_on", "object", "designation", "number", "name"})
        | {"absolute_magnitude_h", "diameter_km", "revision_type"},
        more=(
            AddedColumn(
                "object",
                "STRING",
                "Number of the object, or its designation where it has none.",
                "[number] ?? [designation]",
            ),
            AddedColumn(
                "listed_object",
                "STRING",
                "The object as the agency writes it: its number with its name, or its designation "
                "where it has none.",
                "if [number] = null or [name] = null then [designation] "
                "else if Text.StartsWith([name], [number]) then [name] "
                'else [number] & " " & [name]',
            ),
            AddedColumn(
                "object_and_source",
                "STRING",
                "The object with the list that says something about it.",
                '[listed_object] & ", " & [source]',
            ),
            AddedColumn(
                "change",
                "STRING",
                "What the row changed: the object entered or left the list, its odds rose or fell "
                "tenfold, or less changed. In the first snapshot of a list everything enters.",
                f'if [revision_type] = "removed" then "{CHANGES[risk_lists.LEFT]}" '
                f'else if [revision_type] <> "revised" then "{CHANGES[risk_lists.ENTERED]}" '
                f'else if [odds_factor] = null then "{CHANGES[risk_lists.SMALLER]}" '
                f"else if [odds_factor] >= {risk_lists.TENFOLD} "
                f'then "{CHANGES[risk_lists.ROSE]}" '
                f"else if [odds_factor] <= {1 / risk_lists.TENFOLD} "
                f'then "{CHANGES[risk_lists.FELL]}" else "{CHANGES[risk_lists.SMALLER]}"',
            ),
            AddedColumn(
                "is_listed",
                "BOOLEAN",
                "Whether the list has the object now, with the values of this row.",
                '[seen_until] = null and [revision_type] <> "removed"',
            ),
            CalculatedColumn(
                "is_in_first_snapshot",
                "BOOLEAN",
                "Whether the first snapshot of the list showed it: it was there before.",
                "'Impact risk'[Seen at] = CALCULATE(MIN('Impact risk'[Seen at]), "
                "ALLEXCEPT('Impact risk', 'Impact risk'[Source]))",
            ),
            _jpl_page(),
        ),
        labels={"source": AGENCIES},
        formats={
            "impact_probability": _SMALL,
            "impact_probability_maximum": _SMALL,
            "odds_factor": "#,##0.0##",
        },
        categories={"jpl_page": "WebUrl"},
        is_optional=True,
    ),
    ModelTable(
        "Risk agreement",
        RISK_AGREEMENT,
        hidden=frozenset({"object", "name"}),
        more=(
            AddedColumn(
                "compared_object",
                "STRING",
                "The object with its name, if it has a number; else its designation.",
                'if [name] = null or Text.Contains([object], " ") then [object] '
                "else if Text.StartsWith([name], [object]) then [name] "
                'else [object] & " " & [name]',
            ),
            AddedColumn(
                "difference_powers_of_ten",
                "DOUBLE",
                "How far the agencies are apart: the difference of both Palermo values, or the "
                "logarithm of the ratio of both odds, whichever is larger; 0 where only one lists "
                "the object.",
                "List.Max({Number.Abs([palermo_difference] ?? 0), if ([odds_ratio] ?? 0) = 0 "
                "then 0 else Number.Abs(Number.Log10([odds_ratio]))})",
            ),
            _meaning(RISK_AGREEMENT, RISK_REASONS),
            _jpl_page("object"),
        ),
        labels={"reason": RISK_REASONS},
        formats={
            "sentry_impact_probability": _SMALL,
            "esa_risk_impact_probability": _SMALL,
            "odds_ratio": _SMALL,
            "palermo_difference": _DIFFERENCE,
        },
        categories={"jpl_page": "WebUrl"},
        row_key="object",
        is_optional=True,
    ),
    ModelTable(
        "Fireball",
        GOLD_FIREBALL,
        hidden=frozenset({"date_key", "event_date", "event_id"}),
        more=(
            AddedColumn(
                "event_id",
                "STRING",
                "Identifies the event: its second, and its number among those that share it.",
                'DateTime.ToText([event_at], [Format = "yyyy-MM-dd HH:mm:ss", Culture = "en-US"]) '
                '& " " & Number.ToText([occurrence])',
            ),
            AddedColumn(
                "event_year",
                "INT",
                "Year of the event (UTC).",
                "Date.Year([event_at])",
            ),
            AddedColumn(
                "has_place",
                "BOOLEAN",
                "Whether its place was published.",
                "[latitude_deg] <> null and [longitude_deg] <> null",
            ),
        ),
        categories={"latitude_deg": "Latitude", "longitude_deg": "Longitude"},
        row_key="event_id",
        is_optional=True,
    ),
    ModelTable(
        "Approach agreement",
        GOLD_CLOSE_APPROACH_AGREEMENT,
        # It joins Date by its own day: to join Approach as well would be a second way there.
        left_out=frozenset({"neo_event_key", "designation"}),
        hidden=frozenset({"close_approach_date"}),
        more=(
            AddedColumn(
                "compared_object",
                "STRING",
                "Designation of the object, by NeoWs if it lists it.",
                "[designation]",
            ),
            AddedColumn(
                "distance_apart_au",
                "DOUBLE",
                "How far both distances are apart, in astronomical units; null where only one "
                "source lists the approach.",
                "Number.Abs([distance_difference_au])",
            ),
            _meaning(GOLD_CLOSE_APPROACH_AGREEMENT, APPROACH_REASONS),
            _jpl_page(),
        ),
        labels={"reason": APPROACH_REASONS},
        formats=dict.fromkeys(
            ("distance_apart_au", "distance_difference_au", "velocity_difference_km_s"), _SMALL
        ),
        categories={"jpl_page": "WebUrl"},
        is_optional=True,
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
_M_TYPES = {
    "STRING": "type text",
    "ARRAY<STRING>": "type text",
    "BOOLEAN": "type logical",
    "INT": "Int64.Type",
    "BIGINT": "Int64.Type",
    "DOUBLE": "type number",
    "DATE": "type date",
    "TIMESTAMP": "type datetime",
}
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
    "_deg": " (degrees)",
    "_kt": " (kt)",
    "_1e10_j": " (10^10 J)",
    "_minutes": " (minutes)",
    "_powers_of_ten": " (powers of ten)",
}
_PLACES = {
    "Object": (0, 0),
    "Approach": (320, 0),
    "Revision": (640, 0),
    "Prediction": (960, 0),
    "Date": (320, 360),
    "Quality metric": (640, 360),
    "Quarantine": (960, 360),
    MEASURES: (0, 360),
    "Impact risk": (0, 720),
    "Risk agreement": (320, 720),
    "Fireball": (640, 720),
    "Approach agreement": (960, 720),
}
"""Position of every table in the diagram, in pixels."""
_SPELLING = {
    **{"neo": "NEO", "id": "ID", "h": "H", "jpl": "JPL"},
    **{"esa": "ESA", "cad": "CAD", "neows": "NeoWs", "palermo": "Palermo", "torino": "Torino"},
}


def main() -> None:
    """Write the file of every table and the layout of the diagram."""
    for table in TABLES:
        (MODEL / "tables" / f"{table.name}.tmdl").write_text(definition(table), encoding="utf-8")
    (SEMANTIC_MODEL / "diagramLayout.json").write_text(diagram(), encoding="utf-8")


def definition(table: ModelTable) -> str:
    """The table in TMDL."""
    return "\n".join([*_table(table), ""])


def diagram() -> str:
    """Where Desktop's model view shows each table: `diagramLayout.json`."""
    nodes = [
        {
            "location": {"x": x, "y": y},
            "nodeIndex": name,
            "nodeLineageTag": str(_lineage_tag(name)),
            "size": {"height": 300, "width": 240},
            "zIndex": 0,
        }
        for name, (x, y) in _PLACES.items()
    ]
    layout = {
        "version": "1.1.0",
        "diagrams": [
            {
                "ordinal": 0,
                "scrollPosition": {"x": 0, "y": 0},
                "nodes": nodes,
                "name": "All tables",
                "zoomValue": 100,
                "pinKeyFieldsToTop": False,
                "showExtraHeaderInfo": False,
                "hideKeyFieldsWhenCollapsed": False,
                "tablesLocked": False,
            }
        ],
        "selectedDiagram": "All tables",
        "defaultDiagram": "All tables",
    }
    return json.dumps(layout, indent=2) + "\n"


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
    for name, levels in table.hierarchies.items():
        yield ""
        yield from _hierarchy(table, name, levels)
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
    is_hidden = name in table.hidden or name.endswith("_order")
    if is_hidden:
        yield "\t\tisHidden"
    if name in (table.date, table.row_key):
        yield "\t\tisKey"
    shown_as = table.formats.get(name) or _FORMATS.get(column.type) or _FORMATS.get(data_type)
    if shown_as:
        yield f"\t\tformatString: {shown_as}"
    if is_hidden and name not in _attributes(table):
        yield "\t\tisAvailableInMdx: false"
    yield f"\t\tlineageTag: {_lineage_tag(table.name, name)}"
    if name in table.categories:
        yield f"\t\tdataCategory: {table.categories[name]}"
    # Numbers are added up by measures alone.
    yield "\t\tsummarizeBy: none"
    if not is_calculated:
        yield f"\t\tsourceColumn: {name}"
    sorted_by = table.sorted_by.get(name) or (f"{name}_order" if name in table.labels else "")
    if sorted_by:
        yield f"\t\tsortByColumn: {_quoted(shown_name(sorted_by))}"
    yield ""
    yield "\t\tannotation SummarizationSetBy = User"
    if column.type == "DATE":
        yield ""
        yield "\t\tannotation UnderlyingDateTimeDataType = Date"


def _attributes(table: ModelTable) -> set[str]:
    """Columns that others are sorted by, or that are levels: clients in MDX need them."""
    ranks = {column.name for column in table.ranks}
    levels = {level for levels in table.hierarchies.values() for level in levels}
    return {*table.sorted_by.values(), *ranks, *levels}


def _hierarchy(table: ModelTable, name: str, levels: Sequence[str]) -> Iterator[str]:
    yield f"\thierarchy {_quoted(name)}"
    yield f"\t\tlineageTag: {_lineage_tag(table.name, 'hierarchy', name)}"
    for level in levels:
        yield ""
        yield f"\t\tlevel {_quoted(shown_name(level))}"
        yield f"\t\t\tlineageTag: {_lineage_tag(table.name, 'hierarchy', name, level)}"
        yield f"\t\t\tcolumn: {_quoted(shown_name(level))}"


def _source(table: ModelTable) -> Iterator[str]:
    """The M expression that reads the table, a step for each thing that is done to it."""
    names = [column.name for column in table.read]
    lists = [column.name for column in table.read if column.type.startswith("ARRAY")]
    query = f', "{" ".join(table.query.split())}"' if table.query else ""
    if table.is_optional:
        types = ", ".join(_M_TYPES[column.type] for column in table.read)
        query = f"{query or ', null'}, {{{types}}}"
    steps = {"Rows": f'Lakehouse("{table.source.name}", {_list(names)}, {_list(lists)}{query})'}
    if table.rows:
        steps["Chosen"] = f"Table.SelectRows(Rows, each {table.rows})"
    if table.labels:
        labelled = ", ".join(_labelled(*column) for column in table.labels.items())
        steps["Labelled"] = f"Table.TransformColumns({[*steps][-1]}, {{{labelled}}})"
    for column in (*table.ranks, *table.more):
        if isinstance(column, AddedColumn):
            steps[f'#"With {shown_name(column.name)}"'] = (
                f'Table.AddColumn({[*steps][-1]}, "{column.name}", each {column.derivation}, '
                f"{_M_TYPES[column.type]})"
            )
    # Last, because the steps before may need them.
    unwanted = [name for name in names if name in table.left_out]
    if unwanted:
        steps["Kept"] = f"Table.RemoveColumns({[*steps][-1]}, {_list(unwanted)})"
    last = [*steps][-1]
    yield "let"
    for name, step in steps.items():
        yield f"    {name} = {step}" + ("" if name == last else ",")
    yield "in"
    yield f"    {last}"


def _labelled(column: str, labels: Mapping[str, str]) -> str:
    """How a column of codes is transformed: codes to labels; any other text stays as it is."""
    pairs = ", ".join(f'{code} = "{shown}"' for code, shown in labels.items())
    code = f'_ ?? "{bands.UNKNOWN}"' if bands.UNKNOWN in labels else "_"
    return f'{{"{column}", each Record.FieldOrDefault([{pairs}], {code}, _), type text}}'


def _list(values: Sequence[str]) -> str:
    return "{" + ", ".join(f'"{value}"' for value in values) + "}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else "'" + name.replace("'", "''") + "'"


def _lineage_tag(*names: str) -> UUID:
    return uuid5(_NAMESPACE, "/".join(names))


if __name__ == "__main__":
    main()
