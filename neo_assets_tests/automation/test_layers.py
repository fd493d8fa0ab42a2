"""Which days silver and gold ask for after bronze was materialized, and which they do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor  # noqa: TID251

from neo_assets.automation.jobs import REFRESH
from neo_assets.automation.schedules import layers_sensor
from neo_assets.checks.stored_reports import report_metadata
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.definitions import build_definitions
from neo_assets.lakehouse.report import DayReport
from neo_assets.partitions import range_tags
from neo_assets.run_tags import WHY
from neo_assets.settings import Settings

RAW, BRONZE, SILVER, GOLD = LAYERS = tuple(
    map(dg.AssetKey, ("raw_feed_files", "bronze_neo_events", "silver_neo_events", "gold_neo_fact"))
)
SOURCES = "neows,cad"
ASKING = (SILVER.to_user_string(), GOLD.to_user_string(), "silver_cad_approaches")
DAYS = [date(2024, 3, day) for day in range(1, 6)]
FAILED = Unmaterialized("Spark ended")


@dataclass
class Layers:
    """What the layers report, and what the sensor asks for tick by tick."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions
    cursor: AssetDaemonCursor | None = None

    def tick(self) -> dict[str, list[str]]:
        """Evaluate the conditions once; return the days that each asset asks for."""
        result = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            dg.AssetSelection.assets(*ASKING),
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        asked = {
            name: sorted(map(str, result.get_requested_partitions(dg.AssetKey(name))))
            for name in ASKING
        }
        return {name: days for name, days in asked.items() if days}

    def materialize(
        self,
        asset: dg.AssetKey,
        *days: date,
        rows: int = 10,
        dropped: int = 0,
        snapshots: int = 1,
    ) -> None:
        """Have an asset materialized for the days, with reports of these rows."""
        for day in days:
            report = DayReport(
                day,
                rows_in=rows,
                kept=rows - dropped,
                dropped=dropped,
                rows_out=rows - dropped,
                snapshot_rows=rows,
                snapshot_dropped=dropped,
                rows_received=rows,
                rows_emitted=rows,
                details={"snapshots": snapshots},
            )
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset, partition=day.isoformat(), metadata=report_metadata(report)
                )
            )

    def fail(self, asset: dg.AssetKey, day: date) -> None:
        """Have a run that tried the day and did not materialize it."""
        self.instance.report_runless_asset_event(FAILED.observation(asset, day.isoformat()))

    def start(self, assets: Sequence[dg.AssetKey], first: date, last: date) -> dg.DagsterRun:
        """Have a run in progress."""
        return self.instance.create_run_for_job(
            self.definitions.resolve_job_def(REFRESH.name),
            status=dg.DagsterRunStatus.STARTED,
            tags=dict(range_tags(first, last)),
            asset_selection=frozenset(assets),
        )


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings(neo_sources=SOURCES))


@pytest.fixture
def layers(instance: dg.DagsterInstance, definitions: dg.Definitions) -> Layers:
    return Layers(instance, definitions)


def named(*days: date) -> dict[str, list[str]]:
    """Silver and gold of NeoWs, with these days."""
    names = [day.isoformat() for day in days]
    return {SILVER.to_user_string(): names, GOLD.to_user_string(): names}


def test_bronze_materialized_by_hand_is_followed_by_the_layers_after_it(layers: Layers) -> None:
    assert layers.tick() == {}
    layers.materialize(BRONZE, *DAYS[:3])
    assert layers.tick() == named(*DAYS[:3])
    layers.materialize(SILVER, *DAYS[:3])
    layers.materialize(GOLD, *DAYS[:3])
    assert layers.tick() == layers.tick() == {}


def test_only_the_source_that_has_news_and_silver_without_gold(layers: Layers) -> None:
    layers.materialize(dg.AssetKey("bronze_cad_approaches"), DAYS[0])
    assert layers.tick() == {"silver_cad_approaches": ["2024-03-01"]}


def test_silver_by_hand_is_followed_by_gold_alone(layers: Layers) -> None:
    layers.materialize(BRONZE, DAYS[0])
    layers.materialize(SILVER, DAYS[0])
    assert layers.tick() == {GOLD.to_user_string(): ["2024-03-01"]}


def test_an_unchanged_day_starts_nothing(layers: Layers) -> None:
    for layer in (BRONZE, SILVER, GOLD):
        layers.materialize(layer, DAYS[0])
    for layer in (BRONZE, SILVER, BRONZE):
        layers.materialize(layer, DAYS[0])
        assert layers.tick() == {}
    # Also when the sensor knows nothing any more.
    layers.cursor = None
    assert layers.tick() == {}


def test_a_changed_day_among_unchanged_ones_starts_alone(layers: Layers) -> None:
    for layer in (BRONZE, SILVER, GOLD):
        layers.materialize(layer, *DAYS)
    layers.materialize(BRONZE, *DAYS[:3])
    layers.materialize(BRONZE, DAYS[3], rows=11)
    # An empty snapshot has no row, and withdraws all there were.
    layers.materialize(BRONZE, DAYS[4], snapshots=2)
    assert layers.tick() == named(*DAYS[3:])


def test_a_change_that_an_unchanged_materialization_follows_is_not_lost(layers: Layers) -> None:
    for layer in (BRONZE, SILVER, GOLD):
        layers.materialize(layer, DAYS[0])
    layers.materialize(BRONZE, DAYS[0], rows=11)
    layers.materialize(BRONZE, DAYS[0], rows=11)
    assert layers.tick() == named(DAYS[0])


def test_a_held_day_does_not_go_on(layers: Layers) -> None:
    layers.materialize(BRONZE, *DAYS[:2])
    layers.materialize(SILVER, DAYS[0], dropped=5)
    layers.materialize(SILVER, DAYS[1])
    assert layers.tick() == {GOLD.to_user_string(): ["2024-03-02"]}
    layers.materialize(GOLD, DAYS[1])
    assert layers.tick() == {}


def test_what_a_run_has_failed_to_process_is_not_tried_in_a_loop(layers: Layers) -> None:
    layers.materialize(BRONZE, DAYS[0])
    layers.fail(SILVER, DAYS[0])
    assert layers.tick() == layers.tick() == {}
    # Bronze materialized again is a reason for another attempt.
    layers.materialize(BRONZE, DAYS[0])
    assert layers.tick() == named(DAYS[0])


def test_a_run_in_progress_is_waited_for(layers: Layers) -> None:
    run = layers.start(LAYERS, DAYS[0], DAYS[2])
    layers.materialize(BRONZE, *DAYS[:4])
    assert layers.tick() == named(DAYS[3])
    layers.materialize(SILVER, *DAYS[:2])
    layers.materialize(GOLD, *DAYS[:2])
    layers.instance.report_run_failed(run)
    # It ended without the third day.
    assert layers.tick() == named(*DAYS[2:4])


def test_a_run_of_bronze_alone_is_waited_for_as_well(layers: Layers) -> None:
    layers.materialize(BRONZE, DAYS[0])
    run = layers.start([RAW, BRONZE], DAYS[0], DAYS[1])
    assert layers.tick() == {}
    layers.materialize(BRONZE, *DAYS[:2])
    layers.instance.report_run_failed(run)
    assert layers.tick() == named(*DAYS[:2])


def test_days_that_are_no_partitions_are_passed_over(layers: Layers) -> None:
    layers.materialize(BRONZE, date(2014, 1, 1), DAYS[0])
    assert layers.tick() == named(DAYS[0])


def test_years_of_days_at_once(layers: Layers) -> None:
    days = [date(2015, 1, 1) + timedelta(days=number) for number in range(400)]
    layers.materialize(BRONZE, *days)
    assert layers.tick() == named(*days)


def test_its_runs_say_why() -> None:
    assert "the layer before had news" in layers_sensor.run_tags[WHY]
