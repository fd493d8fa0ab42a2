"""Approaches of NeoWs and of JPL's close-approach data side by side, with one reason each."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import agreement, gold
from neo_assets.sources.cad.dataset import CAD_APPROACHES
from neo_assets.sources.neows.agreement import AGREEMENT
from neo_assets.sources.neows.dataset import NEO
from neo_assets_tests.sources.jpl_rows import Row, approach

from .datasets import refined
from .feed_objects import feed_object, fetched, rows_of

DAY = date(2024, 3, 1)
NEXT = DAY + timedelta(days=1)
ALONE = DAY + timedelta(days=3)
"""A day that CAD was not asked for."""


def by_cad(day: date, designation: str, **changes: Any) -> Row:
    """What CAD says of an approach as `feed_object` has it, with more digits."""
    same = {
        "cd": f"{day:%Y-%b-%d} 20:28",
        "dist": "0.302746945700012",
        "dist_min": "0.302646945700012",
        "dist_max": "0.302846945700012",
        "v_rel": "18.1279360862003",
        "h": "21.34",
        "t_sigma_f": "00:03",
    }
    return approach(day, designation, **{**same, **changes})


OTHER_ORBIT = {"orbit_id": "19", "dist": "0.31", "dist_min": "0.3099", "dist_max": "0.3101"}

OF_NEOWS = (
    "2024 AA1",
    "2024 AA2",
    "2024 AA3",
    "2024 AA4",
    "2024 AA5",
    "2024 AA6",
    "2024 AA7",
    "2024 AA9",
)

FIRST_LIST = [by_cad(DAY, "2024 AA4")]
SECOND_LIST = [
    by_cad(DAY, "2024 AA1"),
    by_cad(DAY, "2024 AA2", h="21.3"),
    by_cad(DAY, "2024 AA3", dist="0.302746999", cd=f"{DAY:%Y-%b-%d} 20:30"),
    by_cad(DAY, "2024 AA4", **OTHER_ORBIT),
    by_cad(DAY, "2024 AA6", **OTHER_ORBIT),
    by_cad(DAY, "2024 AA8"),
    by_cad(DAY, "2024 AA9", dist="0.302746945700012", v_rel="19.1"),
    by_cad(DAY, "887", fullname="887 Alinda (1918 DB)"),
]

REASONS = {
    "2024 AA1": "agree",
    "2024 AA2": "rounding",
    # Within three standard deviations of both.
    "2024 AA3": "older_orbit",
    # Outside of them, but CAD said the same before.
    "2024 AA4": "older_orbit",
    "2024 AA5": "moved_day",
    "2024 AA6": "unexplained",
    "2024 AA7": "only_neows",
    "2024 AA8": "only_cad",
    "2024 AA9": "unexplained",
    "A918 AA": "agree",
}


def compare(lakehouse: Lakehouse, *days: date) -> Mapping[str, dict[str, Any]]:
    """Publish these days and compare them; each row of the comparison by its designation."""
    lakehouse.ensure_tables([*NEO.all_tables, AGREEMENT.table])
    reports = gold.publish(lakehouse, days)
    agreement.publish(lakehouse, AGREEMENT, NEO.tables, CAD_APPROACHES.tables, days)
    counted = agreement.with_counts(lakehouse, AGREEMENT, reports)
    (of_day,) = [report for report in counted if report.day == DAY]
    rows = {row["designation"]: row for row in rows_of(lakehouse, AGREEMENT.table.name)}
    unexplained = [name for name, row in rows.items() if row["reason"] == "unexplained"]
    assert of_day.details[agreement.DIFFERING] == len(unexplained)
    assert sorted(of_day.disagreements) == sorted(unexplained)
    return rows


def test_each_difference_has_one_reason(lakehouse: Lakehouse) -> None:
    objects = [feed_object(DAY, name) for name in OF_NEOWS]
    alinda = feed_object(DAY, "A918 AA", id="2000887", name="887 Alinda (A918 AA)")
    refined(
        lakehouse,
        NEO,
        {
            DAY: [(fetched(0), [*objects, alinda])],
            NEXT: [(fetched(0), [])],
            ALONE: [(fetched(0), [feed_object(ALONE, "2024 ZZ")])],
        },
    )
    refined(
        lakehouse,
        CAD_APPROACHES,
        {
            DAY: [(fetched(0), FIRST_LIST), (fetched(1), SECOND_LIST)],
            NEXT: [(fetched(1), [by_cad(NEXT, "2024 AA5")])],
        },
    )
    rows = compare(lakehouse, DAY, NEXT, ALONE)
    assert {name: row["reason"] for name, row in rows.items()} == REASONS

    alone = rows["2024 AA8"]
    assert (alone["neo_event_key"], alone["neows_miss_distance_au"]) == (None, None)
    assert (alone["cad_miss_distance_au"], alone["close_approach_date"]) == (0.302746945700012, DAY)
    moved = rows["2024 AA5"]
    assert (moved["close_approach_date"], moved["cad_close_approach_date"]) == (DAY, NEXT)
    assert moved["time_difference_minutes"] == 24 * 60
    assert rows["2024 AA3"]["time_difference_minutes"] == 2
    assert rows["2024 AA3"]["time_tolerance_minutes"] == 3
    assert abs(rows["2024 AA6"]["distance_difference_au"] - 0.0072530543) < 1e-9
    assert abs(rows["2024 AA6"]["distance_tolerance_au"] - 0.0001) < 1e-9

    # The day on which one of them lists an approach no more is compared again from either side.
    refined(lakehouse, CAD_APPROACHES, {NEXT: [(fetched(2), [by_cad(NEXT, "2024 BB")])]})
    rows = compare(lakehouse, NEXT, DAY)
    assert rows["2024 AA5"]["reason"] == "only_neows"
    assert rows["2024 BB"]["reason"] == "only_cad"
    refined(lakehouse, CAD_APPROACHES, {NEXT: [(fetched(3), [by_cad(NEXT, "2024 AA5")])]})
    rows = compare(lakehouse, DAY)
    assert rows["2024 AA5"]["reason"] == "moved_day"
    assert "2024 BB" not in rows
