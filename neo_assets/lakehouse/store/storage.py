"""Tables and how they are written; every write leaves unchanged days untouched."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import compute
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import SOURCE_FILE, TABLES, Column, Table
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import StageError
from neo_assets.lakehouse.store import migration
from neo_assets.lakehouse.store.backend import StorageBackend

CHECKPOINT = "neo.checkpoint"
"""Property of a table that names the checkpoint of the stream that fills it.

What a stream has read is known to the checkpoint, what it has written to the table: the two belong
together.  Kept in the table's own metadata, the name changes in the commit that changes the rows,
and RESTORE brings both back.
"""
APPEND_ONLY = "delta.appendOnly"
_ANOTHER_STREAM = "CONCURRENT_STREAM_LOG_UPDATE"
_LOG = logging.getLogger(__name__)
_PARTS_OF_A_CHECKPOINT = ("metadata", "sources", "offsets/[0-9]*")


class LakehouseError(StageError):
    """The files of the lakehouse do not fit together; the message says what to do."""


@dataclass(frozen=True)
class Comparison:
    """Every incoming and every existing row of a table, once for each key, with its `change`.

    `inserted`, `updated` and `unchanged` rows have the incoming values; a `deleted` row is in the
    table and not among the incoming rows.
    """

    table: Table
    rows: pyarrow.Table

    def values(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Of every row the values of these columns."""
        return zip(*(self.rows.column(name).to_pylist() for name in columns), strict=True)

    def without(self, change: str) -> Comparison:
        """The rows with any other change."""
        return Comparison(self.table, self.rows.filter(compute.field("change") != change))


@dataclass(frozen=True)
class Lakehouse:
    """The tables of one storage backend, reached through one Spark session."""

    spark: SparkSession
    backend: StorageBackend

    def ensure_tables(self, tables: Iterable[Table] = TABLES) -> None:
        """Create the tables that do not exist yet, and bring older ones to today's form.

        Raises:
            LakehouseError: a table is missing, but not its stream's checkpoint, which would pass
                over all that the table held.
        """
        for table in tables:
            with self.backend.exclusive_writer(table):
                if self.has(table):
                    self._add_columns(table)
                    if SOURCE_FILE in table.column_names:
                        self._bring_up_to_date(table, self._properties(table))
                else:
                    self._create(table)

    def _create(self, table: Table) -> None:
        if any(map(_is_checkpoint, self.backend.checkpoints.glob(f"{table.name}*"))):
            raise LakehouseError(
                f"The table {table.name} is missing, but the checkpoint of its stream is not; "
                "rebuild it from the landing zone with: neo-assets replay --full"
            )
        self.spark.sql(_creation(table, self.backend))
        if tags := self.backend.tags(table):
            # To assign a tag may need a permission of its own; the table is complete without it.
            with suppress(PySparkException):
                identifier = self.backend.identifier(table)
                self.spark.sql(f"ALTER TABLE {identifier} SET TAGS ({_listed(tags)})")

    def _add_columns(self, table: Table) -> None:
        known = set(self.read(table).columns)
        new = [column for column in table.columns if column.name not in known]
        if not new:
            return
        identifier = self.backend.identifier(table)
        self.spark.sql(
            f"ALTER TABLE {identifier} ADD COLUMNS ({', '.join(map(column_definition, new))})"
        )
        values = ", ".join(f"{column.name} = {column.initial}" for column in new if column.initial)
        if values:
            self.spark.sql(f"UPDATE {identifier} SET {values}").collect()

    def _bring_up_to_date(self, table: Table, properties: Mapping[str, str]) -> None:
        """Give a table that has these properties those of today, and the rows that go with them."""
        if table.properties.items() <= properties.items():
            return
        if not migration.is_done(table, properties):
            if properties.get(APPEND_ONLY) == "true":
                self._lift_append_only(table)
            migration.migrate(self.spark, self.backend.identifier(table), table)
        self._set_properties(table, table.properties)

    def _lift_append_only(self, table: Table) -> None:
        """Allow changes to rows; after a killed process, the next append forbids them again."""
        self.spark.sql(
            f"ALTER TABLE {self.backend.identifier(table)} UNSET TBLPROPERTIES ('{APPEND_ONLY}')"
        )

    def landing(self, dataset: Dataset) -> Path:
        """The folder with the event files of a dataset."""
        return self.backend.landing / dataset.landing_folder

    def has(self, table: Table) -> bool:
        """Whether the table exists."""
        return self.backend.has(self.spark, table)

    def read(self, table: Table) -> DataFrame:
        """The table as it is now."""
        return self.spark.table(self.backend.identifier(table))

    def read_days(self, table: Table, days: Collection[date]) -> DataFrame:
        """The rows of these days; the literal bounds let Delta skip every other file."""
        return self.read(table).where(in_days(table.day_column, days))

    def append_stream(
        self,
        table: Table,
        rows: DataFrame,
        *,
        unless_known: str,
        days: Collection[date] | None = None,
        new_checkpoint: bool = False,
    ) -> None:
        """Append all that a streaming source has now and the table does not have yet.

        Rows whose value of the column `unless_known` the table has are left out, whatever the
        checkpoint says; so a checkpoint that is missing, damaged or not wanted any more is begun
        again.  Rows that share a value must come in one batch.  `days` are the only days that the
        source lists, if it is known to list no others.
        """
        properties = self._properties(table)
        if not table.properties.items() <= properties.items():
            # A swap lifted them and was killed before it set them again, or a RESTORE took them.
            self._bring_up_to_date(table, properties)
        checkpoint = self.backend.checkpoints / properties.get(CHECKPOINT, table.name)
        continues = not new_checkpoint and _can_continue(checkpoint)
        if not continues:
            # Spark refuses to begin where a stream was killed while it wrote its first offset.
            shutil.rmtree(checkpoint, ignore_errors=True)
        try:
            self._stream(table, rows, unless_known, days, checkpoint)
        except StreamingQueryException as error:
            if not continues or _ANOTHER_STREAM in str(error):
                raise
            # Spark stops where a file of the checkpoint is missing or cut off, every time again.
            _LOG.warning(
                "The stream of %s failed with its checkpoint %s (%s); it is tried once more with a "
                "new one, and reads only what the table does not have.",
                table.name,
                checkpoint,
                str(error).partition("\n")[0],
            )
            shutil.rmtree(checkpoint, ignore_errors=True)
            self._stream(table, rows, unless_known, days, checkpoint)

    def _stream(
        self,
        table: Table,
        rows: DataFrame,
        unless_known: str,
        days: Collection[date] | None,
        checkpoint: Path,
    ) -> None:
        # A batch that was cut off may have files of other days.
        is_limited = days is not None and not _has_unfinished_batch(checkpoint)
        known = self.read_days(table, days or ()) if is_limited else self.read(table)
        new = rows.join(known.select(unless_known).distinct(), unless_known, "left_anti")
        stream = (
            new.select(*table.column_names)
            .writeStream.format("delta")
            .queryName(table.name)
            .option("checkpointLocation", str(checkpoint))
            .trigger(availableNow=True)
        )
        self.backend.start(stream, table).awaitTermination()

    def set_properties(self, table: Table, properties: Mapping[str, str]) -> None:
        """Give the table these properties; without a commit where it has them."""
        if not properties.items() <= self._properties(table).items():
            self._set_properties(table, properties)

    def _set_properties(self, table: Table, properties: Mapping[str, str]) -> None:
        identifier = self.backend.identifier(table)
        self.spark.sql(f"ALTER TABLE {identifier} SET TBLPROPERTIES ({_listed(properties)})")

    def _properties(self, table: Table) -> dict[str, str]:
        rows = self.spark.sql(f"SHOW TBLPROPERTIES {self.backend.identifier(table)}").collect()
        return {row["key"]: row["value"] for row in rows}

    def swap_in(self, table: Table, rows: DataFrame, checkpoint: str) -> None:
        """Make `rows` the whole table and `checkpoint` the one it is filled by, in one commit.

        What the table was stays in its history, for RESTORE.
        """
        identifier = self.backend.identifier(table)
        if self.has(table) and APPEND_ONLY in table.properties:
            self._lift_append_only(table)
        view = f"swapped_{table.name}"
        rows.createOrReplaceTempView(view)
        self.spark.sql(
            f"CREATE OR REPLACE TABLE {identifier} USING delta {self.backend.clustering(table)} "
            f"COMMENT {_literal(table.comment)} "
            f"TBLPROPERTIES ({_listed(table.properties | {CHECKPOINT: checkpoint})}) "
            f"AS SELECT * FROM {view}"
        ).collect()

    def replace_days(
        self,
        table: Table,
        rows: DataFrame,
        days: Collection[date],
        *,
        incoming_days: Collection[date],
        parts: Mapping[Table, str] | None = None,
    ) -> None:
        """Replace the rows of these days in `table` by `rows`, and do the same in its parts.

        `incoming_days` are the days that have rows. Each of `parts` has the rows of `table` that
        meet its condition. Days with existing rows are compared in one pass, and those that agree
        are not written.
        """
        conditions = {table: "true", **(parts or {})}
        existing = self._existing_days(conditions, days)
        new = set(incoming_days) - existing
        differing: dict[str, dict[date, int]] = {}
        if existing:
            digests = _digests(rows.where(in_days(table.day_column, existing)), conditions)
            for part in conditions:
                held = self.read_days(part, existing)
                digests = digests.unionAll(_digests(held, {part: "true"}, sign=-1))
            differing = _differing_days(digests)
        for part, condition in conditions.items():
            changed = dict.fromkeys(new, 0) | differing.get(part.name, {})
            if not changed:
                continue
            differing_days = in_days(part.day_column, changed)
            source = rows if part is table else self.read_days(table, days)
            incoming = source.where(f"{condition} AND {differing_days}").select(*part.column_names)
            if any(changed.values()):
                (
                    incoming.write.format("delta")
                    .mode("overwrite")
                    .option("replaceWhere", differing_days)
                    .saveAsTable(self.backend.identifier(part))
                )
            else:
                # What a new day brings; there is nothing that Delta would have to look for.
                self.append(part, incoming)

    def _existing_days(self, tables: Iterable[Table], days: Collection[date]) -> set[date]:
        """Return the days that one of the tables has."""
        held = [
            self.read_days(table, days).select(F.col(table.day_column).alias("day"))
            for table in tables
        ]
        return {row.day for row in reduce(DataFrame.unionAll, held).distinct().collect()}

    def record_metrics(self, run_id: str, asset: str, reports: Sequence[DayReport]) -> None:
        """Store the metrics of a run and asset, in place of what a try before has stored."""
        if reports:
            self.backend.record_metrics(self.spark, run_id, asset, reports)

    def append(self, table: Table, rows: DataFrame) -> None:
        """Add rows to those that the table has."""
        rows.write.format("delta").mode("append").saveAsTable(self.backend.identifier(table))

    def compare(
        self, table: Table, incoming: DataFrame, existing: DataFrame, before: Sequence[str] = ()
    ) -> Comparison:
        """Compare the incoming rows of a table with its existing rows.

        Of the columns in `before` the result has the table's own value too, as `before_<column>`.
        """
        values = F.struct(*table.column_names)
        compared = (
            incoming.select(*table.key, values.alias("incoming"))
            .join(existing.select(*table.key, values.alias("existing")), [*table.key], "full")
            .select(
                F.expr(
                    "CASE WHEN existing IS NULL THEN 'inserted'"
                    " WHEN incoming IS NULL THEN 'deleted'"
                    " WHEN incoming <> existing THEN 'updated' ELSE 'unchanged' END"
                ).alias("change"),
                F.coalesce("incoming", "existing").alias("row"),
                "existing",
            )
            .select(
                "change",
                "row.*",
                *(F.col(f"existing.{name}").alias(f"before_{name}") for name in before),
            )
        )
        return Comparison(table, compared.toArrow())

    def merge(self, comparison: Comparison) -> None:
        """Write the rows that differ, in one commit, and no others; without any, none."""
        table, differing = comparison.table, comparison.without("unchanged").rows
        if not differing.num_rows:
            return
        changed = self.spark.createDataFrame(differing).coalesce(1)
        if compute.unique(differing.column("change")).to_pylist() == ["inserted"]:
            # What a new day mostly brings; MERGE would look for each row once more.
            self.append(table, changed.select(*table.column_names))
            return
        view = f"changed_{table.name}"
        changed.createOrReplaceTempView(view)
        is_same = " AND ".join(f"target.{column} = changed.{column}" for column in table.key)
        if table.day_column:
            # Literal bounds let Delta skip the files of all other days.
            days = set(differing.column(table.day_column).to_pylist())
            is_same += f" AND {in_days(f'target.{table.day_column}', days)}"
        self.spark.sql(
            f"MERGE INTO {self.backend.identifier(table)} AS target USING {view} AS changed "
            f"ON {is_same} "
            "WHEN MATCHED AND changed.change = 'deleted' THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        ).collect()


def derived(table: Table, rows: DataFrame) -> DataFrame:
    """The table's columns for these rows; those that they lack are filled by their derivation."""
    given = set(rows.columns)
    # In one step, because Spark analyses the query at each.
    return rows.selectExpr(
        *(
            column.name if column.name in given else f"{column.derivation} AS {column.name}"
            for column in table.columns
        )
    )


def refuse_collisions(key: str, identified: Iterable[tuple[int, str]]) -> None:
    """Verify that no surrogate key identifies two objects.

    Raises:
        LakehouseError: names two that have the same.
    """
    known: dict[int, str] = {}
    for value, identifier in identified:
        other = known.setdefault(value, identifier)
        if other != identifier:
            one, other = sorted((identifier, other))
            raise LakehouseError(
                f"'{one}' and '{other}' have the same {key} {value}, so nothing more was written; "
                "take more bits of the hash in neo_assets/lakehouse/model/keys.py and build gold "
                "again with: neo-assets replay"
            )


def in_days(column: str, days: Collection[date]) -> str:
    """A condition that holds for these days, with literal bounds before the list of days."""
    if not days:
        return "false"
    listed = ", ".join(f"DATE'{day.isoformat()}'" for day in sorted(days))
    first, last = min(days).isoformat(), max(days).isoformat()
    return f"{column} BETWEEN DATE'{first}' AND DATE'{last}' AND {column} IN ({listed})"


def _digests(rows: DataFrame, conditions: Mapping[Table, str], sign: int = 1) -> DataFrame:
    """For each day and table the number of rows that meet its condition, and two 64-bit digests.

    The digests are sums over the rows, so that their order does not matter but a repeat does.  Rows
    in the table have the sign -1, and are also counted separately.
    """
    sums = []
    for table, condition in conditions.items():
        values = ", ".join(f"`{name}`" for name in table.column_names)
        summed = ("1", f"xxhash64({values})", f"xxhash64('', {values})")
        sums.append(
            F.expr(
                f"struct('{table.name}' AS name, "
                + ", ".join(
                    f"{sign} * sum(if({condition}, CAST({value} AS DECIMAL(28, 0)), 0)) AS {name}"
                    for name, value in zip(("rows", "digest", "other_digest"), summed, strict=True)
                )
                + f", sum(if({condition} AND {sign} < 0, 1, 0)) AS existing)"
            )
        )
    (day_column,) = {table.day_column for table in conditions}
    return (
        rows.groupBy(F.col(day_column).alias("day"))
        .agg(F.array(*sums).alias("sums"))
        .select("day", F.inline("sums"))
    )


def _differing_days(digests: DataFrame) -> dict[str, dict[date, int]]:
    """By name of table, the days whose digests of both signs do not cancel out.

    Each day comes with the number of its rows in the table.
    """
    sums = digests.groupBy("name", "day").agg(
        *(F.sum(column).alias(column) for column in ("rows", "digest", "other_digest", "existing"))
    )
    changed: dict[str, dict[date, int]] = {}
    for row in sums.where("rows <> 0 OR digest <> 0 OR other_digest <> 0").collect():
        changed.setdefault(row.name, {})[row.day] = row.existing
    return changed


def _is_checkpoint(folder: Path) -> bool:
    """Whether a stream has begun here; it writes all these parts before its first row."""
    return all(any(folder.glob(part)) for part in _PARTS_OF_A_CHECKPOINT)


def _can_continue(checkpoint: Path) -> bool:
    """Whether a stream can continue from here, unless its logs are damaged further.

    A commit without its offset is what Spark takes for the work of another stream.
    """
    return (
        _is_checkpoint(checkpoint)
        and _is_json(checkpoint / "metadata")
        and _newest(checkpoint, "commits") <= _newest(checkpoint, "offsets")
    )


def _has_unfinished_batch(checkpoint: Path) -> bool:
    """Whether a stream was killed here in the middle of a batch, which the next one finishes."""
    return _newest(checkpoint, "offsets") > _newest(checkpoint, "commits")


def _newest(checkpoint: Path, log: str) -> int:
    """The newest batch in a log of the checkpoint, or -1."""
    return max((int(file.name) for file in (checkpoint / log).glob("[0-9]*")), default=-1)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


def _creation(table: Table, backend: StorageBackend) -> str:
    columns = ", ".join((*map(column_definition, table.columns), *backend.constraints(table)))
    properties = _listed(table.properties)
    clauses: Iterable[str] = (
        f"CREATE TABLE IF NOT EXISTS {backend.identifier(table)} ({columns}) USING delta",
        backend.clustering(table),
        f"COMMENT {_literal(table.comment)}",
        f"TBLPROPERTIES ({properties})" if properties else "",
    )
    return " ".join(clause for clause in clauses if clause)


def column_definition(column: Column) -> str:
    """A column as CREATE TABLE has it, with its description."""
    return f"`{column.name}` {column.type} COMMENT {_literal(column.comment)}"


def _listed(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{_literal(name)} = {_literal(value)}" for name, value in properties.items())


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
