"""How Sentry is requested: its list, and the objects removed from it, which are one snapshot."""

from dataclasses import replace
from datetime import date

from neo_assets.sources.agencies import JPL, one_by_one
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DaySnapshot
from neo_assets.sources.jpl import JplResponse, read_response

KNOWN_VERSION = "2.0"
"""The version of the interface for which `dataset.py` was written."""

_PATH = "sentry.api"

_NO_REMOVALS = (
    "a request for removed objects was answered with others, so nothing is known of removals"
)


def _snapshot(client: AgencyClient, day: date) -> DaySnapshot:
    """What the list says now, as the snapshot of the day, which is today."""

    def request(parameters: dict[str, str], requested: str) -> JplResponse:
        return client.json(
            _PATH,
            parameters,
            requested,
            lambda content: read_response(content, _PATH, requested, KNOWN_VERSION),
        )

    listed = request({}, "Sentry's list")
    removed = request({"removed": "1"}, "the objects removed from Sentry's list")
    return together(listed, removed).snapshot(day)


def together(listed: JplResponse, removed: JplResponse) -> JplResponse:
    """Both responses as one; a service that does not know the parameter answers with the list."""
    removals = [each for each in removed.objects if "removed" in each]
    is_other = bool(removed.objects) and not removals
    warnings = (*listed.warnings, *removed.warnings, *((_NO_REMOVALS,) if is_other else ()))
    return replace(
        listed,
        objects=[*listed.objects, *(() if is_other else removed.objects)],
        warnings=tuple(dict.fromkeys(warnings)),
    )


fetch = one_by_one(JPL, _snapshot)
