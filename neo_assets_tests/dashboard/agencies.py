"""Tables of the agencies' sources for the dashboard, read plainly from the simulated sky."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.sources import SOURCES
from neo_assets.sources.esa_risk.response import objects as esa_objects
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import AGENCIES, GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets.sources.simulator.impact_risk import esa_risk_list, sentry_list, sentry_removals
from neo_assets.sources.simulator.jpl import close_approaches, fireballs
from neo_assets.sources.simulator.sky import SimulatedSky
from neo_assets_tests.dashboard.lakehouses import TODAY, write
from neo_assets_tests.lakehouse.plain_reading import Row

ALL_SOURCES = ",".join(SOURCES)
SEED = SimulatedSky().seed


def simulated_agencies(tables: Path, risk_days: int = 40, event_days: int = 1500) -> None:
    """Two months of both risk lists, years of fireballs, and the approaches compared."""
    revisions = list(odds_revisions(risk_days))
    write(tables, GOLD_IMPACT_RISK, revisions)
    write(tables, RISK_AGREEMENT, side_by_side(revisions))
    first = TODAY - timedelta(event_days)
    events = [event(**row) for row in map(_event, fireballs(SEED, first, TODAY, TODAY))]
    write(tables, GOLD_FIREBALL, events)
    write(tables, GOLD_CLOSE_APPROACH_AGREEMENT, _compared(tables))


def odds(**changes: Any) -> Row:
    """One row of `gold_impact_risk`."""
    return {
        "source": "sentry",
        "designation": "2024 AA1",
        "number": None,
        "name": "(2024 AA1)",
        "seen_at": at(TODAY - timedelta(30)),
        "seen_until": None,
        "revision_type": "listed",
        "odds_factor": None,
        "impact_probability": 1e-5,
        "palermo_cumulative": -3.5,
        "impact_year_first": 2050,
        "impact_year_last": 2110,
        **changes,
    }


def event(**changes: Any) -> Row:
    """One row of `gold_fireball`."""
    return {
        "event_at": datetime(2013, 2, 15, 3, 20, 33, tzinfo=timezone.utc),
        "occurrence": 1,
        "radiated_energy_1e10_j": 37_500.0,
        "impact_energy_kt": 440.0,
        "latitude_deg": 54.8,
        "longitude_deg": 61.1,
        "altitude_km": 23.3,
        "velocity_km_s": 18.6,
        "approach_designation": None,
        "is_known_beforehand": False,
        "is_withdrawn": False,
        **changes,
    }


def at(day: date) -> datetime:
    """The time of the day at which lists are fetched."""
    return datetime.combine(day, time(6, 30), timezone.utc)


def odds_revisions(days: int) -> Iterator[Row]:
    """What both lists published on as many days, a row for each change."""
    for source, read in (("sentry", _by_jpl), ("esa_risk", _by_esa)):
        rows: dict[str, list[Row]] = {}
        for ago in range(days - 1, -1, -1):
            today = TODAY - timedelta(ago)
            said = read(today)
            for designation in {*said, *rows}:
                before = rows.get(designation, [])
                now = _next(before[-1] if before else None, said.get(designation))
                if now is not None:
                    if before:
                        before[-1]["seen_until"] = at(today)
                    row = {"source": source, "designation": designation, "seen_at": at(today)}
                    rows.setdefault(designation, []).append({**now, **row})
        for revisions in rows.values():
            yield from revisions


def _next(before: Row | None, said: Mapping[str, Any] | None) -> Row | None:
    """The row that follows; none if nothing changed."""
    is_listed = said is not None and said["impact_probability"] is not None
    was_listed = before is not None and before["revision_type"] != "removed"
    if before is not None and not is_listed:
        known = {"number": before["number"], "name": before["name"]}
        return {**known, "revision_type": "removed"} if was_listed else None
    if before is None or said is None or not is_listed:
        return {**said, "revision_type": "listed" if is_listed else "removed"} if said else None
    if not was_listed:
        return {**said, "revision_type": "relisted"}
    if all(before[name] == value for name, value in said.items()):
        return None
    factor = said["impact_probability"] / before["impact_probability"]
    return {**said, "revision_type": "revised", "odds_factor": factor}


def _by_jpl(today: date) -> dict[str, dict[str, Any]]:
    removed = {
        row["des"]: _said(row["des"], None, None, None, None)
        for row in sentry_removals(SEED, today)
    }
    listed = {
        row["des"]: _said(row["des"], row["fullname"], row["ip"], row["ps_cum"], row["range"])
        for row in sentry_list(SEED, today)
    }
    return {**removed, **listed}


def _by_esa(today: date) -> dict[str, dict[str, Any]]:
    said = {}
    for row in esa_objects(esa_risk_list(SEED, today)):
        *_, packed = row["object"].split()
        designation = re.sub(r"^(\d{4})([A-Z])", r"\1 \2", packed)
        number = row["object"].split()[0] if " " in row["object"] else None
        values = _said(designation, packed, row["ip_cum"], row["ps_cum"], row["years"])
        said[designation] = {**values, "number": number}
    return said


def _said(
    designation: str,
    name: str | None,
    probability: str | None,
    palermo: str | None,
    years: str | None,
) -> dict[str, Any]:
    first, last = years.split("-") if years else (None, None)
    return {
        "number": designation if designation.isdecimal() else None,
        "name": name,
        "impact_probability": float(probability) if probability else None,
        "palermo_cumulative": float(palermo) if palermo else None,
        "impact_year_first": int(first) if first else None,
        "impact_year_last": int(last) if last else None,
    }


def side_by_side(revisions: list[Row]) -> Iterator[Row]:
    """What both lists say now, a row for each object."""
    now: dict[str, dict[str, Row]] = {}
    for row in revisions:
        if row.get("seen_until") is None and row["revision_type"] != "removed":
            now.setdefault(row["number"] or row["designation"], {})[row["source"]] = row
    names = ("impact_probability", "palermo_cumulative", "impact_year_last", "seen_at")
    for identity, said in now.items():
        compared: Row = {
            "object": identity,
            "name": next(said[agency]["name"] for agency in AGENCIES if agency in said),
            **{f"{agency}_{name}": row[name] for agency, row in said.items() for name in names},
        }
        if len(said) == 1:
            yield {**compared, "reason": f"only_{next(iter(said))}"}
            continue
        jpl, esa = (said[agency] for agency in AGENCIES)
        ratio = esa["impact_probability"] / jpl["impact_probability"]
        palermo = esa["palermo_cumulative"] - jpl["palermo_cumulative"]
        reason = (
            "agree"
            if abs(math.log(ratio)) <= math.log(3) and abs(palermo) <= 0.5
            else "horizon"
            if abs(esa["impact_year_last"] - jpl["impact_year_last"]) > 1
            else "newer_observation"
            if esa["seen_at"].date() != jpl["seen_at"].date()
            else "unexplained"
        )
        yield {
            **compared,
            "odds_ratio": ratio,
            "palermo_difference": palermo,
            "reason": reason,
        }


def _event(row: Mapping[str, Any]) -> Row:
    def number(name: str) -> float | None:
        return None if row[name] is None else float(row[name])

    def signed(name: str, negative: str) -> float | None:
        degrees = number(name)
        return -degrees if degrees is not None and row[f"{name}-dir"] == negative else degrees

    moment = datetime.strptime(row["date"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    return {
        "event_at": moment,
        "event_date": moment.date(),
        "radiated_energy_1e10_j": number("energy"),
        "impact_energy_kt": number("impact-e"),
        "latitude_deg": signed("lat", "S"),
        "longitude_deg": signed("lon", "W"),
        "altitude_km": number("alt"),
        "velocity_km_s": number("vel"),
    }


def _compared(tables: Path) -> Iterator[Row]:
    """The approaches of the facts and those of JPL, with a reason by their distance alone."""
    columns = ["designation", "close_approach_date", "miss_distance_au", "is_withdrawn"]
    facts = DeltaTable(tables / GOLD_NEO_FACT.name).to_pyarrow_table(columns=columns).to_pylist()
    own = {
        (row["designation"], row["close_approach_date"]): row["miss_distance_au"]
        for row in facts
        if not row["is_withdrawn"]
    }
    days = [day for _, day in own]
    other = {
        (row["des"], datetime.strptime(row["cd"][:11], "%Y-%b-%d").date()): float(row["dist"])
        for row in close_approaches(SEED, min(days), max(days), 0.5, TODAY)
        if row["dist"]
    }
    for designation, day in {**own, **other}:
        here, there = own.get((designation, day)), other.get((designation, day))
        difference = None if here is None or there is None else there - here
        if difference is None:
            reason = "only_neows" if there is None else "only_cad"
        elif abs(difference) <= 1e-9:
            reason = "agree"
        else:
            reason = "older_orbit" if abs(difference) < 1e-3 else "unexplained"
        yield {
            "designation": designation,
            "close_approach_date": day,
            "distance_difference_au": difference,
            "reason": reason,
        }
