"""JPL's close approaches and fireballs in the simulator: the same sky, known earlier or later."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from neo_assets.settings import Settings
from neo_assets.sources.base import DaySnapshot, Source
from neo_assets.sources.registry import source
from neo_assets.sources.simulator import Imperfections, SimulatedSky
from neo_assets.sources.simulator.jpl import close_approaches, fireballs
from neo_assets.sources.simulator.listing import JsonObject

SEED = 20150101
TODAY = date(2024, 4, 1)
DAYS = [date(2024, 3, 1) + timedelta(days=number) for number in range(45)]


def snapshots(which: Source, today: date = TODAY) -> list[DaySnapshot]:
    settings = Settings.model_validate({"neo_simulator_today": today})
    outcomes = list(which.fetch(settings, DAYS, lambda _: None))
    assert [outcome.day for outcome in outcomes] == DAYS
    return [outcome for outcome in outcomes if isinstance(outcome, DaySnapshot)]


def of_neows(today: date) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each approach of NeoWs: its designation and day, with minute and distance."""
    sky = SimulatedSky(SEED, Imperfections(0, 0, 0, 0, 0, 0, 0))
    for day in DAYS:
        for row in sky.feed(day, today):
            (approach,) = row["close_approach_data"]
            name = re.search(r"\(([^)]*)\)", row["name"])
            assert name
            distance = f"{float(approach['miss_distance']['astronomical']):.10f}"
            yield f"{name[1]} {day}", (approach["close_approach_date_full"], distance)


def of_jpl(today: date) -> Iterator[tuple[str, tuple[str, str]]]:
    for row in close_approaches(SEED, DAYS[0], DAYS[-1], 0.5, today):
        name = re.search(r"\(([^)]*)\)", row["fullname"])
        assert name
        minute = row["cd"]
        day = next(day for day in DAYS if f"{day:%Y-%b-%d}" == minute[:11])
        yield f"{name[1]} {day}", (minute, f"{float(row['dist'] or 0):.10f}")


def test_most_approaches_agree_and_some_orbits_are_one_step_newer() -> None:
    neows, jpl = dict(of_neows(TODAY)), dict(of_jpl(TODAY))
    shared = neows.keys() & jpl.keys()
    assert len(shared) > 0.97 * max(len(neows), len(jpl))
    equal = {key for key in shared if neows[key] == jpl[key]}
    assert 0.9 < len(equal) / len(shared) < 1
    assert neows.keys() - jpl.keys() or jpl.keys() - neows.keys()
    # Up to three days later NeoWs says what JPL says.
    later = [dict(of_neows(TODAY + timedelta(days=ahead))) for ahead in (1, 2, 3)]
    differing = {key for key in shared - equal if float(jpl[key][1])}
    caught_up = {key for key in differing if any(day.get(key) == jpl[key] for day in later)}
    assert differing and caught_up == differing


def test_every_value_is_text_or_null_and_forms_vary() -> None:
    rows = [item for each in snapshots(source("cad")) for item in each.objects]
    assert all(value is None or type(value) is str for row in rows for value in row.values())
    forms = {re.sub("[0-9]+", "9", row["t_sigma_f"]) for row in rows}
    assert forms == {"< 9:9", "9:9", "9_9:9"} and len(rows) > 400
    assert any(row["fullname"].startswith(" ") for row in rows)
    numbered = [row for row in rows if row["des"].isdecimal()]
    assert numbered and all(row["des"] in row["fullname"] for row in numbered)


def test_fireballs_are_published_late_and_some_change() -> None:
    first, last = date(2020, 1, 1), date(2023, 12, 31)
    final = fireballs(SEED, first, last, last + timedelta(days=1000))
    assert 100 < len(final) < 260
    by_date: dict[str, JsonObject] = {row["date"]: row for row in final}
    delays, changed = [], 0
    for moment, row in by_date.items():
        day = date.fromisoformat(moment[:10])
        for delay in range(200):
            published = fireballs(SEED, day, day, day + timedelta(days=delay))
            if found := [each for each in published if each["date"] == moment]:
                delays.append(delay)
                changed += found[0] != row
                break
    assert len(delays) == len(by_date)
    assert min(delays) >= 1 and max(delays) > 20
    assert 0.2 < changed / len(delays) < 0.5


@pytest.mark.parametrize("name", ["cad", "fireball"])
def test_a_day_alone_says_what_it_says_among_others(name: str) -> None:
    which = source(name)
    settings = Settings.model_validate({"neo_simulator_today": TODAY})
    for each in snapshots(which)[::9]:
        (outcome,) = which.fetch(settings, [each.day], lambda _: None)
        assert isinstance(outcome, DaySnapshot) and outcome.objects == each.objects
