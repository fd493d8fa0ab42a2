"""How the approaches of NeoWs compare with those of JPL's close-approach data (CAD).

Both are computed by JPL from the same orbits: they agree to the last digit that is printed, unless
one was computed from another orbit solution.
"""

from typing import NamedTuple

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.dataset import AGREES, UNEXPLAINED, Agreement
from neo_assets.lakehouse.model.tables import CHANGE_DATA_FEED, Column, Table, enumeration


class _Value(NamedTuple):
    """A value that both have.

    `difference` is the column for CAD minus NeoWs. Up to `printed` two values are the same, and up
    to `rounded` one of them has fewer digits.
    """

    column: str
    type: str
    unit: str
    difference: str
    printed: float
    rounded: float


_TIME = _Value("close_approach_at", "TIMESTAMP", "min", "time_difference_minutes", 0, 1)
"""Both give whole minutes."""

_DISTANCE = _Value("miss_distance_au", "DOUBLE", "au", "distance_difference_au", 1e-9, 1e-7)
"""NeoWs gives ten decimals, CAD more."""

_VELOCITY = _Value(
    "relative_velocity_km_s", "DOUBLE", "km/s", "velocity_difference_km_s", 1e-8, 1e-4
)
"""NeoWs gives ten decimals, CAD more."""

_MAGNITUDE = _Value("absolute_magnitude_h", "DOUBLE", "mag", "magnitude_difference", 0.005, 0.1)
"""CAD gives two decimals; recorded responses of NeoWs have one or two."""

_VALUES = (_TIME, _DISTANCE, _VELOCITY, _MAGNITUDE)


def _difference(value: _Value) -> str:
    if value is _TIME:
        return f"(unix_seconds(cad_{value.column}) - unix_seconds(neows_{value.column})) / 60"
    return f"cad_{value.column} - neows_{value.column}"


def _all_within(limits: dict[_Value, float | str]) -> str:
    return " AND ".join(
        f"coalesce(abs({_difference(value)}) <= {limit}, true)" for value, limit in limits.items()
    )


_SAME_OBJECT: dict[_Value, float | str] = {
    _TIME: "time_tolerance_minutes",
    _DISTANCE: "distance_tolerance_au",
    # JPL gives no uncertainty of the velocity; it hardly depends on the orbit solution.
    _VELOCITY: 0.1,
}
"""What may differ between two orbit solutions; H is measured by itself."""

_IS_ROUNDED = _all_within({value: value.rounded for value in _VALUES})

_REASON = f"""CASE
    WHEN cad_close_approach_date IS NULL THEN 'only_neows'
    WHEN neows_close_approach_date IS NULL THEN 'only_cad'
    WHEN cad_close_approach_date <> neows_close_approach_date THEN 'moved_day'
    WHEN {_all_within({value: value.printed for value in _VALUES})} THEN '{AGREES}'
    WHEN {_IS_ROUNDED} THEN 'rounding'
    WHEN agreed_before OR {_all_within(_SAME_OBJECT)} THEN 'older_orbit'
    ELSE '{UNEXPLAINED}' END"""

GOLD_CLOSE_APPROACH_AGREEMENT = Table(
    "gold_close_approach_agreement",
    "One row is one approach that NeoWs or CAD lists, with the values of both and why they differ.",
    "close_approach_date",
    (
        Column(
            "neo_event_key",
            "BIGINT",
            "Key of the approach in `gold_neo_fact`; null if NeoWs does not list it.",
        ),
        Column("designation", "STRING", "Designation of the object, by NeoWs if it lists it."),
        Column(
            "close_approach_date",
            "DATE",
            "Day of the closest approach (TDB), by NeoWs if it lists the approach.",
            "coalesce(neows_close_approach_date, cad_close_approach_date)",
        ),
        Column("orbiting_body", "STRING", "Body that is approached."),
        *(
            Column(
                f"{source}_{name}",
                type_,
                f"`{name}` by {title}; null if it lists no such approach.",
                unit="TDB" if type_ == "TIMESTAMP" else "",
            )
            for name, type_ in (
                ("close_approach_date", "DATE"),
                *((value.column, value.type) for value in _VALUES),
            )
            for source, title in (("neows", "NeoWs"), ("cad", "CAD"))
        ),
        Column("cad_orbit_id", "STRING", "Orbit solution from which CAD computed the approach."),
        *(
            Column(
                value.difference,
                "DOUBLE",
                f"`{value.column}` by CAD minus that by NeoWs.",
                _difference(value),
                unit=value.unit,
            )
            for value in _VALUES
        ),
        Column(
            "time_tolerance_minutes",
            "DOUBLE",
            "Three standard deviations of the time, as CAD gives them.",
            "CAST(cad_time_uncertainty_minutes AS DOUBLE)",
            unit="min",
        ),
        Column(
            "distance_tolerance_au",
            "DOUBLE",
            "Three standard deviations of the distance, as CAD gives them: the farther of its "
            "bounds.",
            "greatest(cad_miss_distance_max_au - cad_miss_distance_au, "
            "cad_miss_distance_au - cad_miss_distance_min_au)",
            unit="au",
        ),
        enumeration(
            "reason",
            (
                (AGREES, "all values are the same to the last printed digit"),
                ("rounding", "one source gives fewer digits"),
                (
                    "older_orbit",
                    "one agrees with an earlier version of the other, or time and distance differ "
                    "by no more than CAD's three standard deviations and the velocity by no more "
                    "than 0.1 km/s",
                ),
                (
                    "moved_day",
                    "the other source lists the approach on another day, at most 7 apart",
                ),
                ("only_neows", "only NeoWs lists the approach"),
                ("only_cad", "only CAD lists the approach"),
                (UNEXPLAINED, "none of these"),
            ),
            _REASON,
        ),
    ),
    key=("designation", "close_approach_date", "orbiting_body"),
    features=CHANGE_DATA_FEED,
)

AGREEMENT = Agreement(
    other="cad",
    title="JPL's close-approach data",
    check="cad_agreement",
    table=GOLD_CLOSE_APPROACH_AGREEMENT,
    own_name="neows",
    other_name="cad",
    compared=("close_approach_date", *(value.column for value in _VALUES)),
    uncertainty=(
        "orbit_id",
        "time_uncertainty_minutes",
        "miss_distance_min_au",
        "miss_distance_max_au",
    ),
    agrees=f"cad_close_approach_date = neows_close_approach_date AND {_IS_ROUNDED}",
    own_number=keys.NUMBER,
    other_number="try_cast(number AS INT)",
)
