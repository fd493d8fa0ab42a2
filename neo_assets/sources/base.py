"""What a source is, and what requesting a day from it results in."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class DaySnapshot:
    """What a source said about one day: all its objects at one moment, with every secret redacted.

    `objects` are as the service gave them, in its order; `calls_left` is what remains of the key's
    budget of calls, where the service reports it.  `is_omitted` is true for a day without objects
    that a complete response does not mention.
    """

    day: date
    objects: tuple[dict[str, Any], ...]
    fetched_at: datetime
    calls_left: int | None
    is_omitted: bool = False


@dataclass(frozen=True)
class DayFailure:
    """A day for which a source gave no usable response; `reason` says why."""

    day: date
    reason: str


DayOutcome = DaySnapshot | DayFailure
"""What requesting one day results in."""
