"""The declarative pipeline, run by open-source Spark, has the rows of the stages."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.sources import SOURCES, registry
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.lakehouse.feed_objects import fetched, land
from neo_assets_tests.lakehouse.fixtures import copied_lakehouse
from neo_assets_tests.lakehouse.test_silver import CASES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "declarative_pipeline.md"
SCHEMA = "asteroids_declarative"
HISTORIES = {
    day: [(fetched(number), objects) for number, objects in enumerate(case.snapshots)]
    for day, case in CASES.items()
    if len(case.snapshots) > 1
}


@pytest.fixture
def spark(spark_address: str) -> Iterator[SparkSession]:
    """A session in the schema of the pipeline."""
    session = SparkSession.builder.remote(spark_address).create()
    session.sql(f"CREATE SCHEMA {SCHEMA}")
    session.sql(f"USE {SCHEMA}")
    yield session
    session.sql(f"DROP SCHEMA {SCHEMA} CASCADE")
    session.stop()


def spark_pipelines(command: str, data_dir: Path, spark_address: str, *sources: str) -> None:
    """Run the documented pipeline on the server, over the event files in the folder."""
    (spec,) = re.findall(r"^```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.M | re.S)
    assert f"schema: {SCHEMA}\n" in spec
    spec = spec.replace("/path/to/.neo", str(data_dir))
    spec = spec.replace("neo_assets.sources: neows", f"neo_assets.sources: {','.join(sources)}")
    (data_dir / "spark-pipeline.yml").write_text(spec)
    # What a specification names is beside it.
    if not (data_dir / "neo_assets").exists():
        (data_dir / "neo_assets").symlink_to(ROOT / "neo_assets")
    done = subprocess.run(
        [sys.executable, "-m", "pyspark.pipelines.cli", command],
        cwd=data_dir,
        env={**os.environ, "SPARK_REMOTE": spark_address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_dataset_can_be_in_it(
    spark: SparkSession, spark_address: str, tmp_path: Path
) -> None:
    for dataset in registry.all_datasets():
        (tmp_path / "landing" / dataset.landing_folder).mkdir(parents=True)
    spark_pipelines("dry-run", tmp_path, spark_address, *SOURCES)
    assert not spark.catalog.listTables()


def test_it_has_the_rows_of_the_stages(
    spark: SparkSession, spark_address: str, empty: Path, tmp_path: Path
) -> None:
    lakehouse = copied_lakehouse(spark, empty, tmp_path)
    land(lakehouse, {day: snapshots[:1] for day, snapshots in HISTORIES.items()})
    spark_pipelines("run", tmp_path, spark_address, "neows")
    land(lakehouse, {day: snapshots[1:] for day, snapshots in HISTORIES.items()})
    spark_pipelines("run", tmp_path, spark_address, "neows")

    bronze.ingest(lakehouse, NEO, list(HISTORIES), "a run")
    silver.refine(lakehouse, NEO, list(HISTORIES))
    tables = NEO.tables
    assert spark.table(tables.bronze.name).count() == lakehouse.read(tables.bronze).count()
    for table in (tables.versions, tables.silver, tables.quarantine):
        rows = spark.table(table.name)
        assert rows.columns == list(table.column_names)
        assertDataFrameEqual(rows.drop("run_id"), lakehouse.read(table).drop("run_id"))
    assert {row.classification for row in spark.table(tables.versions.name).collect()} == {
        *("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
    }
