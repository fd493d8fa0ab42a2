"""Rules that change between runs: approaches that are in gold are still followed."""

import random
from collections.abc import Collection
from datetime import date, datetime, timedelta

from neo_assets.lakehouse.model.rules import Rule, RuleSet
from neo_assets.lakehouse.model.tables import GOLD_NEO_REVISION
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of
from .plain_reading import Row

DAY = date(2024, 3, 1)
MAGNITUDES = (18.1, 22.5, 26.2)
LIMITS = (30.0, 20.0, 20.0, 0.0, 25.0)
"""Step by step, the magnitude up to which a rule lets rows through: all, the brightest, none …"""

Event = tuple[str, float, datetime]
"""What happened to an approach, the magnitude known from then on, when that was seen."""


def brighter_than(limit: float) -> RuleSet:
    condition = f"absolute_magnitude_h < {limit}"
    return RuleSet(
        (*NEO.rules, Rule("faint", "is bright enough", condition, "absolute_magnitude_h"))
    )


def run(lakehouse: Lakehouse, days: Collection[date], limit: float) -> dict[date, DayReport]:
    bronze.ingest(lakehouse, NEO, days, "a run")
    silver.refine(lakehouse, NEO, days, brighter_than(limit))
    return {report.day: report for report in gold.publish(lakehouse, days)}


def revised(lakehouse: Lakehouse) -> dict[tuple[date, str], list[Event]]:
    """What the table has of each approach, in order."""
    found: dict[tuple[date, str], list[Event]] = {}
    for row in sorted(
        rows_of(lakehouse, "gold_neo_revision"),
        key=lambda row: (row["neo_event_id"], row["revision"]),
    ):
        event = row["what"], row["absolute_magnitude_h"], row["seen_at"]
        found.setdefault((row["close_approach_date"], row["designation"]), []).append(event)
    return found


def test_a_stricter_rule_lets_gold_forget_nothing(lakehouse: Lakehouse) -> None:
    def snapshot(hour: int, *names: str) -> None:
        objects = [feed_object(DAY, name, absolute_magnitude_h=26.2) for name in names]
        always = feed_object(DAY, "always", absolute_magnitude_h=18.1)
        land(lakehouse, {DAY: [(fetched(hour), [always, *objects])]})

    snapshot(0, "leaves", "stays", "lost")
    run(lakehouse, [DAY], limit=30.0)
    before = rows_of(lakehouse, "gold_neo_fact"), revised(lakehouse)
    reports = run(lakehouse, [DAY], limit=20.0)
    assert (rows_of(lakehouse, "gold_neo_fact"), revised(lakehouse)) == before
    assert (reports[DAY].details["carried"], reports[DAY].rows_in, reports[DAY].rows_out) == (
        3,
        1,
        4,
    )

    # Versions of this project before this test existed have deleted revisions.
    lakehouse.spark.sql(
        f"DELETE FROM {lakehouse.backend.identifier(GOLD_NEO_REVISION)} WHERE designation = 'lost'"
    ).collect()
    snapshot(1, "stays")
    run(lakehouse, [DAY], limit=20.0)
    facts = {row["designation"]: row for row in rows_of(lakehouse, "gold_neo_fact")}
    assert {name for name, row in facts.items() if row["is_withdrawn"]} == {"leaves", "lost"}
    assert {row["first_seen_at"] for row in facts.values()} == {fetched(0)}
    first, gone = ("first", 26.2, fetched(0)), ("withdrawn", 26.2, fetched(1))
    assert revised(lakehouse) == before[1] | {
        (DAY, "leaves"): [first, gone],
        (DAY, "lost"): [first, gone],
    }


def random_snapshot(chance: random.Random, day: date) -> list[FeedObject]:
    objects = []
    for designation in ("2024 AA1", "2005 YQ96"):
        if chance.random() < 0.7:
            magnitude = chance.choice(MAGNITUDES)
            item = feed_object(day, designation, absolute_magnitude_h=magnitude)
            if chance.random() < 0.15:
                item["close_approach_data"][0]["relative_velocity"] = {}
            objects.append(item)
    return objects


def magnitude_of(item: FeedObject | None, limit: float) -> float:
    """The magnitude that a valid row gives, else 0."""
    if not item or not item["close_approach_data"][0]["relative_velocity"]:
        return 0.0
    magnitude: float = item["absolute_magnitude_h"]
    return magnitude * (magnitude < limit)


def plainly_read(
    before: list[Event], snapshots: list[tuple[datetime, FeedObject | None]], limit: float
) -> list[Event]:
    """What happened to an approach, with what gold had of it before."""
    events: list[Event] = []
    known, was_listed, has_valid = 0.0, False, False
    for at, item in snapshots:
        magnitude = magnitude_of(item, limit)
        has_valid = has_valid or magnitude > 0
        if item and not has_valid:
            magnitude = ([0.0] + [said for _, said, since in before if since <= at])[-1]
        what = ""
        if not known:
            what = "first" * (magnitude > 0)
        elif bool(item) != was_listed:
            what = "returned" if item else "withdrawn"
        elif magnitude not in (0.0, known):
            what = "changed"
        known, was_listed = magnitude or known, bool(item)
        if what:
            events.append((what, known, at))
    return events


def test_any_order_of_rules_snapshots_and_replays(lakehouse: Lakehouse) -> None:
    """Each day is a history of its own; all days go through the same changes of rules."""
    chance = random.Random(25)
    days = [DAY + timedelta(30 * number) for number in range(24)]
    snapshots: dict[date, list[tuple[datetime, list[FeedObject]]]] = {day: [] for day in days}
    expected: dict[tuple[date, str], list[Event]] = {}
    facts_before: dict[tuple[date, str], Row] = {}
    applied: dict[date, float] = {}
    for step, limit in enumerate(LIMITS):
        answered = chance.sample(days, 16)
        for day in answered:
            objects = random_snapshot(chance, day)
            # What repeats the newest snapshot does not land.
            if not snapshots[day] or snapshots[day][-1][1] != objects:
                snapshots[day].append((fetched(step), objects))
                land(lakehouse, {day: snapshots[day][-1:]})
        published = sorted({*answered, *chance.sample(days, 8)})
        unchanged_rules = {day for day in published if applied.get(day) == limit}
        applied |= dict.fromkeys(published, limit)
        reports = run(lakehouse, published, limit)
        ruled_out = 0
        for day in published:
            for designation in ("2024 AA1", "2005 YQ96"):
                said = [
                    (at, next((it for it in objects if designation in it["name"]), None))
                    for at, objects in snapshots[day]
                ]
                if events := plainly_read(expected.get((day, designation), []), said, limit):
                    expected[day, designation] = events
                    ruled_out += not any(magnitude_of(item, limit) for _, item in said)
        assert revised(lakehouse) == expected, (step, limit)

        facts = {
            (row["close_approach_date"], row["designation"]): row
            for row in rows_of(lakehouse, "gold_neo_fact")
        }
        assert facts.keys() == expected.keys()
        for (day, designation), row in facts.items():
            what, magnitude, seen_at = expected[day, designation][-1]
            assert (row["absolute_magnitude_h"], row["last_changed_at"]) == (magnitude, seen_at)
            assert row["is_withdrawn"] == (what == "withdrawn")
            assert row["is_withdrawn"] == (designation not in str(snapshots[day][-1][1]))
            if before := facts_before.get((day, designation)):
                changed = {name for name in row if row[name] != before[name]}
                assert changed != {"last_changed_at"} or day not in unchanged_rules
                assert row["first_seen_at"] <= before["first_seen_at"]
        facts_before = facts
        assert sum(report.details["carried"] for report in reports.values()) == ruled_out
        assert all(report.details["foreign_keys_missing"] == 0 for report in reports.values())
