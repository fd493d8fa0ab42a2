"""The objects of a day, grouped by their shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.wording import shortened
from neo_assets.lakehouse.schema_tracking.shapes import fields_of, steps_of


@dataclass(frozen=True, order=True)
class Sight:
    """Where something was seen first; sights sort by time."""

    feed_date: str
    snapshot_id: str
    source_file: str


@dataclass(frozen=True)
class Observation:
    """The objects of one shape in one snapshot of a day, with one of them as JSON."""

    sight: Sight
    shape: str
    rows: int
    example: str

    @cached_property
    def fields(self) -> dict[str, str]:
        """The paths in the shape, each with its type."""
        return fields_of(self.shape)

    def example_of(self, path: str) -> str:
        """The value at a path in the example, as JSON, cut where it is long."""
        try:
            return shortened(self._value_at(path))
        except RecursionError:
            # Older versions let objects into bronze that are nested deeper than Python can follow.
            return "…"

    def _value_at(self, path: str) -> str:
        value: Any = json.loads(self.example)
        for step in steps_of(path):
            if step is None:
                value = next(iter(value), None) if isinstance(value, list) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return json.dumps(value, ensure_ascii=False)


def observe(events: DataFrame) -> list[Observation]:
    """The shapes of rows of bronze by day and snapshot, in order of time."""
    found = (
        events.where("payload IS NOT NULL")
        .groupBy(F.col("feed_date").cast("string").alias("day"), "snapshot_id", shape())
        .agg(
            F.count("*").alias("rows"),
            F.min(F.struct("source_file", F.to_json("payload").alias("object"))).alias("first"),
        )
        .collect()
    )
    observations = [
        Observation(
            Sight(row.day, row.snapshot_id, row["first"].source_file),
            row.shape,
            row.rows,
            row["first"].object,
        )
        for row in found
    ]
    return sorted(observations, key=lambda observation: (observation.sight, observation.shape))


def shape() -> Column:
    """The type of an object, with one name for all numbers: precisions differ row by row.

    Names that need it are in backticks, so that types are in every other part between backticks.
    One regular expression over all of it would need a group that repeats, and for each repetition
    Java goes deeper into the stack.
    """
    number = r"(DECIMAL\\([0-9]+,[0-9]+\\)|BIGINT|DOUBLE|FLOAT)(?=[,>]|$)"
    parts = "split(schema_of_variant(payload), '`', -1)"
    return F.expr(
        f"array_join(transform({parts}, (part, number) -> "
        f"if(number % 2 = 0, regexp_replace(part, '{number}', 'NUMBER'), part)), '`')"
    ).alias("shape")
