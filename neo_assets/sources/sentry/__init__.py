"""JPL's Sentry: which objects might hit the Earth, and how likely that is, as of now."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.sentry.dataset import SENTRY_OBJECTS

SENTRY = Source(
    name="sentry",
    title="JPL's Sentry list",
    dataset=SENTRY_OBJECTS,
    fetch=imported("neo_assets.sources.sentry.client:fetch"),
    provider=lambda settings: settings.neo_source,
    queried="now",
    days_per_call=None,
)
