"""What the project needs of a Spark Connect server and an engine may lack, asked of one server.

    python -m benchmarks.needs sc://127.0.0.1:50051

Prints one line for each need, `ok` or what came instead; exits 1 unless all are met.  No speed is
measured: docs/sail.md says what came of it.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

EXPRESSIONS = {
    "try_variant_get(parse_json('{\"h\": 20.4}'), '$.h', 'string')": "20.4",
    "to_json(try_variant_get(parse_json('{\"p\": {\"h\": 1}}'), '$.p', 'variant'))": '{"h":1}',
    "schema_of_variant(parse_json('20.4'))": "DECIMAL(3,1)",
    "row_number() OVER (ORDER BY struct(1, 2) DESC)": "1",
    "size(collect_list(CAST(NULL AS INT)) OVER ())": "0",
    "regexp_replace('DOUBLE', 'DOUBLE(?=$)', 'NUMBER')": "NUMBER",
    "weekday(DATE'2023-01-01')": "6",
    "extract(YEAROFWEEK FROM DATE'2024-12-30')": "2025",
    "76294914.057D <= 0.51 * 149597870.7": "True",
    "n FROM (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 2) "
    "SELECT max(n) AS n FROM t)": "2",
}
"""SQL expressions, each with the answer of Spark."""

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


def needs(spark: SparkSession, folder: Path) -> Iterator[tuple[str, Callable[[], object], str]]:
    """Each need: its name, an attempt at it, and the text of what comes when it is met."""

    def value(expression: str) -> object:
        return spark.sql(f"SELECT {expression}").collect()[0][0]

    def run(statement: str) -> str:
        spark.sql(statement).collect()
        return "done"

    for expression, answer in EXPRESSIONS.items():
        yield expression, partial(value, expression), answer

    table = f"delta.`{folder / 'table'}`"
    rows = spark.range(3)
    rows.write.format("delta").save(str(folder / "table"))
    (folder / "day=1").mkdir()
    (folder / "day=1" / "lines.txt").write_text("a line\n")
    lines = spark.read.format("text").schema("value STRING").load(str(folder / "day=*"))

    def append_once() -> int:
        # Both appends are one transaction to Delta.
        for _ in range(2):
            append = rows.write.format("delta").mode("append")
            append.options(txnAppId="trial", txnVersion="1").save(str(folder / "table"))
        return spark.table(table).count()

    def replace_elsewhere() -> str:
        try:
            replace = rows.write.format("delta").mode("overwrite").option("replaceWhere", "id > 7")
            replace.save(str(folder / "table"))
        except PySparkException:
            return "refused"
        return "rows were written that do not meet the condition"

    def stream() -> int:
        source = spark.readStream.format("text").schema("value STRING").load(str(folder / "day=1"))
        sink = source.writeStream.format("delta").trigger(availableNow=True)
        checkpoint = str(folder / "checkpoint")
        sink.option("checkpointLocation", checkpoint).start(
            str(folder / "lines")
        ).awaitTermination()
        return spark.read.format("delta").load(str(folder / "lines")).count()

    yield "files by a pattern", lines.count, "1"
    yield "_metadata.file_path", lines.select("_metadata.file_path").count, "1"
    yield "a stream of files into Delta", stream, "1"
    yield "an append that is repeated", append_once, "6"
    yield "replaceWhere with other rows", replace_elsewhere, "refused"
    yield (
        "an append by path",
        lambda: rows.write.format("delta").mode("append").saveAsTable(table),
        "None",
    )
    yield (
        "a change data feed",
        lambda: (
            rows.write.format("delta")
            .option("delta.enableChangeDataFeed", "true")
            .save(str(folder / "feed"))
        ),
        "None",
    )
    for statement in STATEMENTS:
        sql = statement.format(table=table, other=f"delta.`{folder / 'other'}`")
        yield statement, partial(run, sql), "done"


def main(address: str) -> int:
    """Try everything and say how many needs are not met."""
    spark = SparkSession.builder.remote(address).create()
    unmet = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, attempt, expected in needs(spark, Path(folder)):
            try:
                answer = str(attempt())
            except PySparkException as error:
                answer = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            unmet += answer != expected
            print(f"{name}: {'ok' if answer == expected else answer}")
    spark.stop()
    return min(unmet, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
