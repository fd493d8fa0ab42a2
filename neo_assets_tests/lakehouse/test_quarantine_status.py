"""A row's status in quarantine against its class, in any order of whatever can happen to it.

Each day goes through its own random sequence of answers and decisions, all days in one pass.  A
plain model in Python decides which rows are dropped and which were discarded.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest

from neo_assets.lakehouse import quarantine
from neo_assets.lakehouse.model.rules import RuleSet
from neo_assets.lakehouse.quarantine import Selection
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import FeedObject, Snapshot, feed_object, fetched, land, rows_of, tables_of
from .plain_reading import broken_rules

FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(16)]
ROUNDS = 9
OPTIONAL = ("invalid_velocity", "invalid_miss_distance")
"""The rules that are relaxed at times."""

Identity = tuple[int, str, int]
"""A row of a day: number of its snapshot, its content, and which of its repeats it is."""


@dataclass
class Model:
    """What must be known of one day."""

    snapshots: list[Snapshot] = field(default_factory=list)
    discarded: set[Identity] = field(default_factory=set)
    relaxed: frozenset[str] = frozenset()
    """The rules that were relaxed when silver last did the day."""
    seen: set[Identity] = field(default_factory=set)
    """The rows that were ever dropped."""

    def rows(self, day: date) -> Iterator[tuple[Identity, bool]]:
        """Every landed row, and whether it is dropped."""
        for number, (_, objects) in enumerate(self.snapshots):
            repeats: Counter[str] = Counter()
            for item in objects:
                content = canonical(item)
                repeats[content] += 1
                is_dropped = bool(set(broken_rules(item, day)) - self.relaxed)
                yield (number, content, repeats[content]), is_dropped

    def statuses(self, day: date) -> dict[Identity, str]:
        """The status of every row that must be in quarantine."""
        dropped = {identity for identity, is_dropped in self.rows(day) if is_dropped}
        self.seen |= dropped
        return {
            identity: "replayed"
            if identity not in dropped
            else "discarded"
            if identity in self.discarded
            else "open"
            for identity in self.seen
        }


def canonical(item: FeedObject) -> str:
    return json.dumps(item, sort_keys=True, separators=(",", ":"))


def random_answer(chance: random.Random, day: date) -> list[FeedObject]:
    defects: list[FeedObject] = [
        {},
        {},
        {"relative_velocity": {}},
        {"miss_distance": {}},
        {"relative_velocity": {}, "miss_distance": {}},
        {"close_approach_date": (day + timedelta(days=1)).isoformat()},
    ]
    objects = []
    for designation in ("2024 AA1", "2024 AB2", "2024 AC3"):
        item = feed_object(day, designation, **chance.choice(defects))
        objects += [item] * chance.choice((0, 1, 1, 2))
    return objects


def identified(lakehouse: Lakehouse, models: dict[date, Model]) -> dict[date, dict[Identity, Any]]:
    """The rows of the quarantine, by day and identity; none may be there twice."""
    found: dict[date, dict[Identity, Any]] = {day: {} for day in models}
    for row in rows_of(lakehouse, "silver_neo_quarantine"):
        day = row["partition_date"]
        names = sorted({file.name for file in lakehouse.landing(NEO).glob(f"*{day}/*.json")})
        number = names.index(row["source_file"].rpartition("/")[2])
        identity = number, canonical(json.loads(row["payload"])), row["repeat"]
        assert identity not in found[day]
        found[day][identity] = row
    return found


def with_relaxed(relaxed: frozenset[str]) -> RuleSet:
    return RuleSet(
        tuple(replace(rule, action="warn") if rule.name in relaxed else rule for rule in NEO.rules)
    )


@pytest.mark.parametrize("seed", [3])
def test_status_and_class_agree_whatever_happens(lakehouse: Lakehouse, seed: int) -> None:
    chance = random.Random(seed)
    models = {day: Model() for day in DAYS}
    happened: Counter[tuple[str, bool]] = Counter()
    for hour in range(ROUNDS):
        for day in DAYS:
            model = models[day]
            answer = random_answer(chance, day)
            known = [sorted(map(canonical, objects)) for _, objects in model.snapshots[-1:]]
            is_new = sorted(map(canonical, answer)) not in known
            if not model.snapshots or (is_new and chance.random() < 0.3):
                snapshot = fetched(hour), answer
                model.snapshots.append(snapshot)
                land(lakehouse, {day: [snapshot]})
        chosen = []
        for day, of_day in identified(lakehouse, models).items():
            for identity, row in sorted(of_day.items()):
                if row["status"] == "open" and chance.random() < 0.25:
                    models[day].discarded.add(identity)
                    chosen.append(row)
        quarantine.discard(tables_of(lakehouse), chosen, "by ada: known")

        relaxed = frozenset(name for name in OPTIONAL if chance.random() < 0.5)
        days = sorted(chance.sample(DAYS, len(DAYS) * 3 // 4))
        bronze.ingest(lakehouse, NEO, days, "a run")
        for report in silver.refine(lakehouse, NEO, days, with_relaxed(relaxed)):
            model = models[report.day]
            model.relaxed = relaxed
            expected = Counter(is_dropped for _, is_dropped in model.rows(report.day))
            assert (report.rows_in, report.dropped) == (expected.total(), expected[True])
            assert report.details["in_quarantine"] == report.dropped
            assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0
        found = identified(lakehouse, models)
        for day in days:
            statuses = {identity: row["status"] for identity, row in found[day].items()}
            assert statuses == models[day].statuses(day)
            happened.update(
                (status, identity in models[day].discarded) for identity, status in statuses.items()
            )
    # Every kind of row was there, with and without a decision.
    assert set(happened) == {
        ("open", False),
        ("discarded", True),
        ("replayed", False),
        ("replayed", True),
    }
    assert len(rows_of(lakehouse, "silver_neo_quarantine")) == len(
        quarantine.rows(tables_of(lakehouse), Selection(status=None))
    )
