"""A process that stores events: `python -m neo_assets_tests.event_writer RUN ROUNDS`.

Each round is a batch of three events, and its number is printed when they are stored.
"""

import sys

import dagster as dg
from dagster._core.events import EngineEventData  # noqa: TID251

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings

BATCH = 3


def entry(run_id: str, message: str) -> dg.EventLogEntry:
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level="info",
        user_message=message,
        run_id=run_id,
        timestamp=0.0,
        dagster_event=dg.DagsterEvent(
            dg.DagsterEventType.ENGINE_EVENT.value,
            "a_job",
            event_specific_data=EngineEventData(),
            message=message,
        ),
    )


def main(run_id: str, rounds: int) -> None:
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for number in range(rounds):
            instance.event_log_storage.store_event_batch([entry(run_id, str(number))] * BATCH)
            print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
