"""What other sources add to the star, to approaches and objects that they name alike."""

from datetime import date, timedelta
from typing import Any

import pytest

from neo_assets.lakehouse.model.tables import FURTHER_COLUMNS, OBJECT_DETAILS
from neo_assets.lakehouse.stages import as_of
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import gold, risk_history
from neo_assets.sources import registry
from neo_assets.sources.cad.dataset import CAD_APPROACHES
from neo_assets.sources.esa_risk.dataset import ESA_RISK_OBJECTS
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.sentry.dataset import SENTRY_OBJECTS
from neo_assets_tests.sources.jpl_rows import approach

from .datasets import refined
from .feed_objects import feed_object, fetched, rows_of, version_of
from .test_risk_history import by_esa, by_jpl, removed

DAY = date(2024, 3, 1)
NEXT = DAY + timedelta(days=1)
LISTED_ON = fetched(0).date()
FURTHER = [column.name for column in FURTHER_COLUMNS]
DETAILS = [column.name for column in OBJECT_DETAILS]


def publish(lakehouse: Lakehouse, *days: date) -> None:
    """Bring the star and the history of odds up to date."""
    for dataset in (SENTRY_OBJECTS, ESA_RISK_OBJECTS):
        lakehouse.ensure_tables(dataset.all_tables)
        risk_history.publish(lakehouse, dataset, [LISTED_ON])
    gold.publish(lakehouse, days, registry.others())


def facts(lakehouse: Lakehouse) -> dict[str, dict[str, Any]]:
    return {row["designation"]: row for row in rows_of(lakehouse, "gold_neo_fact")}


def details(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What other sources say of each object, by its designation."""
    return {row["designation"]: [row[name] for name in DETAILS] for row in rows}


@pytest.fixture
def fed(lakehouse: Lakehouse) -> Lakehouse:
    """Approaches of two days, of which another source lists one with the same key."""
    listed = {
        DAY: [(fetched(0), [feed_object(DAY, "2024 AA1"), feed_object(DAY, "2024 AA2")])],
        NEXT: [(fetched(0), [feed_object(NEXT, "2024 AA3")])],
    }
    refined(lakehouse, NEO, listed)
    # The second one passes on another day there, so it is not certain to be the same approach.
    by_cad = {
        DAY: [(fetched(1), [approach(DAY, "2024 AA1")])],
        NEXT: [(fetched(1), [approach(NEXT, "2024 AA2", diameter="0.15", diameter_sigma="0.01")])],
    }
    refined(lakehouse, CAD_APPROACHES, by_cad)
    return lakehouse


def test_without_other_sources_their_columns_are_empty(lakehouse: Lakehouse) -> None:
    refined(lakehouse, NEO, {DAY: [(fetched(0), [feed_object(DAY, "2024 AA1")])]})
    gold.publish(lakehouse, [DAY], registry.others())
    assert {facts(lakehouse)["2024 AA1"][name] for name in FURTHER} == {None}
    assert details(rows_of(lakehouse, "gold_dim_neo"))["2024 AA1"] == [None] * len(DETAILS)


def test_an_approach_with_the_same_key_gains_columns(fed: Lakehouse) -> None:
    publish(fed, DAY, NEXT)
    before = facts(fed)
    assert [before["2024 AA1"][name] for name in FURTHER] == [
        0.0211628345552616,
        0.0211692704882042,
        1,
        5.59959589405614,
    ]
    assert {before[other][name] for other in ("2024 AA2", "2024 AA3") for name in FURTHER} == {None}
    refined(fed, CAD_APPROACHES, {DAY: [(fetched(2), [approach(DAY, "2024 AA1", v_inf="5.7")])]})
    publish(fed, DAY)
    after = facts(fed)
    changed = {**before["2024 AA1"], "velocity_at_infinity_km_s": 5.7}
    # Nothing of the feed changed, and so neither did `last_changed_at`.
    assert after == {**before, "2024 AA1": changed}
    version = version_of(fed, "gold_neo_fact"), version_of(fed, "gold_dim_neo")
    publish(fed, DAY, NEXT)
    assert (version_of(fed, "gold_neo_fact"), version_of(fed, "gold_dim_neo")) == version


def test_an_object_gains_what_other_sources_say_of_its_designation(fed: Lakehouse) -> None:
    refined(
        fed,
        SENTRY_OBJECTS,
        {LISTED_ON: [(fetched(1), [by_jpl("2024 AA1", 1e-4, diameter="0.02")])]},
    )
    refined(
        fed,
        ESA_RISK_OBJECTS,
        {LISTED_ON: [(fetched(1), [by_esa("2024 AA1", 1e-4), by_esa("2024 AA3", 1e-5)])]},
    )
    publish(fed, DAY, NEXT)
    said = details(rows_of(fed, "gold_dim_neo"))
    assert said["2024 AA1"] == ["18", "cad", 0.02, None, "sentry", "esa_risk, sentry"]
    assert said["2024 AA2"] == ["18", "cad", 0.15, 0.01, "cad", None]
    assert said["2024 AA3"] == [None, None, None, None, None, "esa_risk"]
    # An object that leaves a list is up to date after the next day that is published, be it any.
    refined(fed, SENTRY_OBJECTS, {LISTED_ON: [(fetched(2), [removed("2024 AA1")])]})
    publish(fed, NEXT)
    said = details(rows_of(fed, "gold_dim_neo"))
    assert said["2024 AA1"] == ["18", "cad", None, None, None, "esa_risk"]


def test_what_other_sources_had_said_at_a_moment(fed: Lakehouse) -> None:
    first, second = by_jpl("2024 AA1", 1e-4), by_jpl("2024 AA1", 1e-3)
    refined(fed, SENTRY_OBJECTS, {LISTED_ON: [(fetched(1), [first]), (fetched(3), [second])]})
    refined(fed, CAD_APPROACHES, {DAY: [(fetched(3), [approach(DAY, "2024 AA1", orbit_id="19")])]})
    publish(fed, DAY, NEXT)

    def known(hours: int) -> tuple[Any, ...]:
        star = {
            name: rows.toArrow().to_pylist() for name, rows in as_of(fed, fetched(hours)).items()
        }
        (fact,) = [row for row in star["gold_neo_fact"] if row["designation"] == "2024 AA1"]
        odds = [(row["impact_probability"], row["seen_until"]) for row in star["gold_impact_risk"]]
        orbit, *_, listed_by = details(star["gold_dim_neo"])["2024 AA1"]
        return fact["time_uncertainty_minutes"], orbit, listed_by, odds

    assert known(0) == (None, None, None, [])
    assert known(2) == (1, "18", "sentry", [(1e-4, None)])
    assert known(3) == (1, "19", "sentry", [(1e-4, fetched(3)), (1e-3, None)])
