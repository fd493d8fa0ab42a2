"""One message a day and cause, whatever the service and the daemon go through."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.automation.alerts import (
    LONGEST_BATCHING,
    SensorCursor,
    _finished_runs_since,
    _is_batching,
    _newest_finished_runs,
    alert_sensors,
    message,
)
from neo_assets.automation.delivery import MESSAGES_A_TICK, DeliveryError
from neo_assets.automation.incidents import Incident
from neo_assets.settings import Settings
from neo_assets_tests.automation.endpoints import SECRETS, Endpoint, Mailbox, unused_port
from neo_assets_tests.automation.small_graph import SmallGraph
from neo_assets_tests.processes import descendants, still_running

ROOT = Path(__file__).parents[2]
DAY = date(2024, 3, 1)
UI = "http://127.0.0.1:3000"
KEY = "wQz7nQ2vJ8sK4mT1xR6y-B9cD3fG5hL0pA8eU2iO7"


@dataclass
class Ticks:
    """A sensor as the daemon evaluates it: a tick that fails leaves the cursor as it was."""

    instance: dg.DagsterInstance
    name: str = "failure_alerts_1"
    cursor: str | None = None

    def tick(self) -> str:
        """Evaluate the sensor once, and return the tick's message."""
        # Loaded again, as after a restart: only the cursor is left of the last tick.
        (sensor,) = (
            sensor
            for sensor in alert_sensors(Settings.from_environment())
            if sensor.name == self.name
        )
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        printed = sensor(context)
        assert isinstance(printed, dg.SkipReason) and printed.skip_message
        self.cursor = context.cursor
        return printed.skip_message

    def let_a_day_pass(self) -> None:
        """Make the cursor one of yesterday."""
        cursor = SensorCursor.model_validate_json(self.cursor or "")
        a_day = timedelta(days=1)
        sent = {day - a_day: causes for day, causes in cursor.sent.items()}
        self.cursor = cursor.model_copy(
            update={"today": cursor.today - a_day, "sent": sent}
        ).model_dump_json()


@pytest.fixture
def ticks(
    instance: dg.DagsterInstance, service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> Ticks:
    """The sensor over runs, after its first tick."""
    monkeypatch.setenv("NEO_ALERT_URLS", service.address)
    found = Ticks(instance)
    assert found.tick() == "Alerts are sent for runs that finish from now on."
    return found


def test_no_service_no_sensor(instance: dg.DagsterInstance) -> None:
    assert alert_sensors(Settings.from_environment()) == []


def test_each_service_has_sensors_that_run_by_default(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_ALERT_URLS", "json://127.0.0.1:9, xml://127.0.0.1:9")
    sensors = alert_sensors(Settings.from_environment())
    assert [sensor.name for sensor in sensors] == [
        "failure_alerts_1",
        "staleness_alerts_1",
        "failure_alerts_2",
        "staleness_alerts_2",
    ]
    assert {sensor.default_status for sensor in sensors} == {dg.DefaultSensorStatus.RUNNING}


def test_a_held_day_is_one_message(ticks: Ticks, service: Endpoint) -> None:
    held = DAY + timedelta(days=1)
    SmallGraph(ticks.instance, dropped={held: 3}).materialize(DAY, days=3)
    assert ticks.tick() == "Sent: drop_count of silver_neo_events failed."
    (message,) = service.messages
    assert message.title == "neo_assets: drop_count of silver_neo_events failed for 2024-03-02"
    days, why, remediation, link = message.body.splitlines()
    assert days == "Days: 2024-03-02"
    assert why.startswith("Why: 3 of 10 rows dropped; median of 1 day is 0; 30% of the newest")
    assert remediation.startswith("What to do: ")
    assert link == f"{UI}/assets/silver_neo_events?view=checks&checkDetail=drop_count"
    assert ticks.tick() == "Nothing new went wrong."
    assert len(service.messages) == 1


def test_by_mail_as_well(
    instance: dg.DagsterInstance, mail: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_ALERT_URLS", mail.address)
    monkeypatch.setenv("NEO_UI_URL", "https://dagster.example.org/neo/")
    ticks = Ticks(instance)
    ticks.tick()
    run = SmallGraph(instance, crash=ValueError("5 < 6 & 7")).materialize(DAY)
    ticks.tick()
    (found,) = mail.messages
    assert found["subject"] == "neo_assets: gold_neo_fact failed for 2024-03-01"
    text = found.get_body(("plain",))
    assert text is not None
    assert "Why: ValueError: 5 < 6 & 7." in text.get_content()
    assert f"https://dagster.example.org/neo/runs/{run.run_id}" in text.get_content()


def test_runs_that_finished_before_the_first_tick_send_nothing(
    instance: dg.DagsterInstance, service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_ALERT_URLS", service.address)
    SmallGraph(instance, crash=ValueError("old")).materialize(DAY)
    ticks = Ticks(instance)
    ticks.tick()
    ticks.tick()
    assert not service.messages


def test_a_backfill_of_many_runs_is_one_message_a_cause(ticks: Ticks, service: Endpoint) -> None:
    days = [DAY + timedelta(days=number) for number in range(12)]
    bad = {day: 5 for day in days if day != days[4]}
    graph = SmallGraph(ticks.instance, dropped=bad, undone={days[9]: "NeoWs was down"})
    for first in days[::4]:
        graph.materialize(first, days=4)
    ticks.tick()
    held, undone = sorted(service.messages, key=lambda sent: sent.title)
    assert held.title == "neo_assets: drop_count of silver_neo_events failed for 10 days"
    assert held.body.startswith(
        "Days: 2024-03-01…2024-03-04, 2024-03-06…2024-03-09, 2024-03-11…2024-03-12\n"
        "Why: 2024-03-12: 5 of 10 rows dropped"
    )
    assert undone.title == "neo_assets: silver_neo_events failed for 2024-03-10"


def test_a_retry_on_the_same_day_is_silent(ticks: Ticks, service: Endpoint) -> None:
    graph = SmallGraph(ticks.instance, dropped={DAY: 3})
    graph.materialize(DAY)
    ticks.tick()
    graph.materialize(DAY)
    assert ticks.tick() == "Nothing new went wrong."
    assert len(service.messages) == 1
    # Another day of the same cause, and another cause of the same day, are news.
    graph.dropped = {DAY: 3, DAY + timedelta(days=1): 3}
    graph.materialize(DAY, days=2)
    ticks.tick()
    assert service.messages[1].body.startswith("Days: 2024-03-02\n")
    graph.undone = {DAY: "NeoWs was down"}
    graph.materialize(DAY)
    ticks.tick()
    assert [sent.title for sent in service.messages[2:]] == [
        "neo_assets: silver_neo_events failed for 2024-03-01"
    ]


def test_a_retry_on_the_next_day_is_sent_again(ticks: Ticks, service: Endpoint) -> None:
    graph = SmallGraph(ticks.instance, dropped={DAY: 3})
    graph.materialize(DAY)
    ticks.tick()
    ticks.let_a_day_pass()
    ticks.tick()
    assert len(service.messages) == 1
    graph.materialize(DAY)
    ticks.tick()
    assert len(service.messages) == 2


def test_a_service_that_was_down_receives_later_what_it_missed(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Endpoint(unused_port())
    monkeypatch.setenv("NEO_ALERT_URLS", service.address)
    ticks = Ticks(instance)
    ticks.tick()
    SmallGraph(instance, crash=ValueError("one")).materialize(DAY)
    before = ticks.cursor
    with pytest.raises(DeliveryError):
        ticks.tick()
    with service.up():
        service.status = 500
        with pytest.raises(DeliveryError, match="and answered 500"):
            ticks.tick()
        assert ticks.cursor == before and not service.messages
        service.status = 200
        SmallGraph(instance, crash=KeyError("two")).materialize(DAY)
        assert ticks.tick() == "Sent: gold_neo_fact failed; gold_neo_fact failed."
        ticks.tick()
    assert sorted(sent.body.splitlines()[1] for sent in service.messages) == [
        "Why: KeyError: 'two'.",
        "Why: ValueError: one.",
    ]


def test_a_service_that_fails_between_two_messages_gets_none_twice(
    ticks: Ticks, service: Endpoint
) -> None:
    SmallGraph(ticks.instance, dropped={DAY: 3}, crash=ValueError("no")).materialize(DAY)
    service.status, service.takes = 503, 1
    assert ticks.tick().startswith(
        "A part was sent; the rest follows with the next tick: JSON (address"
    )
    with pytest.raises(DeliveryError, match="503"):
        ticks.tick()
    service.status = 200
    ticks.tick()
    ticks.tick()
    assert [sent.title for sent in service.messages] == [
        "neo_assets: drop_count of silver_neo_events failed for 2024-03-01",
        "neo_assets: gold_neo_fact failed for 2024-03-01",
    ]


def test_a_service_that_is_down_costs_the_others_no_second_message(
    instance: dg.DagsterInstance, service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Endpoint(unused_port())
    monkeypatch.setenv("NEO_ALERT_URLS", f"{service.address} {down.address}")
    both = [Ticks(instance, f"failure_alerts_{number}") for number in (1, 2)]
    for ticks in both:
        ticks.tick()
    SmallGraph(instance, crash=ValueError("no")).materialize(DAY)
    for _ in range(2):
        both[0].tick()
        with pytest.raises(DeliveryError, match="address 2 of"):
            both[1].tick()
    with down.up():
        both[1].tick()
    assert len(service.messages) == len(down.messages) == 1


def test_a_tick_sends_a_limited_number_of_messages(ticks: Ticks, service: Endpoint) -> None:
    causes = MESSAGES_A_TICK + 1
    reasons = {DAY + timedelta(days=number): "abcdefghi"[number] for number in range(causes)}
    SmallGraph(ticks.instance, undone=reasons).materialize(DAY, days=causes)
    assert ticks.tick() == "A part was sent; the rest follows with the next tick: 1 left to send."
    assert ticks.tick() == "Sent: silver_neo_events failed."
    assert sorted(sent.body.splitlines()[1] for sent in service.messages) == [
        f"Why: {reason}." for reason in reasons.values()
    ]


def test_messages_left_at_midnight_repeat_none_already_sent(
    ticks: Ticks, service: Endpoint
) -> None:
    causes = 2 * MESSAGES_A_TICK + 1
    reasons = {DAY + timedelta(days=number): "abcdefghijk"[number] for number in range(causes)}
    graph = SmallGraph(ticks.instance, undone=reasons)
    graph.materialize(DAY, days=causes)
    for _ in range(3):
        ticks.tick()
        ticks.let_a_day_pass()
    whys = [f"Why: {reason}." for reason in reasons.values()]
    assert sorted(sent.body.splitlines()[1] for sent in service.messages) == whys
    # On a day after that, the same cause is news again.
    graph.materialize(DAY, days=1)
    ticks.tick()
    assert len(service.messages) == causes + 1


def test_it_waits_for_runs_in_progress(ticks: Ticks, service: Endpoint) -> None:
    @dg.job
    def refresh() -> None:
        pass

    SmallGraph(ticks.instance, dropped={DAY: 3}).materialize(DAY)
    other = ticks.instance.create_run_for_job(refresh, status=dg.DagsterRunStatus.STARTED)
    before = ticks.cursor
    assert ticks.tick().startswith("Waiting for the runs in progress")
    assert ticks.cursor == before and not service.messages
    # But not for longer than the limit.
    since = SensorCursor.model_validate_json(before or "").read
    finished_runs, _ = _finished_runs_since(ticks.instance, since)
    now = datetime.now(timezone.utc)
    assert _is_batching(ticks.instance, finished_runs, now)
    assert not _is_batching(ticks.instance, finished_runs, now + LONGEST_BATCHING)
    ticks.instance.report_run_canceled(other)
    SmallGraph(ticks.instance, dropped={DAY + timedelta(days=1): 3}).materialize(
        DAY + timedelta(days=1)
    )
    ticks.tick()
    assert [sent.title for sent in service.messages] == [
        "neo_assets: drop_count of silver_neo_events failed for 2 days"
    ]


@pytest.mark.parametrize(
    "text", [f"no answer from {KEY}", f"GET /feed?api_key={KEY[:30]} failed", "x" * 470 + KEY]
)
def test_a_key_in_an_error_is_not_passed_on(
    ticks: Ticks, service: Endpoint, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("NASA_API_KEY", KEY)
    SmallGraph(ticks.instance, crash=ValueError(text)).materialize(DAY)
    ticks.tick()
    (sent,) = service.messages
    assert f"Why: ValueError: {text[:8]}" in sent.body
    assert KEY[:10] not in sent.body + str(ticks.cursor)


def test_stale_gold_is_reported_once_a_day(
    instance: dg.DagsterInstance, service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_ALERT_URLS", service.address)
    ticks = Ticks(instance, "staleness_alerts_1")
    assert ticks.tick() == "Nothing new went wrong."
    SmallGraph(instance).materialize(DAY)
    service.status = 500
    with pytest.raises(DeliveryError):
        ticks.tick()
    service.status = 200
    assert ticks.tick() == "Sent: gold_neo_fact is stale."
    assert ticks.tick() == "Nothing new went wrong."
    (sent,) = service.messages
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    assert sent.title == f"neo_assets: gold_neo_fact is stale for {yesterday}"
    link = f"{UI}/assets/gold_neo_fact?view=partitions&partition={yesterday}"
    assert sent.body.endswith(link)
    ticks.let_a_day_pass()
    ticks.tick()
    assert len(service.messages) == 2
    # Materialized, it is stale no longer.
    SmallGraph(instance).materialize(yesterday)
    ticks.let_a_day_pass()
    assert ticks.tick() == "Nothing new went wrong."


def test_a_thousand_days_are_one_short_message() -> None:
    days = [date(2020, 1, 1) + timedelta(days=number * 2) for number in range(1000)]
    incidents = [Incident("c", day, "drop_count failed", f"{day.day}.", "", "/") for day in days]
    title, body = message(incidents, Settings())
    assert title == "neo_assets: drop_count failed for 1000 days"
    assert body.startswith("Days: 2020-01-01, 2020-01-03, ")
    assert " and 990 more\n" in body and len(body) < 300


def test_a_message_mentions_nobody_and_links_only_to_the_ui() -> None:
    why = "a name such as @everyone \x1b[31m https://example.org/phish www.example.org"
    settings = Settings()
    _, body = message([Incident("c", DAY, "drop_count failed", why, "Look.", "/runs/1")], settings)
    lines = body.replace("\N{WORD JOINER}", "").splitlines()
    assert lines[1] == f"Why: {why}".replace("\x1b", r"\x1b")
    text, link = body.rsplit("\n", 1)
    assert link == f"{settings.neo_ui_url}/runs/1"
    assert not re.search(r"https?://|www[.]|@\w", text)


@given(st.lists(st.sets(st.dates(date(2024, 1, 1), date(2024, 2, 1)), min_size=1)))
def test_the_cursor_remembers_the_days_sent_and_no_others(sent: list[set[date]]) -> None:
    cursor = SensorCursor(today=date(2024, 3, 1))
    for days in sent:
        cursor.record_sent("cause", days)
    cursor = SensorCursor.from_json(cursor.model_dump_json(), cursor.today)
    known = set().union(*sent)
    for number in range(40):
        day = date(2023, 12, 28) + timedelta(days=number)
        incident = Incident("cause", day, "", "", "", "")
        assert cursor.was_sent(incident) == (day in known)
        assert not cursor.was_sent(Incident("other", day, "", "", "", ""))
    # As spans: it does not grow with the days.
    assert all(len(spans) <= 17 for causes in cursor.sent.values() for spans in causes.values())


def test_a_cause_without_a_day_is_remembered() -> None:
    cursor = SensorCursor(today=DAY)
    incident = Incident("cause", None, "", "", "", "")
    assert not cursor.was_sent(incident)
    cursor.record_sent("cause", [])
    assert cursor.was_sent(incident)


@dataclass
class Installation:
    """The project's own code location, with a NASA that cannot be reached."""

    environment: dict[str, str]
    output: str = ""

    def dagster(self, *arguments: str) -> None:
        """Run a command of Dagster's own; what it prints is kept."""
        result = subprocess.run(
            [sys.executable, "-m", "dagster", *arguments, "-m", "neo_assets.definitions"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.output += result.stdout + result.stderr

    @contextmanager
    def daemon(self, log: Path) -> Iterator[None]:
        """The daemon, until the end of the block."""
        command = Path(sys.executable).with_name("dagster-daemon")
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [command, "run", "-m", "neo_assets.definitions", "--log-level", "debug"],
                cwd=ROOT,
                env=self.environment,
                stdout=sink,
                stderr=sink,
            )
            try:
                yield
            finally:
                children = descendants(process.pid)
                process.send_signal(signal.SIGINT)
                process.wait(60)
                left = still_running(children, seconds=10)
                self.output += log.read_text()
        assert not left


@pytest.mark.timeout(300)
def test_the_daemon_reports_a_feed_that_is_down(
    instance: dg.DagsterInstance,
    service: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    down = Endpoint(unused_port())
    monkeypatch.setenv("NEO_ALERT_URLS", f"{service.address} {down.address}")
    settings = {
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "NEO_SOURCE": "nasa",
        "NASA_API_KEY": KEY,
        "NEOWS_BASE_URL": "http://127.0.0.1:9/neo/rest/v1",
        "NEO_HTTP_RETRIES": "0",
    }
    site = Installation(os.environ | settings)
    # As after a first tick; the second would come a minute later.
    begin = SensorCursor(
        today=date(2024, 1, 1), read=_newest_finished_runs(instance)
    ).model_dump_json()
    for number in (1, 2):
        site.dagster("sensor", "cursor", f"failure_alerts_{number}", "--set", begin)
    site.dagster("sensor", "start", "--start-all")
    site.dagster("asset", "materialize", "--select", "raw_feed_files", "--partition", "2024-03-01")
    log = tmp_path / "daemon.log"
    refusal = "JSON (address 2 of NEO_ALERT_URLS) did not accept the message"
    with site.daemon(log):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if service.messages and refusal in log.read_text():
                break
            time.sleep(0.2)
    (sent,) = service.messages
    assert sent.title == "neo_assets: raw_feed_files failed for 2024-03-01"
    assert "Why: NeoWs could not be reached for 2024-03-01 (" in sent.body
    assert sent.body.endswith(f"{UI}/runs/{instance.get_runs()[0].run_id}")
    assert refusal in site.output
    # Neither in the output and what was sent, nor in the event log, the ticks and the cursors.
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert any(refusal.encode() in content for content in kept)
    for secret in (KEY, *SECRETS):
        for content in (site.output.encode(), repr(sent).encode(), *kept):
            assert secret.encode() not in content
