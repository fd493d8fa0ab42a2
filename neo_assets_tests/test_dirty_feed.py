"""A feed with every known defect at once, through the graph: each row is found again, once."""

import json
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import dagster as dg
from deltalake import DeltaTable

from neo_assets.automation.jobs import discard_quarantine, replay_quarantine
from neo_assets.automation.schedules import quarantine_replay_sensor
from neo_assets.backfill import Outcome, days_between
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets.targets.registry import create_target
from neo_assets_tests.faults import injected
from neo_assets_tests.lakehouse.feed_objects import FeedObject, feed_object
from neo_assets_tests.lakehouse.plain_reading import read_day
from neo_assets_tests.lakehouse.test_rules import breaking, keeping
from neo_assets_tests.test_cli import in_this_process
from neo_assets_tests.test_graph import Site, bare_site, site

__all__ = ["bare_site", "site"]

DAYS = days_between(date(2024, 3, 1), date(2024, 3, 3), Settings())
CLASSES = ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")


def dirty(day: date) -> list[FeedObject]:
    """All that can be wrong with an object, each under a designation of its own."""
    objects = [item for _, item, _ in breaking(day)] + list(keeping(day))
    for number, item in enumerate(objects):
        if "name" in item:
            item["name"] = f"(2024 X{number})"
    sound = [feed_object(day, f"2024 Y{number}") for number in range(30)]
    numbered = feed_object(day, "2024 Y0", id="2000001")
    as_numbers = feed_object(day, "2024 Y99", absolute_magnitude_h="21.34")
    return [*objects, *sound, sound[1], sound[1], numbered, as_numbers]


def revised(day: date) -> list[FeedObject]:
    """The same day as it is answered later: one vanished, some changed, one fixed, one broken."""
    objects = dirty(day)
    vanished = [item for item in objects if item.get("name") != "(2024 Y7)"]
    for item in vanished:
        if item.get("name") == "(2024 Y8)":
            item["absolute_magnitude_h"] = 21.341
        if item.get("name") == "(2024 Y9)":
            item["close_approach_data"][0]["relative_velocity"] = {}
    return [*vanished, feed_object(day, "2024 X3")]


def rows(site: Site, table: str, day_column: str) -> dict[date, list[dict[str, Any]]]:
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in site.rows(table):
        found[row[day_column]].append(row)
    return found


def test_each_row_is_found_again_in_exactly_one_place(site: Site) -> None:
    site.environment.setenv("NEO_MAX_DROP_SHARE", "0.5")
    first = {str(day): dirty(day) for day in DAYS}
    second = {str(day): revised(day) for day in DAYS[:2]} | {str(DAYS[2]): dirty(DAYS[2])}
    injected("defects of rows", 2 * len(DAYS) * len(list(breaking(DAYS[0]))))
    site.replay("first", first)
    assert not site.backfill(DAYS[0], DAYS[-1]).failures
    site.replay("second", second)
    outcome = site.backfill(DAYS[0], DAYS[-1])
    assert not outcome.failures and not outcome.errors
    assert_sums_hold(site, outcome)

    versions = rows(site, "silver_neo_versions", "partition_date")
    silver = rows(site, "silver_neo_events", "partition_date")
    quarantine = rows(site, "silver_neo_quarantine", "partition_date")
    for day in DAYS:
        # The third day answered the same twice, and so landed once.
        answers = [first[str(day)], second[str(day)]][: 2 if day != DAYS[2] else 1]
        plain = read_day(day, list(zip(site.fetched(day), answers, strict=True)))
        classes = Counter(row["classification"] for row in versions[day])
        assert classes == plain.classes
        assert classes.total() == sum(map(len, answers))
        places = Counter(
            [("silver", row["designation"], row["snapshot_id"]) for row in silver[day]]
            + [
                ("quarantine", row["source_file"], row["content_hash"], row["repeat"])
                for row in quarantine[day]
            ]
        )
        assert set(places.values()) == {1}
        assert len(silver[day]) == classes["kept"] == len(plain.silver)
        assert len(quarantine[day]) == classes["dropped"]
        if day != DAYS[2]:
            assert all(classes[name] for name in CLASSES)


def assert_sums_hold(site: Site, outcome: Outcome) -> None:
    """The equation within each layer and between them, in the metrics as in the reports."""
    metrics = (
        DeltaTable(site.root / "data" / "tables" / "dq_metrics").to_pyarrow_table().to_pylist()
    )
    newest: dict[tuple[str, date], dict[tuple[str, str | None], int]] = {}
    for row in sorted(metrics, key=lambda row: row["measured_at"]):
        place = row["asset"], row["partition_date"]
        newest.setdefault(place, {})[row["metric"], row["rule"]] = row["value"]
    assert set(newest) == {(layer, day) for layer in LAYERS for day in DAYS}
    for place, numbers in newest.items():
        assert numbers["rows_in", None] == sum(numbers[name, None] for name in CLASSES), place
        assert numbers.items() >= outcome.reports[place].metrics.items()
        dropped = sum(
            value for (name, rule), value in numbers.items() if name == "dropped" and rule
        )
        assert dropped >= numbers["dropped", None]
    for day in DAYS:
        rows_emitted = [outcome.reports[layer, day].rows_emitted for layer in LAYERS]
        rows_received = [outcome.reports[layer, day].rows_received for layer in LAYERS]
        assert rows_emitted[:-1] == rows_received[1:]
        for layer in LAYERS:
            assert outcome.checks[layer, day]["reconciliation"].passed


def test_a_held_day_is_released_by_manual_approval(site: Site) -> None:
    answers = {str(day): [feed_object(day, f"2024 A{letter}") for letter in "ABCD"] for day in DAYS}
    for item in answers[str(DAYS[1])][:2]:
        del item["close_approach_data"][0]["relative_velocity"]
    site.replay("held", answers)
    assert site.backfill(DAYS[0], DAYS[-1]).failures
    assert len(site.rows("gold_neo_fact")) == 8

    refused = in_this_process("release", str(DAYS[0]), "--why", "no reason", COLUMNS="200")
    assert refused.exit_code == 2 and "2024-03-01 is not held" in refused.stderr
    released = in_this_process("release", str(DAYS[1]), "--why", "Two of four; looked at.")
    assert released.exit_code == 0, released.stderr
    assert len(site.rows("gold_neo_fact")) == 10

    # The release applies as long as the day is unchanged, and the check shows it.
    outcome = site.backfill(DAYS[1], DAYS[1])
    assert outcome.is_good
    evaluation = outcome.checks["silver_neo_events", DAYS[1]]["drop_count"]
    assert (evaluation.passed, evaluation.severity.value) == (False, "WARN")
    assert evaluation.description and "Two of four; looked at." in evaluation.description
    del answers[str(DAYS[1])][2]["close_approach_data"][0]["relative_velocity"]
    site.replay("worse", answers)
    assert site.backfill(DAYS[1], DAYS[1]).failures


def test_the_quarantine_on_the_command_line(site: Site) -> None:
    answers = {
        str(day): [feed_object(day, f"2024 A{letter}") for letter in "ABCDEF"] for day in DAYS
    }
    fast, slow = answers[str(DAYS[0])][0], answers[str(DAYS[1])][0]
    fast["close_approach_data"][0]["relative_velocity"] = {"kilometers_per_second": "111"}
    del slow["close_approach_data"][0]["relative_velocity"]
    site.replay("quarantined", answers)
    strict = site.root / "quality.yaml"
    strict.write_text("rules: [{name: implausible_velocity, action: drop}]")
    site.environment.setenv("NEO_QUALITY_FILE", str(strict))
    assert site.backfill(DAYS[0], DAYS[-1]).is_good

    listed = in_this_process("quarantine", "list").stdout
    assert "implausible_velocity" in listed and "invalid_velocity" in listed
    only = in_this_process("quarantine", "list", "--rule", "implausible_velocity")
    lines = [line for line in only.stdout.splitlines() if str(DAYS[0]) in line]
    assert len(lines) == 1, only.stdout
    shown = in_this_process("quarantine", "show", lines[0].split()[0]).stdout
    assert "implausible_velocity: relative_velocity_km_s = 111" in shown
    assert '"name": "(2024 AA)"' in shown
    assert in_this_process("quarantine", "show", "ffffffffff").exit_code == 1

    site.environment.delenv("NEO_QUALITY_FILE")
    assert "--day" in in_this_process("quarantine", "discard", "--why", "all", COLUMNS="200").stderr
    replayed = in_this_process("quarantine", "replay", "--rule", "implausible_velocity")
    assert (replayed.exit_code, replayed.stdout) == (0, "1 of 1 row went through.\n")
    assert len(site.rows("gold_neo_fact")) == 17
    discarded = in_this_process(
        "quarantine", "discard", "--day", str(DAYS[1]), "--why", "No velocity."
    )
    assert discarded.stdout == "1 row discarded.\n"
    assert "No such row" in in_this_process("quarantine", "list").stdout
    everything = in_this_process("quarantine", "list", "--status", "all").stdout
    assert "replayed" in everything and "discarded" in everything
    status = in_this_process("status").stdout
    (line,) = (line for line in status.splitlines() if line.split()[:1] == ["silver_neo_events"])
    assert line.split()[-1] == "0"


def test_the_quarantine_as_jobs(site: Site) -> None:
    answers = {
        str(day): [feed_object(day, f"2024 A{letter}") for letter in "ABCDEF"] for day in DAYS
    }
    for day in (DAYS[0], DAYS[2]):
        del answers[str(day)][0]["close_approach_data"][0]["relative_velocity"]
    site.replay("quarantined", answers)
    assert site.backfill(DAYS[0], DAYS[-1]).is_good
    rule = {"rule": "invalid_velocity"}
    with site.instance() as instance:
        chosen = {"ops": {"choose_rows": {"config": rule}}}
        resources = {"target": create_target(site.settings()), "settings": site.settings()}
        assert replay_quarantine.execute_in_process(
            chosen, instance=instance, resources=resources
        ).success
        run = instance.create_run_for_job(
            replay_quarantine, run_config=chosen, status=dg.DagsterRunStatus.SUCCESS
        )
        context = dg.build_run_status_sensor_context(
            "quarantine_replay_sensor",
            dg.DagsterEvent("PIPELINE_SUCCESS", "replay_quarantine"),
            instance,
            run,
            resources=resources,
        )
        requests = list(quarantine_replay_sensor(context))  # type: ignore[arg-type]
        tags = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
        days = [tuple(request.tags[tag] for tag in tags) for request in requests]
        assert days == [(str(day), str(day)) for day in (DAYS[0], DAYS[2])]

        config = rule | {"day": str(DAYS[0]), "why": "by ada: never had one"}
        discard = {"ops": {"discard_rows": {"config": config}}}
        assert discard_quarantine.execute_in_process(
            discard, instance=instance, resources=resources
        ).success
        everything = {"ops": {"discard_rows": {"config": {"why": "all"}}}}
        refused = discard_quarantine.execute_in_process(
            everything, instance=instance, resources=resources, raise_on_error=False
        )
        assert not refused.success
    statuses = {row["partition_date"]: row["status"] for row in site.rows("silver_neo_quarantine")}
    assert statuses == {DAYS[0]: "discarded", DAYS[2]: "open"}


def test_action_fail_holds_a_day_until_it_is_released_or_a_sound_answer_comes(site: Site) -> None:
    quality = site.root / "quality.yaml"
    quality.write_text("rules: [{name: invalid_velocity, action: fail}]")
    site.environment.setenv("NEO_QUALITY_FILE", str(quality))
    answers = {str(day): [feed_object(day, f"2024 A{letter}") for letter in "ABCD"] for day in DAYS}
    sound = json.loads(json.dumps(answers))
    for day in DAYS[1:]:
        del answers[str(day)][0]["close_approach_data"][0]["relative_velocity"]
    site.replay("failing", answers)
    (message,) = site.backfill(DAYS[0], DAYS[-1]).failures.values()
    assert f"{DAYS[1]}…{DAYS[2]}: held back, silver_neo_events drop_count: 1 of 4 rows" in message
    assert "1 of the newest snapshot for invalid_velocity, whose action is fail" in message
    assert {row["close_approach_date"] for row in site.rows("gold_neo_fact")} == {DAYS[0]}

    listed = in_this_process("quarantine", "list", "--day", str(DAYS[1]))
    assert "invalid_velocity" in listed.stdout
    attention = in_this_process("status").stdout
    # One finding for both days, which are held for one reason.
    assert f"{DAYS[1]}…{DAYS[2]}" in attention
    assert "for each day: neo-assets release DAY --why TEXT" in attention
    released = in_this_process("release", str(DAYS[1]), "--why", "NASA lists it without")
    assert released.exit_code == 0, released.stderr
    site.replay("sound", sound)
    assert site.backfill(DAYS[2], DAYS[2]).is_good
    gold = Counter(row["close_approach_date"] for row in site.rows("gold_neo_fact"))
    assert gold == {DAYS[0]: 4, DAYS[1]: 3, DAYS[2]: 4}
    # No held or failed days and no gaps are left; the tables are stale as of today.
    attention = in_this_process("status").stdout
    assert "release" not in attention and "backfill --start 2024" not in attention


def test_a_value_that_spark_cannot_read_drops_its_line_alone(site: Site) -> None:
    """And the type of a field, learned from that bad answer, is corrected afterwards."""
    answers = {
        str(day): [feed_object(day, f"2024 A{letter}") for letter in "ABCDEF"] for day in DAYS[:2]
    }
    first = answers[str(DAYS[0])]
    first[0]["absolute_magnitude_h"] = int("1" * 2000)
    for item in first[1:]:
        item["absolute_magnitude_h"] = {"value": 21.3}
    site.replay("unreadable", answers)
    outcome = site.backfill(DAYS[0], DAYS[0])
    assert outcome.is_good
    checks = outcome.checks["bronze_neo_events", DAYS[0]]
    assert checks["reconciliation"].passed and not checks["drop_count"].passed
    (row,) = site.rows("silver_neo_quarantine")
    assert row["reasons"] == ["unreadable_line"] and "1" * 2000 in row["payload"]
    assert len(site.rows("gold_neo_fact")) == 5

    assert site.backfill(DAYS[1], DAYS[1]).is_good
    assert {row["feed_date"] for row in site.rows("bronze_rescued_data")} == {DAYS[1]}
    wrong = in_this_process("schema", "correct", "absolute_magnitude", "number")
    assert wrong.exit_code == 1 and "similar are absolute_magnitude_h" in wrong.stderr
    corrected = in_this_process("schema", "correct", "absolute_magnitude_h", "number")
    assert corrected.exit_code == 0, corrected.stderr
    assert "(version 2) has absolute_magnitude_h as number" in corrected.stderr
    assert {row["feed_date"] for row in site.rows("bronze_rescued_data")} == {DAYS[0]}
    drift = site.backfill(DAYS[1], DAYS[1]).checks["bronze_neo_events", DAYS[1]]["schema_drift"]
    assert drift.passed
