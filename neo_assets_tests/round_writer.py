"""A process that tests kill: it lands snapshots and ingests them into bronze, round after round.

Started again, it continues: `python -m neo_assets_tests.round_writer ROUNDS FIRST_DAY`, with the
lakehouse in NEO_DATA_DIR.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

from neo_assets.lakehouse.transforms import bronze
from neo_assets.progress import discard_log
from neo_assets.settings import Settings
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.landing_zone import LocalLandingZone
from neo_assets.targets.local.target import LocalTarget
from neo_assets_tests.lakehouse.feed_objects import feed_object, fetched

DAYS = 3


def land_round(landing: Path, number: int, first_day: date) -> date:
    """Land the snapshot of a round, unless it has landed before: each day in turn."""
    day = first_day + timedelta(days=number % DAYS)
    if len(list(landing.glob(f"feed_date={day}/[0-9]*.json"))) <= number // DAYS:
        objects = [feed_object(day, f"2024 A{number}{letter}") for letter in "ABC"]
        LocalLandingZone(landing).land(day, objects, source="simulator", fetched_at=fetched(number))
    return day


def main(rounds: int, first_day: date) -> None:
    settings = Settings.from_environment()
    spark = LocalTarget(settings).stage_runner()
    landing = settings.landing_directory / NEO.landing_folder
    done = max(0, rounds_landed(landing, first_day) - 1)
    try:
        with spark.writing(discard_log):
            print("ready", flush=True)
        for number in range(done, rounds):
            day = land_round(landing, number, first_day)
            with spark.writing(discard_log) as lakehouse:
                bronze.ingest(lakehouse, NEO, [day], f"round {number}")
    finally:
        spark.close()


def rounds_landed(landing: Path, first_day: date) -> int:
    days = [first_day + timedelta(days=number) for number in range(DAYS)]
    return sum(len(list(landing.glob(f"feed_date={day}/[0-9]*.json"))) for day in days)


if __name__ == "__main__":
    main(int(sys.argv[1]), date.fromisoformat(sys.argv[2]))
