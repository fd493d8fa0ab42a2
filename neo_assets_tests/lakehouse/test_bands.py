"""Bands and keys as expressions, compared with the contract's table in plain Python."""

import itertools
import math

from pyspark.sql import SparkSession

from neo_assets.lakehouse.model import bands, keys

from . import plain_reading as plain


def evaluate(
    spark: SparkSession, rows: list[tuple[object, ...]], schema: str, sql: str
) -> list[str]:
    found = spark.createDataFrame(rows, schema).selectExpr("row", f"{sql} AS result").collect()
    return [row.result for row in sorted(found, key=lambda row: int(row.row))]


def test_every_limit_belongs_to_the_band_above(spark: SparkSession) -> None:
    for scale, limits in (
        (bands.SIZE, plain.SIZES),
        (bands.VELOCITY, plain.VELOCITIES),
        (bands.DISTANCE, plain.DISTANCES),
    ):
        assert [low for _, low in scale.bands[1:]] == [limit for limit, _ in limits[:-1]]
        values: list[float | None] = [None, 0.0, 1e-9, 1e9]
        for limit, _ in limits[:-1]:
            values += [limit, math.nextafter(limit, 0), math.nextafter(limit, math.inf)]
        found = evaluate(
            spark, list(enumerate(values)), "row INT, value DOUBLE", scale.expression("value")
        )
        assert found == [plain.band(value, limits) for value in values]
        assert all(f"`{name}` [" in scale.description for name in scale.names)


def test_risk_of_every_cell_and_floor(spark: SparkSession) -> None:
    sizes = (*bands.SIZE.names, "unknown")
    distances = ((0.05, "inside_geo"), (0.5, "inside_lunar"), (3.0, "close"), (19.4, "near"))
    cells = list(
        itertools.product(
            sizes,
            (*distances, (19.5, "distant"), (None, "unknown")),
            (True, False, None),
            (True, False, None),
        )
    )
    rows = [
        (number, size, distance, lunar, hazardous, sentry)
        for number, (size, (lunar, distance), hazardous, sentry) in enumerate(cells)
    ]
    found = evaluate(
        spark,
        list(rows),
        "row INT, size STRING, distance STRING, lunar DOUBLE, hazardous BOOLEAN, sentry BOOLEAN",
        bands.risk_expression("size", "distance", "lunar", "hazardous", "sentry"),
    )
    assert found == [
        plain.risk(size, distance, lunar, hazardous, sentry)
        for _, size, distance, lunar, hazardous, sentry in rows
    ]


def test_risk_grows_with_size_and_closeness() -> None:
    rank = bands.RISK_ORDER.index
    for row in bands.RISK_TABLE.values():
        assert sorted(row, key=rank) == list(row)
    for smaller, larger in itertools.pairwise(bands.RISK_TABLE.values()):
        assert all(rank(a) <= rank(b) for a, b in zip(smaller, larger, strict=True))


def test_keys_can_be_computed_anywhere(spark: SparkSession) -> None:
    identifiers = ["", "2024-03-01|Earth|2005 YQ96", "2024-03-01|Earth|433", "Ká|☄", "a" * 1000]
    found = evaluate(
        spark,
        list(enumerate(identifiers)),
        "row INT, id STRING",
        f"CAST({keys.surrogate_key('id')} AS STRING)",
    )
    assert found == [str(plain.surrogate_key(identifier)) for identifier in identifiers]


def test_keys_do_not_collide_among_a_million_approaches(spark: SparkSession) -> None:
    distinct = (
        spark.range(1_000_000)
        .selectExpr(f"{keys.surrogate_key('concat(id, CHR(124), id)')} AS key")
        .selectExpr("count(DISTINCT key) AS keys", "min(key) >= 0 AS positive")
        .collect()[0]
    )
    assert (distinct.keys, distinct.positive) == (1_000_000, True)
