"""Every rule on rows that keep it and rows that break it, and rule sets of all kinds."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from neo_assets.lakehouse.model.rules import (
    Action,
    Rule,
    RuleSet,
)
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.lakehouse.transforms.rule_conditions import RuleError
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import FeedObject, feed_object, fetched, land, rows_of
from .test_histories import random_histories

START = date(2024, 1, 1)


def of(day: date, place: str, **values: Any) -> FeedObject:
    """An object with some values of its approach, or of one part of it, changed."""
    item = feed_object(day)
    approach = item["close_approach_data"][0]
    approach[place] = approach[place] | values
    return item


def diameters(day: date, least: float, most: float) -> FeedObject:
    meters = {"estimated_diameter_min": least, "estimated_diameter_max": most}
    return feed_object(day, estimated_diameter={"meters": meters})


def distances(day: date, au: float) -> FeedObject:
    return of(
        day,
        "miss_distance",
        astronomical=str(au),
        lunar=str(au * 389),
        kilometers=str(au * 149597870.7),
    )


def breaking(day: date) -> Iterator[tuple[str, FeedObject, str]]:
    """For each rule rows that break it, with what is reported about the value that was sent."""
    yield "missing_designation", feed_object(day, name=None), "designation = missing"
    yield (
        "unreadable_date",
        feed_object(day, close_approach_date="soon"),
        "close_approach_date = soon",
    )
    yield (
        "date_mismatch",
        feed_object(day, close_approach_date="2023-12-31"),
        "close_approach_date = 2023-12-31",
    )
    too_slow = of(day, "relative_velocity", kilometers_per_second="-3")
    yield "invalid_velocity", too_slow, "relative_velocity_km_s = -3"
    nowhere = of(day, "miss_distance", kilometers="NaN")
    yield "invalid_miss_distance", nowhere, "miss_distance_km = NaN"
    yield "invalid_orbiting_body", feed_object(day, orbiting_body="3"), "orbiting_body = 3"
    yield "unreadable_time", feed_object(day, close_approach_date_full="noon"), ""
    yield "unknown_orbiting_body", feed_object(day, orbiting_body="Vulcan"), ""
    yield "implausible_velocity", of(day, "relative_velocity", kilometers_per_second="110.1"), ""
    yield "implausible_distance", distances(day, 6370 / 149597870.7), ""
    yield "implausible_distance", distances(day, 0.52), ""
    yield "disagreeing_distances", of(day, "miss_distance", lunar="117.0"), ""
    yield "disagreeing_distances", of(day, "miss_distance", astronomical="0.304"), ""
    yield "disagreeing_distances", of(day, "miss_distance", lunar="unknown"), ""
    yield "inverted_diameters", diameters(day, 143.4019, 143.4018), ""
    yield "diameters_disagree_with_magnitude", diameters(day, 146, 320), ""


def keeping(day: date) -> Iterator[FeedObject]:
    """Rows at the edges of the rules that break none."""
    yield feed_object(day)
    yield of(day, "relative_velocity", kilometers_per_second="110")
    yield of(day, "relative_velocity", kilometers_per_second="0.08")
    yield distances(day, 6371 / 149597870.7)
    yield distances(day, 0.51)
    yield diameters(day, 143.4019234645, 143.4019234645)
    yield diameters(day, 143.4019234645 * 1.0099, 320)
    yield feed_object(day, absolute_magnitude_h=None)
    yield feed_object(day, estimated_diameter=None)
    # No diameter at all, as far as is known.
    yield diameters(day, -1, 320)
    yield feed_object(day, absolute_magnitude_h=None, estimated_diameter=None)


def test_each_rule_finds_what_breaks_it_and_nothing_else(lakehouse: Lakehouse) -> None:
    """One row a day, all days in one pass."""
    wrong = [name for name, *_ in breaking(START)]
    assert set(wrong) == {rule.name for rule in NEO.rules}
    days = [START + timedelta(days=n) for n in range(len(wrong) + len(list(keeping(START))))]
    for number, day in enumerate(days):
        item = [*(broken for _, broken, _ in breaking(day)), *keeping(day)][number]
        land(lakehouse, {day: [(fetched(0), [item])]})
    bronze.ingest(lakehouse, NEO, days, "a run")
    silver.refine(lakehouse, NEO, days)

    versions = {row["partition_date"]: row for row in rows_of(lakehouse, "silver_neo_versions")}
    dropping = {rule.name for rule in NEO.rule_set.dropping}
    for day, (name, _, finding) in zip(days, breaking(START), strict=False):
        row = versions[day]
        if name in dropping:
            assert (row["reasons"], row["findings"]) == ([name], [f"{name}: {finding}"])
        else:
            # A diameter that is wrong does not agree with H either.
            warnings = set(row["warnings"]) - {"diameters_disagree_with_magnitude"}
            assert row["classification"] == "kept"
            assert name in row["warnings"] and warnings <= {name}, (name, row["warnings"])
    for day in days[len(wrong) :]:
        row = versions[day]
        assert row["classification"] == "kept" and row["warnings"] == [], (day, row["warnings"])


def test_a_condition_that_spark_cannot_read_is_named(lakehouse: Lakehouse) -> None:
    land(lakehouse, {START: [(fetched(0), [feed_object(START)])]})
    bronze.ingest(lakehouse, NEO, [START], "a run")
    for condition, said in (
        ("no_such_column > 1", "rule mine: .*no_such_column"),
        ("no_such_function(name)", "rule mine: .*no_such_function"),
        ("absolute_magnitude_h + 1", "rule mine: it is neither true nor false"),
        ("absolute_magnitude_h >", "rule mine: .*end of input"),
        ("max(absolute_magnitude_h) > 1", "rule mine: .*GROUP BY"),
        ("explode(array(true))", "rule mine: .*generator"),
        ("name > DATE '2020-13-01'", "rule mine: .*2020-13-01"),
    ):
        rule = Rule("mine", "is fine", condition, place="quality.yaml, line 7")
        with pytest.raises(RuleError, match=f"^NEO_QUALITY_FILE: quality.yaml, line 7: the {said}"):
            silver.refine(lakehouse, NEO, [START], RuleSet((*NEO.rules, rule)))


def test_a_condition_that_raises_for_a_row_is_broken_by_that_row_alone(
    lakehouse: Lakehouse,
) -> None:
    numbered = feed_object(START, "433", absolute_magnitude_h=20.0)
    other = feed_object(START, "2024 AA", absolute_magnitude_h=22.0)
    no_distance = distances(START, 0.0)
    no_distance["close_approach_data"][0]["miss_distance"]["kilometers"] = "1000000"
    land(lakehouse, {START: [(fetched(0), [numbered, other, no_distance])]})
    bronze.ingest(lakehouse, NEO, [START], "a run")
    # The first two share a part that raises, which Spark would evaluate once for both.
    conditions = {
        "numbered": "CAST(designation AS INT) > 0",
        "small_number": "CAST(designation AS INT) < 1000000",
        "not_twenty": "1 / (absolute_magnitude_h - 20) > 0",
        "second_word": "split(designation, ' ')[1] = 'AA'",
        # Backwards, for what follows a first value, as in `2024 AA`, is not parsed.
        "is_json": "to_json(parse_json(reverse(designation))) <> ''",
        "raising": "if(designation = '433', true, raise_error('no'))",
    }
    own = [Rule(name, "is so", text, action="warn") for name, text in conditions.items()]
    for codegen in ("false", "true"):
        lakehouse.spark.conf.set("spark.sql.codegen.wholeStage", codegen)
        (report,) = silver.refine(lakehouse, NEO, [START], RuleSet((*NEO.rules, *own)))
        versions = {
            row["designation"]: set(row["warnings"]) & {*conditions, "disagreeing_distances"}
            for row in rows_of(lakehouse, "silver_neo_versions")
        }
        assert report.kept == 3
        assert versions["433"] == {"not_twenty", "second_word"}
        assert versions["2024 AA"] == {*conditions} - {"not_twenty", "second_word"}
        assert "disagreeing_distances" in versions["2024 AA1"]
    lakehouse.spark.conf.unset("spark.sql.codegen.wholeStage")


def test_a_rule_that_fails_a_day_drops_its_rows_too(lakehouse: Lakehouse) -> None:
    rules = tuple(
        replace(rule, action="fail") if rule.name == "invalid_velocity" else rule
        for rule in NEO.rules
    )
    days = [START, START + timedelta(days=1), START + timedelta(days=2)]
    bad = of(days[0], "relative_velocity", kilometers_per_second="0")
    land(lakehouse, {days[0]: [(fetched(0), [feed_object(days[0]), bad])]})
    # It was so, and is no more.
    was = of(days[1], "relative_velocity", kilometers_per_second="0")
    fixed = [(fetched(0), [was]), (fetched(1), [feed_object(days[1])])]
    land(lakehouse, {days[1]: fixed, days[2]: [(fetched(0), [feed_object(days[2])])]})
    bronze.ingest(lakehouse, NEO, days, "a run")
    reports = silver.refine(lakehouse, NEO, days, RuleSet(rules))
    assert [report.snapshot_reasons for report in reports] == [{"invalid_velocity": 1}, {}, {}]
    assert [report.dropped for report in reports] == [1, 1, 0]
    assert len(rows_of(lakehouse, "silver_neo_quarantine")) == 2


def test_every_row_is_in_one_class_with_any_rules(lakehouse: Lakehouse) -> None:
    histories = random_histories(seed=11, days=12)
    land(lakehouse, histories)
    bronze.ingest(lakehouse, NEO, list(histories), "a run")
    chance = random.Random(5)
    conditions = ("absolute_magnitude_h < 22", "size(array(name)) = 1", "NULL", "neo_id > '2'")
    actions: tuple[Action, ...] = ("warn", "drop", "fail")
    for _ in range(4):
        changed = [replace(rule, action=chance.choice(actions)) for rule in NEO.rules]
        own = [
            Rule(f"own_{number}", "is as it is", condition, action=chance.choice(actions))
            for number, condition in enumerate(conditions)
        ]
        free = [rule for rule in changed if not rule.keeps_key] + own
        needed = [rule for rule in NEO.rules if rule.keeps_key]
        rules = [*needed, *chance.sample(free, chance.randint(0, len(free)))]
        rule_set = RuleSet(tuple(rules))
        reports = silver.refine(lakehouse, NEO, list(histories), rule_set)
        dropping = {rule.name for rule in rule_set.dropping}
        for report in reports:
            rows = sum(len(objects) for _, objects in histories[report.day])
            assert report.rows_in == report.rows_received == rows
            assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0
            assert set(report.reasons) <= dropping
            assert report.rule_set == rule_set.version
        kept = Counter(row["partition_date"] for row in rows_of(lakehouse, "silver_neo_events"))
        assert kept == Counter({report.day: report.kept for report in reports if report.kept})
        open_rows = [
            row for row in rows_of(lakehouse, "silver_neo_quarantine") if row["status"] == "open"
        ]
        assert len(open_rows) == sum(report.dropped for report in reports)
        assert {row["rule_set"] for row in open_rows} <= {rule_set.version}
