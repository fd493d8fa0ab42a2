"""JPL's fireballs: bright meteors that sensors of the US government have recorded."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.fireball.dataset import FIREBALLS

if TYPE_CHECKING:
    from neo_assets.progress import LogFunction
    from neo_assets.settings import Settings


def _fetch(
    settings: "Settings",
    days: Sequence[date],
    log: "LogFunction",
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    # A job that only refines what has landed has no HTTP client.
    from neo_assets.sources.fireball.client import fetch

    return fetch(settings, days, log, sleep)


FIREBALL = Source(
    name="fireball",
    title="JPL's fireballs (fireball.api)",
    dataset=FIREBALLS,
    fetch=_fetch,
    provider=lambda settings: settings.neo_source,
    days_per_call=None,
)
