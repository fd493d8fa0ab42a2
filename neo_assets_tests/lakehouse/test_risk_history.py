"""What agencies said about impactors, against a plain reading of their lists."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, risk_history, silver
from neo_assets.sources.esa_risk.dataset import ESA_RISK_OBJECTS
from neo_assets.sources.sentry.dataset import SENTRY_OBJECTS
from neo_assets.targets.local.landing_zone import LocalLandingZone

from .feed_objects import rows_of, version_of

Listed = dict[str, Any]
FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(number) for number in range(4)]


def snapshot_time(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=timezone.utc)


def by_jpl(designation: str, odds: float, **more: Any) -> Listed:
    return {
        "des": designation,
        "fullname": f"({designation})",
        "ip": str(odds),
        "ps_cum": "-3.75",
        "ps_max": "-4.22",
        "ts_max": "0",
        "n_imp": "5",
        "range": "2068-2118",
        **more,
    }


def removed(designation: str) -> Listed:
    return {"des": designation, "removed": "2024-02-20 20:00:00"}


def by_esa(designation: str, odds: float, **more: Any) -> Listed:
    return {
        "object": designation.replace(" ", ""),
        "ip_cum": str(odds),
        "ps_cum": "-3.75",
        "ps_max": "-4.22",
        "ts": "0",
        "years": "2068-2118",
        "last_update": "2024-03-01 05:49",
        **more,
    }


def land(lakehouse: Lakehouse, dataset: Dataset, at: datetime, listed: Sequence[Listed]) -> None:
    lakehouse.ensure_tables(dataset.all_tables)
    zone = LocalLandingZone(lakehouse.landing(dataset))
    zone.land(at.date(), listed, source="simulator", fetched_at=at)


def publish(lakehouse: Lakehouse, dataset: Dataset, *days: date) -> dict[date, DayReport]:
    """Take days from their event files to gold."""
    bronze.ingest(lakehouse, dataset, days, "a run")
    silver.refine(lakehouse, dataset, days)
    return {report.day: report for report in risk_history.publish(lakehouse, dataset, days)}


def history_of(lakehouse: Lakehouse, dataset: Dataset) -> list[tuple[Any, ...]]:
    """Of each row: object, revision, from when, until when, odds, and their factor."""
    return sorted(
        (
            row["designation"],
            row["revision_type"],
            row["seen_at"],
            row["seen_until"],
            row["impact_probability"],
            row["odds_factor"],
        )
        for row in rows_of(lakehouse, "gold_impact_risk")
        if row["source"] == dataset.name
    )


def plain_reading(lists: Mapping[datetime, Sequence[Listed]]) -> list[tuple[Any, ...]]:
    """The same from the lists alone."""
    rows: list[list[Any]] = []
    current: dict[str, list[Any]] = {}
    for at, listed in sorted(lists.items()):
        said: dict[str, float | None] = {}
        for item in listed:
            designation = item["des"]
            if "removed" in item:
                said.setdefault(designation, None)
            elif item["ip"] != "wrong":
                said[designation] = float(item["ip"])
        invalid = {item["des"] for item in listed if item.get("ip") == "wrong"} - {
            designation for designation, odds in said.items() if odds is not None
        }
        for designation in {*said, *current} - invalid:
            odds = said.get(designation)
            before = current.get(designation)
            if before and before[4] == odds:
                continue
            if odds is None:
                what, factor = "removed", None
            elif before is None:
                what, factor = "listed", None
            elif before[4] is None:
                what, factor = "relisted", None
            else:
                what, factor = "revised", odds / before[4]
            if before:
                before[3] = at
            current[designation] = [designation, what, at, None, odds, factor]
            rows.append(current[designation])
    return sorted(map(tuple, rows))


def random_lists(seed: int) -> dict[datetime, list[Listed]]:
    chosen = random.Random(seed)
    lists: dict[datetime, list[Listed]] = {}
    for day in DAYS:
        for hour in (6, 18):
            listed = []
            for number in range(24):
                designation = f"2024 A{chr(65 + number)}"
                kind = chosen.random()
                if kind < 0.5:
                    listed.append(by_jpl(designation, chosen.choice([1e-5, 2e-5, 4e-3])))
                elif kind < 0.65:
                    listed.append(removed(designation))
                elif kind < 0.75:
                    listed.append(by_jpl(designation, 0) | {"ip": "wrong"})
            # Never without a row, which would be no list.
            lists[snapshot_time(day, hour)] = [*listed, by_jpl("2000 SG344", 1e-3)]
    return lists


def test_any_split_of_the_days_gives_what_a_plain_reading_gives(lakehouse: Lakehouse) -> None:
    lists = random_lists(0)
    for at, listed in lists.items():
        land(lakehouse, SENTRY_OBJECTS, at, listed)
    reports: dict[date, DayReport] = {}
    # Later days first, then a day before them, then one of the middle again.
    for days in (DAYS[1:], DAYS[:1], DAYS[2:3]):
        reports |= publish(lakehouse, SENTRY_OBJECTS, *days)
    expected = plain_reading(lists)
    assert history_of(lakehouse, SENTRY_OBJECTS) == expected
    for report in reports.values():
        assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0
        assert report.rows_out == report.rows_in > 0
    version = version_of(lakehouse, "gold_impact_risk")
    for report in risk_history.publish(lakehouse, SENTRY_OBJECTS, DAYS):
        of_day = Counter(row[1] for row in expected if row[2].date() == report.day)
        assert report.details == {what: of_day[what] for what in risk_history.REVISIONS}
    assert version_of(lakehouse, "gold_impact_risk") == version


def agreement(lakehouse: Lakehouse) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in rows_of(lakehouse, "risk_agreement"):
        yield row["object"], row


def test_both_agencies_side_by_side(lakehouse: Lakehouse) -> None:
    morning, evening = snapshot_time(FIRST, 6), snapshot_time(FIRST, 18)
    bennu = {"fullname": "101955 Bennu (1999 RQ36)"}
    land(
        lakehouse,
        SENTRY_OBJECTS,
        morning,
        [
            by_jpl("2024 AA", 1e-5),
            by_jpl("2024 BB", 1e-5),
            by_jpl("2024 CC", 1e-5),
            by_jpl("2024 EE", 1e-5, range="2068-2190"),
            by_jpl("101955", 5e-4, **bennu),
        ],
    )
    publish(lakehouse, SENTRY_OBJECTS, FIRST)
    assert {row["reason"] for _, row in agreement(lakehouse)} == {"only_sentry"}
    land(
        lakehouse,
        ESA_RISK_OBJECTS,
        evening,
        [
            by_esa("2024 AA", 2e-5),
            by_esa("2024 BB", 9e-5),
            by_esa("2024 DD", 1e-5),
            by_esa("2024 EE", 9e-5),
            by_esa("", 6e-4, object="101955    Bennu"),
        ],
    )
    publish(lakehouse, ESA_RISK_OBJECTS, FIRST)
    found = dict(agreement(lakehouse))
    assert {name: row["reason"] for name, row in found.items()} == {
        "2024 AA": "agree",
        "2024 BB": "unexplained",
        "2024 CC": "only_sentry",
        "2024 DD": "only_esa_risk",
        "2024 EE": "horizon",
        "101955": "agree",
    }
    assert found["101955"]["name"] == "101955 Bennu (1999 RQ36)"
    assert found["2024 BB"]["odds_ratio"] == pytest.approx(9)
    assert found["2024 BB"]["palermo_difference"] == 0

    land(
        lakehouse,
        ESA_RISK_OBJECTS,
        snapshot_time(DAYS[1], 6),
        [by_esa("2024 BB", 9e-7), by_esa("2024 DD", 1e-5)],
    )
    publish(lakehouse, ESA_RISK_OBJECTS, DAYS[1])
    found = dict(agreement(lakehouse))
    assert found["2024 BB"]["reason"] == "newer_observation"
    assert found["2024 AA"]["reason"] == "only_sentry"
