"""The resource of the raw assets: the source's responses and the landing zone."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.progress import LogFunction
from neo_assets.resources import prefetch
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome, Source
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.registry import target


class NeoFeed(dg.ConfigurableResource["NeoFeed"]):
    """The feed of the configured source.

    Nothing here is resource configuration: Dagster shows that in the UI, and the key is a secret.
    """

    @property
    def today(self) -> date:
        """The day on which requests are made, in UTC."""
        return Settings.from_environment().today

    def provider(self, source: Source) -> str:
        """Who answers for a source, such as `simulator` or `nasa`."""
        return source.provider(Settings.from_environment())

    def landing_zone(self, dataset: Dataset) -> LandingZone:
        """Where the snapshots of a dataset land."""
        return target().landing_zone(dataset)

    def fetch(self, source: Source, days: Sequence[date], log: LogFunction) -> Iterator[DayOutcome]:
        """Yield the outcome of each day, in order, as it arrives.

        `log` receives a sentence whenever a call is retried or waits.

        Raises:
            FeedError: a fault that concerns every call; outcomes yielded before are valid.
            RecordingError: the simulator cannot replay what it was given.
        """
        return prefetch.fetch(source, days, log)
