"""Events on Earth: which have a place on the map, the newest and the strongest."""

from collections.abc import Mapping
from dataclasses import dataclass

from neo_assets.dashboard.published import Event, Published

EVENTS_LISTED = 10


@dataclass(frozen=True)
class Events:
    """All events that are still published, the newest first; `withdrawn` counts the others."""

    heading: str
    titles: Mapping[str, str]
    events: tuple[Event, ...]
    withdrawn: int

    @property
    def placed(self) -> tuple[Event, ...]:
        """The events of which a place was published."""
        return tuple(
            it for it in self.events if it.latitude_deg is not None and it.longitude_deg is not None
        )

    @property
    def newest(self) -> tuple[Event, ...]:
        """The first events in the list."""
        return self.events[:EVENTS_LISTED]

    @property
    def strongest(self) -> tuple[Event, ...]:
        """The events with the largest published energy of the impact."""
        known = (it for it in self.events if it.impact_energy_kt is not None)
        return tuple(sorted(known, key=lambda it: -(it.impact_energy_kt or 0)))[:EVENTS_LISTED]

    @property
    def known_beforehand(self) -> int:
        """The number of events that an approach fetched before them was expected to cause."""
        return sum(bool(it.is_known_beforehand) for it in self.events)


def events_shown(published: Published[Event]) -> Events:
    """Compute what is shown of events."""
    current = [it for it in published.rows if not it.is_withdrawn]
    return Events(
        published.heading,
        published.titles,
        tuple(sorted(current, key=lambda it: it.event_at, reverse=True)),
        len(published.rows) - len(current),
    )
