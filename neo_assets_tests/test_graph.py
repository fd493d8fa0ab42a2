"""The whole graph through Dagster: real HTTP, real event files, real streams, real tables."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value  # noqa: TID251
from deltalake import DeltaTable

from neo_assets.assets.column_lineage import column_lineage
from neo_assets.backfill import Outcome, backfill, days_between, selected_assets
from neo_assets.checks.definitions import checks_of
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.planned import PlannedChecks
from neo_assets.definitions import build_definitions, daily_assets
from neo_assets.instance import prepare_instance
from neo_assets.partitions import daily_partitions
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets.sources.landing_zone import FETCHED_AT
from neo_assets.sources.simulator import SimulatedSky, serve
from neo_assets.targets.registry import create_target
from neo_assets.targets.stage_runner import lakehouse_resource
from neo_assets_tests.lakehouse.feed_objects import FeedObject, Snapshot, feed_object
from neo_assets_tests.lakehouse.plain_reading import Day, Row, read_day
from neo_assets_tests.real_data import CAPTURES, month, needs_real_data

ASSETS = [dg.AssetKey(name) for name in LAYERS]
TABLES = ("bronze_neo_events", "silver_neo_events", "silver_neo_quarantine", "gold_neo_fact")


def check_names(asset: dg.AssetKey) -> list[str]:
    return [check.name for check in checks_of(asset.to_user_string(), ["neows"])]


@dataclass(frozen=True)
class Site:
    """One data folder, with the environment set to it."""

    root: Path
    environment: pytest.MonkeyPatch

    def replay(self, name: str, days: dict[str, list[FeedObject]]) -> None:
        """Make the simulator replay these answers from now on."""
        recordings = self.root / name
        recordings.mkdir()
        (recordings / "days.json").write_text(json.dumps(days))
        self.environment.setenv("NEO_SIMULATOR_RECORDINGS", str(recordings))

    def backfill(self, start: date, end: date, selection: str = "*") -> Outcome:
        settings = self.settings()
        assets = selected_assets(selection, settings)
        return backfill(assets, days_between(start, end, settings), settings)

    def settings(self) -> Settings:
        return Settings.from_environment()

    def rows(self, table: str) -> list[Row]:
        rows: list[Row] = (
            DeltaTable(self.root / "data" / "tables" / table).to_pyarrow_table().to_pylist()
        )
        return rows

    def versions(self) -> dict[str, int]:
        tables = self.root / "data" / "tables"
        return {table: DeltaTable(tables / table).version() for table in TABLES}

    def instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.root / "data" / "dagster"))

    def history(self) -> Counter[tuple[str, str, str | None, str]]:
        """How many times each check was stored for each day, by status."""
        with self.instance() as instance:
            return Counter(
                (asset.to_user_string(), check, record.partition, record.status.value)
                for asset in ASSETS
                for check in check_names(asset)
                for record in instance.event_log_storage.get_asset_check_execution_history(
                    dg.AssetCheckKey(asset, check), limit=1000
                )
            )

    def fetched(self, day: date) -> list[datetime]:
        """When the snapshots of a day were fetched, by the names of their files."""
        files = (self.root / "data" / "landing" / "neo_feed").glob(f"feed_date={day}/*.json")
        return [
            datetime.strptime(file.stem.partition("-")[0], FETCHED_AT).replace(tzinfo=timezone.utc)
            for file in sorted(files)
        ]


@pytest.fixture
def bare_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark_address: str
) -> Iterator[Site]:
    """A site that nothing was ever run on."""
    for name in ("DAGSTER_HOME", "NEO_SIMULATOR_RECORDINGS", "NASA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NEO_SOURCE", "simulator")
    monkeypatch.setenv("NEO_SIMULATOR_TODAY", "2024-04-01")
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NEO_SPARK_REMOTE", spark_address)
    yield Site(tmp_path, monkeypatch)
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


@pytest.fixture
def site(bare_site: Site, empty: Path) -> Site:
    """A site with tables, which are without rows."""
    shutil.copytree(empty / "tables", bare_site.root / "data" / "tables")
    return bare_site


def without(columns: tuple[str, ...], row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in columns}


def assert_same_rows(
    rows: list[Row], plain: dict[Any, Row], ignoring: tuple[str, ...] = ()
) -> None:
    key = ("designation", "close_approach_date", "orbiting_body")
    columns = list(without(ignoring, next(iter(plain.values()))))
    found = {
        tuple(row[name] for name in key): {name: row[name] for name in columns} for row in rows
    }
    assert len(rows) == len(found) == len(plain)
    assert found == {place: without(ignoring, row) for place, row in plain.items()}


def gold_of(days: dict[date, Day]) -> dict[Any, Row]:
    return {key: row for day in days.values() for key, row in day.gold.items()}


@needs_real_data
def test_a_real_month_equals_a_plain_reading_of_its_json(site: Site) -> None:
    recorded = month("2017-10")
    site.replay("october", recorded)
    outcome = site.backfill(date(2017, 10, 1), date(2017, 10, 31))
    assert outcome.is_good and not outcome.failures

    # The time of fetching plays no part in a single snapshot, but for the history columns.
    plain = {
        date.fromisoformat(day): read_day(
            date.fromisoformat(day), [(datetime.now(timezone.utc), objects)]
        )
        for day, objects in recorded.items()
    }
    assert len(plain) == 31
    history = ("first_seen_at", "last_changed_at")
    assert_same_rows(site.rows("gold_neo_fact"), gold_of(plain), ignoring=history)
    for day, expected in plain.items():
        report = outcome.reports["silver_neo_events", day]
        assert report.rows_in == len(recorded[day.isoformat()])
        assert report.kept == len(expected.silver)
        assert outcome.reports["gold_neo_fact", day].rows_out == len(expected.gold)


@needs_real_data
def test_two_real_vintages_of_the_same_days(site: Site) -> None:
    first = json.loads((CAPTURES / "feed_2017-07-31_2017-08-07.json").read_text())
    older = first["near_earth_objects"]
    newer = {day: (month("2017-07") | month("2017-08"))[day] for day in older}
    start, end = min(map(date.fromisoformat, older)), max(map(date.fromisoformat, older))
    site.replay("2017", older)
    assert site.backfill(start, end).is_good
    site.replay("2020", newer)
    outcome = site.backfill(start, end)
    assert outcome.is_good

    plain = {}
    for day in days_between(start, end, site.settings()):
        snapshots: list[Snapshot] = list(
            zip(site.fetched(day), (older[str(day)], newer[str(day)]), strict=True)
        )
        plain[day] = read_day(day, snapshots)
        report = outcome.reports["silver_neo_events", day]
        classes = plain[day].classes
        assert {name: getattr(report, name) for name in classes} == dict(classes)
        assert report.rows_in == len(older[str(day)]) + len(newer[str(day)]) == classes.total()
    silver = {key: row for day in plain.values() for key, row in day.silver.items()}
    assert_same_rows(site.rows("silver_neo_events"), silver)
    assert_same_rows(site.rows("gold_neo_fact"), gold_of(plain))

    gold = site.rows("gold_neo_fact")
    assert sum(map(len, older.values())) == 49 and sum(map(len, newer.values())) == 95
    withdrawn = [row for row in gold if row["is_withdrawn"]]
    new = [row for row in gold if row["first_seen_at"] >= min(site.fetched(start)[1:])]
    changed = [
        row for row in gold if row not in new and row["last_changed_at"] > row["first_seen_at"]
    ]
    assert withdrawn and new and changed
    assert len(silver) + len(withdrawn) == len(gold)


def test_a_second_run_changes_nothing_and_every_check_has_a_row_a_day(site: Site) -> None:
    days = days_between(date(2024, 3, 1), date(2024, 3, 5), site.settings())
    first = site.backfill(days[0], days[-1])
    assert first.is_good
    before = site.versions()
    second = site.backfill(days[0], days[-1])
    assert second.is_good
    assert site.versions() == before
    assert {place: report.rows_out for place, report in first.reports.items()} == {
        place: report.rows_out for place, report in second.reports.items()
    }
    assert all(
        second.reports["raw_feed_files", day].details["snapshots_landed"] == 0 for day in days
    )
    # A third, over a single day.
    assert site.backfill(days[2], days[2]).is_good
    assert site.versions() == before

    assert len(first.checks) == 4 * len(days)
    stored = site.history()
    assert {status for *_, status in stored} <= {"SUCCEEDED", "FAILED"}
    by_day = Counter[tuple[str, str, str | None]]()
    for (asset_name, check, partition, _), times in stored.items():
        by_day[asset_name, check, partition] += times
    assert by_day == {
        (asset.to_user_string(), check, str(day)): 3 if day == days[2] else 2
        for asset in ASSETS
        for check in check_names(asset)
        for day in days
    }
    for (asset_name, day), evaluations in first.checks.items():
        report = first.reports[asset_name, day]
        for evaluation in evaluations.values():
            assert evaluation.description and evaluation.description.endswith(".")
            assert evaluation.target_materialization_data is not None
            numbers = {name: value.value for name, value in evaluation.metadata.items()}
            assert numbers["rows_in"] == report.rows_in
            assert numbers["rows_in"] == sum(
                int(str(numbers[name]))
                for name in ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
            )


def test_materializations_show_what_people_look_for(site: Site) -> None:
    day = date(2024, 3, 1)
    assert site.backfill(day, day).is_good
    repository = build_definitions(site.settings()).get_repository_def()
    with site.instance() as instance:
        for asset in ASSETS:
            event = instance.get_latest_materialization_event(asset)
            assert event and event.asset_materialization
            metadata = event.asset_materialization.metadata
            rows = metadata["dagster/partition_row_count"].value
            assert isinstance(rows, int) and rows > 5
            preview = metadata["preview"]
            assert isinstance(preview, dg.MarkdownMetadataValue)
            assert preview.md_str and preview.md_str.count("\n") >= 3
            spec = repository.assets_defs_by_key[asset].get_asset_spec(asset)
            assert spec.group_name == "neo" and spec.kinds and spec.owners and spec.description
            if asset.to_user_string() != "raw_feed_files":
                schema = spec.metadata["dagster/column_schema"]
                assert all(column.description for column in schema.columns)
        for asset in ASSETS[2:]:
            event = instance.get_latest_materialization_event(asset)
            assert event and event.asset_materialization
            lineage = event.asset_materialization.metadata["dagster/column_lineage"]
            assert lineage.value == column_lineage(asset.to_user_string())


def test_a_day_with_too_many_drops_is_held_back_from_gold(site: Site) -> None:
    days = days_between(date(2024, 3, 1), date(2024, 3, 3), site.settings())
    answers = {
        str(day): [feed_object(day, f"2024 A{letter}{number}") for letter in "ABCDEFGH"]
        for number, day in enumerate(days)
    }
    for item in answers[str(days[1])][:3]:
        del item["close_approach_data"][0]["relative_velocity"]
    site.replay("dirty", answers)
    outcome = site.backfill(days[0], days[-1])
    assert not outcome.is_good
    (failure,) = outcome.failures.values()
    assert "2024-03-02: held back, silver_neo_events drop_count: 3 of 8 rows dropped" in failure

    (error,) = (
        evaluation
        for evaluation in outcome.errors
        if evaluation.asset_key.to_user_string() == "silver_neo_events"
    )
    assert (error.check_name, error.partition) == ("drop_count", "2024-03-02")
    assert error.description and error.description.startswith(
        "3 of 8 rows dropped: 3 for invalid_velocity; median of 1 day is 0; 38% of the newest "
    )
    gold_days = {row["close_approach_date"] for row in site.rows("gold_neo_fact")}
    assert gold_days == {days[0], days[2]}
    with site.instance() as instance:
        gold = instance.get_materialized_partitions(dg.AssetKey("gold_neo_fact"))
        silver = instance.get_materialized_partitions(dg.AssetKey("silver_neo_events"))
    assert gold == {"2024-03-01", "2024-03-03"}
    assert silver == {"2024-03-01", "2024-03-02", "2024-03-03"}
    stored = site.history()
    assert set(stored.values()) == {1} and len(stored) == 3 * sum(
        len(check_names(asset)) for asset in ASSETS
    )
    assert stored["gold_neo_fact", "drop_count", "2024-03-02", "FAILED"] == 1

    # Sound again the next time it is asked, the day goes through.
    site.replay("fixed", answers | {str(days[1]): answers[str(days[1])][3:]})
    assert site.backfill(days[1], days[1]).is_good
    assert len(site.rows("gold_neo_fact")) == 8 + 5 + 8


def test_a_day_held_in_the_middle_does_not_stop_the_others(site: Site) -> None:
    days = days_between(date(2024, 3, 1), date(2024, 3, 3), site.settings())
    assert site.backfill(days[0], days[-1], "raw_feed_files").is_good
    (file,) = (site.root / "data/landing/neo_feed" / f"feed_date={days[1]}").glob("*.json")
    with file.open("a") as stream:
        stream.write("no JSON\n" * 50)
    outcome = site.backfill(days[0], days[-1], "bronze_neo_events*")
    (message,) = outcome.failures.values()
    assert "2024-03-02: held back, bronze_neo_events drop_count: 50 of " in message
    gold_days = {row["close_approach_date"] for row in site.rows("gold_neo_fact")}
    assert gold_days == {days[0], days[2]}
    with site.instance() as instance:
        for asset in ASSETS:
            name = asset.to_user_string()
            materialized = instance.get_materialized_partitions(asset)
            held = name in ("silver_neo_events", "gold_neo_fact")
            assert len(materialized) == (2 if held else 3), name
            assert (str(days[1]) in materialized) is not held
        (run,) = instance.get_runs(limit=1)
        assert run.status is dg.DagsterRunStatus.FAILURE
        daily = daily_partitions(site.settings())
        for name in ("silver_neo_events", "gold_neo_fact"):
            status = get_and_update_asset_status_cache_value(instance, dg.AssetKey(name), daily)
            assert status
            failed = status.deserialize_failed_partition_subsets(daily)
            assert list(failed.get_partition_keys()) == [str(days[1])]
    stored = site.history()
    assert set(stored.values()) == {1} and len(stored) == 3 * sum(
        len(check_names(asset)) for asset in ASSETS
    )
    assert stored["silver_neo_events", "drop_count", str(days[1]), "FAILED"] == 1
    evaluation = outcome.checks["gold_neo_fact", days[1]]["drop_count"]
    assert evaluation.description and evaluation.description.startswith("Not done: held back, bro")


def test_schema_drift_is_reported_by_day_and_can_be_forbidden(site: Site) -> None:
    known, changed = date(2024, 3, 1), date(2024, 3, 2)
    answers = {str(known): [feed_object(known)], str(changed): [feed_object(changed, moons=2)]}
    site.replay("moons", answers)
    assert site.backfill(known, known).is_good

    site.environment.setenv("NEO_SCHEMA_EVOLUTION", "failOnNewColumns")
    refused = site.backfill(changed, changed)
    assert "does not know `moons` (number, such as 2, first in " in str(refused.failures)
    assert len(site.rows("gold_neo_fact")) == 1
    stored = site.history()
    for check in check_names(dg.AssetKey("bronze_neo_events")):
        assert stored["bronze_neo_events", check, str(changed), "FAILED"] == 1

    site.environment.setenv("NEO_SCHEMA_EVOLUTION", "addNewColumns")
    outcome = site.backfill(changed, changed)
    assert outcome.is_good and len(site.rows("gold_neo_fact")) == 2
    drift = outcome.checks["bronze_neo_events", changed]["schema_drift"]
    assert (drift.passed, drift.severity.value, drift.partition) == (False, "WARN", str(changed))
    assert drift.description and drift.description.startswith(
        "new: moons (number, such as 2), since 2024-03-02, first in 2"
    )
    assert set(site.history().values()) <= {1, 2}


def test_a_check_alone_reports_that_there_is_nothing_to_evaluate(site: Site) -> None:
    settings = site.settings()
    prepare_instance(settings)
    target = create_target(settings)
    silver = daily_assets(settings, target)[2]
    with site.instance() as instance:
        result = dg.materialize(
            [silver, checks_on(silver.key, settings)],
            selection=dg.AssetSelection.checks_for_assets(silver),
            tags={"dagster/partition": "2024-03-01"},
            instance=instance,
            resources={
                "lakehouse": lakehouse_resource(target.stage_runner),
                "planned_checks": PlannedChecks(),
            },
        )
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.check_name for evaluation in evaluations} == set(check_names(silver.key))
    for evaluation in evaluations:
        assert not evaluation.passed and evaluation.partition == "2024-03-01"
        assert evaluation.description == (
            "Nothing to evaluate: silver_neo_events has not been materialized for 2024-03-01; "
            "materialize it first."
        )


@dataclass(frozen=True)
class ListenedSky:
    """A sky that knows when each of its days was first asked for."""

    asked: dict[date, float] = field(default_factory=dict)

    def feed(self, day: date, today: date) -> list[FeedObject]:
        self.asked.setdefault(day, time.time())
        return SimulatedSky().feed(day, today)


def test_days_are_fetched_while_the_run_before_works(site: Site) -> None:
    # A run has no gap, so that these are three.
    days = [date(2024, 3, 1), date(2024, 3, 3), date(2024, 3, 5)]
    sky = ListenedSky()
    with serve(sky, today=date(2024, 4, 1)) as server:
        site.environment.setenv("NEO_SOURCE", "nasa")
        site.environment.setenv("NEOWS_BASE_URL", server.base_url)
        site.environment.setenv("NASA_API_KEY", "any")
        outcome = backfill(selected_assets("*", site.settings()), days, site.settings())
    assert not outcome.failures and list(sky.asked) == days
    with site.instance() as instance:
        assert len(instance.get_runs()) == 3
        key = ASSETS[-1]
        records = instance.fetch_materializations(key, limit=10).records
    in_gold = {str(record.partition_key): record.timestamp for record in records}
    assert sky.asked[days[1]] < in_gold[str(days[0])] < in_gold[str(days[1])]
    assert sky.asked[days[2]] < in_gold[str(days[1])]


def test_the_key_is_nowhere(site: Site) -> None:
    key = "wQz7nQ2vJ8sK4mT1xR6yB9cD3fG5hL0pA8eU2iO7"
    day = date(2024, 3, 1)
    with serve(SimulatedSky(), today=day + timedelta(days=30), valid_keys={key}) as server:
        site.environment.setenv("NEO_SOURCE", "nasa")
        site.environment.setenv("NEOWS_BASE_URL", server.base_url)
        site.environment.setenv("NASA_API_KEY", key)
        assert site.backfill(day, day).is_good
        # And once more with a key that is refused.
        site.environment.setenv("NASA_API_KEY", key[::-1])
        refused = site.backfill(day + timedelta(days=1), day + timedelta(days=1))
        assert "403" in next(iter(refused.failures.values()))
    for file in (site.root / "data").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert key.encode() not in content and key[::-1].encode() not in content, file
    for table in ("silver_neo_events", "gold_neo_fact"):
        assert site.rows(table) and key not in str(site.rows(table))
