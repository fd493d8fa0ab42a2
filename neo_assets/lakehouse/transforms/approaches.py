"""The approaches of an object: one row each.

The feed lists an object once for each day, and in every recorded response its `close_approach_data`
has one element.  It is a list all the same.  Bronze keeps the object as the API gave it; from
silver on, a row is one approach: an object with several approaches of its day becomes one row for
each of them, and the payload of such a row holds that approach alone.  Two equal approaches in one
object are two equal rows, so that they are classified like any other repeat.

Approaches of other days become no rows, because those days list them.  They are counted.  An object
without any approach of its day stays one row, which the rules judge by its first approach.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.tables import DATE_OF_APPROACH

OTHER_DAYS = "approaches_of_other_days"
"""The warning on a row whose object also has approaches of other days."""

LEFT_OUT = "approaches_left_out"
"""Column: approaches of the object that became no row; 0 in all but the first of its rows."""

IS_FIRST = "is_first_approach"
"""Column: whether the row is the first of its object."""

_LISTED = "try_variant_get(payload, '$.close_approach_data', 'array<variant>')"
_OF_DAY = f"filter({_LISTED}, approach -> {DATE_OF_APPROACH} = feed_date)"
_ROWS = f"CASE WHEN size({_LISTED}) > 1 AND size({_OF_DAY}) > 0 THEN {_OF_DAY} END"
_ALONE = (
    "to_variant_object(map_concat("
    "map_filter(try_variant_get(payload, '$', 'map<string,variant>'),"
    " (name, value) -> name <> 'close_approach_data'),"
    " map('close_approach_data', to_variant_object(array(approach)))))"
)


def one_row_each(objects: DataFrame) -> DataFrame:
    """Rows of bronze as rows of approaches, with the columns `LEFT_OUT` and `IS_FIRST`."""
    names = [name for name in objects.columns if name != "payload"]
    return objects.select(
        *names,
        "payload",
        F.expr(f"coalesce(size({_LISTED}), 0)").alias("listed"),
        F.expr(f"greatest(coalesce(size({_ROWS}), 1), 1)").alias("rows_of_object"),
        F.expr(f"posexplode_outer({_ROWS}) AS (position, approach)"),
    ).select(
        *names,
        F.expr(f"CASE WHEN approach IS NULL THEN payload ELSE {_ALONE} END").alias("payload"),
        F.expr("coalesce(position, 0) = 0").alias(IS_FIRST),
        F.expr(
            "CASE WHEN coalesce(position, 0) = 0 THEN greatest(listed - rows_of_object, 0) ELSE 0"
            " END"
        ).alias(LEFT_OUT),
    )
