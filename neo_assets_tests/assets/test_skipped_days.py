"""Days for which there is nothing to do, because their source can only be asked for today."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.checks.definitions import checks_of
from neo_assets.checks.stored_reports import newest_reports
from neo_assets.definitions import build_definitions
from neo_assets.partitions import range_tags
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.sources.sentry import SENTRY
from neo_assets.targets.registry import create_target

TODAY = date(2024, 3, 10)
RAW, BRONZE, SILVER, _ = SENTRY.dataset.assets


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NEO_SOURCES", "sentry")
    monkeypatch.setenv("NEO_SIMULATOR_TODAY", str(TODAY))
    # No Spark is there: to start a stage for these days fails.
    monkeypatch.setenv("NEO_SPARK_REMOTE", "sc://127.0.0.1:1")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def materialize(
    instance: dg.DagsterInstance, first: date, last: date, *assets: str
) -> dg.ExecuteInProcessResult:
    job = build_definitions(Settings.from_environment()).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in assets or (RAW, BRONZE, SILVER)],
        tags=range_tags(first, last),
        raise_on_error=False,
    )


def landing_zone() -> LandingZone:
    return create_target(Settings.from_environment()).landing_zone(SENTRY.dataset)


@pytest.mark.parametrize("first", [date(2024, 3, 1), date(2024, 3, 11)])
def test_they_are_materialized_without_rows_and_without_spark(
    instance: dg.DagsterInstance, first: date
) -> None:
    last = first + timedelta(days=2)
    result = materialize(instance, first, last)
    assert result.success
    days = {str(first + timedelta(days=number)) for number in range(3)}
    for name in (RAW, BRONZE, SILVER):
        key = dg.AssetKey(name)
        assert instance.get_materialized_partitions(key) == days
        reports = newest_reports(instance, key, [first, last])
        assert [stored.report.rows_in for stored in reports.values()] == [0, 0]
    evaluations = [
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    expected = {
        (name, check.name, day)
        for name in (RAW, BRONZE, SILVER)
        for check in checks_of(name, ["sentry"])
        for day in days
    }
    assert len(evaluations) == len(expected)
    assert {
        (each.asset_key.to_user_string(), each.check_name, each.partition) for each in evaluations
    } == expected
    assert all(each.passed for each in evaluations)
    assert {each.description for each in evaluations} == {
        "Nothing to check: JPL's Sentry list can only be requested as of now, so there is nothing "
        "to request for another day than today, 2024-03-10."
    }
    assert landing_zone().days() == []


def test_a_day_that_landed_in_time_keeps_what_it_has(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert materialize(instance, TODAY - timedelta(days=1), TODAY, RAW).success
    (before,) = newest_reports(instance, dg.AssetKey(RAW), [TODAY]).values()
    assert before.report.rows_in > 100 and before.report.details["snapshots_landed"] == 1
    tomorrow = TODAY + timedelta(days=1)
    monkeypatch.setenv("NEO_SIMULATOR_TODAY", str(tomorrow))
    assert materialize(instance, TODAY - timedelta(days=1), tomorrow, RAW).success
    (after,) = newest_reports(instance, dg.AssetKey(RAW), [TODAY]).values()
    assert after.storage_id > before.storage_id
    assert after.report.rows_in == before.report.rows_in
    assert after.report.rows_emitted == before.report.rows_emitted
    assert after.report.details["snapshots_landed"] == 0
    assert not after.report.skipped
    zone = landing_zone()
    assert zone.days() == [TODAY, tomorrow]
    assert len(list(zone.root.glob("*/*.json"))) == 2


def test_a_damaged_file_of_a_day_that_cannot_be_requested_fails_that_day_alone(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert materialize(instance, TODAY, TODAY, RAW).success
    (file,) = landing_zone().root.glob("*/*.json")
    file.write_text(file.read_text().splitlines()[0] + "\n")
    tomorrow = TODAY + timedelta(days=1)
    monkeypatch.setenv("NEO_SIMULATOR_TODAY", str(tomorrow))
    result = materialize(instance, TODAY, tomorrow, RAW)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "1 of 2 days failed" in str(failure.step_failure_data.error)
    assert "no longer holds what was landed" in str(failure.step_failure_data.error)
    assert landing_zone().days() == [TODAY, tomorrow]
