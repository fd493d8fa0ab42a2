"""How NeoWs is requested: with the settings, at the address of NASA's service or a simulator."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.access import service_address
from neo_assets.sources.base import DayOutcome
from neo_assets.sources.neows.client import NeoWsClient
from neo_assets.sources.simulator import NEOWS_PATH


def fetch(
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    """Yield what each day results in, in order, as the responses come.

    Raises:
        FeedError: a fault that concerns every call; the days before are valid.
        RecordingError: the simulator cannot replay what it was given.
    """
    with (
        service_address(settings, settings.neows_base_url, NEOWS_PATH) as base_url,
        NeoWsClient(
            base_url,
            settings.nasa_api_key.get_secret_value(),
            timeout_s=settings.neo_http_timeout_s,
            retries=settings.neo_http_retries,
            waits_for_limit=settings.neo_rate_limit == "wait",
            log=log,
            sleep=sleep,
        ) as client,
    ):
        yield from client.fetch(days)
