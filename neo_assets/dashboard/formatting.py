"""Names, times and numbers as people read them."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

from neo_assets.dashboard.published import Event, OddsComparison
from neo_assets.dashboard.risk_lists import object_name
from neo_assets.dashboard.tables import Approach
from neo_assets.external_text import printable
from neo_assets.lakehouse.model.bands import label

JPL = "https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr="
"""JPL's page about an object, by its designation."""


def name_of(approach: Approach) -> str:
    """The object as NASA writes it, else its designation."""
    return printable(approach.name or approach.designation)


def jpl_address(designation: str) -> str:
    """Return the page of the object at JPL, whatever its designation contains."""
    return JPL + quote(designation, safe="")


def moment(approach: Approach) -> str:
    """The minute of the closest approach (TDB); the day where the minute is not known."""
    if approach.close_approach_at is None:
        return day(approach.close_approach_date)
    return f"{day(approach.close_approach_date)}, {approach.close_approach_at:%H:%M}"


def day(value: date) -> str:
    """A day without its year, such as `21 May`."""
    return f"{value.day} {value:%b}"


def number(value: float | None, digits: int = 0) -> str:
    """With commas, and so many digits after the point; a dash for what is not known."""
    return "-" if value is None else f"{value:,.{digits}f}"


def one_in(probability: float | None) -> str:
    """A probability as odds, such as `1 in 2,700`, to two digits where they are small."""
    if probability is None:
        return "-"
    if probability <= 0:
        return "0"
    against = 1 / probability
    return f"1 in {float(f'{against:.2g}'):,.0f}" if against >= 10 else f"1 in {against:.1f}"


def probability(value: float | None) -> str:
    """A probability as published, such as `3.7e-04`; a dash for what is not known."""
    return "-" if value is None else f"{value:.2e}"


def place(event: Event) -> str:
    """The place such as `54.8° N, 61.1° E`; a dash where none was published."""
    if event.latitude_deg is None or event.longitude_deg is None:
        return "-"
    north = "N" if event.latitude_deg >= 0 else "S"
    east = "E" if event.longitude_deg >= 0 else "W"
    return f"{abs(event.latitude_deg):.1f}° {north}, {abs(event.longitude_deg):.1f}° {east}"


def significant(value: float | None) -> str:
    """Three digits that mean something, such as `0.076` or `440`; a dash for what is not known."""
    return "-" if value is None else f"{float(f'{value:.3g}'):,g}"


def reason(name: str, titles: Mapping[str, str]) -> str:
    """Why sources differ, with the title of the only one that lists it."""
    only = titles.get(name.removeprefix("only_")) if name.startswith("only_") else None
    return f"only {only}" if only else label(name)


def name_of_compared(compared: OddsComparison) -> str:
    """The object with its name, if it has a number."""
    number = compared.object if compared.object.isdecimal() else None
    return object_name(number, compared.name, compared.object)
