"""Where the data comes from: a folder and a line here for each source, and a simulator of them."""

SOURCES = {
    "neows": "neo_assets.sources.neows:NEOWS",
    "cad": "neo_assets.sources.cad:CAD",
    "sentry": "neo_assets.sources.sentry:SENTRY",
    "fireball": "neo_assets.sources.fireball:FIREBALL",
    "esa_risk": "neo_assets.sources.esa_risk:ESA_RISK",
    "scout": "neo_assets.sources.scout:SCOUT",
}
"""Where each source is declared, by name; imported when it is used."""


def included_sources(names: str | None) -> tuple[str, ...]:
    """The sources that a comma-separated list names, in the order of `SOURCES`; all without one.

    Raises:
        ValueError: there is no such source.
    """
    if names is None or not names.strip():
        return tuple(SOURCES)
    wanted = {name.strip() for name in names.split(",")} - {""}
    known = ", ".join(SOURCES)
    if unknown := sorted(wanted - SOURCES.keys()):
        raise ValueError(f"there is no source {', '.join(unknown)}, only {known}")
    if not wanted:
        raise ValueError(f"must name at least one of {known}")
    return tuple(name for name in SOURCES if name in wanted)
