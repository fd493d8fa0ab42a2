"""How ESA's risk list is requested."""

from datetime import date, datetime, timezone

from neo_assets.sources.agencies import ESA, one_by_one
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DaySnapshot
from neo_assets.sources.esa_risk.response import objects

_PATH, _PARAMETERS = "PSDB-portlet/download", {"file": "esa_risk_list"}


def _snapshot(client: AgencyClient, day: date) -> DaySnapshot:
    """What the list says now, as the snapshot of the day, which is today."""
    listed = client.text(_PATH, _PARAMETERS, "its risk list", objects)
    return DaySnapshot(day, tuple(listed), datetime.now(timezone.utc))


fetch = one_by_one(ESA, _snapshot)
