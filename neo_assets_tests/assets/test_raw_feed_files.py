"""The raw asset through Dagster, against a service that misbehaves over real HTTP."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from neo_assets import progress
from neo_assets.assets.raw import raw_asset
from neo_assets.checks.definitions import checks_of
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.planned import PlannedChecks
from neo_assets.run_tags import ONLY_LANDED, WHY
from neo_assets.settings import Settings
from neo_assets.sources.neows import NEOWS
from neo_assets.sources.neows import client as neows_client
from neo_assets.targets.registry import create_target
from neo_assets.targets.stage_runner import lakehouse_resource
from neo_assets_tests.sources import faulty_service as faulty
from neo_assets_tests.sources.faulty_service import Call, JsonObject, neo, serve

RAW = dg.AssetKey("raw_feed_files")
CHECKS = len(checks_of("raw_feed_files", ["neows"]))
KEY = "k3y-of-the-caller-0000000000000000000000"
DAYS = [date(2024, 3, 1) + timedelta(days=number) for number in range(31)]
"""Five calls: of 7, 7, 7, 7 and 3 days."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name, value in {
        "NEO_SOURCE": "nasa",
        "NASA_API_KEY": KEY,
        "NEO_DATA_DIR": str(tmp_path / "data"),
        "NEO_HTTP_RETRIES": "0",
        "NEO_HTTP_TIMEOUT_S": "5",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "data"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> "At":
    return At(monkeypatch)


class At:
    """Points the asset to a service."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, service: faulty.FaultyService) -> None:
        self._monkeypatch.setenv("NEOWS_BASE_URL", service.base_url)


def materialize(
    instance: dg.DagsterInstance, first: date, last: date, **tags: str
) -> dg.ExecuteInProcessResult:
    settings = Settings.from_environment()
    target = create_target(settings)
    return dg.materialize(
        [raw_asset(NEOWS, settings, target), checks_on(RAW, settings)],
        resources={
            "lakehouse": lakehouse_resource(target.stage_runner),
            "planned_checks": PlannedChecks(),
        },
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
            **tags,
        },
        raise_on_error=False,
    )


def reports(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """The numbers of every materialized day, which must be materialized once."""
    records = instance.fetch_materializations(RAW, limit=1000).records
    found = [record.asset_materialization for record in records]
    days = [materialization.partition for materialization in found if materialization]
    assert len(set(days)) == len(days)
    return {
        str(materialization.partition): {
            name: value.value for name, value in materialization.metadata.items()
        }
        for materialization in found
        if materialization
    }


def evaluations(
    instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult
) -> dict[tuple[str, str], tuple[bool, str]]:
    """Outcome and description by day and check, of which each must be stored once in the run."""
    records = instance.get_records_for_run(
        result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION, limit=1000
    ).records
    events = [record.event_log_entry.get_dagster_event() for record in records]
    found = [event.asset_check_evaluation_data for event in events]
    outcomes = {
        (str(evaluation.partition), evaluation.check_name): (
            evaluation.passed,
            evaluation.description or "",
        )
        for evaluation in found
    }
    assert len(outcomes) == len(found)
    return outcomes


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data
    assert data.error is not None
    assert data.error.cls_name == "Failure"
    return data.error.message


def landed(data: Path) -> list[str]:
    folders = (data / "landing/neo_feed").glob("feed_date=*/*.json")
    return sorted(file.parent.name.removeprefix("feed_date=") for file in folders)


def assert_without_key(instance: dg.DagsterInstance, data: Path) -> None:
    """Nowhere: not in an event with all its stack traces, not in a run, not in a file."""
    runs = instance.get_runs()
    assert runs
    for run in runs:
        assert "k3y-of" not in repr(run)
        for record in instance.get_records_for_run(run.run_id, limit=10_000).records:
            assert "k3y-of" not in dg.serialize_value(record.event_log_entry)
    for file in data.rglob("*"):
        if file.is_file():
            assert b"k3y-of" not in file.read_bytes()


def names(days: list[date]) -> list[str]:
    return [day.isoformat() for day in days]


def test_one_call_of_five_fails(instance: dg.DagsterInstance, data: Path, at: At) -> None:
    def shows_the_key(call: Call) -> None:
        log_messages = f"Not with {call.key}: http://x/?api_key={quote(call.key)}"
        body = json.dumps({"error": {"code": "?", "message": log_messages}}).encode()
        call.send(faulty.message("503 Service Unavailable", body, "application/json"))

    with serve(faulty.honest(), faulty.honest(), shows_the_key) as service:
        at(service)
        first = materialize(instance, DAYS[0], DAYS[-1])
        assert not first.success
        assert_without_key(instance, data)

        done, rest = names(DAYS[:14]), names(DAYS[14:])
        assert landed(data) == sorted(reports(instance)) == done
        assert failure(first).count("2024-03-15…2024-03-21") >= 1
        assert "17 of 31 days failed" in failure(first)
        outcomes = evaluations(instance, first)
        assert len(outcomes) == 31 * CHECKS
        for (day, _), (passed, description) in outcomes.items():
            assert passed == (day in done)
            if day in rest:
                assert "NeoWs answered 503 for 2024-03-15…2024-03-21" in description

        # What failed is asked for later, and nothing else.
        second = materialize(instance, DAYS[14], DAYS[-1])
        assert second.success
        assert landed(data) == sorted(reports(instance)) == names(DAYS)
        assert {passed for passed, _ in evaluations(instance, second).values()} == {True}
    assert service.asked == [
        ("2024-03-01", "2024-03-07"),
        ("2024-03-08", "2024-03-14"),
        ("2024-03-15", "2024-03-21"),
        ("2024-03-15", "2024-03-21"),
        ("2024-03-22", "2024-03-28"),
        ("2024-03-29", "2024-03-31"),
    ]
    assert_without_key(instance, data)


def test_a_bad_day_fails_alone_in_a_month(instance: dg.DagsterInstance, data: Path, at: At) -> None:
    bad, omitted = DAYS[10], DAYS[11]

    def with_faults(call: Call) -> None:
        def change(answer: JsonObject, call: Call) -> None:
            listed = answer["near_earth_objects"]
            answer["element_count"] -= len(listed.pop(omitted.isoformat(), ()))
            if bad in call.days:
                listed[bad.isoformat()].pop()

        faulty.lists(change)(call)

    with serve(finally_=with_faults) as service:
        at(service)
        result = materialize(instance, DAYS[0], DAYS[-1])
    assert not result.success
    good = [day for day in DAYS if day != bad]
    assert landed(data) == sorted(reports(instance)) == names(good)
    assert len(service.calls) == 5 + 7
    assert "1 of 31 days failed" in failure(result)
    assert "2024-03-11: NeoWs announced 2 objects for 2024-03-11 and sent 1" in failure(result)
    assert "31 days: 30 with a new snapshot, 1 failed." in log_messages(instance)

    outcomes = evaluations(instance, result)
    assert len(outcomes) == 31 * CHECKS
    not_passed = {place for place, (passed, _) in outcomes.items() if not passed}
    of_the_bad_day = {place for place in outcomes if place[0] == bad.isoformat()}
    assert not_passed == of_the_bad_day | {(omitted.isoformat(), "volume")}
    assert "did not mention the day" in outcomes[omitted.isoformat(), "volume"][1]
    omissions = {day: report["omitted"] for day, report in reports(instance).items()}
    assert omissions == {day: int(day == omitted.isoformat()) for day in names(good)}


def test_landed_days_are_kept_with_any_header(
    instance: dg.DagsterInstance, data: Path, at: At
) -> None:
    absurd = {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "X-RateLimit-Remaining": "9" * 5000}
    with serve(faulty.honest(), faulty.says("429 Too Many Requests", headers=absurd)) as service:
        at(service)
        result = materialize(instance, DAYS[0], DAYS[-1])
    assert landed(data) == sorted(reports(instance)) == names(DAYS[:7])
    assert "NeoWs answered 429 for 2024-03-08…2024-03-14" in failure(result)


def test_landed_days_are_kept_whatever_the_client_raises(
    instance: dg.DagsterInstance, data: Path, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(response: object, days: list[date]) -> None:
        raise OverflowError(f"date value out of range {KEY}")

    with serve() as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[0]).success
        monkeypatch.setattr(neows_client, "listing", fails)
        result = materialize(instance, DAYS[1], DAYS[1])
    assert "NeoWs answered 2024-03-02 with something unreadable (OverflowError)" in failure(result)
    assert_without_key(instance, data)


@pytest.mark.parametrize(
    "act",
    [
        faulty.resets,
        faulty.resets_at_once,
        faulty.truncated,
        faulty.says("200 OK", faulty.PAGE_OF_HEROKU, "text/html"),
        faulty.says("429 Too Many Requests", headers={"Retry-After": "2870"}),
        faulty.says("302 Found", headers={"Location": "/feed?api_key=k3y-of-the-caller"}),
    ],
    ids=["reset", "reset at once", "truncated", "HTML", "429", "302"],
)
def test_no_key_in_the_history_of_a_failure(
    instance: dg.DagsterInstance,
    data: Path,
    at: At,
    act: faulty.Act,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serve(finally_=act) as service:
        at(service)
        result = materialize(instance, DAYS[0], DAYS[0])
    assert not result.success
    assert landed(data) == [] and reports(instance) == {}
    assert [passed for passed, _ in evaluations(instance, result).values()] == [False] * CHECKS
    assert_without_key(instance, data)
    printed = capfd.readouterr()
    assert "RUN_FAILURE" in printed.err
    assert "k3y-of" not in printed.err + printed.out


def log_messages(instance: dg.DagsterInstance) -> list[str]:
    """Return the log messages of the only run."""
    (run,) = instance.get_runs()
    entries = [
        record.event_log_entry for record in instance.get_records_for_run(run.run_id).records
    ]
    return [entry.user_message for entry in entries if not entry.is_dagster_event]


def test_retries_are_logged(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, at: At
) -> None:
    monkeypatch.setenv("NEO_HTTP_RETRIES", "1")
    with serve(faulty.resets) as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[0]).success
    retry, *others = log_messages(instance)
    assert "trying again in" in retry
    assert retry.startswith("NeoWs broke off its response for 2024-03-01 (Connection reset")
    # A single quick day logs nothing else.
    assert others[0] == "1 day: 1 with a new snapshot."
    assert not [sentence for sentence in others[1:] if " days " in sentence]


def test_a_long_run_logs_its_progress(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, at: At
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    with serve() as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[8]).success
    first, *landed, last, evaluated = log_messages(instance)[:11]
    assert first == "9 days are fetched in 2 calls."
    for number, sentence in enumerate(landed, 1):
        assert re.fullmatch(
            rf"{number} of 9 days fetched, [0-9.,]+ a second, [0-9:]+ left[.]", sentence
        )
    assert last == "9 days: 9 with a new snapshot."
    assert evaluated.startswith("1 of 9 days evaluated, ")


def test_hourly_limit_is_waited_for_by_choice(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, at: At
) -> None:
    monkeypatch.setenv("NEO_RATE_LIMIT", "wait")
    limit = faulty.says("429 Too Many Requests", headers={"Retry-After": "1"})
    with serve(faulty.honest(), limit) as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[13]).success
    assert len(service.calls) == 3


def test_what_has_landed_is_taken_as_it_is_without_a_call(
    instance: dg.DagsterInstance, at: At
) -> None:
    only_landed = {ONLY_LANDED: "true", WHY: "1 event file landed"}
    with serve() as service:
        at(service)
        settings = Settings.from_environment()
        zone = create_target(settings).landing_zone(NEOWS.dataset)
        fetched_at = datetime(2024, 3, 10, tzinfo=timezone.utc)
        zone.land(DAYS[0], [{"id": "1"}] * 2, source="nasa", fetched_at=fetched_at)
        assert materialize(instance, DAYS[0], DAYS[0], **only_landed).success
        # There is nothing of the other day.
        assert not materialize(instance, DAYS[1], DAYS[1], **only_landed).success
    assert not service.calls
    (report,) = reports(instance).values()
    expected = {"rows_in": 2, "exact_duplicates": 1, "snapshots_landed": 0, "why": only_landed[WHY]}
    assert expected.items() <= report.items()


def test_report_of_a_day(instance: dg.DagsterInstance, at: At) -> None:
    def change(answer: JsonObject, call: Call) -> None:
        listed = answer["near_earth_objects"]["2024-03-01"]
        listed += [listed[0], neo(date(1999, 1, 1), 9, name="\ud800 |")]
        answer["element_count"] += 2

    with serve(faulty.lists(change, {"calls_left": "1987"})) as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[0]).success
        # Without the header, the rest is not known.
        assert materialize(instance, DAYS[1], DAYS[1]).success
    numbers = reports(instance)
    expected = {
        "rows_in": 4,
        "kept": 3,
        "exact_duplicates": 1,
        "dropped": 0,
        "calls_left": 1987,
        "snapshots_landed": 1,
    }
    assert expected.items() <= numbers["2024-03-01"].items()
    assert "calls_left" not in numbers["2024-03-02"]
    # Everything that the UI shows must be fit for UTF-8.
    assert "| &#92;ud800 &#124; |" in str(numbers["2024-03-01"]["preview"])
    str(numbers["2024-03-01"]["preview"]).encode()


def test_a_response_that_can_be_read_can_be_landed(
    instance: dg.DagsterInstance, data: Path, at: At
) -> None:
    deep: JsonObject = {}
    for _ in range(100):
        deep = {"deeper": [deep]}

    def change(answer: JsonObject, call: Call) -> None:
        answer["near_earth_objects"]["2024-03-01"][0]["deep"] = deep

    with serve(faulty.lists(change)) as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[1]).success
    assert landed(data) == names(DAYS[:2])
    (file,) = (data / "landing/neo_feed/feed_date=2024-03-01").glob("*.json")
    assert json.loads(file.read_text().splitlines()[0])["payload"]["deep"] == deep


def test_a_run_in_which_every_day_fails_reports_it(
    instance: dg.DagsterInstance, data: Path, at: At
) -> None:
    with serve(finally_=faulty.says("200 OK", "[]")) as service:
        at(service)
        result = materialize(instance, DAYS[0], DAYS[1])
    assert ": All 2 days failed. 2024-03-01: NeoWs answered 2024-03-01 " in failure(result)
    assert "2 days: 2 failed." in log_messages(instance)
    assert "the others" not in failure(result)


def test_day_without_objects_is_a_day(instance: dg.DagsterInstance, data: Path, at: At) -> None:
    sunday = DAYS[2]
    with serve() as service:
        at(service)
        assert materialize(instance, sunday, sunday).success
    assert landed(data) == [sunday.isoformat()]
    assert reports(instance)[sunday.isoformat()]["rows_in"] == 0


def test_same_answer_lands_nothing_new(instance: dg.DagsterInstance, data: Path, at: At) -> None:
    with serve() as service:
        at(service)
        assert materialize(instance, DAYS[0], DAYS[0]).success
        assert materialize(instance, DAYS[0], DAYS[0]).success
    assert landed(data) == ["2024-03-01"]
    records = instance.fetch_materializations(RAW, limit=10).records
    materializations = [record.asset_materialization for record in records]
    assert [
        materialization.metadata["snapshots_landed"].value
        for materialization in materializations
        if materialization
    ] == [0, 1]


def test_day_that_cannot_be_written(instance: dg.DagsterInstance, data: Path, at: At) -> None:
    blocked = data / "landing/neo_feed/feed_date=2024-03-03"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder should be")
    with serve() as service:
        at(service)
        result = materialize(instance, DAYS[0], DAYS[4])
    assert not result.success
    assert landed(data) == sorted(reports(instance)) == ["2024-03-01", "2024-03-02"]
    assert "2024-03-03 could not be landed in" in failure(result)
    assert sum(not passed for passed, _ in evaluations(instance, result).values()) == 3 * CHECKS
