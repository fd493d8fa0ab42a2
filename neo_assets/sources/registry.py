"""Sources by their names, and what follows from those that are included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.dataset import Agreement, Dataset, OtherSources
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, Table
from neo_assets.sources import SOURCES
from neo_assets.sources.redaction import scrub

if TYPE_CHECKING:
    from neo_assets.settings import Settings
    from neo_assets.sources.base import Source


@cache
def source(name: str) -> Source:
    """The source of this name."""
    found: Source = resolve_name(SOURCES[name])
    return found


def all_datasets() -> list[Dataset]:
    """The dataset of every source, included or not."""
    return [source(name).dataset for name in SOURCES]


def others() -> OtherSources:
    """What the star takes from other sources, included or not: their tables may be there."""
    published = [dataset.gold for dataset in all_datasets() if dataset.gold]
    compared = {gold.agreement.other for gold in published if gold.agreement}
    approaches = [dataset for dataset in all_datasets() if dataset.name in compared]
    risks = [gold.tables[0] for gold in published if gold.publish == "risk history"]
    return OtherSources(
        approaches[0] if approaches else None,
        risks[0] if risks else None,
    )


def redact(text: str, settings: Settings) -> str:
    """The text without the secrets of any source."""
    for name in SOURCES:
        for secret in source(name).secrets(settings):
            text = str(scrub(text, secret))
    return text


@dataclass(frozen=True)
class Included:
    """The sources that runs, backfills and schedules include, by name; all if none is named."""

    names: Sequence[str] = ()

    @property
    def sources(self) -> list[Source]:
        """The sources themselves."""
        return [source(name) for name in self.names or SOURCES]

    @property
    def datasets(self) -> list[Dataset]:
        """The dataset of each source."""
        return [source.dataset for source in self.sources]

    @property
    def chains(self) -> list[tuple[str, ...]]:
        """The assets of each source, upstream first."""
        return [dataset.assets for dataset in self.datasets]

    @property
    def assets(self) -> list[str]:
        """The daily assets of all sources by name, each after the one that it is made from."""
        return [asset for chain in self.chains for asset in chain]

    @property
    def tables(self) -> list[Table]:
        """Every table that stages fill, once: sources can share one of gold."""
        return list(
            dict.fromkeys(
                table
                for dataset in self.datasets
                for table in (*dataset.all_tables, *self._agreement_tables(dataset))
            )
        )

    def tables_of(self, stage: str) -> list[Table]:
        """The tables that a stage needs: those of its dataset for an asset, else all."""
        for dataset in self.datasets:
            if dataset.gold and stage == dataset.gold.asset:
                return [*dataset.all_tables, *self._agreement_tables(dataset)]
            if stage in dataset.assets:
                return list(dataset.tables.all)
        return self.tables

    def comparison(self, dataset: Dataset) -> tuple[Agreement, Dataset] | None:
        """How gold of a dataset is compared with another one, and that one, if it is included."""
        agreement = dataset.gold and dataset.gold.agreement
        return next(
            (
                (agreement, each)
                for each in self.datasets
                if agreement and each.name == agreement.other
            ),
            None,
        )

    @property
    def gold_assets(self) -> list[str]:
        """The asset of gold of every dataset that has one."""
        return [dataset.gold.asset for dataset in self.datasets if dataset.gold]

    @property
    def has_facts(self) -> bool:
        """Whether the dataset that the facts are made from is included."""
        return GOLD_NEO_FACT.name in self.assets

    @property
    def gold_beside_the_star(self) -> dict[Table, bool]:
        """Every table of gold that the star does not have, and whether its sources are included.

        A table that compares sources needs all of them: its columns begin with their names.  Any
        other one needs one of those that share it.
        """
        names = {each.name for each in self.sources}
        sources: dict[Table, set[str]] = {}
        for name in SOURCES:
            gold = source(name).dataset.gold
            own = gold.tables if gold and gold.publish != "approaches" else ()
            agreement = (gold.agreement.table,) if gold and gold.agreement else ()
            for table in (*own, *agreement):
                sources.setdefault(table, set()).add(name)
        return {
            table: compared <= names if (compared := _compared_sources(table)) else bool(of & names)
            for table, of in sources.items()
        }

    def _agreement_tables(self, dataset: Dataset) -> list[Table]:
        compared = self.comparison(dataset)
        return [compared[0].table] if compared else []


def _compared_sources(table: Table) -> set[str]:
    return {
        name
        for name in SOURCES
        if any(column.startswith(f"{name}_") for column in table.column_names)
    }
