"""What the raw asset is given: a client of the feed, and the landing zone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

import dagster as dg

from neo_assets.resources.target import target
from neo_assets.settings import Settings
from neo_assets.sources import simulator
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.sources.neows import NeoWsClient


class NeoFeed(dg.ConfigurableResource["NeoFeed"]):
    """The feed of the configured source.

    Nothing here is resource configuration: Dagster shows that in the UI, and the key is a secret.
    """

    @property
    def source(self) -> str:
        """Who answers: `simulator` or `nasa`."""
        return Settings.from_environment().neo_source

    @property
    def landing_zone(self) -> LandingZone:
        """Where the answers land."""
        return target().landing_zone()

    @contextmanager
    def client(self, say: Callable[[str], None]) -> Iterator[NeoWsClient]:
        """A client of NASA's service, or of a simulator that lives as long as the client.

        `say` is told in a sentence whenever the client tries again or waits.
        """
        settings = Settings.from_environment()
        if settings.neo_source == "nasa":
            with _client(settings, settings.neows_base_url, say) as client:
                yield client
        else:
            today = settings.neo_simulator_today or datetime.now(timezone.utc).date()
            sky: simulator.SimulatedSky | simulator.RecordedSky = (
                simulator.RecordedSky(settings.neo_simulator_recordings)
                if settings.neo_simulator_recordings
                else simulator.SimulatedSky(seed=settings.neo_simulator_seed)
            )
            with (
                simulator.serve(sky, today=today) as server,
                _client(settings, server.base_url, say) as client,
            ):
                yield client


def _client(settings: Settings, base_url: str, say: Callable[[str], None]) -> NeoWsClient:
    return NeoWsClient(
        base_url,
        settings.nasa_api_key.get_secret_value(),
        timeout_s=settings.neo_http_timeout_s,
        retries=settings.neo_http_retries,
        waits_for_limit=settings.neo_rate_limit == "wait",
        say=say,
    )
