"""Every source, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import GOLD_TABLES, DatasetTables, Table
from neo_assets.sources.base import Source
from neo_assets.sources.neows import NEOWS
from neo_assets.sources.redaction import scrub

if TYPE_CHECKING:
    from neo_assets.settings import Settings

SOURCES: list[Source] = [
    NEOWS,
]


def datasets() -> list[Dataset]:
    """The dataset of every source."""
    return [source.dataset for source in SOURCES]


def tables() -> list[Table]:
    """Every table that stages fill: those of each dataset, then gold."""
    return [*(table for dataset in datasets() for table in dataset.tables.all), *GOLD_TABLES]


def dataset_in(tables: DatasetTables) -> Dataset:
    """The dataset that is kept in these tables."""
    return next(dataset for dataset in datasets() if dataset.tables is tables)


def redact(text: str, settings: Settings) -> str:
    """The text without the secrets of any source."""
    for source in SOURCES:
        for secret in source.secrets(settings):
            text = str(scrub(text, secret))
    return text
