"""The fireballs of JPL: where each value is in a row of its response, and what distinguishes them.

Events have no identifier.  One is known by its second, and that is all there was to know in the
1,060 events until May 2026.  Should two events share their second, the second one of them, in order
of place and energy, is occurrence 2: both are kept, and a revision of one may exchange the numbers.
"""

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.dataset import Dataset, Gold
from neo_assets.lakehouse.model.json_values import number, positive, timestamp
from neo_assets.lakehouse.model.tables import (
    CHANGE_DATA_FEED,
    Column,
    Table,
    dataset_tables,
    history_columns,
    withdrawn_column,
)
from neo_assets.sources.fireball.rules import RULES

OCCURRENCE = "occurrence"
"""The field that the client adds to an event that shares its second with one before it."""


def signed(name: str, positive_direction: str, negative_direction: str, largest: int) -> str:
    """Degrees with the sign of their direction, as an SQL expression; null without a direction."""
    degrees = f"array_max(filter(array({number(name)}), d -> d BETWEEN 0 AND {largest}))"
    return (
        f"CASE try_variant_get(payload, '$.{name}-dir', 'string') "
        f"WHEN '{positive_direction}' THEN {degrees} WHEN '{negative_direction}' "
        f"THEN 0 - {degrees} END"
    )


COLUMNS = (
    Column(
        "event_at",
        "TIMESTAMP",
        "Second of the peak brightness (UTC).",
        timestamp("date", "yyyy-MM-dd HH:mm:ss"),
        "date",
    ),
    Column(
        "occurrence",
        "INT",
        "1, or the number of the event among those that share its second, in order of place and "
        "energy.",
        f"coalesce(CAST({number(OCCURRENCE)} AS INT), 1)",
        OCCURRENCE,
    ),
    Column(
        "radiated_energy_1e10_j",
        "DOUBLE",
        "Total radiated energy in 10^10 joules.",
        positive("energy"),
        "energy",
        unit="10^10 J",
    ),
    Column(
        "impact_energy_kt",
        "DOUBLE",
        "Estimated total impact energy in kilotons of TNT.",
        positive("impact-e"),
        "impact-e",
        unit="kt",
    ),
    Column(
        "latitude_deg",
        "DOUBLE",
        "Latitude in degrees, negative in the south; null where no place was published.",
        signed("lat", "N", "S", 90),
        "lat",
        unit="°",
    ),
    Column(
        "longitude_deg",
        "DOUBLE",
        "Longitude in degrees, negative in the west; null where no place was published.",
        signed("lon", "E", "W", 180),
        "lon",
        unit="°",
    ),
    Column(
        "altitude_km",
        "DOUBLE",
        "Altitude of the peak brightness above the geoid, in km; null for many events.",
        number("alt"),
        "alt",
        unit="km",
    ),
    Column(
        "velocity_km_s",
        "DOUBLE",
        "Velocity at the peak brightness before it slowed down, in km/s; null for most events.",
        positive("vel"),
        "vel",
        unit="km/s",
    ),
)
"""What a fireball is.  All but the time and both energies may be missing."""

GOLD_FIREBALL = Table(
    "gold_fireball",
    "One row is one fireball, in its last valid version.",
    "event_date",
    (
        Column("event_date", "DATE", "Day of the event (UTC).", "partition_date"),
        Column(
            "date_key",
            "INT",
            "Day of the event (UTC) as yyyymmdd.",
            keys.date_key("partition_date"),
        ),
        *COLUMNS,
        Column(
            "approach_designation",
            "STRING",
            "Designation of the object whose approach in `gold_neo_fact` fits the event: it is "
            "listed within an hour of it and less than 0.0001 au from the center of the Earth. "
            "Null where none fits, as for nearly all events.",
        ),
        Column(
            "is_known_beforehand",
            "BOOLEAN",
            "Whether that approach was fetched before the event; null where it fits, but was first "
            "fetched afterwards.",
        ),
        *history_columns("event"),
        withdrawn_column("event"),
    ),
    key=("event_at", "occurrence"),
    features=CHANGE_DATA_FEED,
)

FIREBALLS = Dataset(
    name="fireball",
    landing_folder="fireball_feed",
    raw_asset="raw_fireball_files",
    tables=dataset_tables(
        "fireball",
        "events",
        COLUMNS,
        "One row is one fireball in the newest snapshot of its day, valid and without repeats.",
        noun="event",
        bronze="bronze_fireballs",
        silver="silver_fireballs",
    ),
    columns=COLUMNS,
    key=("event_at", "occurrence"),
    rules=RULES,
    preview=("event_at", "impact_energy_kt", "latitude_deg", "longitude_deg", "altitude_km"),
    raw_preview=("date", "energy", "impact-e", "lat", "lat-dir", "lon", "lon-dir"),
    gold=Gold(
        GOLD_FIREBALL.name,
        "Fireballs",
        """Every fireball that was ever listed, in its last valid version: one row is one event.

Says whether an object was known to come. An event that JPL withdrew stays and is marked.""",
        "events",
        (GOLD_FIREBALL,),
        ("event_at", "impact_energy_kt", "latitude_deg", "longitude_deg", "approach_designation"),
    ),
)
