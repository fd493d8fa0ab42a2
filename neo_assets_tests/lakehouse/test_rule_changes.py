"""A plan of other rules says what the run that follows does, and writes nothing."""

from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta

from neo_assets.lakehouse import stages
from neo_assets.lakehouse.model.rules import Rule, RuleSet
from neo_assets.lakehouse.model.tables import NEO_TABLES
from neo_assets.lakehouse.request import PLAN_RULES, Request, Result
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.progress import discard_log
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import feed_object, fetched, land, rows_of, version_of

DAYS = [date(2024, 3, 1) + timedelta(number) for number in range(3)]
FAINT = Rule("faint", "is bright enough", "absolute_magnitude_h < 25", "absolute_magnitude_h")
NEAR = Rule("near", "is near", "miss_distance_lunar < 1", "miss_distance_lunar", "warn")
OTHER = RuleSet((*(rule for rule in NEO.rules if rule.name != "invalid_velocity"), FAINT, NEAR))


def plan(lakehouse: Lakehouse, rule_set: RuleSet) -> Result:
    rules = [asdict(rule) for rule in rule_set.rules]
    request = Request(PLAN_RULES, "a plan", DAYS, rules=rules, sources=["neows"])
    return stages.run(lakehouse, request, discard_log)


def outcomes(lakehouse: Lakehouse) -> Counter[tuple[object, ...]]:
    """How many rows of each day have which class."""
    rows = rows_of(lakehouse, "silver_neo_versions")
    return Counter((row["partition_date"], row["classification"]) for row in rows)


def test_the_run_that_follows_does_what_was_planned(lakehouse: Lakehouse) -> None:
    for number, day in enumerate(DAYS):
        bright = feed_object(day, "2024 AA1", absolute_magnitude_h=18.1)
        faint = feed_object(day, f"2024 BB{number}", absolute_magnitude_h=26.2)
        still = feed_object(day, "2024 CC1")
        still["close_approach_data"][0]["relative_velocity"] = {}
        objects = [bright, bright, faint, still][: 4 if number < 2 else 1]
        land(lakehouse, {day: [(fetched(0), objects), (fetched(1), objects[:3])]})
    bronze.ingest(lakehouse, NEO, DAYS, "a run")
    before = {report.day: report for report in silver.refine(lakehouse, NEO, DAYS)}
    tables = [table.name for table in NEO_TABLES.all]
    versions, was = [version_of(lakehouse, name) for name in tables], outcomes(lakehouse)

    assert plan(lakehouse, NEO.rule_set).changes == []
    planned = plan(lakehouse, OTHER)
    assert [version_of(lakehouse, name) for name in tables] == versions

    moved = Counter(was)
    for change in planned.changes:
        moved[change.day, change.before] -= change.rows
        moved[change.day, change.after] += change.rows
    done = silver.refine(lakehouse, NEO, DAYS, OTHER)
    assert planned.reports == done
    assert +moved == outcomes(lakehouse) != was
    found = {(each.day, each.names[0]): each for each in planned.changes if each.after == "dropped"}
    assert {key: each.breaks for key, each in found.items() if "2024 BB" in key[1]} == {
        (day, f"(2024 BB{number})"): ["faint"] for number, day in enumerate(DAYS[:2])
    }
    obeying = {name for each in planned.changes if each.obeys for name in each.names}
    assert obeying and before[DAYS[2]].dropped == 0
