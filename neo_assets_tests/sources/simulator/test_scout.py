"""The simulated list of unconfirmed objects: those that NeoWs will list a little later."""

import re
from datetime import date, timedelta

import pytest
import requests

from neo_assets.sources.simulator import SimulatedSky, documents, serve
from neo_assets.sources.simulator.scout import LONGEST_DAYS, scout_list

TODAY = date(2024, 3, 1)
SEED = SimulatedSky().seed
DAYS = [TODAY + timedelta(days=number) for number in range(30)]


def names(day: date) -> set[str]:
    return {row["objectName"] for row in scout_list(SEED, day)}


def test_the_same_day_has_the_same_list() -> None:
    before = scout_list(SEED, TODAY)
    assert scout_list(SEED, TODAY) == before
    assert scout_list(SEED + 1, TODAY) != before


def test_objects_appear_and_vanish() -> None:
    by_day = [names(day) for day in DAYS]
    assert all(
        len(listed) == len(scout_list(SEED, day)) for listed, day in zip(by_day, DAYS, strict=True)
    )
    for name in set().union(*by_day[LONGEST_DAYS:-LONGEST_DAYS]):
        present = [number for number, listed in enumerate(by_day) if name in listed]
        assert len(present) <= LONGEST_DAYS
        assert present == list(range(present[0], present[-1] + 1))
    assert not by_day[0] & by_day[LONGEST_DAYS]


def test_what_vanishes_is_listed_by_neows() -> None:
    """The designation has the number under which NeoWs lists the object, in base 36."""
    sky = SimulatedSky()

    def by_neows(today: date) -> set[int]:
        around = range(-LONGEST_DAYS - 2, 8)
        days = [TODAY + timedelta(days=number) for number in around]
        return {int(row["id"]) for day in days for row in sky.feed(day, today)}

    listed = {int(name[2:], 36) for name in names(TODAY)}
    assert len(listed) > 10
    assert not listed & by_neows(TODAY)
    # Some are found in old images weeks later, and a few not at all.
    assert len(listed & by_neows(TODAY + timedelta(days=60))) > 0.7 * len(listed)


def test_values_come_in_the_forms_of_jpl() -> None:
    rows = [row for day in DAYS for row in scout_list(SEED, day)]
    scores = [name for name in rows[0] if name.endswith("Score")]
    assert len(scores) == 6
    assert {type(row[name]) for row in rows for name in scores if name != "neoScore"} == {int}
    assert {type(row["neoScore"]) for row in rows} == {int, type(None)}
    assert {row["rating"] for row in rows} >= {None, 0, 1}
    for row in rows:
        assert all(row[name] is None or 0 <= row[name] <= 100 for name in scores)
        assert (row["caDist"] is None) == (row["vInf"] is None)
        assert re.fullmatch("[01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]", row["ra"])
        assert re.fullmatch("[+-][0-9]{2}", row["dec"])
        for name in ("moid", "H", "arc", "rmsN", "elong", "Vmag", "rate", "unc", "uncP1"):
            assert re.fullmatch(r"-?[0-9]+([.][0-9]+)?", row[name])
        if row["rating"] is None:
            assert row["nObs"] < 3 or float(row["arc"]) <= 1 / 3
        else:
            assert row["nObs"] >= 3
    assert all(
        row["lastRun"] <= row["tEphem"] == f"{TODAY} 00:00" for row in scout_list(SEED, TODAY)
    )


@pytest.mark.parametrize("day", [date.min, date(1900, 1, 1), date(2199, 12, 31), date.max])
def test_lists_far_from_the_present_are_whole(day: date) -> None:
    assert len(names(day)) == len(scout_list(SEED, day))


def test_the_list_over_http() -> None:
    with serve(SimulatedSky(), today=TODAY, documents=documents(SEED)) as server:
        found = requests.get(f"{server.root_url}/scout.api", timeout=30).json()
        assert found["signature"] == {"version": "1.3", "source": "NASA/JPL Scout API"}
        assert int(found["count"]) == len(found["data"])
        assert found["data"] == scout_list(SEED, TODAY)
        unknown = requests.get(f"{server.root_url}/scout.api?colour=red", timeout=30)
        assert (unknown.status_code, unknown.json()["code"]) == (400, "400")
