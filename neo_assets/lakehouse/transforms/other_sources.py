"""What other sources say of the approaches and objects of the star, where designations agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset, OtherSources
from neo_assets.lakehouse.model.tables import (
    BUSINESS_KEY,
    FURTHER_COLUMNS,
)
from neo_assets.lakehouse.store.storage import Lakehouse

_FURTHER = tuple(column.name for column in FURTHER_COLUMNS)


@dataclass(frozen=True)
class Statements:
    """What other sources say at a moment; without a table for it, none says anything.

    A row of `approaches` is an approach, of the columns of its source, and one of `risks` what an
    agency says of an object, of the columns of `gold_impact_risk`.
    """

    source: str = ""
    approaches: DataFrame | None = None
    risks: DataFrame | None = None


def statements(
    lakehouse: Lakehouse, others: OtherSources, moment: datetime | None = None
) -> Statements:
    """What other sources say now, or as it was known at a moment (UTC)."""
    dataset, risks = others.approaches, others.risks
    return Statements(
        dataset.name if dataset else "",
        _approaches(lakehouse, dataset, moment)
        if dataset and lakehouse.has(dataset.tables.versions)
        else None,
        in_force(lakehouse.read(risks), moment).where(
            "seen_until IS NULL AND revision_type <> 'removed'"
        )
        if risks and lakehouse.has(risks)
        else None,
    )


def in_force(rows: DataFrame, moment: datetime | None) -> DataFrame:
    """The rows of a history that had begun at `moment`, open where they had not ended.

    A history has `seen_at` and `seen_until`, as `gold_neo_revision` and `gold_impact_risk` do.
    """
    if moment is None:
        return rows
    ended = F.when(F.col("seen_until") <= moment, F.col("seen_until"))
    return rows.where(F.col("seen_at") <= moment).withColumn("seen_until", ended)


def _approaches(lakehouse: Lakehouse, dataset: Dataset, moment: datetime | None) -> DataFrame:
    """The approaches in the newest snapshot of each day until then, valid and without repeats."""
    if moment is None:
        return lakehouse.read(dataset.tables.silver)
    replaced = F.coalesce(F.col("next_fetched_at") <= moment, F.lit(False))
    return (
        lakehouse.read(dataset.tables.versions)
        .where("is_word AND size(reasons) = 0")
        .where((F.col("fetched_at") <= moment) & ~replaced)
    )


def with_further_columns(rows: DataFrame, said: Statements, on: str = "true") -> DataFrame:
    """Rows of approaches with what another source adds to those that it lists under the same key.

    `on` is a condition that its rows meet, such as one on their days.
    """
    if said.approaches is None:
        return rows
    added = said.approaches.where(on).select(*BUSINESS_KEY, *_FURTHER)
    return rows.join(F.broadcast(added), [*BUSINESS_KEY], "left")


def object_details(said: Statements) -> DataFrame | None:
    """What other sources say of objects, a row for each designation; None if there are none.

    A measured diameter is preferred to an estimated one, then what an approach was last listed with
    to what the lists of risks have.
    """
    rows = [
        *([_of_approaches(said.source, said.approaches)] if said.approaches is not None else []),
        *([_of_risks(said.risks)] if said.risks is not None else []),
    ]
    if not rows:
        return None
    return (
        reduce(DataFrame.unionByName, rows)
        .groupBy("designation")
        .agg(
            F.expr(
                "max(struct(listed, orbit_id, source)) FILTER (WHERE orbit_id IS NOT NULL)"
            ).alias("orbit"),
            F.expr(
                "max(struct(is_measured, listed, source, diameter_km, diameter_sigma_km)) "
                "FILTER (WHERE diameter_km IS NOT NULL)"
            ).alias("size"),
            F.expr("collect_set(source) FILTER (WHERE is_at_risk)").alias("lists"),
        )
        .selectExpr(
            "designation",
            "orbit.orbit_id",
            "orbit.source AS orbit_id_source",
            "size.diameter_km",
            "size.diameter_sigma_km",
            "size.source AS diameter_source",
            "nullif(array_join(sort_array(lists), ', '), '') AS risk_listed_by",
        )
    )


def _of_approaches(source: str, approaches: DataFrame) -> DataFrame:
    return approaches.selectExpr(
        "designation",
        f"'{source}' AS source",
        "struct(snapshot_id, close_approach_date) AS listed",
        "orbit_id",
        "true AS is_measured",
        "diameter_km",
        "diameter_sigma_km",
        "false AS is_at_risk",
    )


def _of_risks(risks: DataFrame) -> DataFrame:
    return risks.selectExpr(
        "designation",
        "source",
        "CAST(NULL AS STRUCT<snapshot_id: STRING, close_approach_date: DATE>) AS listed",
        "CAST(NULL AS STRING) AS orbit_id",
        "NOT coalesce(is_diameter_estimated, true) AS is_measured",
        "diameter_km",
        "CAST(NULL AS DOUBLE) AS diameter_sigma_km",
        "true AS is_at_risk",
    )
