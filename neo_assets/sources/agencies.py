"""The agencies whose services are open to everyone, and how their documents become snapshots."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources.access import service_address
from neo_assets.sources.agency_client import AgencyClient
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot, Fetch
from neo_assets.sources.errors import BadResponseError


@dataclass(frozen=True)
class Agency:
    """Who offers a service: what messages call it, and the setting that has its address."""

    name: str
    setting: str

    @contextmanager
    def client(
        self, settings: Settings, log: LogFunction, sleep: Callable[[float], None]
    ) -> Iterator[AgencyClient]:
        """A client of the agency, or of the simulator in its place."""
        with (
            service_address(settings, getattr(settings, self.setting)) as address,
            AgencyClient(self.name, address, self.setting.upper(), settings, log, sleep) as client,
        ):
            yield client


JPL = Agency("JPL", "jpl_base_url")
ESA = Agency("ESA", "neocc_base_url")


def one_by_one(agency: Agency, snapshot_of: Callable[[AgencyClient, date], DaySnapshot]) -> Fetch:
    """What requests days one by one, each by `snapshot_of`.

    A `BadResponseError` is the failure of its day; any other fault concerns every call.
    """

    def fetch(
        settings: Settings,
        days: Sequence[date],
        log: LogFunction,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[DayOutcome]:
        with agency.client(settings, log, sleep) as client:
            for day in days:
                outcome: DayOutcome
                try:
                    outcome = snapshot_of(client, day)
                except BadResponseError as error:
                    outcome = DayFailure(day, str(error))
                yield outcome

    return fetch
