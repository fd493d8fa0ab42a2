"""Values of the risk lists, from what the agencies write to the columns of silver."""

import json
import random
import re
from datetime import date, datetime, timezone
from typing import Any

import pytest

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.sources.esa_risk.dataset import ESA_RISK_OBJECTS
from neo_assets.sources.esa_risk.response import objects
from neo_assets.sources.sentry.dataset import SENTRY_OBJECTS
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets_tests.real_data import ESA_RISK_LIST, SENTRY_LIST, needs_real_data

from .feed_objects import fetched, rows_of

DAY = date(2024, 3, 1)


def refined(lakehouse: Lakehouse, dataset: Dataset, listed: list[dict[str, Any]]) -> DayReport:
    """Land one snapshot of the day and take it to silver; what silver reports."""
    lakehouse.ensure_tables(dataset.tables.all)
    zone = LocalLandingZone(lakehouse.landing(dataset))
    zone.land(DAY, listed, source="simulator", fetched_at=fetched(0))
    bronze.ingest(lakehouse, dataset, [DAY], "a run")
    (report,) = silver.refine(lakehouse, dataset, [DAY])
    return report


ESA_NAMES = {
    # what ESA writes: designation, number, name
    "2023OW4": ("2023 OW4", None, "2023OW4"),
    "2010RF12": ("2010 RF12", None, "2010RF12"),
    "2024AA": ("2024 AA", None, "2024AA"),
    "29075 1950DA": ("1950 DA", "29075", "1950DA"),
    "101955 Bennu": ("101955", "101955", "Bennu"),
    "410777 2009FD": ("2009 FD", "410777", "2009FD"),
    "433": ("433", "433", None),
    "A924UB": ("A924 UB", None, "A924UB"),
    "2040P-L": ("2040 P-L", None, "2040P-L"),
    "3138T-2": ("3138 T-2", None, "3138T-2"),
    "Some Name": ("Some Name", None, "Some Name"),
}

JPL_NAMES = {
    # `des` and `fullname` as JPL writes them: designation, number
    ("1979 XB", "(1979 XB)"): ("1979 XB", None),
    ("29075", "29075 (1950 DA)"): ("1950 DA", "29075"),
    ("101955", "101955 Bennu (1999 RQ36)"): ("1999 RQ36", "101955"),
    ("2000 SG344", None): ("2000 SG344", None),
    ("99942", None): ("99942", "99942"),
}


def whole_number(written: Any) -> int | None:
    """Read a whole number of 32 bits without Spark."""
    text = str(written).strip() if type(written) in (int, str) else ""
    is_one = re.fullmatch("[+-]?[0-9]{1,10}", text, re.ASCII)
    return int(text) if is_one and abs(int(text)) < 2**31 else None


def years(written: str) -> tuple[int | None, int | None]:
    form = re.fullmatch("([0-9]{4}) ?- ?([0-9]{4})", written.strip(), re.ASCII)
    return (int(form[1]), int(form[2])) if form else (None, None)


WHOLE_NUMBERS = (
    *[0, 5, 227, "5", " 7 ", "+3", "-1", "5.0", 5.5, "", "five", None, True, "99999999999"],
    *[2**31 - 1, 2**31, "2147483647", "2147483648", "1e3"],
)
SPANS = ("2056-2113", "2022-2022", " 2056 - 2113 ", "2056", "2056-13", "-", "", "2056/2113", "a-b")


def test_numbers_and_years_of_sentry_in_all_forms(lakehouse: Lakehouse) -> None:
    chance = random.Random(7)
    numbers = [*WHOLE_NUMBERS, *(chance.randint(-(2**33), 2**33) for _ in range(20))]
    written: list[dict[str, Any]] = [
        {
            "des": f"2024 A{number}",
            "ip": f"{10 ** chance.uniform(-12, 0):.6g}",
            "ps_cum": f"{chance.uniform(-9, 1):.2f}",
            "n_imp": value,
            "ts_max": value,
            "range": chance.choice(SPANS) if number >= len(SPANS) else SPANS[number],
        }
        for number, value in enumerate(numbers)
    ]
    refined(lakehouse, SENTRY_OBJECTS, written)
    rows = {row["designation"]: row for row in rows_of(lakehouse, "silver_sentry_objects")}
    assert len(rows) == len(written)
    for item in written:
        row = rows[item["des"]]
        assert row["impact_probability"] == float(item["ip"])
        assert row["palermo_cumulative"] == float(item["ps_cum"])
        assert row["potential_impacts"] == row["torino_maximum"] == whole_number(item["n_imp"])
        assert (row["impact_year_first"], row["impact_year_last"]) == years(item["range"])
        assert (row["observed_date"], row["partition_date"]) == (DAY, DAY)


def test_designations_in_all_forms(lakehouse: Lakehouse) -> None:
    by_esa = [{"object": name, "ip_cum": "1E-4"} for name in ESA_NAMES]
    refined(lakehouse, ESA_RISK_OBJECTS, by_esa)
    found = {
        (row["designation"], row["number"], row["name"])
        for row in rows_of(lakehouse, "silver_esa_risk_objects")
    }
    assert found == set(ESA_NAMES.values())
    by_jpl = [
        {"des": des, "ip": "1e-4", **({"fullname": name} if name else {})}
        for des, name in JPL_NAMES
    ]
    refined(lakehouse, SENTRY_OBJECTS, by_jpl)
    rows = rows_of(lakehouse, "silver_sentry_objects")
    assert {(row["designation"], row["number"]) for row in rows} == set(JPL_NAMES.values())


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"des": " "}, "missing_designation"),
        ({"ip": None}, "invalid_probability"),
        ({"ip": "1.5"}, "invalid_probability"),
        ({"ip": "NaN"}, "invalid_probability"),
        ({"ip": None, "removed": "some day"}, "invalid_probability"),
    ],
)
def test_rows_that_say_nothing_are_dropped(
    lakehouse: Lakehouse, change: dict[str, Any], rule: str
) -> None:
    good = {"des": "2024 AA", "ip": "1e-4"}
    report = refined(lakehouse, SENTRY_OBJECTS, [good, good | {"des": "2024 BB"} | change])
    assert (report.kept, report.dropped, report.reasons) == (1, 1, {rule: 1})


@needs_real_data
def test_the_real_lists(lakehouse: Lakehouse) -> None:
    by_jpl = json.loads(SENTRY_LIST.read_text("utf-8"))["data"]
    by_esa = objects(ESA_RISK_LIST.read_text("utf-8"))
    for dataset, listed in ((SENTRY_OBJECTS, by_jpl), (ESA_RISK_OBJECTS, by_esa)):
        report = refined(lakehouse, dataset, listed)
        assert (report.kept, report.rows_in) == (len(listed), len(listed))
        assert not report.warnings
    jpl = {row["designation"]: row for row in rows_of(lakehouse, "silver_sentry_objects")}
    esa = {row["designation"]: row for row in rows_of(lakehouse, "silver_esa_risk_objects")}
    assert jpl.keys() == {"1979 XB", "2000 SB45"}
    assert (jpl["2000 SB45"]["potential_impacts"], jpl["1979 XB"]["potential_impacts"]) == (227, 5)
    assert jpl["1979 XB"]["last_observed"] == date(1979, 12, 15)
    # Both agencies have this one, five years apart.
    assert jpl["1979 XB"]["impact_probability"] == 8.89646e-07
    assert esa["1979 XB"]["impact_probability"] == 8.98e-07
    assert (esa["1979 XB"]["impact_year_first"], esa["1979 XB"]["impact_year_last"]) == (2056, 2117)
    assert {row["list_updated_at"] for row in esa.values()} == {
        datetime(2021, 10, 4, 5, 49, tzinfo=timezone.utc)
    }
