"""What further sources cost: `python -m benchmarks.sources`.

Days of every source are brought to gold in turns, on one warm Spark Connect server; a day of each
is compared with one of NeoWs.  A day of NeoWs by itself is then taken to gold once more, in a
lakehouse where other sources have tables and in one where they have none.  At last many days of
NeoWs and of JPL's close approaches are brought to gold at once, and compared with each other.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any

import typer
from pyspark.sql import SparkSession
from rich.progress import track

from benchmarks.lakehouses import LAST_DAY, TEN_YEARS, days_until
from benchmarks.machine import machine
from benchmarks.tables import spread, table
from neo_assets.lakehouse import stages
from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.request import Request
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import agreement, bronze, gold, silver
from neo_assets.progress import discard_log
from neo_assets.sources import registry
from neo_assets.sources.cad.dataset import CAD_APPROACHES
from neo_assets.sources.esa_risk.response import objects as esa_objects
from neo_assets.sources.neows.dataset import NEO
from neo_assets.sources.registry import Included
from neo_assets.sources.simulator import SimulatedSky
from neo_assets.sources.simulator.impact_risk import esa_risk_list, sentry_list, sentry_removals
from neo_assets.sources.simulator.jpl import close_approaches, fireballs
from neo_assets.sources.simulator.scout import scout_list
from neo_assets.spark_server.server import spark_connect_server
from neo_assets.targets.local.backend import LocalBackend
from neo_assets.targets.local.landing_zone import LocalLandingZone

_SEED = SimulatedSky().seed
_LARGEST_AU = 0.5
_LISTED: dict[str, Callable[[date], Sequence[dict[str, Any]]]] = {
    "neo": lambda day: SimulatedSky().feed(day, day),
    "cad": lambda day: close_approaches(_SEED, day, day, _LARGEST_AU, day),
    # Events are published weeks later.
    "fireball": lambda day: fireballs(_SEED, day, day, day + timedelta(days=100)),
    "sentry": lambda day: [*sentry_list(_SEED, day), *sentry_removals(_SEED, day)],
    "esa_risk": lambda day: esa_objects(esa_risk_list(_SEED, day)),
    "scout": lambda day: scout_list(_SEED, day),
}
"""What each source says of a day on that day."""


def main(
    rounds: Annotated[int, typer.Option(help="Counted days of each source.")] = 10,
    warm_up: Annotated[int, typer.Option(help="Days before, in which Java compiles.")] = 4,
    days: Annotated[int, typer.Option(help="How many are compared at once.")] = TEN_YEARS,
) -> None:
    """Print what a day of each source costs, and what it costs to compare approaches."""
    with TemporaryDirectory() as folder, spark_connect_server(Path(folder) / "spark") as address:
        spark = SparkSession.builder.remote(address).create()
        _by_day(spark, Path(folder), days_until(LAST_DAY, warm_up + rounds), warm_up)
        _at_once(spark, Path(folder) / "at_once", days_until(LAST_DAY, days))
        spark.stop()


def _by_day(spark: SparkSession, folder: Path, days: Sequence[date], warm_up: int) -> None:
    everything = _lakehouse(spark, folder / "everything", registry.all_datasets())
    alone = _lakehouse(spark, folder / "alone", [NEO])
    seconds: dict[str, list[float]] = {}
    for number, day in enumerate(track(days, "Days")):
        turns = [
            *((dataset.name, everything, dataset) for dataset in registry.all_datasets()),
            ("neo, without other sources", alone, NEO),
        ]
        for name, lakehouse, dataset in reversed(turns) if number % 2 else turns:
            _land(lakehouse, dataset, [day])
            seconds.setdefault(name, []).append(_to_gold(lakehouse, dataset, [day]))
        for name, lakehouse in (("with other sources", everything), ("without", alone)):
            begin = perf_counter()
            gold.publish(lakehouse, [day], registry.others())
            seconds.setdefault(f"gold of neo once more, {name}", []).append(perf_counter() - begin)
    counted = {name: of[warm_up:] for name, of in seconds.items()}
    by_neo = median(counted["neo"])
    rows = [(name, *spread(of, " s"), f"{median(of) / by_neo:.2f}") for name, of in counted.items()]
    headers = ("a day from its event file to gold", "median", "middle half", "to neo")
    print(table(headers, rows), machine(), sep="\n\n")


def _at_once(spark: SparkSession, folder: Path, days: Sequence[date]) -> None:
    datasets = (NEO, CAD_APPROACHES)
    lakehouse = _lakehouse(spark, folder, datasets)
    seconds = {}
    for dataset in datasets:
        _land(lakehouse, dataset, track(days, f"Event files of {dataset.name}"))
        seconds[f"{dataset.name} to silver"] = _to_silver(lakehouse, dataset, days)
    begin = perf_counter()
    gold.publish(lakehouse, days, registry.others())
    seconds["gold of neo"] = perf_counter() - begin
    found = Included().comparison(NEO)
    if found is None:
        raise RuntimeError("Nothing is compared with the approaches.")
    how, other = found
    begin = perf_counter()
    agreement.publish(lakehouse, how, NEO.tables, other.tables, days)
    seconds["agreement"] = perf_counter() - begin
    rows = [(name, f"{taken:.1f} s") for name, taken in seconds.items()]
    print(table((f"{len(days):,} days at once", "seconds"), rows), machine(), sep="\n\n")
    counted = lakehouse.read(how.table).groupBy("reason").count().collect()
    print(table(("reason", "approaches"), [(row[0], f"{row[1]:,}") for row in counted]))


def _lakehouse(spark: SparkSession, root: Path, datasets: Iterable[Dataset]) -> Lakehouse:
    backend = LocalBackend(root / "landing", root / "checkpoints", root / "tables")
    lakehouse = Lakehouse(spark, backend)
    for dataset in datasets:
        lakehouse.ensure_tables(Included().tables_of(dataset.assets[-1]))
    return lakehouse


def _land(lakehouse: Lakehouse, dataset: Dataset, days: Iterable[date]) -> None:
    zone = LocalLandingZone(lakehouse.landing(dataset))
    for day in days:
        at = datetime.combine(day, time(6, 30), timezone.utc)
        zone.land(day, _LISTED[dataset.name](day), source="simulator", fetched_at=at)


def _to_silver(lakehouse: Lakehouse, dataset: Dataset, days: Sequence[date]) -> float:
    begin = perf_counter()
    bronze.ingest(lakehouse, dataset, days, "benchmark")
    silver.refine(lakehouse, dataset, days)
    return perf_counter() - begin


def _to_gold(lakehouse: Lakehouse, dataset: Dataset, days: Sequence[date]) -> float:
    begin = perf_counter()
    for stage in dataset.assets[1:]:
        stages.run(lakehouse, Request(stage, "benchmark", days), discard_log)
    return perf_counter() - begin


if __name__ == "__main__":
    typer.run(main)
