"""How Scout is requested: without parameters it answers with a summary of every object."""

from datetime import date

from neo_assets.sources.agencies import JPL, one_by_one
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DaySnapshot
from neo_assets.sources.jpl import read_response

KNOWN_VERSION = "1.3"
"""The version of the interface for which `dataset.py` was written."""

_PATH = "scout.api"
_REQUESTED = "Scout's list"


def _snapshot(client: AgencyClient, day: date) -> DaySnapshot:
    """What the list says now, as the snapshot of the day, which is today."""
    return client.json(
        _PATH,
        {},
        _REQUESTED,
        lambda content: read_response(content, _PATH, _REQUESTED, KNOWN_VERSION),
    ).snapshot(day)


fetch = one_by_one(JPL, _snapshot)
