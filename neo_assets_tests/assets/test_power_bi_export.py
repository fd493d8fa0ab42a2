"""The export as an asset: beside the daily ones, kept fresh without a run for each of theirs."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor  # noqa: TID251
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill  # noqa: TID251

from neo_assets.assets.power_bi_export import build_power_bi_export
from neo_assets.automation.jobs import REFRESH, SELECTIVE_REFRESH
from neo_assets.backfill import selected_assets
from neo_assets.definitions import build_definitions, defs
from neo_assets.lakehouse.export import EXPORTED
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.partitions import range_tags
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.registry import Included
from neo_assets_tests.dashboard.agencies import ALL_SOURCES, event
from neo_assets_tests.dashboard.lakehouses import write

EXPORT = dg.AssetKey("power_bi_export")
GOLD = dg.AssetKey(LAYERS[-1])
DAYS = [date(2024, 3, day) for day in range(1, 32)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(neo_data_dir=tmp_path / "data")


@pytest.fixture
def export(settings: Settings) -> dg.AssetsDefinition:
    return build_power_bi_export(settings, settings.tables_directory)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Daemon:
    """What the sensor of the export asks for, tick by tick."""

    def __init__(self, instance: dg.DagsterInstance, export: dg.AssetsDefinition) -> None:
        self.instance = instance
        self._export = export
        self.cursor: AssetDaemonCursor | None = None

    def runs(self) -> int:
        result = dg.evaluate_automation_conditions(
            defs(), self.instance, dg.AssetSelection.assets(EXPORT), cursor=self.cursor
        )
        self.cursor = result.cursor
        return result.get_num_requested(EXPORT)

    def materialize_gold(self, days: Sequence[date]) -> None:
        for day in days:
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(GOLD, partition=day.isoformat())
            )

    def export(self) -> None:
        assert dg.materialize([self._export], instance=self.instance).success


@pytest.fixture
def daemon(instance: dg.DagsterInstance, export: dg.AssetsDefinition) -> Daemon:
    return Daemon(instance, export)


def test_the_files_and_their_content_are_reported(
    settings: Settings, export: dg.AssetsDefinition
) -> None:
    metrics.record(
        settings.tables_directory, RunMetrics("a run", "gold_neo_fact", [DayReport(DAYS[0])])
    )
    result = dg.materialize([export])
    (materialization,) = result.asset_materializations_for_node(EXPORT.to_user_string())
    assert materialization.partition is None
    metadata = materialization.metadata
    counted = len(DayReport(DAYS[0]).metrics)
    assert metadata["dagster/row_count"].value == counted
    exported = {table.name for table in (*EXPORTED, *Included().gold_beside_the_star)}
    assert metadata["files_written"].value == len(exported)
    assert f"| dq_metrics | {counted} | " in str(metadata["files"].value)
    files = list(settings.export_directory.glob("*.parquet"))
    assert {file.stem for file in files} == exported
    assert metadata["size_bytes"].value == sum(file.stat().st_size for file in files)


@pytest.mark.parametrize(("sources", "rows"), [("neows", 0), (ALL_SOURCES, 1)])
def test_tables_of_a_source_have_rows_if_it_is_included(
    sources: str, rows: int, settings: Settings
) -> None:
    settings = settings.with_variables({"NEO_SOURCES": sources})
    write(settings.tables_directory, GOLD_FIREBALL, [event()])
    export = build_power_bi_export(settings, settings.tables_directory)
    assert dg.materialize([export]).success
    file = settings.export_directory / f"{GOLD_FIREBALL.name}.parquet"
    assert pq.read_metadata(file).num_rows == rows


def test_it_follows_gold_of_every_source_that_is_included(settings: Settings) -> None:
    settings = settings.with_variables({"NEO_SOURCES": ALL_SOURCES})
    export = build_power_bi_export(settings, settings.tables_directory)
    names = {key.to_user_string() for key in export.asset_deps[EXPORT]}
    assert names == {"gold_neo_fact", "gold_sentry_risk", "gold_fireball", "gold_esa_risk"}


def test_a_run_of_a_day_or_of_a_range_can_hold_it(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    # As `dagster asset materialize --select '*' --partition D` does, without the assets before it.
    job = build_definitions(settings).resolve_implicit_global_asset_job_def()
    one_day = job.execute_in_process(
        instance=instance, asset_selection=[EXPORT], partition_key=DAYS[0].isoformat()
    )
    some_days = job.execute_in_process(
        instance=instance, asset_selection=[EXPORT], tags=range_tags(DAYS[0], DAYS[-1])
    )
    assert one_day.success and some_days.success
    records = instance.fetch_materializations(EXPORT, limit=10).records
    assert [record.partition_key for record in records] == [None, None]


def test_what_runs_over_days_leaves_it_out(settings: Settings) -> None:
    for job in (REFRESH, SELECTIVE_REFRESH):
        assert EXPORT not in defs().resolve_job_def(job.name).asset_layer.executable_asset_keys
    assert selected_assets("*", settings) == [dg.AssetKey(name) for name in LAYERS]


def test_one_run_follows_a_day(daemon: Daemon) -> None:
    assert daemon.runs() == 0
    daemon.materialize_gold(DAYS[:1])
    assert [daemon.runs(), daemon.runs()] == [1, 0]
    daemon.export()
    assert [daemon.runs(), daemon.runs()] == [0, 0]


def test_one_run_follows_what_was_done_before_the_daemon_first_looked(daemon: Daemon) -> None:
    daemon.materialize_gold(DAYS)
    assert [daemon.runs(), daemon.runs()] == [1, 0]
    daemon.export()
    assert daemon.runs() == 0


def test_one_run_follows_a_backfill_when_it_is_over(
    daemon: Daemon, instance: dg.DagsterInstance
) -> None:
    daemon.export()
    assert daemon.runs() == 0
    backfill = backfill_of_gold(DAYS, instance)
    instance.add_backfill(backfill)
    for chunk in (DAYS[:16], DAYS[16:]):
        daemon.materialize_gold(chunk)
        assert daemon.runs() == 0
    instance.update_backfill(backfill._replace(status=BulkActionStatus.COMPLETED_SUCCESS))
    assert [daemon.runs(), daemon.runs()] == [1, 0]


def test_it_waits_for_a_run_of_gold(daemon: Daemon, instance: dg.DagsterInstance) -> None:
    daemon.export()
    assert daemon.runs() == 0
    run = instance.create_run_for_job(
        defs().resolve_implicit_global_asset_job_def().get_subset(asset_selection={GOLD}),
        asset_selection=frozenset({GOLD}),
        tags={"dagster/partition": DAYS[1].isoformat()},
        status=dg.DagsterRunStatus.STARTED,
    )
    daemon.materialize_gold(DAYS[:1])
    assert daemon.runs() == 0
    instance.report_run_failed(run)
    assert daemon.runs() == 1


def backfill_of_gold(days: Sequence[date], instance: dg.DagsterInstance) -> PartitionBackfill:
    return PartitionBackfill.from_asset_partitions(
        backfill_id="march",
        asset_graph=defs().resolve_asset_graph(),
        partition_names=[day.isoformat() for day in days],
        asset_selection=[GOLD],
        backfill_timestamp=0.0,
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
