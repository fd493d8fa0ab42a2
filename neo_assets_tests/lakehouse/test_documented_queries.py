"""Every query over tables of this project is one that Spark can run.

These are the queries in the documentation, and those of the dashboard for Databricks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakeview.dashboard import queries, used_measures
from neo_assets.lakehouse.model.tables import DQ_METRICS
from neo_assets.sources import registry

from .fixtures import lakehouse_in

DOCS = Path(__file__).parents[2] / "docs"
NOT_OF_THIS_PROJECT = re.compile(r"^\s*(CREATE|GRANT)|\bsystem[.]")


def documented() -> Iterator[tuple[str, str]]:
    """The name of each page with a query, and the query."""
    for page in sorted(DOCS.glob("*.md")):
        for query in re.findall(r"^```sql\n(.*?)```", page.read_text("utf-8"), re.M | re.S):
            if not NOT_OF_THIS_PROJECT.search(query):
                yield page.name, query


QUERIES = list(documented())
DATASETS = queries()


@pytest.fixture(scope="module")
def views(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    """A session in which every table has its name, and no rows."""
    text = " ".join([*DATASETS.values(), *(query for _, query in QUERIES)])
    used = [table for table in (*registry.Included().tables, DQ_METRICS) if table.name in text]
    lakehouse = lakehouse_in(spark, tmp_path_factory.mktemp("documented"))
    lakehouse.ensure_tables(used)
    for table in used:
        lakehouse.read(table).createOrReplaceTempView(table.name)
    return spark


@pytest.mark.parametrize(("page", "query"), QUERIES)
def test_a_documented_query_runs(page: str, query: str, views: SparkSession) -> None:
    assert views.sql(query).collect() == []


@pytest.mark.parametrize("table", DATASETS)
def test_a_dataset_of_the_dashboard_runs(table: str, views: SparkSession) -> None:
    assert views.sql(DATASETS[table]).collect() == []
    measures = ", ".join(measure.sql for measure in used_measures(table))
    assert views.sql(f"SELECT {measures} FROM ({DATASETS[table]})").count() == 1


def test_the_queries_are_found() -> None:
    assert {page for page, _ in QUERIES} >= {
        "databricks_free_edition.md",
        "revisions.md",
        "risk_lists.md",
        "sources.md",
    }
