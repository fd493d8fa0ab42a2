"""What reads the values of an object, on forms that no source has."""

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.json_values import timestamp


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss", "2024-03-01T12:34:56"),
        ("yyyy-MM-dd HH'h'mm ''ss", "2024-03-01 12h34 '56"),
    ],
)
def test_a_form_with_letters_of_its_own(spark: SparkSession, form: str, written: str) -> None:
    rows = spark.createDataFrame([(f'{{"at": "{written}"}}',), ('{"at": "soon"}',)], "line STRING")
    read = rows.selectExpr("parse_json(line) AS payload").selectExpr(timestamp("at", form))
    moment, unreadable = (row[0] for row in read.collect())
    assert moment.replace(tzinfo=None) == datetime(2024, 3, 1, 12, 34, 56)
    assert unreadable is None
