"""Names and lists from the feed, short enough for a sentence."""

from collections.abc import Sequence

LONGEST_SHOWN = 80
"""Characters of a value or name that are shown."""

MOST_LISTED = 10
"""Things that one sentence lists."""


def shortened(text: str) -> str:
    """The text, cut where it is long."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def listed(items: Sequence[str], separator: str = ", ") -> str:
    """The first of them, and how many more there are."""
    shown = separator.join(items[:MOST_LISTED])
    more = len(items) - MOST_LISTED
    return shown if more <= 0 else f"{shown}{separator}and {more} more"
