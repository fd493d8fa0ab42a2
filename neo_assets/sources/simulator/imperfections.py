"""Imperfections of real responses, at small rates, so that the downstream rules have work.

An imperfection belongs to a row and an orbit solution: it is the same all day long, and the next
solution may heal it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from .listing import JsonObject

_UNREADABLE_MINUTES = ("", "unknown", "2015-Foo-08 20:28", "0000-Jan-00 00:00", "20:28")
_UNREADABLE_DATES = ("", "unknown", "2015-13-45", "0000-00-00")


@dataclass(frozen=True)
class Imperfections:
    """The rate of each imperfection, as a share of rows from 0 to 1.

    The defaults lose about 1.4 % of rows to missing or unreadable values and repeat about 2 %.
    """

    missing_velocity: float = 0.005
    missing_miss_distance: float = 0.005
    unreadable_date: float = 0.004
    unreadable_minute: float = 0.006
    """A spoiled `close_approach_date_full`, which costs the minute but not the row."""
    missing_magnitude: float = 0.004
    """Neither H nor diameters, as with 2010 CA55: a property of the object, of all its rows."""
    repeated: float = 0.012
    """The row is there twice, the same in every field."""
    lingering_id: float = 0.06
    """Share of the numbered objects' rows that are also listed under the old id, for a while."""
    largest_lost_share: float = 0.25
    """At most this share of a day's objects has a row that cannot be used."""

    def may_lose(self, lost: int, rows: int) -> bool:
        """Whether one more row may be spoiled where `lost` of `rows` are."""
        return lost + 1 <= self.largest_lost_share * rows

    def lose(self, row: JsonObject, chance: Random) -> JsonObject | None:
        """The row without a value it cannot do without; None: it is spared."""
        losses: tuple[tuple[float, Callable[[JsonObject], object]], ...] = (
            (self.missing_velocity, lambda approach: approach.pop("relative_velocity")),
            (self.missing_miss_distance, lambda approach: approach.pop("miss_distance")),
            (
                self.unreadable_date,
                lambda approach: approach.update(
                    close_approach_date=chance.choice(_UNREADABLE_DATES)
                ),
            ),
        )
        fate = chance.random()
        for rate, lose in losses:
            fate -= rate
            if fate < 0:
                spoiled = deepcopy(row)
                lose(spoiled["close_approach_data"][0])
                return spoiled
        return None

    def blur(self, row: JsonObject, chance: Random) -> JsonObject:
        """The row, perhaps with an unreadable minute."""
        if chance.random() >= self.unreadable_minute:
            return row
        blurred = deepcopy(row)
        blurred["close_approach_data"][0]["close_approach_date_full"] = chance.choice(
            _UNREADABLE_MINUTES
        )
        return blurred

    def dim(self, row: JsonObject, chance: Random) -> JsonObject:
        """The row, perhaps without magnitude and diameters."""
        if chance.random() >= self.missing_magnitude:
            return row
        unknown = {"absolute_magnitude_h", "estimated_diameter"}
        return {field: value for field, value in row.items() if field not in unknown}
