"""What people see of the rows of a day."""

import time
from collections.abc import Iterator
from datetime import date

import pytest

from neo_assets.lakehouse.model.tables import SILVER_NEO_EVENTS
from neo_assets.lakehouse.preview import previews
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets_tests.lakehouse.feed_objects import feed_object, fetched, land, run

DAY = date(2024, 3, 1)


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_times_are_in_utc_whatever_the_zone_of_the_client(lakehouse: Lakehouse) -> None:
    snapshots = {DAY: [(fetched(0), [feed_object(DAY)])]}
    land(lakehouse, snapshots)
    run(lakehouse, snapshots)
    shown = previews(lakehouse, SILVER_NEO_EVENTS, [DAY], "name", "close_approach_at")[DAY]
    # The feed has it as `2024-Mar-01 20:28`, which is UTC.
    assert "| 2024-03-01 20:28:00 UTC |" in shown
