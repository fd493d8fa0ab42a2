"""What the raw asset is given: the feed's answers, and the landing zone."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.progress import LogFunction
from neo_assets.resources import feed_ahead
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

    def answers(
        self, source: Source, days: Sequence[date], log: LogFunction
    ) -> Iterator[DayOutcome]:
        """What a source says of each day, in order, as it comes.

        `log` receives a sentence whenever a call is retried or waits.

        Raises:
            FeedError: a fault that concerns every call; the days before it stand.
            RecordingError: the simulator cannot replay what it was given.
        """
        return feed_ahead.answers(source, days, log)
