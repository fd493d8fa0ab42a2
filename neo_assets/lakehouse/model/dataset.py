"""What a source publishes, as the stages need to know it: data, and no code of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from neo_assets.lakehouse.model.rules import Rule, RuleSet
from neo_assets.lakehouse.model.tables import Column, DatasetTables, Table


@dataclass(frozen=True)
class NestedRows:
    """A list in each object of which every element of the object's day is a row of its own.

    `field` is the list, and `day` the SQL expression for the day of its element, a VARIANT named
    `element`.  Elements of other days become no rows, because those days list them: `left_out` is
    the name under which they are counted, and `warning` the warning on the object's first row.
    """

    field: str
    day: str
    left_out: str
    warning: str


AGREES = "agree"
"""The reason of a row of which both sides say the same."""

UNEXPLAINED = "unexplained"
"""The reason of a difference for which no other is known."""


@dataclass(frozen=True)
class Agreement:
    """How the approaches of a dataset are compared with those of another one.

    `other` is the name of that dataset, `title` what people call it, and `check` the check of the
    facts that warns of differences.  Each row of `table` has both sides: the columns `compared` of
    both, and `uncertainty` of the other, each after the name of its side.  `agrees` is the SQL
    condition that both sides agree, and the numbers are SQL expressions for the number of an object
    on each side.
    """

    other: str
    title: str
    check: str
    table: Table
    own_name: str
    other_name: str
    compared: tuple[str, ...]
    uncertainty: tuple[str, ...]
    agrees: str
    own_number: str
    other_number: str


@dataclass(frozen=True)
class Gold:
    """What the silver of a dataset becomes: the asset, and the tables that it writes.

    `title` is what people call its rows.  `publish` names the stage that fills the tables, and
    those of one stage have the columns that it works with.  `preview` has columns of the first
    table, of which people see a few rows; the first is the one that they are ordered by.
    `agreement` says what the rows are compared with.
    """

    asset: str
    title: str
    description: str
    publish: Literal["approaches", "events", "risk history"]
    tables: tuple[Table, ...]
    preview: tuple[str, ...]
    agreement: Agreement | None = None


@dataclass(frozen=True)
class Dataset:
    """The objects that one source gives for a day, from their event files to gold.

    `landing_folder` is the folder of the event files, and `raw_asset` the asset that lands them.
    `columns` say where each value is in an object, and `key` which of them tell rows apart.

    `identity` is what a row of a day is about, be it valid or not, as an SQL expression; without
    one it is the key.  `preference` is an SQL condition: of two valid rows with one key in one
    snapshot, the one that meets it is kept.  `preview` names the columns that people see a few
    rows of, the name of an object first, and `raw_preview` the fields of an object as it came.
    `gold` is what silver becomes; without it the dataset ends with silver.
    """

    name: str
    landing_folder: str
    raw_asset: str
    tables: DatasetTables
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    preview: tuple[str, ...]
    raw_preview: tuple[str, ...]
    identity: str = ""
    preference: str = "false"
    nested: NestedRows | None = None
    gold: Gold | None = None

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets of the dataset, upstream first: raw, bronze, silver, and gold if any."""
        gold = (self.gold.asset,) if self.gold else ()
        return (self.raw_asset, self.tables.bronze.name, self.tables.silver.name, *gold)

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """Every table that its stages fill, upstream first."""
        return (*self.tables.all, *(self.gold.tables if self.gold else ()))

    @cached_property
    def rule_set(self) -> RuleSet:
        """The rules as long as no configuration changes them."""
        return RuleSet(self.rules)

    @cached_property
    def conditions(self) -> frozenset[str]:
        """The conditions of its own rules, which raise for no row."""
        return frozenset(rule.condition for rule in self.rules)

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """The path of each column's value in an object."""
        return {column.name: column.path for column in self.columns}

    @property
    def row_identity(self) -> str:
        """The identity of what a row describes, as an SQL expression."""
        return self.identity or f"struct(partition_date, {', '.join(self.key)})"


@dataclass(frozen=True)
class OtherSources:
    """What the star takes from sources that it is not made of.

    These are a dataset that lists the same approaches, and the table with the history of the odds
    of impacts; None where there is no such source.
    """

    approaches: Dataset | None = None
    risks: Table | None = None
