"""The two ways to reach NeoWs: NASA's service, or the simulator in its place."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources import simulator
from neo_assets.sources.base import DayOutcome
from neo_assets.sources.neows.client import NeoWsClient


def fetch(
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[DayOutcome]:
    """Yield what each day results in, in order, as the responses come.

    Raises:
        FeedError: a fault that concerns every call; the days before it stand.
        RecordingError: the simulator cannot replay what it was given.
    """
    with (
        _base_url(settings) as base_url,
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


@contextmanager
def _base_url(settings: Settings) -> Iterator[str]:
    """The address of NASA's service, or of a simulator that lives as long as the block."""
    if settings.neo_source == "nasa":
        yield settings.neows_base_url
        return
    sky: simulator.SimulatedSky | simulator.RecordedSky = (
        simulator.RecordedSky(settings.neo_simulator_recordings)
        if settings.neo_simulator_recordings
        else simulator.SimulatedSky(seed=settings.neo_simulator_seed)
    )
    with simulator.serve(sky, today=settings.today) as server:
        yield server.base_url
