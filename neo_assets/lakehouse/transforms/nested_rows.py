"""The rows of an object that holds a list of them: one row each.

Bronze keeps an object as the source gave it.  From silver on, every element of its list that is of
its day is a row, whose payload holds that element alone: an object with several becomes one row for
each of them.  Two equal elements of one object are two equal rows, so that they are classified like
any other repeat.

Elements of other days become no rows, because those days list them.  They are counted.  An object
without any element of its day stays one row, which the rules judge by its first element.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset, NestedRows

LEFT_OUT = "elements_left_out"
"""Column: elements of the object that became no row; 0 in all but the first of its rows."""

IS_FIRST = "is_first_of_object"
"""Column: whether the row is the first of its object."""


def one_row_each(dataset: Dataset, objects: DataFrame) -> DataFrame:
    """Rows of bronze as rows of the dataset, with the columns `LEFT_OUT` and `IS_FIRST`."""
    if dataset.nested is None:
        return objects.selectExpr("*", f"true AS {IS_FIRST}", f"0 AS {LEFT_OUT}")
    listed = f"try_variant_get(payload, '$.{dataset.nested.field}', 'array<variant>')"
    of_day = f"filter({listed}, element -> {dataset.nested.day} = feed_date)"
    rows = f"CASE WHEN size({listed}) > 1 AND size({of_day}) > 0 THEN {of_day} END"
    # Not from the DataFrame: a declarative pipeline cannot ask for its schema.
    names = [name for name in dataset.tables.bronze.column_names if name != "payload"]
    return objects.select(
        *names,
        "payload",
        F.expr(f"coalesce(size({listed}), 0)").alias("listed"),
        F.expr(f"greatest(coalesce(size({rows}), 1), 1)").alias("rows_of_object"),
        F.expr(f"posexplode_outer({rows}) AS (position, element)"),
    ).select(
        *names,
        F.expr(f"CASE WHEN element IS NULL THEN payload ELSE {_alone(dataset.nested)} END").alias(
            "payload"
        ),
        F.expr("coalesce(position, 0) = 0").alias(IS_FIRST),
        F.expr(
            "CASE WHEN coalesce(position, 0) = 0 THEN greatest(listed - rows_of_object, 0) ELSE 0"
            " END"
        ).alias(LEFT_OUT),
    )


def _alone(nested: NestedRows) -> str:
    """The object with one element of its list alone, as an SQL expression of type VARIANT."""
    return (
        "to_variant_object(map_concat("
        "map_filter(try_variant_get(payload, '$', 'map<string,variant>'),"
        f" (name, value) -> name <> '{nested.field}'),"
        f" map('{nested.field}', to_variant_object(array(element)))))"
    )
