"""Sources by their names, and which of them `NEO_SOURCES` includes."""

from __future__ import annotations

import os
from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.dataset import Agreement, Dataset, OtherSources
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, Table
from neo_assets.sources import SOURCES, included_sources
from neo_assets.sources.redaction import scrub

if TYPE_CHECKING:
    from neo_assets.settings import Settings
    from neo_assets.sources.base import Source


@cache
def source(name: str) -> Source:
    """The source of this name."""
    found: Source = resolve_name(SOURCES[name])
    return found


def included() -> list[Source]:
    """The sources that runs, backfills and schedules include."""
    # Not from the settings: a job on Databricks has no library for them, and includes all sources.
    try:
        names = included_sources(os.environ.get("NEO_SOURCES"))
    except ValueError:
        # The settings report it, with the name of the variable; modules are imported before.
        names = tuple(SOURCES)
    return [source(name) for name in names]


def datasets() -> list[Dataset]:
    """The dataset of every source that is included."""
    return [source.dataset for source in included()]


def all_datasets() -> list[Dataset]:
    """The dataset of every source, included or not."""
    return [source(name).dataset for name in SOURCES]


def tables() -> list[Table]:
    """Every table that stages fill, once: sources can share one of gold."""
    return list(
        dict.fromkeys(
            table
            for dataset in datasets()
            for table in (*dataset.all_tables, *_agreement_tables(dataset))
        )
    )


def tables_of(stage: str) -> list[Table]:
    """The tables that a stage needs: those of its dataset for an asset, all for any other stage."""
    for dataset in datasets():
        if dataset.gold and stage == dataset.gold.asset:
            return [*dataset.all_tables, *_agreement_tables(dataset)]
        if stage in dataset.assets:
            return list(dataset.tables.all)
    return tables()


def comparison(dataset: Dataset) -> tuple[Agreement, Dataset] | None:
    """How gold of a dataset is compared with another one, and that one, if both are included."""
    agreement = dataset.gold and dataset.gold.agreement
    return next(
        ((agreement, each) for each in datasets() if agreement and each.name == agreement.other),
        None,
    )


def agreements() -> list[Agreement]:
    """How gold is compared with datasets that are included."""
    return [compared[0] for dataset in datasets() if (compared := comparison(dataset))]


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


def _agreement_tables(dataset: Dataset) -> list[Table]:
    compared = comparison(dataset)
    return [compared[0].table] if compared else []


def gold_assets() -> list[str]:
    """The asset of gold of every dataset that is included and has one."""
    return [dataset.gold.asset for dataset in datasets() if dataset.gold]


def gold_beside_the_star() -> dict[Table, bool]:
    """Every table of gold that the star does not have, with whether its sources are included.

    A table that compares sources needs all of them: its columns begin with their names.  Any other
    one needs one of those that share it.
    """
    names = {each.name for each in included()}
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


def _compared_sources(table: Table) -> set[str]:
    return {
        name
        for name in SOURCES
        if any(column.startswith(f"{name}_") for column in table.column_names)
    }


def has_gold() -> bool:
    """Whether the dataset that the facts are made from is included."""
    return any(GOLD_NEO_FACT.name in dataset.assets for dataset in datasets())


def redact(text: str, settings: Settings) -> str:
    """The text without the secrets of any source."""
    for name in SOURCES:
        for secret in source(name).secrets(settings):
            text = str(scrub(text, secret))
    return text
