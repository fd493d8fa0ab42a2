"""The risk list of ESA's NEO Coordination Centre: lines of text as JSON objects.

    Last Update: 2021-10-04 05:49 UTC
                Object         |    Diameter    |                ...
     Num/des.       Name       |   m  |   *=Y   |      Date/Time   |  IP max  | ...
    AAAAAAAAA AAAAAAAAAAAAAAAA | NNNN |    A    | YYYY-MM-DD HH:MM | EEEEEEEE | ...
    2021QM1                    |   50 |    *    | 2052-04-02 01:36 |  2.98E-4 | ...

A value is known by its place in the line alone, and ESA calls the list experimental.  So the three
lines of the header have to be those known here, but for the number of blanks.
"""

import re
from typing import Any

from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.json_text import on_a_line

FIELDS = (
    "object",
    "diameter_m",
    "diameter_is_estimated",
    "vi_max_at",
    "ip_max",
    "ps_max",
    "ts",
    "velocity_km_s",
    "years",
    "ip_cum",
    "ps_cum",
)
"""The names of the values of a line, in order; `vi` is a potential (virtual) impactor."""

HEADER = (
    "Object | Diameter | VI Max | VIs |",
    "Num/des. Name | m | *=Y | Date/Time | IP max | PS max | TS | Vel km/s | Years | IP cum | "
    "PS cum |",
    "AAAAAAAAA AAAAAAAAAAAAAAAA | NNNN | A | YYYY-MM-DD HH:MM | EEEEEEEE | NNN.NN | NN | NNN.NN | "
    "YYYY-YYYY | EEEEEEEE | NNN.NN |",
)
"""The lines 2 to 4, with single blanks."""

_VERSION = re.compile(r"Last Update: ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}) UTC")


def objects(text: str) -> list[dict[str, Any]]:
    """The objects of the list, each with the time of its last update.

    A line with more or fewer values than the header becomes an object with the line alone, which
    the rules drop.

    Raises:
        BadResponseError: the header is another one, or the list breaks off.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    version = _VERSION.fullmatch(_single_blanks(lines[0])) if lines else None
    if version is None:
        raise _unknown(lines, 1, "Last Update: YYYY-MM-DD HH:MM UTC")
    for number, expected in enumerate(HEADER, start=2):
        if number > len(lines) or _cells(lines[number - 1]) != _cells(expected):
            raise _unknown(lines, number, expected)
    rows = [line for line in lines[1 + len(HEADER) :] if line.strip()]
    listed = [_object(line, version[1]) for line in rows]
    if listed and "line" in listed[-1] and not text.endswith("\n"):
        raise BadResponseError(
            f'ESA\'s risk list breaks off in line {len(lines)}, "{_shortened(rows[-1])}"'
        )
    return listed


def _object(line: str, last_update: str) -> dict[str, Any]:
    *values, rest = _cells(line)
    if rest or len(values) != len(FIELDS):
        return {"last_update": last_update, "line": line.rstrip()}
    return {"last_update": last_update, **dict(zip(FIELDS, values, strict=True))}


def _unknown(lines: list[str], number: int, expected: str) -> BadResponseError:
    found = f'"{_shortened(lines[number - 1])}"' if number <= len(lines) else "missing"
    return BadResponseError(
        f"ESA's risk list has another header than is known: line {number} is {found}, not "
        f'"{expected}"',
        "see whether its columns have changed, and adapt neo_assets/sources/esa_risk/response.py; "
        "nothing of it was kept",
    )


def _cells(line: str) -> list[str]:
    return [_single_blanks(cell) for cell in line.split("|")]


def _single_blanks(text: str) -> str:
    return " ".join(text.split())


def _shortened(text: str) -> str:
    line = on_a_line(text)
    return line if len(line) <= 160 else f"{line[:160]}…"
