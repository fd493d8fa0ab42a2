"""Size, velocity, distance and risk bands, each defined once: as expression and as documentation.

A band is half-open, `[low, high)`, and a missing value is in the band `unknown`.

Where the limits come from: 140 m is the size from which NASA is charged to find near-Earth objects
(NASA Authorization Act of 2005, section 321); 25 m is about the largest object that an airburst
ends, by NASA's "Asteroid Fast Facts"; from 1 km on an impact has global effects (the Spaceguard
goal of 1998).  0.11 lunar distances are the radius of the geostationary orbit (42,164 km of
384,400 km); 19.5 lunar distances are 0.05 au, the limit in the definition of a potentially
hazardous asteroid (https://cneos.jpl.nasa.gov/about/neo_groups.html).
"""

from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True)
class BandScale:
    """Bands of one measure: each name with the value it begins at, in `unit`, ascending."""

    measure: str
    unit: str
    bands: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The bands in ascending order, without `unknown`."""
        return tuple(name for name, _ in self.bands)

    def expression(self, value: str) -> str:
        """The band of an SQL expression, as an SQL expression of type STRING."""
        steps = " ".join(
            f"WHEN {value} < {limit!r}D THEN '{name}'"
            for name, (_, limit) in zip(self.names[:-1], self.bands[1:], strict=True)
        )
        return (
            f"CASE WHEN {value} IS NULL OR isnan({value}) THEN '{UNKNOWN}' "
            f"{steps} ELSE '{self.names[-1]}' END"
        )

    @property
    def description(self) -> str:
        """One sentence that names every band and its limits."""
        highs = [*(f"{low:g}" for _, low in self.bands[1:]), "∞"]
        spans = (
            f"`{name}` [{low:g}, {high})"
            for (name, low), high in zip(self.bands, highs, strict=True)
        )
        return f"Band of the {self.measure} in {self.unit}: {', '.join(spans)}; else `{UNKNOWN}`."


SIZE = BandScale(
    "diameter (geometric mean of its estimates)",
    "metres",
    (("small", 0.0), ("medium", 25.0), ("large", 140.0), ("very_large", 1000.0)),
)
VELOCITY = BandScale(
    "velocity relative to the body",
    "km/s",
    (("slow", 0.0), ("moderate", 5.0), ("fast", 10.0), ("very_fast", 20.0), ("extreme", 30.0)),
)
HAZARD_LIMIT_LUNAR = 19.5
DISTANCE = BandScale(
    "miss distance",
    "lunar distances",
    (
        ("inside_geo", 0.0),
        ("inside_lunar", 0.11),
        ("close", 1.0),
        ("near", 5.0),
        ("distant", HAZARD_LIMIT_LUNAR),
    ),
)

LABELS = {"inside_geo": "inside GEO", "inside_lunar": "inside the Moon's orbit"}
"""Bands whose label is not just their name."""


def label(band: str) -> str:
    """Return a band, class or rule as people read it, such as `very large`."""
    return LABELS.get(band, band.replace("_", " "))


RISK_ORDER = (UNKNOWN, "minimal", "low", "moderate", "elevated", "high")
"""The risk bands, by growing attention."""

RISK_TABLE = {
    "small": ("minimal", "minimal", "minimal", "low", "low"),
    "medium": ("minimal", "low", "low", "moderate", "elevated"),
    "large": ("low", "moderate", "elevated", "high", "high"),
    "very_large": ("low", "elevated", "elevated", "high", "high"),
}
"""Risk by size band (key) and distance band (position: the farthest first)."""

RISK_DESCRIPTION = (
    "How much attention the approach deserves, by size and distance: "
    f"{' < '.join(f'`{band}`' for band in RISK_ORDER)}. Not an impact probability, and neither "
    "Torino nor Palermo scale. At least `moderate` for a potentially hazardous object below "
    f"{HAZARD_LIMIT_LUNAR:g} lunar distances; at least `low` for a Sentry object, `elevated` below "
    f"{HAZARD_LIMIT_LUNAR:g}."
)


def risk_expression(size: str, distance: str, lunar: str, hazardous: str, sentry: str) -> str:
    """The risk band as an SQL expression of type STRING, from SQL expressions of its inputs."""
    rank = {band: position for position, band in enumerate(RISK_ORDER)}
    cells = " ".join(
        f"WHEN {size} = '{size_band}' AND {distance} = '{distance_band}' THEN {rank[risk]}"
        for size_band, row in RISK_TABLE.items()
        for distance_band, risk in zip(reversed(DISTANCE.names), row, strict=True)
    )
    below_limit = f"{lunar} < {HAZARD_LIMIT_LUNAR!r}D"
    floors = (
        f"CASE WHEN {hazardous} AND {below_limit} THEN {rank['moderate']} ELSE 0 END",
        f"CASE WHEN {sentry} AND {below_limit} THEN {rank['elevated']} "
        f"WHEN {sentry} THEN {rank['low']} ELSE 0 END",
    )
    names = ", ".join(f"'{band}'" for band in RISK_ORDER)
    return f"element_at(array({names}), 1 + greatest(CASE {cells} ELSE 0 END, {', '.join(floors)}))"
