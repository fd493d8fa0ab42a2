"""What the agencies beside NASA's NeoWs publish of the sky: one document for each path."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from . import impact_risk, jpl, scout
from .listing import JsonObject


@dataclass(frozen=True)
class Answer:
    """The response to one request."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class BadRequest(Exception):
    """The parameters of a call cannot be used."""


Document = Callable[[Mapping[str, str], date], Answer]
"""What a path answers to the parameters of a request, on a day."""

Documents = Mapping[str, Document]


def documents(seed: int | None) -> Documents:
    """The documents of the sky of this seed, by path; without one nothing is in them."""
    return {
        "/cad.api": partial(_tabulated, jpl.cad_document, seed),
        "/fireball.api": partial(_tabulated, jpl.fireball_document, seed),
        "/sentry.api": partial(_sentry, seed),
        "/scout.api": partial(_scout, seed),
        "/PSDB-portlet/download": partial(_esa_file, seed),
    }


def _tabulated(
    document: Callable[[int | None, Mapping[str, str], date], JsonObject | None],
    seed: int | None,
    query: Mapping[str, str],
    today: date,
) -> Answer:
    content = document(seed, query, today)
    return _BAD_PARAMETER if content is None else Answer(200, json.dumps(content))


def _sentry(seed: int | None, query: Mapping[str, str], today: date) -> Answer:
    if query.keys() - {"removed"} or query.get("removed", "0") not in ("0", "1"):
        return _BAD_PARAMETER
    objects_of = (
        impact_risk.sentry_removals if query.get("removed") == "1" else impact_risk.sentry_list
    )
    return _listed("Sentry Data API", "2.0", [] if seed is None else objects_of(seed, today))


def _scout(seed: int | None, query: Mapping[str, str], today: date) -> Answer:
    if query:
        return _BAD_PARAMETER
    return _listed("Scout API", "1.3", [] if seed is None else scout.scout_list(seed, today))


def _listed(service: str, version: str, objects: list[JsonObject]) -> Answer:
    count = len(objects)
    content = {
        "signature": {"version": version, "source": f"NASA/JPL {service}"},
        "count": str(count) if count % 2 else count,
        "data": objects,
    }
    return Answer(200, json.dumps(content))


def _esa_file(seed: int | None, query: Mapping[str, str], today: date) -> Answer:
    if dict(query) != {"file": "esa_risk_list"}:
        return Answer(404, "", "text/html")
    return Answer(200, impact_risk.esa_risk_list(seed, today), "text/plain;charset=UTF-8")


_BAD_PARAMETER = Answer(
    400, json.dumps({"message": "one or more query parameter was not recognized", "code": "400"})
)
