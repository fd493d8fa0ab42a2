"""What the raw asset is given: the feed's answers, and the landing zone."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from neo_assets.progress import Say
from neo_assets.resources import feed_ahead
from neo_assets.settings import Settings
from neo_assets.sources.base import DayOutcome
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.registry import target


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

    def answers(self, days: Sequence[date], say: Say) -> Iterator[DayOutcome]:
        """What the feed says of each day, in order, as it comes.

        `say` is told in a sentence whenever a call is tried again or waits.

        Raises:
            FeedError: a fault that concerns every call; the days before it stand.
            RecordingError: the simulator cannot replay what it was given.
        """
        return feed_ahead.answers(days, say)
