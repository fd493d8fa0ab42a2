"""The lineage of columns follows from what the tables are."""

import pytest

from neo_assets.assets.column_lineage import column_lineage
from neo_assets.sources import SOURCES, registry


def lineage(asset: str) -> dict[str, list[tuple[str, str]]]:
    """Of each column the assets and columns that it is made from."""
    found = column_lineage(asset)
    assert found
    return {
        column: [(dep.asset_key.to_user_string(), dep.column_name) for dep in deps]
        for column, deps in found.deps_by_column.items()
    }


@pytest.mark.parametrize("source", SOURCES)
def test_every_column_that_a_source_gives_is_traced_to_its_payload(source: str) -> None:
    dataset = registry.source(source).dataset
    bronze, silver = dataset.tables.bronze, dataset.tables.silver
    found = lineage(silver.name)
    assert list(found) == list(silver.column_names)
    for column in dataset.columns:
        if column.path:
            assert found[column.name] == [(bronze.name, "payload")], column.name
    assert column_lineage(dataset.raw_asset) is None
    assert column_lineage(bronze.name) is None


@pytest.mark.parametrize(
    ("asset", "column", "made_from"),
    [
        ("gold_neo_fact", "miss_distance_km", ["miss_distance_km"]),
        ("gold_neo_fact", "date_key", ["close_approach_date"]),
        (
            "gold_neo_fact",
            "risk_band",
            ["is_potentially_hazardous", "is_sentry_object", "miss_distance_lunar"],
        ),
        ("gold_neo_fact", "velocity_at_infinity_km_s", []),
        ("gold_sentry_risk", "palermo_cumulative", ["palermo_cumulative"]),
        ("gold_fireball", "impact_energy_kt", ["impact_energy_kt"]),
    ],
)
def test_columns_of_gold_are_traced_to_silver(
    asset: str, column: str, made_from: list[str]
) -> None:
    assert [name for _, name in lineage(asset)[column]] == made_from


def test_what_is_no_table_has_none() -> None:
    assert column_lineage("neo_dashboard") is None
