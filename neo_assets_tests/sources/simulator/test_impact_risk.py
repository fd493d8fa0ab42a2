"""The simulated risk lists: odds rise, fall and end in removal, and two agencies differ."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
import requests

from neo_assets.sources.esa_risk.response import objects
from neo_assets.sources.simulator import SimulatedSky, documents, impact_risk, serve
from neo_assets.sources.simulator.impact_risk import (
    esa_risk_list,
    sentry_list,
    sentry_removals,
)

TODAY = date(2024, 3, 1)
SEED = SimulatedSky().seed


def odds(day: date) -> dict[str, float]:
    return {row["des"]: float(row["ip"]) for row in sentry_list(SEED, day)}


def test_the_same_day_has_the_same_lists() -> None:
    def lists() -> tuple[object, ...]:
        return (
            sentry_list(SEED, TODAY),
            sentry_removals(SEED, TODAY),
            esa_risk_list(SEED, TODAY),
        )

    before = lists()
    impact_risk._watches.cache_clear()
    assert lists() == before
    assert sentry_list(SEED + 1, TODAY) != before[0]


def test_odds_rise_fall_and_end_in_removal() -> None:
    days = [TODAY + timedelta(days=2 * number) for number in range(60)]
    by_day = [odds(day) for day in days]
    gone = {row["des"] for row in sentry_removals(SEED, days[-1])} - {
        row["des"] for row in sentry_removals(SEED, days[0])
    }
    courses = {
        name: [listed[name] for listed in by_day if name in listed]
        for name in gone
        if name not in by_day[0] and name not in by_day[-1]
    }
    risen_and_fallen = [
        name
        for name, course in courses.items()
        if any(later > 2 * earlier for earlier, later in pairwise(course))
        and course[-1] < max(course) / 10
    ]
    assert risen_and_fallen
    listed_again = [name for name in gone if name in by_day[-1]]
    assert not listed_again


def test_most_of_a_list_is_the_same_on_the_next_day() -> None:
    before, after = odds(TODAY), odds(TODAY + timedelta(days=1))
    unchanged = [name for name in before if after.get(name) == before[name]]
    assert len(before) > 100
    assert 0.8 * len(before) < len(unchanged) < len(before)


def test_the_objects_are_those_that_the_feed_marks() -> None:
    sky = SimulatedSky()
    known = {row["fullname"] for row in sentry_list(SEED, TODAY)}
    removed = {row["des"] for row in sentry_removals(SEED, TODAY)}
    marked = {
        row["name"]
        for number in range(10, 60)
        for row in sky.feed(TODAY - timedelta(days=number), TODAY)
        if row["is_sentry_object"]
    }
    assert len(marked) > 5
    for name in marked - known:
        number = re.match(r"([0-9]+) ", name)
        assert (number[1] if number else name.strip("()")) in removed


def test_esa_differs_by_rounding_and_horizon() -> None:
    by_jpl = {row["fullname"].split("(")[1].rstrip(")"): row for row in sentry_list(SEED, TODAY)}
    by_esa = {row["object"].split()[-1]: row for row in objects(esa_risk_list(SEED, TODAY))}
    both = {
        name: (float(row["ip"]), by_esa[name.replace(" ", "")])
        for name, row in by_jpl.items()
        if name.replace(" ", "") in by_esa
    }
    assert len(both) > 0.7 * len(by_jpl)
    assert all(re.fullmatch(r"[0-9][.][0-9]{2}E-[0-9]+", row["ip_cum"]) for _, row in both.values())
    assert max(int(row["years"][-4:]) for row in by_esa.values()) <= TODAY.year + 100
    assert max(int(row["range"][-4:]) for row in by_jpl.values()) > TODAY.year + 100
    is_near = [0.8 < float(row["ip_cum"]) / by_jpl < 1.2 for by_jpl, row in both.values()]
    assert 0.5 * len(both) < sum(is_near) < len(both)
    # An impact beyond ESA's horizon has no value on the Torino scale either.
    without_torino = [name for name, row in by_jpl.items() if row["ts_max"] is None]
    assert without_torino
    assert not {name.replace(" ", "") for name in without_torino} & by_esa.keys()


def test_numbers_and_null_come_in_the_forms_of_jpl() -> None:
    rows = sentry_list(SEED, TODAY)
    assert {type(row["n_imp"]) for row in rows} == {int, str}
    assert all(re.fullmatch("[ab][0-9A-Za-z]{7}", row["id"]) for row in rows)
    for row in sentry_removals(SEED, TODAY):
        assert row["removed"] < f"{TODAY}"


@pytest.mark.parametrize("day", [date(1901, 1, 1), date(2198, 12, 31)])
def test_lists_far_from_the_present_are_whole(day: date) -> None:
    assert objects(esa_risk_list(SEED, day)) is not None
    assert len(sentry_removals(SEED, day)) == len(
        {row["des"] for row in sentry_removals(SEED, day)}
    )


def test_both_lists_over_http() -> None:
    with serve(SimulatedSky(), today=TODAY, documents=documents(SEED)) as server:

        def get(path: str) -> requests.Response:
            return requests.get(f"{server.root_url}{path}", timeout=30)

        listed, removed = get("/sentry.api").json(), get("/sentry.api?removed=1").json()
        assert listed["signature"]["version"] == "2.0"
        assert int(listed["count"]) == len(listed["data"]) == len(sentry_list(SEED, TODAY))
        assert removed["data"] == sentry_removals(SEED, TODAY)
        text = get("/PSDB-portlet/download?file=esa_risk_list")
        assert text.text == esa_risk_list(SEED, TODAY)
        assert text.headers["Content-Type"].startswith("text/plain")
        unknown = get("/sentry.api?colour=red")
        assert (unknown.status_code, unknown.json()["code"]) == (400, "400")
        assert get("/PSDB-portlet/download?file=other").status_code == 404
        assert get("/other.api").status_code == 404
