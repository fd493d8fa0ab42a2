"""What the services of JPL have in common, https://ssd-api.jpl.nasa.gov: how a response is built.

    {"signature": {"version": "1.5", "source": "…"}, "count": "2", "fields": ["des", …],
     "data": [["2024 AB", …], …]}

`count` is a number or its text.  Without rows, `fields` and `data` are missing.  A row is a list in
the order of `fields`, which varies, or an object: here every row is an object, by name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from neo_assets.sources.base import DaySnapshot
from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.json_text import on_a_line


@dataclass(frozen=True)
class JplResponse:
    """A complete response: its rows as objects, and the version of the interface that gave it.

    `warnings` are sentences about the response as a whole.
    """

    objects: Sequence[dict[str, Any]]
    version: str
    warnings: tuple[str, ...] = ()

    def snapshot(self, day: date) -> DaySnapshot:
        """The response as the snapshot of a day, fetched now."""
        return DaySnapshot(
            day,
            tuple(self.objects),
            datetime.now(timezone.utc),
            api_version=self.version or None,
            warnings=self.warnings,
        )


def read_response(body: Any, service: str, requested: str, known_version: str) -> JplResponse:
    """What a parsed response says; `service` is `cad.api` or another, for messages.

    Raises:
        BadResponseError: it is not complete, or of another form.
    """
    answered = f"JPL answered {requested} ({service})"
    if not isinstance(body, dict):
        raise BadResponseError(f"{answered} without an object")
    if isinstance(body.get("error"), str):
        raise BadResponseError(
            f'{answered} with an error, saying "{on_a_line(body["error"])[:200]}"'
        )
    rows = body.get("data", [])
    announced = _count(body.get("count"))
    if not isinstance(rows, list) or announced is None:
        raise BadResponseError(f"{answered} without a count and a list of rows")
    if announced != len(rows):
        raise BadResponseError(
            f"JPL announced {announced} rows for {requested} ({service}) and sent {len(rows)}"
        )
    version = _version(body.get("signature"))
    warnings = (
        ()
        if version == known_version
        else (
            f"{service} has version {version or 'unknown'} where {known_version} is known, so "
            "compare its documentation",
        )
    )
    return JplResponse(_objects(rows, body.get("fields"), answered), version, warnings)


def _objects(rows: Sequence[Any], fields: Any, answered: str) -> Sequence[dict[str, Any]]:
    if all(isinstance(row, dict) for row in rows):
        return rows
    is_list_of_names = isinstance(fields, list) and all(isinstance(name, str) for name in fields)
    if not is_list_of_names or len(set(fields)) < len(fields):
        raise BadResponseError(f"{answered} without the names of its fields, each once")
    if not all(isinstance(row, list) and len(row) == len(fields) for row in rows):
        raise BadResponseError(f"{answered} with a row that has not one value for each field")
    return [dict(zip(fields, row, strict=True)) for row in rows]


def _count(count: Any) -> int | None:
    text = str(count) if type(count) in (int, str) else ""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _version(signature: Any) -> str:
    version = signature.get("version") if isinstance(signature, dict) else None
    return on_a_line(str(version))[:20] if type(version) in (str, int, float) else ""
