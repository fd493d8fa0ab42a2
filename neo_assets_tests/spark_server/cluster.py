"""A Spark standalone cluster on this machine, with a Spark Connect server in front of it.

Each process is started with the command that docs/spark_cluster.md gives to people.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pyspark

from neo_assets.spark_server.delta_jars import delta_jars
from neo_assets.spark_server.java import find_java

STARTING_TAKES_AT_MOST_S = 120
ENDING_TAKES_AT_MOST_S = 10
_QUICK_TO_START = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


class Cluster:
    """A running cluster: where its clients connect, and the state that its master reports."""

    def __init__(self, address: str, master_page: str) -> None:
        self.address = address
        self._master_page = master_page

    @property
    def state(self) -> dict[str, Any]:
        with urlopen(f"{self._master_page}/json/", timeout=10) as answer:
            state: dict[str, Any] = json.load(answer)
        return state


@contextmanager
def standalone_cluster(folder: Path, workers: int, memory: str = "512m") -> Iterator[Cluster]:
    """One master, so many workers of one core each, and a server that uses them all."""
    master, master_page, connect = (_free_port() for _ in range(3))
    address = f"spark://127.0.0.1:{master}"
    jars = ",".join(map(str, delta_jars()))
    with ExitStack() as processes:

        def start(name: str, *command: str) -> None:
            processes.enter_context(_running(folder / name, command))

        start(
            "master",
            *("spark-class", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"),
            *("--port", str(master), "--webui-port", str(master_page)),
        )
        _wait_for(master_page)
        for number in range(workers):
            start(
                f"worker-{number}",
                *("spark-class", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1"),
                *("--webui-port", "0", "--cores", "1", "--memory", memory, address),
            )
        start(
            "connect",
            *("spark-submit", "--master", address),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--jars", jars, "--executor-memory", memory, "--driver-memory", "1g"),
            *_settings(
                {
                    "spark.connect.grpc.binding.address": "127.0.0.1",
                    "spark.connect.grpc.binding.port": str(connect),
                    "spark.driver.host": "127.0.0.1",
                    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
                    "spark.sql.catalog.spark_catalog": (
                        "org.apache.spark.sql.delta.catalog.DeltaCatalog"
                    ),
                    "spark.sql.shuffle.partitions": "2",
                    "spark.databricks.delta.snapshotPartitions": "2",
                    "spark.ui.enabled": "false",
                    # A few rows: what is made for many costs more here than the work.
                    "spark.sql.adaptive.enabled": "false",
                    "spark.sql.codegen.wholeStage": "false",
                    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                    "spark.driver.extraJavaOptions": _QUICK_TO_START,
                    "spark.executor.extraJavaOptions": _QUICK_TO_START,
                }
            ),
            "spark-internal",
        )
        _wait_for(connect)
        yield Cluster(f"sc://127.0.0.1:{connect}", f"http://127.0.0.1:{master_page}")


def _settings(values: dict[str, str]) -> Iterator[str]:
    for name, value in values.items():
        yield from ("--conf", f"{name}={value}")


@contextmanager
def _running(folder: Path, command: Sequence[str]) -> Iterator[None]:
    folder.mkdir(parents=True)
    spark_home = Path(pyspark.__path__[0])
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "JAVA_HOME": str(find_java().home),
        "SPARK_HOME": str(spark_home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        # A cluster elsewhere: whatever its zone, a session is set to UTC.
        "TZ": "Pacific/Kiritimati",
        "SPARK_WORKER_DIR": str(folder / "work"),
    }
    if command[0] == "spark-class":
        # Of the server too, where it is set.
        environment["SPARK_DAEMON_MEMORY"] = "256m"
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            [str(spark_home / "bin" / command[0]), *command[1:]],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(ENDING_TAKES_AT_MOST_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTING_TAKES_AT_MOST_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    raise TimeoutError(f"Nothing listens on port {port}: see the logs")
