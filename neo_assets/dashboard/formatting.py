"""Names, times and numbers as people read them."""

from datetime import date
from urllib.parse import quote

from neo_assets.dashboard.tables import Approach
from neo_assets.external_text import printable

JPL = "https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr="
"""JPL's page about an object, by its designation."""


def name_of(approach: Approach) -> str:
    """The object as NASA writes it, else its designation."""
    return printable(approach.name or approach.designation)


def jpl_address(approach: Approach) -> str:
    """Return the page of the object at JPL, whatever its designation contains."""
    return JPL + quote(approach.designation, safe="")


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
