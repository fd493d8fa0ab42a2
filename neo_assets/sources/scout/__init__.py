"""JPL's Scout: objects that are not confirmed yet, and what they might be, as of now."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.scout.dataset import SCOUT_OBJECTS

SCOUT = Source(
    name="scout",
    title="JPL's Scout list",
    dataset=SCOUT_OBJECTS,
    fetch=imported("neo_assets.sources.scout.client:fetch"),
    provider=lambda settings: settings.neo_source,
    queried="now",
    days_per_call=None,
)
