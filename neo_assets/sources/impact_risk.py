"""What the lists of possible impactors have in common, whichever agency publishes them.

The values are published by the agencies; none is computed here.
"""

from collections.abc import Mapping
from dataclasses import replace

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.dataset import AGREES, UNEXPLAINED, Gold
from neo_assets.lakehouse.model.json_values import text
from neo_assets.lakehouse.model.rules import Rule
from neo_assets.lakehouse.model.tables import CHANGE_DATA_FEED, Column, Table, enumeration

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
            unit="unspecified",
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


VALUES = tuple(name for name in _COLUMNS if name not in ("observed_date", "list_updated_at"))
"""The columns that a revision shows: the ones that describe the object, and what is said of it."""

GOLD_IMPACT_RISK = Table(
    "gold_impact_risk",
    "One row is what one agency said about one object, from the snapshot of its list that showed "
    "it first until the one that showed something else.",
    "seen_on",
    (
        Column("source", "STRING", "The list: `sentry` of JPL or `esa_risk` of ESA."),
        Column(
            "neo_key",
            "BIGINT",
            "Surrogate key of the object, as in `gold_dim_neo`: 60 bits of the SHA-256 of its "
            "designation. An object that the agencies designate differently has two; `number` ties "
            "them together.",
            keys.surrogate_key("designation"),
        ),
        Column("seen_on", "DATE", "Day of `seen_at` (UTC)."),
        Column("seen_at", "TIMESTAMP", "When the snapshot was fetched that first showed it (UTC)."),
        Column(
            "seen_until",
            "TIMESTAMP",
            "`seen_at` of the object's next row; null in the current one.",
            "lead(seen_at) OVER (PARTITION BY designation ORDER BY seen_at)",
        ),
        Column(
            "revision_type",
            "STRING",
            "What happened: `listed` for the first time that was seen, values `revised`, `removed` "
            "from the list, or `relisted`. A removed object has no values.",
        ),
        Column(
            "odds_factor",
            "DOUBLE",
            "Factor by which a revision changed `impact_probability`; null in all other rows.",
        ),
        *(_COLUMNS[name] for name in VALUES),
    ),
    key=("source", "designation", "seen_at"),
    features=CHANGE_DATA_FEED,
)

ODDS_FACTOR = 3
"""Factor within which the odds of both agencies agree."""

PALERMO_DIFFERENCE = 0.5
"""Difference within which their cumulative Palermo values agree.

The scale is the logarithm of the odds, so that a factor of three is 0.48; Chesley et al. 2002,
*Quantifying the risk posed by potential Earth impacts*.
"""

_COMPARED = (
    ("impact_probability", "DOUBLE"),
    ("palermo_cumulative", "DOUBLE"),
    ("impact_year_first", "INT"),
    ("impact_year_last", "INT"),
    ("seen_at", "TIMESTAMP"),
)
AGENCIES = ("sentry", "esa_risk")


def _of_agency(name: str, type_: str, agency: str) -> Column:
    comment = f"`{name}` of the current row in `gold_impact_risk`, where `source` is `{agency}`."
    return Column(f"{agency}_{name}", type_, comment)


RISK_AGREEMENT = Table(
    "risk_agreement",
    "One row is one object that at least one agency lists now, with what both say and why they "
    "differ.",
    "",
    (
        Column("object", "STRING", "Number of the object, or its designation where it has none."),
        Column("name", "STRING", "Name of the object as an agency writes it, JPL before ESA."),
        *(_of_agency(name, type_, agency) for name, type_ in _COMPARED for agency in AGENCIES),
        Column(
            "odds_ratio",
            "DOUBLE",
            "Odds by ESA divided by those by JPL.",
            "try_divide(esa_risk_impact_probability, sentry_impact_probability)",
        ),
        Column(
            "palermo_difference",
            "DOUBLE",
            "Cumulative Palermo value by ESA minus that by JPL.",
            "esa_risk_palermo_cumulative - sentry_palermo_cumulative",
        ),
        enumeration(
            "reason",
            (
                (
                    AGREES,
                    f"odds within a factor of {ODDS_FACTOR}, cumulative Palermo values within "
                    f"{PALERMO_DIFFERENCE}",
                ),
                (
                    "horizon",
                    "the last years of impact differ by more than a year: the agencies look ahead "
                    "differently far",
                ),
                (
                    "newer_observation",
                    "one agency changed its values on another day than the other",
                ),
                ("only_sentry", "only JPL lists the object"),
                ("only_esa_risk", "only ESA lists the object"),
                (UNEXPLAINED, "none of these"),
            ),
            f"""CASE WHEN esa_risk_seen_at IS NULL THEN 'only_sentry'
            WHEN sentry_seen_at IS NULL THEN 'only_esa_risk'
            WHEN odds_ratio BETWEEN 1.0D / {ODDS_FACTOR} AND {ODDS_FACTOR}
                AND abs(palermo_difference) <= {PALERMO_DIFFERENCE} THEN '{AGREES}'
            WHEN abs(esa_risk_impact_year_last - sentry_impact_year_last) > 1 THEN 'horizon'
            WHEN CAST(esa_risk_seen_at AS DATE) <> CAST(sentry_seen_at AS DATE)
                THEN 'newer_observation'
            ELSE '{UNEXPLAINED}' END""",
        ),
    ),
    key=("object",),
    features=CHANGE_DATA_FEED,
)


def gold(asset: str, agency: str) -> Gold:
    """What the list of an agency becomes: its rows of the history that both share."""
    return Gold(
        asset,
        "Odds of an impact",
        f"""What {agency} ever said about the odds of an impact: its rows of `gold_impact_risk`.

One row is what was said about one object, from when until when. `risk_agreement`, written with \\
it, compares both agencies. All values are published by them; none is computed here.""",
        "risk history",
        (GOLD_IMPACT_RISK, RISK_AGREEMENT),
        (
            "designation",
            "revision_type",
            "impact_probability",
            "odds_factor",
            "palermo_cumulative",
            "impact_year_first",
            "impact_year_last",
        ),
    )
