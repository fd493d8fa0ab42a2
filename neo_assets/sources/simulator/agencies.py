"""What the agencies beside NASA's NeoWs publish of the sky: one document for each path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Answer:
    """What one request is answered with."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class BadRequest(Exception):
    """The parameters of a call cannot be used."""


Document = Callable[[Mapping[str, str], date], Answer]
"""What a path answers to the parameters of a request, on a day."""

Documents = Mapping[str, Document]


def documents(seed: int | None) -> Documents:
    """The documents of the sky of this seed, by path; without one nothing is in them."""
    return {}
