"""Rows as services of JPL send them, and whole responses with them."""

import json
import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from neo_assets_tests.sources.agency_service import Reply

Row = dict[str, Any]

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def approach(day: date, designation: str = "2024 AB1", **changes: Any) -> Row:
    """One approach of `day`, with every value as text."""
    return {
        "des": designation,
        "orbit_id": "18",
        "jd": "2460370.853472222",
        "cd": f"{day.year}-{_MONTHS[day.month - 1]}-{day.day:02d} 08:29",
        "dist": "0.0211660525256395",
        "dist_min": "0.0211628345552616",
        "dist_max": "0.0211692704882042",
        "v_rel": "5.62203195551878",
        "v_inf": "5.59959589405614",
        "t_sigma_f": "< 00:01",
        "h": "25.1",
        "diameter": None,
        "diameter_sigma": None,
        "fullname": f"       ({designation})",
        **changes,
    }


def fireball(day: date, time: str = "03:51:47", **changes: Any) -> Row:
    """One event of `day`, with every value as text."""
    return {
        "date": f"{day} {time}",
        "energy": "250.0",
        "impact-e": "5.2",
        "lat": "7.5",
        "lat-dir": "S",
        "lon": "142.8",
        "lon-dir": "W",
        "alt": "36.7",
        "vel": None,
        **changes,
    }


def unconfirmed(designation: str = "P12o4vk", **changes: Any) -> Row:
    """One object that nobody has confirmed, with the values that are numbers as numbers."""
    return {
        "objectName": designation,
        "neoScore": 93,
        "neo1kmScore": 18,
        "phaScore": 23,
        "ieoScore": 0,
        "geocentricScore": 1,
        "tisserandScore": 32,
        "rating": 1,
        "caDist": "0.82",
        "moid": "0.0009",
        "vInf": "10.0",
        "H": "28.5",
        "nObs": 4,
        "arc": "0.58",
        "rmsN": "0.09",
        "tEphem": "2024-03-01 19:30",
        "ra": "16:58",
        "dec": "-03",
        "elong": "104",
        "Vmag": "20.9",
        "rate": "26.6",
        "unc": "710",
        "uncP1": "800",
        "lastRun": "2024-02-29 16:42",
        **changes,
    }


def reply(rows: Sequence[Mapping[str, Any]], version: str, *, seed: int = 0) -> Reply:
    """A response with these rows, its fields in an order of their own."""
    signature = {"version": version, "source": "NASA/JPL"}
    if not rows:
        return Reply(json.dumps({"signature": signature, "count": "0"}).encode())
    fields = list(rows[0])
    random.Random(seed).shuffle(fields)
    data = [[row[name] for name in fields] for row in rows]
    content = {"signature": signature, "count": len(rows), "fields": fields, "data": data}
    return Reply(json.dumps(content).encode())
