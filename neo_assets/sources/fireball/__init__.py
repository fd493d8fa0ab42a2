"""JPL's fireballs: bright meteors that sensors of the US government have recorded."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.fireball.dataset import FIREBALLS

FIREBALL = Source(
    name="fireball",
    title="JPL's fireballs (fireball.api)",
    dataset=FIREBALLS,
    fetch=imported("neo_assets.sources.fireball.client:fetch"),
    provider=lambda settings: settings.neo_source,
    days_per_call=None,
)
