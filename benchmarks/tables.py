"""Results as tables in Markdown, compared with the goals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Goal:
    """A ratio that was measured, and what it should be at most."""

    what: str
    ratio: float
    at_most: float


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with every column to the right."""
    lines = [headers, ("---:",) * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread(values: Sequence[float], unit: str = "") -> tuple[str, str]:
    """The median, and from the first to the third quartile; of one value itself."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else (*values,) * 3
    return f"{median(values):.2f}{unit}", f"{low:.2f} to {high:.2f}{unit}"
