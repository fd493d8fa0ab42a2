"""What the lakehouse needs to know of a target: where tables and files are, and what differs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.tables import Table
from neo_assets.lakehouse.report import DayReport

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery
    from pyspark.sql.streaming.readwriter import DataStreamWriter


@dataclass(frozen=True)
class StreamSource:
    """How a stream reads lines of new files: the format of Spark's reader, its options, where.

    `lists_all_days` says that it may bring more than the days that are asked for.
    """

    path: str
    format: str
    options: Mapping[str, str]
    lists_all_days: bool


@dataclass(frozen=True)
class StorageBackend(ABC):
    """The places of one lakehouse; event files and checkpoints are in folders on every target.

    `landing` has a folder for the event files of each dataset.
    """

    landing: Path
    checkpoints: Path

    @abstractmethod
    def identifier(self, table: Table) -> str:
        """The table's name in SQL, safely quoted."""

    @abstractmethod
    def has(self, spark: SparkSession, table: Table) -> bool:
        """Whether the table exists."""

    @abstractmethod
    def clustering(self, table: Table) -> str:
        """The clause of CREATE TABLE that says how rows are laid out in files; may be empty."""

    def constraints(self, table: Table) -> Sequence[str]:
        """The clauses of CREATE TABLE that declare keys, where the catalog knows any."""
        return ()

    def tags(self, table: Table) -> Mapping[str, str]:
        """The tags of a new table, where the catalog knows any."""
        return {}

    @abstractmethod
    def stream_source(self, table: Table, landing: Path, folders: str) -> StreamSource:
        """How the stream that fills the table reads event files.

        `landing` is the folder of their dataset, and `folders` a pattern for those of the days in
        it that are asked for.
        """

    @abstractmethod
    def start(self, stream: DataStreamWriter, table: Table) -> StreamingQuery:
        """Start a stream into the table."""

    @abstractmethod
    def staging(self, name: str) -> StorageBackend:
        """Storage of that name beside this one, for tables that grow until they are swapped in."""

    @abstractmethod
    def adopt_checkpoint(self, staging: StorageBackend, table: Table) -> str:
        """Move the table's checkpoint out of staging; return its name here."""

    @abstractmethod
    def clear_staging(self, spark: SparkSession, tables: Sequence[Table]) -> None:
        """Remove all that is in staging of these tables, finished or not."""

    def exclusive_writer(self, table: Table) -> AbstractContextManager[None]:
        """Wait for writers that do not use this Spark, and keep them waiting."""
        return nullcontext()

    @abstractmethod
    def record_metrics(
        self, spark: SparkSession, run_id: str, asset: str, reports: Sequence[DayReport]
    ) -> None:
        """Store the metrics of a run and asset, in place of what a try before has stored."""
