"""A program that writes, merges and reads a Delta table on a server of its own."""

import json
import sys
from pathlib import Path

from neo_assets.spark_server.server import spark_connect_server

if __name__ == "__main__":
    work_directory = Path(sys.argv[1])
    with spark_connect_server(work_directory) as address:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.remote(address).create()
        table = f"delta.`{work_directory}/table`"
        session.range(10).write.saveAsTable(table, format="delta")
        session.sql(
            f"MERGE INTO {table} USING (SELECT id + 5 AS id FROM range(10)) AS source"
            f" ON {table}.id = source.id WHEN NOT MATCHED THEN INSERT *"
        )
        rows = session.table(table).count()
        java = session.sql("SELECT java_method('java.lang.System', 'getProperty', 'java.home')")
        zone = session.sql("SELECT java_method('java.time.ZoneId', 'systemDefault')")
        log = sorted(file.name for file in (work_directory / "table/_delta_log").glob("*.json"))
        message = {
            "rows": rows,
            "java": java.collect()[0][0],
            "session_zone": session.conf.get("spark.sql.session.timeZone"),
            "zone": zone.collect()[0][0],
            "log": log,
        }
        print(json.dumps(message))
        session.stop()
