"""The code location: where all parts meet, nothing else."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from neo_assets.assets.neo_dashboard import build_neo_dashboard
from neo_assets.assets.open_data import build_open_data
from neo_assets.assets.power_bi_export import build_power_bi_export
from neo_assets.assets.source_assets import source_assets
from neo_assets.automation.alerts import alert_sensors
from neo_assets.automation.jobs import (
    PROCESS_LANDED_FILES,
    REFRESH,
    REPLAY_AFTER_RESET,
    SELECTIVE_REFRESH,
    correct_schema,
    discard_quarantine,
    full_refresh,
    maintenance_job,
    replay_quarantine,
    reset_streaming_checkpoints,
)
from neo_assets.automation.landed_files import landed_files_sensor
from neo_assets.automation.schedules import (
    complete_canceled,
    complete_failed,
    daily_refresh,
    layers_sensor,
    neo_dashboard_sensor,
    open_data_sensor,
    power_bi_export_sensor,
    quarantine_replay_sensor,
    replay_after_reset_sensor,
    weekly_maintenance,
)
from neo_assets.automation.sky_alerts import sky_alert_sensors
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.planned import PlannedChecks
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included
from neo_assets.targets.base import Target
from neo_assets.targets.registry import create_target
from neo_assets.targets.stage_runner import lakehouse_resource


def daily_assets(settings: Settings, target: Target) -> list[dg.AssetsDefinition]:
    """The daily assets, upstream first."""
    return [
        asset
        for source in Included(settings.sources).sources
        for asset in source_assets(source, settings, target)
    ]


def build_definitions(settings: Settings) -> dg.Definitions:
    """Return all definitions of the code location, for these settings."""
    target = create_target(settings)
    assets = daily_assets(settings, target)
    readers, reader_sensors = _readers(settings, target.local_tables)
    return dg.Definitions(
        assets=[*assets, *readers],
        asset_checks=[checks_on(asset.key, settings) for asset in assets],
        jobs=[
            REFRESH,
            PROCESS_LANDED_FILES,
            full_refresh,
            SELECTIVE_REFRESH,
            reset_streaming_checkpoints,
            REPLAY_AFTER_RESET,
            replay_quarantine,
            discard_quarantine,
            maintenance_job,
            correct_schema,
        ],
        schedules=[daily_refresh, weekly_maintenance],
        sensors=[
            landed_files_sensor,
            layers_sensor,
            replay_after_reset_sensor,
            quarantine_replay_sensor,
            complete_failed,
            complete_canceled,
            *reader_sensors,
            *alert_sensors(settings),
            *sky_alert_sensors(settings, target.local_tables),
        ],
        resources={
            "settings": settings,
            "target": target,
            "lakehouse": lakehouse_resource(target.stage_runner),
            "planned_checks": PlannedChecks(),
        },
        # One process a run is one Spark session a run.
        executor=dg.in_process_executor,
    )


def _readers(
    settings: Settings, tables: Path | None
) -> tuple[Sequence[dg.AssetsDefinition], Sequence[dg.SensorDefinition]]:
    """What reads gold without Spark, where this machine has the tables, and what starts it."""
    readers: list[dg.AssetsDefinition] = []
    sensors: list[dg.SensorDefinition] = []
    included = Included(settings.sources)
    if tables is not None and included.has_facts:
        readers.append(build_power_bi_export(settings, tables))
        sensors.append(power_bi_export_sensor)
        readers.append(build_open_data(settings, tables))
        sensors.append(open_data_sensor)
    if tables is not None and included.gold_assets:
        readers.append(build_neo_dashboard(settings, tables))
        sensors.append(neo_dashboard_sensor)
    return readers, sensors


@dg.definitions
def defs() -> dg.Definitions:
    """Build what Dagster loads from this module, for the settings in the environment."""
    return build_definitions(Settings.from_environment())
