"""Randomness without state: the same labels always give the same stream of random numbers."""

from random import Random


def draw(*labels: object) -> Random:
    """A random generator that depends on nothing but its labels.

    A text seed goes through SHA-512 (`random.seed`, version 2), so the stream is the same in every
    process, on every machine, whatever `PYTHONHASHSEED` is.
    """
    return Random("/".join(map(str, labels)))
