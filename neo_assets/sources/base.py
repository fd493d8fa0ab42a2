"""What a source is, and what requesting a day from it results in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Literal, Protocol

from neo_assets.date_spans import spans
from neo_assets.lakehouse.model.dataset import Dataset

if TYPE_CHECKING:
    from neo_assets.progress import LogFunction
    from neo_assets.settings import Settings


@dataclass(frozen=True)
class DaySnapshot:
    """A source's response for one day: all its objects at one moment, with secrets redacted.

    `objects` are as the service gave them, in its order; `calls_left` is what remains of the key's
    budget of calls, where the service reports it.  `is_omitted` is true for a day without objects
    that a complete response does not mention.

    `api_version` is the version of the interface, where the service says it, and `warnings` has
    sentences about the response as a whole, such as one of an unknown version.
    """

    day: date
    objects: tuple[dict[str, Any], ...]
    fetched_at: datetime
    calls_left: int | None = None
    is_omitted: bool = False
    api_version: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class DayFailure:
    """A day for which a source gave no usable response; `reason` says why."""

    day: date
    reason: str


DayOutcome = DaySnapshot | DayFailure
"""What requesting one day results in."""


class Fetch(Protocol):
    """Requests days from a source."""

    def __call__(
        self,
        settings: Settings,
        days: Sequence[date],
        log: LogFunction,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[DayOutcome]:
        """Yield what each day results in, in order, as the responses come.

        `log` receives a sentence whenever a call is retried or waits; `sleep` passes the time
        until then, and may raise to give up.

        Raises:
            FeedError: a fault that concerns every call; the days yielded before are valid.
        """


def imported(name: str) -> Fetch:
    """What requests days, by its name such as `package.module:function`; imported when called.

    A job that only refines what has landed has no HTTP client.
    """

    def fetch(
        settings: Settings,
        days: Sequence[date],
        log: LogFunction,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[DayOutcome]:
        outcomes: Iterator[DayOutcome] = resolve_name(name)(settings, days, log, sleep)
        return outcomes

    return fetch


def _no_secrets(settings: Settings) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Source:
    """A service that publishes one dataset: how it is queried, and what it must not reveal.

    `title` is what people call it, such as `NASA's NeoWs feed`.
    With `queried` = `days` a call is about `days_per_call` days in a row at most, any number if
    that is none; with `now` it is about the moment, and so about no other day than today.
    `provider` says who answers by the settings, such as `nasa` or `simulator`, and `secrets` which
    strings may be written nowhere.  Faults are those of `errors`.
    """

    name: str
    title: str
    dataset: Dataset
    fetch: Fetch
    provider: Callable[[Settings], str]
    queried: Literal["days", "now"] = "days"
    days_per_call: int | None = 1
    secrets: Callable[[Settings], Sequence[str]] = _no_secrets

    def requestable(self, days: Sequence[date], today: date) -> list[date]:
        """The days that can be requested today."""
        return [day for day in days if self.queried == "days" or day == today]

    def why_not_requested(self, today: date) -> str:
        """Return why a day cannot be requested today."""
        return (
            f"{self.title} can only be requested as of now, so there is nothing to request for "
            f"another day than today, {today}"
        )

    def calls(self, days: Sequence[date]) -> int:
        """Return the number of calls that these days take."""
        if self.queried == "now":
            return 1
        return len(spans(days, self.days_per_call))
