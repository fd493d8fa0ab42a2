"""The contract read plainly: what silver and gold must hold, in Python without any table.

Written from the contract and not from the lakehouse's code, so that they can be compared.
"""

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

from .feed_objects import FeedObject, Snapshot

Key = tuple[str | None, date, str]
Row = dict[str, Any]
Words = dict[Key, dict[int, tuple[Row, list[str], str]]]
"""Of each approach, by number of snapshot: its values, the rules it breaks, its content."""

SIZES = ((25, "small"), (140, "medium"), (1000, "large"), (math.inf, "very_large"))
VELOCITIES = (
    (5, "slow"),
    (10, "moderate"),
    (20, "fast"),
    (30, "very_fast"),
    (math.inf, "extreme"),
)
DISTANCES = (
    (0.11, "inside_geo"),
    (1, "inside_lunar"),
    (5, "close"),
    (19.5, "near"),
    (math.inf, "distant"),
)
RISKS = {
    "small": {"distant": 1, "near": 1, "close": 1, "inside_lunar": 2, "inside_geo": 2},
    "medium": {"distant": 1, "near": 2, "close": 2, "inside_lunar": 3, "inside_geo": 4},
    "large": {"distant": 2, "near": 3, "close": 4, "inside_lunar": 5, "inside_geo": 5},
    "very_large": {"distant": 2, "near": 4, "close": 4, "inside_lunar": 5, "inside_geo": 5},
    "unknown": dict.fromkeys(("distant", "near", "close", "inside_lunar", "inside_geo"), 0),
}
ATTRIBUTES = (
    "neo_id",
    "name",
    "absolute_magnitude_h",
    "estimated_diameter_min_m",
    "estimated_diameter_max_m",
    "is_potentially_hazardous",
    "is_sentry_object",
)
RISK_NAMES = ("unknown", "minimal", "low", "moderate", "elevated", "high")


@dataclass
class Day:
    """What the tables have for one day, and how many rows are in which class."""

    silver: dict[Key, Row] = field(default_factory=dict)
    gold: dict[Key, Row] = field(default_factory=dict)
    revisions: dict[Key, list[Row]] = field(default_factory=dict)
    classes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def read_day(day: date, snapshots: Sequence[Snapshot]) -> Day:
    """Read all landed snapshots of a day, the oldest first."""
    result = Day()
    words: Words = defaultdict(dict)
    rows: list[tuple[Key, int, str, bool]] = []
    for number, (_, objects) in enumerate(snapshots):
        best: dict[Key, tuple[bool, bool]] = {}
        for item in approaches(objects, day):
            values, broken = values_of(item), broken_rules(item, day)
            content = json.dumps(item, sort_keys=True)
            key = (
                values["designation"],
                values["close_approach_date"] or day,
                values["orbiting_body"] or "Earth",
            )
            rows.append((key, number, content, not broken))
            result.reasons.update(broken)
            rank = (not broken, str(values["neo_id"]).startswith("2"))
            if key not in best or rank > best[key]:
                best[key] = rank
                words[key][number] = values, broken, content
    newest = len(snapshots) - 1
    current: dict[Key, tuple[int, str, str]] = {}
    for key, spoken in words.items():
        good = [number for number, (_, broken, _) in spoken.items() if not broken]
        if not good:
            continue
        values, _, content = spoken[max(good)]
        gone = max(spoken) < newest
        fate = "kept" if max(good) == newest else "withdrawn" if gone else "superseded"
        current[key] = max(good), content, fate
        history = {
            "first_seen_at": snapshots[min(good)][0],
            "last_changed_at": _last_change(spoken, snapshots),
        }
        result.gold[key] = _fact(values) | history | {"is_withdrawn": gone}
        if fate == "kept":
            result.silver[key] = values | history
        result.revisions[key] = _revisions(spoken, snapshots)
    result.classes = _classes(rows, current)
    return result


def approaches(objects: Iterable[FeedObject], day: date) -> Iterator[FeedObject]:
    """The objects with one approach each: once for each of the day, else as they are."""
    for item in objects:
        listed = item["close_approach_data"]
        of_day = [one for one in listed if _date(one.get("close_approach_date")) == day]
        if len(listed) > 1 and of_day:
            yield from (item | {"close_approach_data": [one]} for one in of_day)
        else:
            yield item


def _last_change(
    spoken: dict[int, tuple[Row, list[str], str]], snapshots: Sequence[Snapshot]
) -> datetime:
    before: Row | None = None
    present, changed_at = False, snapshots[0][0]
    for number, (fetched_at, _) in enumerate(snapshots):
        values, broken, _ = spoken.get(number, ({}, ["absent"], ""))
        now_present = number in spoken
        if before is not None and present != now_present:
            changed_at = fetched_at
        if not broken and values != before:
            before, changed_at = values, fetched_at
        present = now_present
    return changed_at


def _revisions(
    spoken: dict[int, tuple[Row, list[str], str]], snapshots: Sequence[Snapshot]
) -> list[Row]:
    """What befell one approach from snapshot to snapshot, without moves."""
    revisions: list[Row] = []
    was_present = False
    for number, (fetched_at, _) in enumerate(snapshots):
        current: Row = revisions[-1]["values"] if revisions else {}
        spoken_values, broken, _ = spoken.get(number, ({}, ["absent"], ""))
        values = current if broken else spoken_values
        what = ""
        if not current:
            what = "first" if values else ""
        elif (number in spoken) != was_present:
            what = "withdrawn" if was_present else "returned"
        elif values != current:
            what = "changed"
        was_present = number in spoken
        if what:
            revisions.append(
                {
                    "what": what,
                    "values": values,
                    "changed_columns": [name for name in current if current[name] != values[name]],
                    "seen_after": snapshots[number - 1][0] if number else None,
                    "seen_at": fetched_at,
                }
            )
    return revisions


def revisions_of(days: Iterable[Day]) -> dict[tuple[int, int], Row]:
    """Rows of `gold_neo_revision` by event key and number, with the moves between all days."""
    rows: dict[tuple[int, int], Row] = {}
    for day in days:
        for revisions in day.revisions.values():
            for number, said in enumerate(revisions, start=1):
                fact = _fact(said["values"])
                ends = [later["seen_at"] for later in revisions[number : number + 1]]
                rows[fact["neo_event_key"], number] = (
                    {name: value for name, value in said.items() if name != "values"}
                    | said["values"]
                    | {name: fact[name] for name in ("neo_event_id", "neo_key", "date_key")}
                    | {
                        "neo_event_key": fact["neo_event_key"],
                        "revision": number,
                        "seen_until": ends[0] if ends else None,
                        "days_ahead": (fact["close_approach_date"] - said["seen_at"].date()).days,
                        "moved_from": None,
                        "moved_to": None,
                    }
                )
    best = {key: _best_match(key, rows) for key in rows}
    for key, other in best.items():
        if other and best[other] == key:
            link = "moved_to" if rows[key]["what"] == "withdrawn" else "moved_from"
            rows[key][link] = other[0]
    return rows


def _best_match(key: tuple[int, int], rows: dict[tuple[int, int], Row]) -> tuple[int, int] | None:
    """The event on another day that most likely is the other end of the same move."""
    one = rows[key]
    candidates = []
    for other_key, other in rows.items():
        days = abs((one["close_approach_date"] - other["close_approach_date"]).days)
        if (
            is_same_object(one, other)
            and one["orbiting_body"] == other["orbiting_body"]
            and one["neo_event_key"] != other["neo_event_key"]
            and "changed" not in (one["what"], other["what"])
            and (one["what"] == "withdrawn") != (other["what"] == "withdrawn")
            and days <= 7
            and (one["seen_after"] is None or one["seen_after"] < other["seen_at"])
            and (other["seen_after"] is None or other["seen_after"] < one["seen_at"])
        ):
            candidates.append((abs(one["seen_at"] - other["seen_at"]), days, other_key))
    return min(candidates)[-1] if candidates else None


def number_of(row: Row) -> str | None:
    """The number of a numbered asteroid, as its identifier has it."""
    neo_id = str(row["neo_id"])
    return neo_id[1:].lstrip("0") if neo_id[0] == "2" and len(neo_id) in (7, 8) else None


def is_same_object(one: Row, other: Row) -> bool:
    """Whether two rows have the same designation or the same number."""
    return one["designation"] == other["designation"] or (
        number_of(one) is not None and number_of(one) == number_of(other)
    )


BY_OTHER_SOURCES = (
    "orbit_id",
    "orbit_id_source",
    "diameter_km",
    "diameter_sigma_km",
    "diameter_source",
    "risk_listed_by",
)


def objects_of(histories: Mapping[date, Sequence[Snapshot]]) -> dict[tuple[int, datetime], Row]:
    """Rows of `gold_dim_neo` by designation's key and start, but for the unknown member.

    No other source says anything of the objects.
    """
    numbers: dict[str, str] = {}
    said: dict[tuple[str, datetime], tuple[tuple[bool, str], Row]] = {}
    for day, snapshots in histories.items():
        for fetched_at, objects in snapshots:
            for item in approaches(objects, day):
                values = values_of(item)
                if not broken_rules(item, day):
                    content = json.dumps(item, sort_keys=True, separators=(",", ":"))
                    rank = (
                        str(values["neo_id"]).startswith("2"),
                        hashlib.sha256(content.encode()).hexdigest(),
                    )
                    designation = values["designation"]
                    numbers[designation] = number_of(values) or numbers.get(designation, "")
                    place = designation, fetched_at
                    if place not in said or rank > said[place][0]:
                        said[place] = rank, {name: values[name] for name in ATTRIBUTES}
    of_object: dict[str, list[tuple[datetime, tuple[bool, str], str, Row]]] = defaultdict(list)
    for (designation, fetched_at), (rank, attributes) in said.items():
        of_object[numbers[designation] or designation].append(
            (fetched_at, rank, designation, attributes)
        )
    rows: dict[tuple[int, datetime], Row] = {}
    for described in of_object.values():
        history: list[Row] = []
        for fetched_at, _, designation, attributes in sorted(described, key=lambda it: it[:3]):
            row = attributes | {"neo_key": surrogate_key(designation), "designation": designation}
            if not history or any(history[-1][name] != value for name, value in row.items()):
                history.append(row | {"valid_from": fetched_at})
        ends = [row["valid_from"] for row in history[1:]]
        newest = {row["neo_key"]: row["valid_from"] for row in history}
        for row, valid_to in zip(history, [*ends, None], strict=True):
            rows[row["neo_key"], row["valid_from"]] = row | {
                "valid_to": valid_to,
                "is_current": valid_to is None,
                "is_latest": newest[row["neo_key"]] == row["valid_from"],
                "current_neo_key": history[-1]["neo_key"],
                **dict.fromkeys(BY_OTHER_SOURCES),
            }
    return rows


def _classes(
    rows: Sequence[tuple[Key, int, str, bool]], current: dict[Key, tuple[int, str, str]]
) -> Counter[str]:
    classes: Counter[str] = Counter()
    contents = Counter((key, content) for key, _, content, valid in rows if valid)
    for (key, content), times in contents.items():
        classes["exact_duplicates"] += times - 1
        _, best_content, fate = current[key]
        classes[fate if content == best_content else "superseded"] += 1
    classes["dropped"] = sum(not valid for *_, valid in rows)
    return classes


def broken_rules(item: FeedObject, day: date) -> list[str]:
    """The rules of the contract that a row breaks, which drop it."""
    values = values_of(item)
    when = values["close_approach_date"]
    return [
        name
        for name, is_broken in (
            ("missing_designation", values["designation"] is None),
            ("unreadable_date", when is None),
            ("date_mismatch", when is not None and when != day),
            ("invalid_velocity", values["relative_velocity_km_s"] is None),
            ("invalid_miss_distance", values["miss_distance_km"] is None),
            ("invalid_orbiting_body", not str(values["orbiting_body"] or "").isalpha()),
        )
        if is_broken
    ]


def values_of(item: FeedObject) -> Row:
    """The columns that silver and gold share."""
    approach = item["close_approach_data"][0]
    meters = item.get("estimated_diameter", {}).get("meters", {})
    name = _text(item.get("name"))
    distance = approach.get("miss_distance", {})
    return {
        "designation": designation_of(name) if name else _text(item.get("designation")),
        "close_approach_date": _date(approach.get("close_approach_date")),
        "orbiting_body": _text(approach.get("orbiting_body")),
        "neo_id": _text(item.get("id")) or _text(item.get("neo_reference_id")),
        "name": name,
        "close_approach_at": _minute(approach.get("close_approach_date_full")),
        "miss_distance_km": _positive(distance.get("kilometers")),
        "miss_distance_lunar": _positive(distance.get("lunar")),
        "miss_distance_au": _positive(distance.get("astronomical")),
        "relative_velocity_km_s": _positive(
            approach.get("relative_velocity", {}).get("kilometers_per_second")
        ),
        "absolute_magnitude_h": item.get("absolute_magnitude_h"),
        "estimated_diameter_min_m": _positive(meters.get("estimated_diameter_min")),
        "estimated_diameter_max_m": _positive(meters.get("estimated_diameter_max")),
        "is_potentially_hazardous": item.get("is_potentially_hazardous_asteroid"),
        "is_sentry_object": item.get("is_sentry_object"),
    }


def designation_of(name: str) -> str:
    """The designation in a name: a comet's or interstellar object's in front, else the last (…)."""
    parentheses = re.findall(r"\(([^()]*)\)", name)
    return _comet(name) or (parentheses[-1].strip() if parentheses else "") or name


def _comet(name: str) -> str:
    """The designation of a comet or interstellar object, or nothing for any other name."""
    in_front, slash, behind = name.partition("/")
    number, hyphen, fragment = in_front.partition(" ")[0].partition("-")
    if number[:-1].isdecimal() and number[-1] in "PDI":
        if slash and not hyphen and number[-1] != "I":
            last_word = re.split("[- ]", behind)[-1]
            if last_word != behind and len(last_word) <= 2 and last_word.isupper():
                fragment = last_word * last_word.isalpha()
        return f"{number}-{fragment}" if fragment else number
    if in_front in tuple("CPDXAI"):
        year, _, rest = behind.partition(" ")
        order = re.split(r"[ (]", rest)[0]
        if year.removeprefix("-").isdecimal() and order[:1].isupper():
            return f"{in_front}/{year} {order}"
    return ""


def surrogate_key(identifier: str) -> int:
    """The first 60 bits of the SHA-256."""
    return int(hashlib.sha256(identifier.encode()).hexdigest()[:15], 16)


def risk(size: str, distance: str, lunar: float | None, hazardous: Any, sentry: Any) -> str:
    """The risk band: the table first, then its floors."""
    rank = RISKS[size][distance] if distance != "unknown" else 0
    is_near = lunar is not None and lunar < 19.5
    if hazardous and is_near:
        rank = max(rank, RISK_NAMES.index("moderate"))
    if sentry:
        rank = max(rank, RISK_NAMES.index("elevated" if is_near else "low"))
    return RISK_NAMES[rank]


def band(value: float | None, limits: Sequence[tuple[float, str]]) -> str:
    """The first band whose upper limit is above the value."""
    return "unknown" if value is None else next(name for limit, name in limits if value < limit)


def diameter(values: Row) -> float | None:
    """Geometric mean of both estimates, in metres."""
    low, high = values["estimated_diameter_min_m"], values["estimated_diameter_max_m"]
    return None if low is None or high is None else math.sqrt(low * high)


def _fact(values: Row) -> Row:
    when = values["close_approach_date"]
    event_id = f"{when}|{values['orbiting_body']}|{values['designation']}"
    size = band(diameter(values), SIZES)
    distance = band(values["miss_distance_lunar"], DISTANCES)
    return values | {
        "neo_event_id": event_id,
        "neo_event_key": surrogate_key(event_id),
        "neo_key": surrogate_key(values["designation"]),
        "date_key": int(f"{when:%Y%m%d}"),
        "close_approach_year": when.year,
        "close_approach_month": when.month,
        "size_band": size,
        "velocity_band": band(values["relative_velocity_km_s"], VELOCITIES),
        "distance_band": distance,
        "risk_band": risk(
            size,
            distance,
            values["miss_distance_lunar"],
            values["is_potentially_hazardous"],
            values["is_sentry_object"],
        ),
    }


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _minute(value: Any) -> datetime | None:
    try:
        return datetime.strptime(str(value), "%Y-%b-%d %H:%M").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < math.inf else None
