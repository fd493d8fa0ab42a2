"""Rescue of values that do not fit the tracked schema, row by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.schema_tracking.comparison import Drift
from neo_assets.lakehouse.schema_tracking.observations import Sight, shape
from neo_assets.lakehouse.schema_tracking.shapes import steps_of
from neo_assets.lakehouse.store.storage import Lakehouse


def rescue(
    lakehouse: Lakehouse,
    dataset: Dataset,
    days: Collection[date],
    unfit: Mapping[tuple[date, str], tuple[str, ...]],
) -> None:
    """Bring the rescued data of these days to what does not fit their shapes."""
    if unfit:
        rows = _rescued(lakehouse, dataset, unfit)
    else:
        rows = lakehouse.read(dataset.tables.rescued_data).where("false")
    unfit_days = {day for day, _ in unfit}
    lakehouse.replace_days(dataset.tables.rescued_data, rows, days, incoming_days=unfit_days)


def _rescued(
    lakehouse: Lakehouse,
    dataset: Dataset,
    unfit: Mapping[tuple[date, str], tuple[str, ...]],
) -> DataFrame:
    places = lakehouse.spark.createDataFrame(
        [(day, shape, list(paths)) for (day, shape), paths in unfit.items()],
        "feed_date DATE, shape STRING, rescued_fields ARRAY<STRING>",
    )
    values = [
        F.when(F.array_contains("rescued_fields", path), _value(path)).alias(path)
        for path in sorted({path for paths in unfit.values() for path in paths})
    ]
    return (
        lakehouse.read_days(dataset.tables.bronze, {day for day, _ in unfit})
        .withColumn("shape", shape())
        .join(F.broadcast(places), ["feed_date", "shape"])
        .withColumn("rescued_data", F.to_json(F.struct(*values)))
        .withColumn("content_hash", F.sha2(F.to_json("payload"), 256))
    )


def told_since_first_rescue(
    lakehouse: Lakehouse, dataset: Dataset, drift: Mapping[date, Sequence[Drift]]
) -> dict[date, list[Drift]]:
    """Drift that the schema does not take in is there every day: say since when it is.

    The example stays that of the day itself.
    """
    first = _first_rescued(lakehouse, dataset)

    def since(change: Drift) -> Drift:
        is_rescued = change["change"] != "gone" and change["field"] in first
        return {**change, **asdict(first[change["field"]])} if is_rescued else change

    return {day: [since(change) for change in changes] for day, changes in drift.items()}


def _first_rescued(lakehouse: Lakehouse, dataset: Dataset) -> dict[str, Sight]:
    """For each field that was ever rescued, where it was on the earliest day."""
    sight = F.struct(F.col("feed_date").cast("string").alias("day"), "snapshot_id", "source_file")
    found = (
        lakehouse.read(dataset.tables.rescued_data)
        .select(F.explode("rescued_fields").alias("field"), sight.alias("sight"))
        .groupBy("field")
        .agg(F.min("sight").alias("first"))
        .collect()
    )
    return {row.field: Sight(*row["first"]) for row in found}


def _value(path: str) -> Column:
    """The value at a path of the payload; below an array, an array of the values there."""

    def descend(value: Column, steps: Sequence[str | None]) -> Column:
        end = next((at for at, step in enumerate(steps) if not _is_writable(step)), len(steps))
        names = [step for step in steps[:end] if step]
        place = "$" + "".join(f"['{name}']" if '"' in name else f'["{name}"]' for name in names)
        if end < len(steps) and steps[end] is None:
            elements = F.try_variant_get(value, place, "array<variant>")
            return F.transform(elements, lambda element: descend(element, steps[end + 1 :]))
        return F.try_variant_get(value, place, "variant")

    return descend(F.col("payload"), steps_of(path))


def _is_writable(step: str | None) -> bool:
    """Whether a path can continue with this name; if not, the parent of the field is kept whole."""
    return bool(step) and not ("'" in str(step) and '"' in str(step))
