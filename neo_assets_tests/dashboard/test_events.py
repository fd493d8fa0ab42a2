"""What is shown of events on Earth."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.dashboard.charts import IN_PAGE, charts
from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.events import EVENTS_LISTED, events_shown
from neo_assets.dashboard.formatting import place, significant
from neo_assets.dashboard.published import Event, Published
from neo_assets.dashboard.tables import Gold, read_tables
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets_tests.dashboard.agencies import event
from neo_assets_tests.dashboard.lakehouses import TODAY, write

FIRST = datetime(2024, 1, 1, tzinfo=timezone.utc)


def published(*rows: Mapping[str, object]) -> Published[Event]:
    names = Event.__dataclass_fields__
    events = tuple(Event(**{name: event(**row)[name] for name in names}) for row in rows)
    return Published("Fireballs", {"fireball": "JPL's fireballs"}, events, {})


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.none() | st.floats(-90, 90),
            st.none() | st.floats(-180, 180),
            st.none() | st.floats(0.01, 500),
        ),
        max_size=30,
    )
)
def test_every_event_is_in_one_place(
    rows: list[tuple[bool, float | None, float | None, float | None]],
) -> None:
    shown = published(
        *(
            {
                "event_at": FIRST + timedelta(number),
                "is_withdrawn": is_withdrawn,
                "latitude_deg": latitude,
                "longitude_deg": longitude,
                "impact_energy_kt": energy,
            }
            for number, (is_withdrawn, latitude, longitude, energy) in enumerate(rows)
        )
    )
    events = events_shown(shown)
    assert len(events.events) + events.withdrawn == len(rows)
    current = [row for row in rows if not row[0]]
    assert len(events.placed) == sum(None not in row[1:3] for row in current)
    assert [it.event_at for it in events.newest] == sorted(
        (it.event_at for it in shown.rows if not it.is_withdrawn), reverse=True
    )[:EVENTS_LISTED]
    assert [it.impact_energy_kt for it in events.strongest] == sorted(
        (energy for *_, energy in current if energy is not None), reverse=True
    )[:EVENTS_LISTED]
    drawn = charts(dashboard_data(Gold(events=shown), TODAY), IN_PAGE)
    assert ("events" in drawn) == bool(events.placed)
    if events.placed:
        rows_drawn = max(
            (data for data in drawn["events"]["datasets"].values() if isinstance(data, list)),
            key=len,
        )
        assert len(rows_drawn) == len(events.placed)


@pytest.mark.parametrize(("sources", "is_shown"), [(["fireball"], True), (["neows"], False)])
def test_it_is_read_where_it_is_included(
    tmp_path: Path, sources: list[str], is_shown: bool
) -> None:
    write(tmp_path, GOLD_FIREBALL, [event()])
    shown = dashboard_data(read_tables(tmp_path, sources), TODAY).events
    assert (shown is not None) == is_shown
    if shown:
        assert (shown.heading, list(shown.titles)) == ("Fireballs", ["fireball"])
        assert len(shown.placed) == 1


def test_places_and_energies() -> None:
    chelyabinsk, south_west, nowhere = published(
        {},
        {"latitude_deg": -0.04, "longitude_deg": -179.96},
        {"latitude_deg": None},
    ).rows
    assert place(chelyabinsk) == "54.8° N, 61.1° E"
    assert place(south_west) == "0.0° S, 180.0° W"
    assert place(nowhere) == "-"
    energies = (440.0, 0.0763, 1234.0, None)
    assert [significant(energy) for energy in energies] == ["440", "0.0763", "1,230", "-"]
