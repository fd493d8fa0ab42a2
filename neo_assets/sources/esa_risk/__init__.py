"""The risk list of ESA's NEO Coordination Centre: possible impactors and their odds, as of now."""

from neo_assets.sources.base import Source, imported
from neo_assets.sources.esa_risk.dataset import ESA_RISK_OBJECTS

ESA_RISK = Source(
    name="esa_risk",
    title="ESA's risk list",
    dataset=ESA_RISK_OBJECTS,
    fetch=imported("neo_assets.sources.esa_risk.client:fetch"),
    provider=lambda settings: "esa" if settings.neo_source == "nasa" else settings.neo_source,
    queried="now",
    days_per_call=None,
)
