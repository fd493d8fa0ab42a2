"""Every source, one line each."""

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import GOLD_TABLES, DatasetTables, Table
from neo_assets.sources.base import Source
from neo_assets.sources.neows import NEOWS

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
