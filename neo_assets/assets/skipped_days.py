"""The days for which there is nothing to do, because their source can only be asked for today.

They are materialized all the same, without rows and with the reason: a partition that a run leaves
out is one that Dagster shows as failed.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from neo_assets.sources.base import Source
from neo_assets.sources.landing_zone import LandingZone


def days_without_snapshot(
    source: Source, zone: LandingZone, days: Sequence[date], today: date
) -> Mapping[date, str]:
    """The days that cannot be requested today and did not land before, each with the reason."""
    requestable = source.requestable(days, today)
    if len(requestable) == len(days):
        return {}
    landed = set(zone.days())
    return {
        day: source.why_not_requested(today)
        for day in days
        if day not in requestable and day not in landed
    }
