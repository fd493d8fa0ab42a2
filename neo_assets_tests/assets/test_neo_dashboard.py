"""The dashboard as an asset: one file, updated whenever gold has changed."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.assets.conditions import WHEN_GOLD_IS_AT_REST
from neo_assets.assets.neo_dashboard import build_neo_dashboard
from neo_assets.automation.jobs import REFRESH, SELECTIVE_REFRESH
from neo_assets.automation.schedules import neo_dashboard_sensor
from neo_assets.definitions import build_definitions, defs
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.settings import Settings
from neo_assets.sources import SOURCES
from neo_assets_tests.dashboard.lakehouses import fact, write

GOLD = dg.AssetKey(GOLD_NEO_FACT.name)
DASHBOARD = dg.AssetKey("neo_dashboard")


def materialized(data: Path) -> dg.AssetMaterialization:
    result = dg.materialize([build_neo_dashboard(Settings(neo_data_dir=data), data / "tables")])
    (materialization,) = result.asset_materializations_for_node(DASHBOARD.to_user_string())
    assert materialization.partition is None
    return materialization


def test_it_is_created_as_of_today_with_metadata_of_its_content(tmp_path: Path) -> None:
    today = datetime.now(timezone.utc).date()
    days = [today - timedelta(40), today + timedelta(1), today + timedelta(2)]
    rows = [
        fact(close_approach_date=day, designation=str(number), miss_distance_lunar=10.0 + number)
        for number, day in enumerate(days)
    ]
    write(tmp_path / "tables", GOLD_NEO_FACT, rows)
    metadata = materialized(tmp_path).metadata
    file = tmp_path / "dashboard" / "index.html"
    assert metadata["path"].value == str(file)
    assert metadata["size_bytes"].value == file.stat().st_size
    assert metadata["as_of"].value == today.isoformat()
    assert metadata["approaches"].value == 3
    assert metadata["upcoming"].value == 2
    assert metadata["closest_lunar"].value == 11.0
    assert metadata["worth_attention"].value == 2
    pictures = str(metadata["charts"].value)
    assert pictures.count("](data:image/png;base64,") == 5
    # Dagster keeps it with every materialization.
    assert len(pictures) < 100_000


def test_it_is_created_from_an_empty_lakehouse(tmp_path: Path) -> None:
    metadata = materialized(tmp_path).metadata
    assert metadata["approaches"].value == 0 and "closest_lunar" not in metadata
    assert "Nothing here yet" in (tmp_path / "dashboard" / "index.html").read_text()


def test_it_follows_gold_and_runs_over_no_days() -> None:
    spec = defs().resolve_asset_graph().get(DASHBOARD)
    assert spec.parent_keys == {GOLD}
    assert spec.automation_condition == WHEN_GOLD_IS_AT_REST
    assert neo_dashboard_sensor.asset_selection
    assert neo_dashboard_sensor.asset_selection.resolve(defs().resolve_asset_graph()) == {DASHBOARD}
    assert neo_dashboard_sensor.default_status == dg.DefaultSensorStatus.RUNNING
    for job in (REFRESH, SELECTIVE_REFRESH):
        assert DASHBOARD not in defs().resolve_job_def(job.name).asset_layer.executable_asset_keys


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("sentry", {"gold_sentry_risk"}),
        (
            ",".join(SOURCES),
            {"gold_neo_fact", "gold_sentry_risk", "gold_fireball", "gold_esa_risk"},
        ),
    ],
)
def test_it_follows_the_gold_of_every_included_source(sources: str, expected: set[str]) -> None:
    definitions = build_definitions(Settings(neo_sources=sources))
    graph = definitions.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get(DASHBOARD).parent_keys} == expected
    assert definitions.get_repository_def().has_sensor_def("neo_dashboard_sensor")
    for name in expected:
        with dg.DagsterInstance.ephemeral() as instance:
            selection = dg.AssetSelection.assets(DASHBOARD)
            before = dg.evaluate_automation_conditions(definitions, instance, selection)
            event = dg.AssetMaterialization(name, partition="2024-03-01")
            instance.report_runless_asset_event(event)
            after = dg.evaluate_automation_conditions(
                definitions, instance, selection, cursor=before.cursor
            )
            assert after.get_num_requested(DASHBOARD) == 1


def test_without_gold_there_is_none() -> None:
    definitions = build_definitions(Settings(neo_sources="cad"))
    assert DASHBOARD not in definitions.resolve_asset_graph().get_all_asset_keys()
    assert not definitions.get_repository_def().has_sensor_def("neo_dashboard_sensor")


def test_one_run_follows_a_day_of_gold() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        selection = dg.AssetSelection.assets(DASHBOARD)
        before = dg.evaluate_automation_conditions(defs(), instance, selection)
        assert before.get_num_requested(DASHBOARD) == 0
        instance.report_runless_asset_event(dg.AssetMaterialization(GOLD, partition="2024-03-01"))
        after = dg.evaluate_automation_conditions(defs(), instance, selection, cursor=before.cursor)
        assert after.get_num_requested(DASHBOARD) == 1
        again = dg.evaluate_automation_conditions(defs(), instance, selection, cursor=after.cursor)
        assert again.get_num_requested(DASHBOARD) == 0
