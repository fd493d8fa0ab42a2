"""NASA's Near Earth Object Web Service: which objects pass the Earth, day by day."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.neows.windows import DAYS_PER_CALL

NEOWS = Source(
    name="neows",
    title="NASA's NeoWs feed",
    dataset=NEO,
    fetch=imported("neo_assets.sources.neows.access:fetch"),
    provider=lambda settings: settings.neo_source,
    days_per_call=DAYS_PER_CALL,
    secrets=lambda settings: [settings.nasa_api_key.get_secret_value()],
)
