"""The source file of the pipeline, which Lakeflow and `spark-pipelines` run.

Its configuration has the names of the sources, `neo_assets.sources`, and the place of the event
files: either a volume, `neo_assets.volume`, as `catalog.schema.volume`, or the folder that
`NEO_DATA_DIR` is for Dagster, `neo_assets.data_dir`.
"""

from pathlib import Path

from pyspark.sql import SparkSession

from neo_assets.declarative_pipeline.tables import declare
from neo_assets.lakehouse.store.backend import StorageBackend
from neo_assets.sources import registry
from neo_assets.targets.databricks.backend import UnityCatalogBackend
from neo_assets.targets.databricks.unity_catalog import UnityCatalog
from neo_assets.targets.local.backend import LocalBackend

spark = SparkSession.active()
sources, volume, data_dir = (
    spark.conf.get(f"neo_assets.{name}", "") or "" for name in ("sources", "volume", "data_dir")
)
backend: StorageBackend = (
    UnityCatalogBackend.of(UnityCatalog(*volume.split(".")))
    if volume
    else LocalBackend(*(Path(data_dir, folder) for folder in ("landing", "checkpoints", "tables")))
)
for source in sources.split(","):
    declare(spark, registry.source(source.strip()).dataset, backend)
