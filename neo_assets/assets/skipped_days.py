"""The days for which there is nothing to do, because their source can only be asked for today.

They are materialized all the same, without rows and with the reason: a partition that a run leaves
out is one that Dagster shows as failed.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from neo_assets.resources.feed import NeoFeed
from neo_assets.sources.base import Source


def days_without_snapshot(
    source: Source, feed: NeoFeed, days: Sequence[date], today: date
) -> Mapping[date, str]:
    """The days that cannot be requested today and did not land before, each with the reason."""
    requestable = source.requestable(days, today)
    if len(requestable) == len(days):
        return {}
    landed = set(feed.landing_zone(source.dataset).days())
    return {
        day: source.why_not_requested(today)
        for day in days
        if day not in requestable and day not in landed
    }
