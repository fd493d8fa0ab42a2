"""The server's own process: Spark with the Connect plugin, until it is asked to end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

ENDING_TAKES_AT_MOST_S = 20


_JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    # Spark asks for a logger thousands of times a query; otherwise each time Java walks the stack
    # to find out which class loader asks.
    "-Dlog4j2.contextSelector=org.apache.logging.log4j.core.selector.BasicContextSelector",
    # After it has run out of memory, its state cannot be trusted.
    "-XX:+ExitOnOutOfMemoryError",
    # Spark walks recursively through an object, and a stack that overflows ends the server. The
    # deepest that it parses, 1,000 levels, takes more than the usual megabyte.
    "-Xss8m",
    # Java writes the digits of the machine's language, and Delta names its log files with them; the
    # language of formats is a setting of its own.
    "-Duser.language=en",
    "-Duser.country=US",
    "-Duser.language.format=en",
    "-Duser.country.format=US",
    "-Duser.timezone=UTC",
    "-Dfile.encoding=UTF-8",
)
_INTERNAL_PORTS = {
    # The driver and its block manager listen for executors on other machines, of which there are
    # none. In local mode Spark generates the secret itself and keeps it in memory.
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.authenticate": "true",
    # Requests for a stream need no secret: Spark sends every file that its own user can read to any
    # user of the machine (`/artifacts/../../etc/hosts`). With none allowed, it hangs up.
    "spark.shuffle.maxChunksBeingTransferred": "0",
    # A larger result of a task would be a stream. Spark's limit for all results of a job is 1 GB.
    "spark.task.maxDirectResultSize": "1g",
    "spark.rpc.message.maxSize": "1024",
}
"""Settings that close the ports beside Spark Connect's own, which asks for the token."""
_FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1"
"""Saves a sixth of a first day's processor time, and costs half as much again of every later one's.

The second compiler is worth its work from the second day on.
"""


def serve(
    port: int, work_directory: Path, jars: Sequence[str], *, is_lasting: bool, memory: str
) -> None:
    """Serve until standard input closes; write the port to standard output when ready.

    Port 0 means any free one. Everything Spark itself writes goes to standard error. A JVM that
    ends before takes this process with it, which ends with its exit code, as a shell gives it.
    """
    # A Ctrl-C reaches the whole process group, but the server ends last, when its clients are gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Whatever Spark drops into the working directory does not belong into the user's.
    work_directory.mkdir(parents=True, exist_ok=True)
    os.chdir(work_directory)

    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[*]").appName("neo-assets")
    for name, value in _configuration(port, work_directory, jars, is_lasting, memory).items():
        builder = builder.config(name, value)
    context = builder.getOrCreate().sparkContext
    # PySpark has just put its own handler in place.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gateway = context._gateway
    assert gateway is not None
    # py4j's spelling of a Scala object.
    service = getattr(context._jvm, "org.apache.spark.sql.connect.service.SparkConnectService$")
    print(getattr(service, "MODULE$").localPort(), file=ready, flush=True)

    threading.Thread(target=_end_with, args=(gateway.proc,), daemon=True).start()
    sys.stdin.buffer.read()
    # The JVM ends when its own standard input does, and it does so in order.
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(ENDING_TAKES_AT_MOST_S)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
    # PySpark's exit handler would wait for a JVM that has ended.
    os._exit(0)


def _end_with(java: "subprocess.Popen[bytes]") -> None:
    code = java.wait()
    os._exit(code if code >= 0 else 128 - code)


def _configuration(
    port: int, work_directory: Path, jars: Sequence[str], is_lasting: bool, memory: str
) -> dict[str, str]:
    java_options = _JAVA_OPTIONS if is_lasting else (*_JAVA_OPTIONS, _FIRST_COMPILER_ONLY)
    return {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        # Not `spark.jars`: the executor, in the same process, would request those as streams.
        "spark.driver.extraClassPath": os.pathsep.join(jars),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(work_directory / "warehouse"),
        **_INTERNAL_PORTS,
        "spark.driver.memory": memory,
        # A day is a few dozen rows: what was made for clusters costs more here than the work.
        # Without the next five a warm day takes 1.8 times as long.  Nor do runs of many rows lack
        # them: with 46,000 rows the stages take as long either way (benchmarks/README.md).
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": " ".join(java_options),
        # OPTIMIZE joins small files up to this size and lets larger ones be: a year of days each,
        # so that a day is still found by skipping files, and no old one is written again.
        "spark.databricks.delta.optimize.minFileSize": str(4 * 2**20),
        "spark.databricks.delta.optimize.maxFileSize": str(8 * 2**20),
        # VACUUM starts as many tasks as this for every folder it lists, by default 10,000.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        # Each table that is remembered takes megabytes, for an hour; this is three lakehouses.
        "spark.databricks.delta.delta.log.cacheSize": "32",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
