"""The open data as an asset: one folder, updated whenever gold has changed."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.assets.conditions import WHEN_GOLD_IS_AT_REST
from neo_assets.assets.open_data import build_open_data
from neo_assets.automation.jobs import REFRESH, SELECTIVE_REFRESH
from neo_assets.automation.schedules import open_data_sensor
from neo_assets.definitions import build_definitions, defs
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.settings import Settings
from neo_assets.sources import SOURCES
from neo_assets_tests.dashboard.lakehouses import write
from neo_assets_tests.open_data.rows import fact

OPEN_DATA = dg.AssetKey("open_data")


def test_a_second_materialization_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "tables", GOLD_NEO_FACT, [fact(), fact("C/2014 S2")])
    settings = Settings(neo_data_dir=tmp_path, neo_simulator_today=date(2024, 5, 20))
    for is_first in (True, False):
        result = dg.materialize([build_open_data(settings, settings.tables_directory)])
        (materialization,) = result.asset_materializations_for_node("open_data")
        assert materialization.partition is None
        shown = {name: value.value for name, value in materialization.metadata.items()}
        files = [each for each in settings.open_data_directory.rglob("*") if each.is_file()]
        assert shown["dagster/row_count"] == 2 and shown["files"] == len(files) - 1
        assert shown["files_written"] == (len(files) if is_first else 0)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("neows", {"gold_neo_fact"}),
        (
            ",".join(SOURCES),
            {"gold_neo_fact", "gold_sentry_risk", "gold_fireball", "gold_esa_risk"},
        ),
    ],
)
def test_it_follows_gold_of_every_included_source(sources: str, expected: set[str]) -> None:
    definitions = build_definitions(Settings(neo_sources=sources))
    spec = definitions.resolve_asset_graph().get(OPEN_DATA)
    assert {key.to_user_string() for key in spec.parent_keys} == expected
    assert spec.automation_condition == WHEN_GOLD_IS_AT_REST
    assert definitions.get_repository_def().has_sensor_def("open_data_sensor")


def test_its_sensor_starts_it_and_no_job_over_days_does() -> None:
    graph = defs().resolve_asset_graph()
    assert open_data_sensor.asset_selection
    assert open_data_sensor.asset_selection.resolve(graph) == {OPEN_DATA}
    assert open_data_sensor.default_status == dg.DefaultSensorStatus.RUNNING
    for job in (REFRESH, SELECTIVE_REFRESH):
        assert OPEN_DATA not in defs().resolve_job_def(job.name).asset_layer.executable_asset_keys


def test_without_approaches_there_is_none() -> None:
    definitions = build_definitions(Settings(neo_sources="sentry"))
    assert OPEN_DATA not in definitions.resolve_asset_graph().get_all_asset_keys()
