"""Microsoft's best-practice rules for semantic models, run over the model.

The rules are those of `semantic-link-labs`, functions in Python over the Tabular Object Model.
That model needs .NET, and the package the libraries of Microsoft Fabric, so neither is installed:
the module of the rules alone is loaded, and its functions are given the same objects, made from the
JSON that Microsoft's modeling server writes.  A rule that asks for what only a running engine knows
raises `AttributeError`.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

Rule = tuple[str, str, Callable[[Any, Any], Any]]
"""The scope of a rule, its name, and whether an object violates it."""


class Objects(list[Any]):
    """A collection of the object model, which knows its objects by name too."""

    @property
    def Count(self) -> int:
        """How many there are."""
        return len(self)

    def __getitem__(self, key: Any) -> Any:
        """By position or by name."""
        if isinstance(key, str):
            return next(it for it in self if it.Name == key)
        return super().__getitem__(key)


class Wrapper:
    """The model with the questions that rules ask about it."""

    def __init__(self, database: Mapping[str, Any]) -> None:
        self.model = _model(database["model"])

    def scope(self, name: str) -> list[Any]:
        """The objects that a rule with this scope looks at."""
        tables = self.model.Tables
        everything: dict[str, list[Any]] = {
            "Model": [self.model],
            "Table": tables,
            "Calculated Table": [it for it in tables if self.is_calculated_table(it.Name)],
            "Column": self.all_columns(),
            "Calculated Column": [it for it in self.all_columns() if it.Type == "Calculated"],
            "Measure": self.all_measures(),
            "Hierarchy": [it for table in tables for it in table.Hierarchies],
            "Partition": self.all_partitions(),
            "Relationship": self.model.Relationships,
            # The model has none of these.
            "Calculation Item": [],
            "Function": [],
            "Role": [],
            "Row Level Security": [],
        }
        return everything[name]

    def all_columns(self) -> list[Any]:
        """The columns of all tables."""
        return [column for table in self.model.Tables for column in table.Columns]

    def all_measures(self) -> list[Any]:
        """The measures of all tables."""
        return [measure for table in self.model.Tables for measure in table.Measures]

    def all_partitions(self) -> list[Any]:
        """The partitions of all tables."""
        return [partition for table in self.model.Tables for partition in table.Partitions]

    def all_rls(self) -> list[Any]:
        """Row level security: none."""
        return []

    def used_in_relationships(self, object: Any) -> Iterator[Any]:
        """The relationships of a table or a column."""
        for it in self.model.Relationships:
            if any(end is object for end in (it.FromTable, it.ToTable, it.FromColumn, it.ToColumn)):
                yield it

    def used_in_hierarchies(self, column: Any) -> Iterator[Any]:
        """The hierarchies of which a column is a level."""
        for hierarchy in column.Parent.Hierarchies:
            if column.Name in hierarchy.Levels:
                yield hierarchy

    def used_in_sort_by(self, column: Any) -> Iterator[Any]:
        """The columns that are sorted by a column."""
        for it in column.Parent.Columns:
            if it.SortByColumn is column:
                yield it

    def is_calculated_table(self, table_name: str) -> bool:
        """Whether DAX computes the table."""
        partitions = self.model.Tables[table_name].Partitions
        return any(partition.SourceType == "Calculated" for partition in partitions)

    def is_direct_lake(self) -> bool:
        """Whether a table is read in place: no, all are imported."""
        return any(partition.Mode == "DirectLake" for partition in self.all_partitions())

    def is_direct_lake_using_view(self) -> bool:
        """The same through a view."""
        return self.is_direct_lake()

    def is_hybrid_table(self, table_name: str) -> bool:
        """Whether a table is both imported and queried."""
        return len({it.Mode for it in self.model.Tables[table_name].Partitions}) > 1

    def has_hybrid_table(self) -> bool:
        """Whether any table is."""
        return any(self.is_hybrid_table(table.Name) for table in self.model.Tables)

    def is_field_parameter(self, table_name: str) -> bool:
        """Whether a table is a choice of fields: it would have their names in NAMEOF()."""
        partitions = self.model.Tables[table_name].Partitions
        return any("NAMEOF(" in partition.Source.Expression for partition in partitions)

    def _get_expression(self, object: Any) -> str:
        return str(object.Expression)


def rules(package: Path) -> list[Rule]:
    """The rules, once for each of their scopes; `package` is the folder of semantic-link-labs."""
    module = _rules_module(package)
    with _imports_replaced():
        frame = module.model_bpa_rules()
    return [
        (scope, str(row["Rule Name"]), row["Expression"])
        for _, row in frame.iterrows()
        for scope in ([row["Scope"]] if isinstance(row["Scope"], str) else row["Scope"])
    ]


def violations(database: Mapping[str, Any], package: Path) -> tuple[dict[str, set[str]], set[str]]:
    """The objects that violate each rule, by the rule's name; and the rules that could not run.

    `database` is the model as JSON, the content of a `model.bim`.
    """
    wrapper, all_rules = Wrapper(database), rules(package)
    found: dict[str, set[str]] = {}
    not_run: set[str] = set()
    with _imports_replaced():
        for scope, name, is_violated in all_rules:
            for it in wrapper.scope(scope):
                try:
                    if is_violated(it, wrapper):
                        found.setdefault(name, set()).add(it.Label)
                except AttributeError:
                    not_run.add(name)
    return found, not_run


def _rules_module(package: Path) -> ModuleType:
    file = package / "sempy_labs" / "_model_bpa_rules.py"
    spec = importlib.util.spec_from_file_location("model_bpa_rules", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with _imports_replaced():
        spec.loader.exec_module(module)
    return module


@contextmanager
def _imports_replaced() -> Iterator[None]:
    """For the block, what the module of the rules imports of packages that are not installed."""

    class Enumeration:
        def __getattr__(self, name: str) -> str:
            return name

    class Enumerations:
        def __getattr__(self, name: str) -> Enumeration:
            return Enumeration()

    utilities = SimpleNamespace(_init_analysis_services=lambda: None)
    client = SimpleNamespace(_utils=utilities)
    tabular = Enumerations()
    services = SimpleNamespace(Tabular=tabular)
    replaced: dict[str, Any] = {
        "Microsoft": SimpleNamespace(AnalysisServices=services),
        "Microsoft.AnalysisServices": services,
        "Microsoft.AnalysisServices.Tabular": tabular,
        "sempy": SimpleNamespace(fabric=SimpleNamespace(_client=client)),
        "sempy._utils": SimpleNamespace(),
        "sempy._utils._log": SimpleNamespace(log=lambda function: function),
    }
    sys.modules.update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            del sys.modules[name]


def _model(model: Mapping[str, Any]) -> Any:
    made = SimpleNamespace(Name="Model", Label="Model", Roles=Objects())
    made.Tables = Objects(_table(table) for table in model["tables"])
    made.Relationships = Objects(
        _relationship(relationship, made.Tables) for relationship in model["relationships"]
    )
    return made


def _table(table: Mapping[str, Any]) -> Any:
    made = SimpleNamespace(
        Name=table["name"],
        Label=table["name"],
        Description=_text(table.get("description")),
        DataCategory=table.get("dataCategory", ""),
        IsHidden=table.get("isHidden", False),
        CalculationGroup=None,
    )
    made.Columns = Objects(_column(column, made) for column in table.get("columns", ()))
    for column, values in zip(made.Columns, table.get("columns", ()), strict=True):
        if "sortByColumn" in values:
            column.SortByColumn = made.Columns[values["sortByColumn"]]
    made.Measures = Objects(_measure(measure, made) for measure in table.get("measures", ()))
    made.Partitions = Objects(_partition(it, made) for it in table["partitions"])
    made.Hierarchies = Objects(
        SimpleNamespace(
            Name=it["name"],
            Label=f"{table['name']}[{it['name']}]",
            Parent=made,
            Levels=[level["column"] for level in it["levels"]],
        )
        for it in table.get("hierarchies", ())
    )
    return made


def _column(column: Mapping[str, Any], table: Any) -> Any:
    return SimpleNamespace(
        Name=column["name"],
        Label=f"{table.Name}[{column['name']}]",
        Parent=table,
        Table=table,
        Type=_pascal(column.get("type", "data")),
        DataType=_pascal(column.get("dataType", "int64")),
        Description=_text(column.get("description")),
        IsHidden=column.get("isHidden", False),
        IsKey=column.get("isKey", False),
        IsAvailableInMDX=column.get("isAvailableInMdx", True),
        FormatString=column.get("formatString", ""),
        SummarizeBy=_pascal(column.get("summarizeBy", "default")),
        SourceColumn=column.get("sourceColumn", ""),
        Expression=_text(column.get("expression")),
        DataCategory=column.get("dataCategory", ""),
        SortByColumn=None,
    )


def _measure(measure: Mapping[str, Any], table: Any) -> Any:
    return SimpleNamespace(
        Name=measure["name"],
        Label=f"[{measure['name']}]",
        Parent=table,
        Expression=_text(measure["expression"]),
        Description=_text(measure.get("description")),
        FormatString=measure.get("formatString", ""),
        FormatStringDefinition=None,
        IsHidden=measure.get("isHidden", False),
    )


def _partition(partition: Mapping[str, Any], table: Any) -> Any:
    source = partition["source"]
    return SimpleNamespace(
        Name=partition["name"],
        Label=f"{table.Name}, partition {partition['name']}",
        Parent=table,
        Mode=_pascal(partition["mode"]),
        SourceType=_pascal(source["type"]),
        Source=SimpleNamespace(Expression=_text(source["expression"])),
        DataCoverageDefinition=None,
    )


def _relationship(relationship: Mapping[str, Any], tables: Objects) -> Any:
    from_table, to_table = (tables[relationship[end]] for end in ("fromTable", "toTable"))
    return SimpleNamespace(
        Name=relationship["name"],
        Label=relationship["name"],
        FromTable=from_table,
        FromColumn=from_table.Columns[relationship["fromColumn"]],
        ToTable=to_table,
        ToColumn=to_table.Columns[relationship["toColumn"]],
        FromCardinality=_pascal(relationship.get("fromCardinality", "many")),
        ToCardinality=_pascal(relationship.get("toCardinality", "one")),
        CrossFilteringBehavior=_pascal(relationship.get("crossFilteringBehavior", "oneDirection")),
        IsActive=relationship.get("isActive", True),
    )


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _text(value: Any) -> str:
    """Text of one line, or of several in a list."""
    return "\n".join(value) if isinstance(value, list) else value or ""
