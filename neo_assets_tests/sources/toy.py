"""A source that exists in the tests alone: `python -m neo_assets_tests.sources.toy COMMAND …`.

It is the command line of the project with one source more.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timezone

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.json_values import number, text
from neo_assets.lakehouse.model.rules import Rule
from neo_assets.lakehouse.model.tables import Column, dataset_tables
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings
from neo_assets.sources import SOURCES
from neo_assets.sources.base import DayFailure, DayOutcome, DaySnapshot, Source

COLUMNS = (
    Column("station", "STRING", "Station that saw it.", text("place.station"), "place.station"),
    Column("serial", "DOUBLE", "Number of the sighting there.", number("serial"), "serial"),
    Column("height_km", "DOUBLE", "Height above ground.", number("height"), "height", unit="km"),
)

SIGHTINGS = Dataset(
    name="toy",
    landing_folder="toy_feed",
    raw_asset="raw_toy_files",
    tables=dataset_tables("toy", "sightings", COLUMNS, "One row is a sighting.", noun="sighting"),
    columns=COLUMNS,
    key=("station", "serial"),
    rules=(
        Rule("no_station", "names its station", "station IS NOT NULL", "station", keeps_key=True),
        Rule("no_height", "has a height above zero", "height_km > 0", "height_km"),
    ),
    preview=("station", "serial", "height_km"),
    raw_preview=("serial", "height"),
)

FAILING = date(2024, 3, 3)
"""The day of which the toy has no usable response."""

CHANGING = date(2024, 3, 4)
"""The day on which sightings have a field more."""


def sighting(serial: int, height: float, **more: str) -> dict[str, object]:
    return {"place": {"station": "North"}, "serial": serial, "height": height, **more}


def fetch(
    settings: Settings,
    days: Sequence[date],
    log: LogFunction,
    sleep: Callable[[float], None] | None = None,
) -> Iterator[DayOutcome]:
    """Six sightings a day: one is a repeat, one is dropped; the last day has a new field."""
    for day in days:
        more = {"weather": "clear"} if day == CHANGING else {}
        objects = [sighting(serial, 80.5, **more) for serial in (1, 2, 3, 4, 4)]
        outcome = DaySnapshot(day, (*objects, sighting(5, -1)), datetime.now(timezone.utc))
        yield DayFailure(day, "The toy is broken") if day == FAILING else outcome


TOY = Source(
    name="toy",
    title="a toy",
    dataset=SIGHTINGS,
    fetch=fetch,
    provider=lambda settings: "attic",
    days_per_call=None,
)

if __name__ == "__main__":
    SOURCES["toy"] = "neo_assets_tests.sources.toy:TOY"

    from neo_assets.cli import main

    main()
