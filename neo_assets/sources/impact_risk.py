"""What the lists of possible impactors have in common, whichever agency publishes them.

The values are published by the agencies; none is computed here.
"""

from collections.abc import Mapping
from dataclasses import replace

from neo_assets.lakehouse.model.json_values import text
from neo_assets.lakehouse.model.rules import Rule
from neo_assets.lakehouse.model.tables import Column

KEY = ("designation", "observed_date")
"""The columns that tell two rows of a list apart."""

_COLUMNS = {
    column.name: column
    for column in (
        Column(
            "designation",
            "STRING",
            "Designation of the object with the blank that JPL writes, such as `2023 OW4`.",
        ),
        Column("observed_date", "DATE", "Day of the request (UTC).", "feed_date"),
        Column(
            "number",
            "STRING",
            "Permanent number of the asteroid; null while it has none. It ties an object together "
            "that the agencies designate differently.",
        ),
        Column("name", "STRING", "Name of the object as the agency writes it."),
        Column(
            "impact_probability",
            "DOUBLE",
            "Cumulative probability of all potential impacts, from 0 to 1.",
        ),
        Column(
            "impact_probability_maximum",
            "DOUBLE",
            "Probability of the impact with the largest Palermo value, from 0 to 1.",
        ),
        Column("palermo_cumulative", "DOUBLE", "Cumulative value on the Palermo scale."),
        Column("palermo_maximum", "DOUBLE", "Largest value of an impact on the Palermo scale."),
        Column(
            "torino_maximum",
            "INT",
            "Largest value of an impact on the Torino scale, 0 to 10; null where there is none, "
            "because it is defined for the next hundred years alone.",
        ),
        Column("potential_impacts", "INT", "Number of potential impacts."),
        Column("impact_year_first", "INT", "Year of the first potential impact."),
        Column("impact_year_last", "INT", "Year of the last potential impact."),
        Column(
            "most_likely_impact_at",
            "TIMESTAMP",
            "Minute of the impact with the largest Palermo value, as the agency gives it.",
        ),
        Column("last_observed", "DATE", "Day of the last observation of the object (UTC)."),
        Column(
            "absolute_magnitude_h",
            "DOUBLE",
            "Absolute magnitude H of the object; smaller is brighter and larger.",
            unit="mag",
        ),
        Column("diameter_km", "DOUBLE", "Diameter of the object in km.", unit="km"),
        Column(
            "is_diameter_estimated",
            "BOOLEAN",
            "Whether the diameter is estimated from the brightness of the object.",
        ),
        Column(
            "velocity_at_infinity_km_s",
            "DOUBLE",
            "Velocity relative to the Earth, without the acceleration by its gravity, in km/s.",
            unit="km/s",
        ),
        Column(
            "impact_velocity_km_s",
            "DOUBLE",
            "Velocity at which the object would enter the atmosphere, in km/s.",
            unit="km/s",
        ),
        Column(
            "removed_at",
            "TIMESTAMP",
            "When the object was removed from the list (UTC), after which the list says nothing "
            "else of it; null for an object on the list.",
        ),
        Column("list_updated_at", "TIMESTAMP", "When the agency last updated the list (UTC)."),
    )
}


def columns(places: Mapping[str, tuple[str, str]]) -> tuple[Column, ...]:
    """The columns that an agency fills: for each where its value is, and what reads it."""
    return tuple(
        replace(column, path=places[name][0], derivation=places[name][1])
        if name in places
        else column
        for name, column in _COLUMNS.items()
        if name in places or column.derivation
    )


def year(path: str, place: int) -> str:
    """The first or second year of a span such as `2056-2113`; null for anything else."""
    form = "^([0-9]{4}) ?- ?([0-9]{4})$"
    return f"try_cast(regexp_extract({text(path)}, '{form}', {place}) AS INT)"


def rules(exempt: str = "false") -> tuple[Rule, ...]:
    """The rules for the rows of a list; `exempt` is the condition of rows that have no values."""
    return (
        Rule(
            "missing_designation",
            "has a designation",
            "designation IS NOT NULL",
            "designation",
            keeps_key=True,
        ),
        Rule(
            "invalid_probability",
            "has a cumulative impact probability from 0 to 1",
            f"{exempt} OR impact_probability BETWEEN 0 AND 1",
            "impact_probability",
        ),
        Rule(
            "missing_palermo",
            "has a cumulative value on the Palermo scale",
            f"{exempt} OR palermo_cumulative IS NOT NULL",
            "palermo_cumulative",
            action="warn",
        ),
        Rule(
            "invalid_torino",
            "has a value from 0 to 10 on the Torino scale, or none",
            "torino_maximum IS NULL OR torino_maximum BETWEEN 0 AND 10",
            "torino_maximum",
            action="warn",
        ),
        Rule(
            "invalid_years",
            "has a first year of impact that is not after the last",
            f"{exempt} OR impact_year_first <= impact_year_last",
            "impact_year_first",
            action="warn",
        ),
    )
