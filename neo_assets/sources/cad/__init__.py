"""JPL's close-approach data (CAD): the approaches to Earth, with their uncertainties."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.cad.dataset import CAD_APPROACHES

CAD = Source(
    name="cad",
    title="JPL's close-approach data (cad.api)",
    dataset=CAD_APPROACHES,
    fetch=imported("neo_assets.sources.cad.client:fetch"),
    provider=lambda settings: settings.neo_source,
    days_per_call=None,
)
