"""`neo-assets ui` and `code-server`: Spark and processes of Dagster, started and ended as one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings, SettingsError
from neo_assets.spark_server.delta_jars import DeltaJarsError
from neo_assets.spark_server.java import JavaError
from neo_assets.spark_server.server import SparkServerError, port_is_free
from neo_assets.targets.registry import create_target

ENDING_TAKES_AT_MOST_S = 60


def ui(
    port: Annotated[
        int, typer.Option(envvar="NEO_UI_PORT", help="Port of the web UI on this machine.")
    ] = 3000,
) -> None:
    """Run Spark, Dagster's web UI and its daemon until Ctrl-C.

    Example: neo-assets ui --port 3001
    """
    _run(
        port,
        # Web server and daemon, with everything they start.
        [
            *("dagster", "dev", "-m", "neo_assets.definitions"),
            *("--host", "127.0.0.1", "--log-level", "warning"),
        ],
        "The web UI: http://127.0.0.1",
        {"NEO_UI_URL": f"http://127.0.0.1:{port}"},
    )


def code_server(
    port: Annotated[int, typer.Option(help="Port of the code server.")] = 4000,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; who reaches it can start runs."),
    ] = "127.0.0.1",
) -> None:
    """Run Spark and the code location until Ctrl-C, for a web server and a daemon elsewhere.

    Example: neo-assets code-server --host 0.0.0.0
    """
    _run(
        port,
        ["dagster", "api", "grpc", "-m", "neo_assets.definitions", "--host", host],
        f"The code server: {host}",
        {},
    )


def _run(port: int, command: list[str], ready: str, defaults: dict[str, str]) -> None:
    """Run Spark and a command that listens on a port until Ctrl-C, and explain what fails."""
    # A shell starts what it puts into the background with SIGINT ignored, and so would all below.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` leaves it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        _run_until_it_ends(port, command, ready, defaults)
    except KeyboardInterrupt:
        typer.echo("Spark and Dagster have stopped.")
    except (SettingsError, JavaError, DeltaJarsError, SparkServerError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


def _run_until_it_ends(port: int, command: list[str], ready: str, defaults: dict[str, str]) -> None:
    if not port_is_free(port):
        typer.echo(
            f"Port {port} is in use: stop the process that uses it, or choose another port:"
            f" --port {port + 1}",
            err=True,
        )
        raise typer.Exit(1)
    settings = Settings.from_environment()
    home = prepare_instance(settings)
    typer.echo("Starting Spark and Dagster; Ctrl-C stops both ...")
    with create_target(settings).running_compute() as connection_env:
        environment = {
            **defaults,
            **os.environ,
            "DAGSTER_HOME": str(home),
            **connection_env,
        }
        with _dagster([*command, "--port", str(port)], environment) as dagster:
            while port_is_free(port) and dagster.poll() is None:
                time.sleep(0.2)
            if dagster.poll() is None:
                typer.echo(f"{ready}:{port}")
            raise typer.Exit(dagster.wait())


@contextmanager
def _dagster(
    command: list[str], environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A command with everything it starts, in a process group of its own.

    So a Ctrl-C reaches them once, through this process, and in the end the whole group can be
    asked whether anything is left; a second one would cut their own tidying short.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_TAKES_AT_MOST_S)
        _end_group(process.pid)


def _end_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        for _ in range(100):
            time.sleep(0.1)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)
