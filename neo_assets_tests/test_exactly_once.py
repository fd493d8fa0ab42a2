"""Bronze has each event once, whenever the process that fills it is killed.

NEO_KILLS=30 kills more often than the suite has time for.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.backend import LocalBackend
from neo_assets_tests.faults import injected
from neo_assets_tests.processes import descendants, still_running
from neo_assets_tests.round_writer import land_round, rounds_landed

FIRST, ELSEWHERE = date(2024, 3, 1), date(2024, 5, 1)
MOMENTS = {
    "landing": "landing/neo_feed/*/*.json",
    "files listed": "checkpoints/*/sources/0/*",
    "offset written": "checkpoints/*/offsets/*",
    "data written": "tables/bronze_neo_events/*.parquet",
    "table committed": "tables/bronze_neo_events/_delta_log/*.json",
    "checkpoint committed": "checkpoints/*/commits/*",
    "any": "nothing",
}
ROUND_TAKES_AT_MOST_S = 3.0


@pytest.fixture(scope="module")
def session(spark_address: str) -> Iterator[SparkSession]:
    session = SparkSession.builder.remote(spark_address).create()
    yield session
    session.stop()


def open_lakehouse(session: SparkSession, root: Path) -> Lakehouse:
    return Lakehouse(session, LocalBackend(root / "landing", root / "checkpoints", root / "tables"))


def events(lakehouse: Lakehouse) -> Counter[tuple[str, ...]]:
    rows = lakehouse.read(BRONZE_NEO_EVENTS).selectExpr(
        "string(feed_date)", "snapshot_id", "to_json(payload)", "unreadable_line"
    )
    return Counter(tuple(row) for row in rows.collect())


@contextmanager
def worker(
    root: Path, remote: str, rounds: int, first_day: date = FIRST
) -> "Iterator[subprocess.Popen[str]]":
    """The process, in a group of its own; nothing of it is left after the block."""
    environment = os.environ | {"NEO_DATA_DIR": str(root), "NEO_SPARK_REMOTE": remote}
    with subprocess.Popen(
        [sys.executable, "-m", "neo_assets_tests.round_writer", str(rounds), first_day.isoformat()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        family = {process.pid}
        try:
            yield process
        finally:
            family |= descendants(process.pid)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert not still_running(family, seconds=20)


def finish(process: "subprocess.Popen[str]") -> None:
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors[-3000:]


def wait_for(root: Path, moment: str, chance: random.Random) -> None:
    """Until a new file shows that the moment has come, and then a little longer."""
    seen = set(root.glob(MOMENTS[moment]))
    deadline = time.monotonic() + (
        chance.uniform(0, ROUND_TAKES_AT_MOST_S) if moment == "any" else 20
    )
    while time.monotonic() < deadline and not set(root.glob(MOMENTS[moment])) - seen:
        time.sleep(0.001)
    time.sleep(chance.choice((0, chance.uniform(0, 0.05))))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("kills_server", "kills"),
    [(False, 4), (True, 2)],
)
def test_a_kill_at_any_moment(
    session: SparkSession,
    spark_address: str,
    empty: Path,
    tmp_path: Path,
    kills_server: bool,
    kills: int,
) -> None:
    chance = random.Random(f"{os.environ.get('NEO_KILLS_SEED', 1)} {kills_server}")
    remote = "" if kills_server else spark_address
    root = tmp_path / "killed"
    shutil.copytree(empty / "tables", root / "tables")
    kills = int(os.environ.get("NEO_KILLS", kills))
    moments = [list(MOMENTS)[number % len(MOMENTS)] for number in range(kills)]
    chance.shuffle(moments)
    for moment in moments:
        with worker(root, remote, rounds=10_000) as process:
            assert process.stdout and process.stderr
            if process.stdout.readline() != "ready\n":
                pytest.fail(f"after {moments}: {process.stderr.read()[-3000:]}")
            wait_for(root, moment, chance)
            assert process.poll() is None, process.stderr.read()[-3000:]
        injected("kills of Spark" if kills_server else "kills while streaming")
    rounds = rounds_landed(root / "landing" / "neo_feed", FIRST) + 1
    with worker(root, remote, rounds) as process:
        finish(process)

    never_killed = open_lakehouse(session, tmp_path / "never_killed")
    never_killed.ensure_tables([BRONZE_NEO_EVENTS])
    for number in range(rounds):
        land_round(never_killed.landing(NEO), number, FIRST)
    bronze.ingest_all(never_killed, NEO, "one run")
    expected = events(never_killed)
    assert set(expected.values()) == {1} and expected.total() == 3 * rounds
    assert events(open_lakehouse(session, root)) == expected


def test_two_runs_at_once_on_the_same_stream(
    session: SparkSession, spark_address: str, tmp_path: Path
) -> None:
    with (
        worker(tmp_path, spark_address, rounds=3) as one,
        worker(tmp_path, spark_address, rounds=3, first_day=ELSEWHERE) as other,
    ):
        finish(one)
        finish(other)
    found = events(open_lakehouse(session, tmp_path))
    assert set(found.values()) == {1} and found.total() == 2 * 3 * 3
