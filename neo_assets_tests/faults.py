"""How many faults the suite has injected, by kind, for the summary at its end."""

from collections import Counter

INJECTED: Counter[str] = Counter()


def injected(kind: str, times: int = 1) -> None:
    """Count a fault: a process killed, an answer spoilt, a file damaged."""
    INJECTED[kind] += times
