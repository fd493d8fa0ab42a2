"""What the project needs of a Spark Connect server and an engine may lack, asked of one server.

    python -m benchmarks.needs sc://127.0.0.1:50051

Prints one line for each need, `ok` or what came instead; exits 1 unless all are met.  No speed is
measured: the results are in docs/sail.md.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

EXPRESSIONS = {
    "try_variant_get(parse_json('{\"h\": 20.4}'), '$.h', 'string')": "20.4",
    "to_json(try_variant_get(parse_json('{\"p\": {\"h\": 1}}'), '$.p', 'variant'))": '{"h":1}',
    "schema_of_variant(parse_json('20.4'))": "DECIMAL(3,1)",
    "row_number() OVER (ORDER BY struct(1, 2) DESC)": "1",
    "struct(true AS a) <> struct(nullif(true, false) AS a)": "False",
    "inline(array(coalesce(CAST(NULL AS STRUCT<a: INT>), struct(1 AS a))))": "1",
    "size(collect_list(CAST(NULL AS INT)) OVER ())": "0",
    "regexp_replace('DOUBLE', 'DOUBLE(?=$)', 'NUMBER')": "NUMBER",
    "weekday(DATE'2023-01-01')": "6",
    "extract(YEAROFWEEK FROM DATE'2024-12-30')": "2025",
    "76294914.057D <= 0.51 * 149597870.7": "True",
    "n FROM (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 2) "
    "SELECT max(n) AS n FROM t)": "2",
}
"""SQL expressions, each with Spark's answer as text."""

STATEMENTS = (
    "SHOW TBLPROPERTIES {table}",
    "ALTER TABLE {table} SET TBLPROPERTIES ('neo.checkpoint' = 'a')",
    "ALTER TABLE {table} ADD COLUMNS (more STRING)",
    "DESCRIBE DETAIL {table}",
    "OPTIMIZE {table}",
    "VACUUM {table}",
    "RESTORE TABLE {table} TO VERSION AS OF 0",
    "CREATE TABLE {other} (id BIGINT) USING delta",
)
"""SQL statements over a Delta table in a folder, and one that is yet to be made."""


def needs(spark: SparkSession, folder: Path) -> Iterator[tuple[str, Callable[[], object], object]]:
    """Each need: its name, an attempt at it, and what comes when it is met."""
    place = str(folder / "table")
    table = f"delta.`{place}`"
    # As a table is that another engine has made.
    DeltaTable.create(place, pa.schema({"id": pa.int64(), "words": pa.list_(pa.string())}))
    rows = spark.range(3).coalesce(1).selectExpr("id", "array('a') AS words")
    rows.write.format("delta").mode("append").save(place)
    (folder / "day=1").mkdir()
    (folder / "day=1" / "lines.txt").write_text("a line\n")
    lines = spark.read.format("text").schema("value STRING").load(str(folder / "day=*"))

    def value(expression: str) -> str:
        return str(spark.sql(f"SELECT {expression}").collect()[0][0])

    def run(statement: str) -> None:
        spark.sql(statement).collect()

    def replace(condition: str, changed: DataFrame) -> int:
        overwrite = changed.write.format("delta").mode("overwrite")
        overwrite.option("replaceWhere", condition).save(place)
        return spark.table(table).count()

    def replace_elsewhere() -> str:
        outside = spark.table(table).where("id = 0")
        try:
            return f"{replace('id > 7', outside)} rows, one of which does not meet the condition"
        except PySparkException:
            return "refused"

    def append_twice() -> int:
        for _ in range(2):
            append = rows.write.format("delta").mode("append")
            append.option("txnAppId", "trial").option("txnVersion", "1").save(place)
        return spark.table(table).count()

    def write_feed() -> None:
        feed = rows.write.format("delta").option("delta.enableChangeDataFeed", "true")
        feed.save(str(folder / "feed"))

    def stream() -> int:
        source = spark.readStream.format("text").schema("value STRING").load(str(folder / "day=1"))
        sink = source.writeStream.format("delta").trigger(availableNow=True)
        sink = sink.option("checkpointLocation", str(folder / "checkpoint"))
        sink.start(str(folder / "stream")).awaitTermination()
        return spark.read.format("delta").load(str(folder / "stream")).count()

    for expression, answer in EXPRESSIONS.items():
        yield expression, partial(value, expression), answer
    yield "files by a pattern", lines.count, 1
    yield "_metadata.file_path", lines.select("_metadata.file_path").count, 1
    yield "a stream of files into Delta", stream, 1
    yield "replaceWhere with an array", partial(replace, "id < 1", rows.where("id < 1")), 3
    yield "replaceWhere with rows that do not meet it", replace_elsewhere, "refused"
    yield "one transaction appended twice", append_twice, 6
    yield (
        "saveAsTable by path",
        partial(rows.write.format("delta").saveAsTable, f"{table[:-1]}s`"),
        None,
    )
    yield "a change data feed", write_feed, None
    for statement in STATEMENTS:
        sql = statement.format(table=table, other=f"delta.`{folder / 'other'}`")
        yield statement, partial(run, sql), None


def main(address: str) -> int:
    """Try everything and return how many needs are not met."""
    spark = SparkSession.builder.remote(address).create()
    unmet = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, attempt, expected in needs(spark, Path(folder)):
            try:
                answer = attempt()
            except PySparkException as error:
                answer = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            unmet += answer != expected
            print(f"{name}: {'ok' if answer == expected else answer}")
    spark.stop()
    return min(unmet, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
