"""What the fake workspace starts in the place of a cluster: it runs the entry point of a wheel.

    launcher.py VOLUMES BEHAVIOUR PACKAGE ENTRY_POINT [PARAMETER …]

Four things are other than on Databricks, and all of them are done here: `/Volumes` is a folder,
which refuses what a mounted volume does; `cloudFiles` is Spark's own file source once its options
were looked at; keys of tables are left out; and with a behaviour other than `run` the stage is not
what the wheel has.
"""

import dataclasses
import errno
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

VOLUMES = "/Volumes"
OF_AUTO_LOADER = "cloudFiles."


def main(volumes: str, behaviour: str, package: str, entry_point: str, *parameters: str) -> None:
    if behaviour == "fail at start":
        raise ImportError("No module named 'neo_assets'")
    refuse_what_a_mount_does(volumes)
    import dagster_pipes

    # A wait of a second for what is there already would add up over all tests.
    dagster_pipes.PipesStdioLogWriterChannel.WAIT_FOR_TEE_SECONDS = 0.1
    dagster_pipes.PipesDefaultLogWriter.__init__.__defaults__ = (0.05,)
    sys.argv = [entry_point, *_within(volumes, parameters)]
    from neo_assets.targets.databricks import job, unity_catalog

    for module in (job, dagster_pipes):
        assert Path(str(module.__file__)).is_relative_to(Path.cwd()), "not the code of a wheel"
    unity_catalog.VOLUMES = Path(volumes)
    if behaviour == "run":
        _teach_cloud_files(volumes)
        _pass_over_keys()
    else:
        job.run = _in_its_place(behaviour, volumes)
    (found,) = metadata.distribution(package).entry_points.select(name=entry_point)
    found.load()()


def refuse_what_a_mount_does(volumes: str) -> None:
    """Refuse renames, links and appends of this process below a folder, for as long as it lives.

    Reports from mounted volumes are that the first two fail with ENOSYS (icechunk #2341, obstore
    #748); Databricks documents that files cannot be appended to or written out of order.
    """

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.rename", "os.link", "os.symlink"):
            paths, number = arguments[:2], errno.ENOSYS
        elif event == "open" and arguments[1] and set(arguments[1]) & {"a", "+"}:
            paths, number = arguments[:1], errno.ENOTSUP
        else:
            return
        if any(str(path).startswith(volumes) for path in paths):
            raise OSError(number, f"{os.strerror(number)} ({event})", *map(str, paths))

    sys.addaudithook(refuse)


def _within(volumes: str, parameters: Sequence[str]) -> Iterator[str]:
    """The parameters, those of Pipes with the path in them mapped to the folder."""
    from dagster_pipes import decode_param, encode_param

    for before, parameter in zip(("", *parameters), parameters, strict=False):
        if before.startswith("--dagster-pipes-") and parameter:
            values = decode_param(parameter)
            path = values["path"].replace(VOLUMES, volumes, 1)
            yield encode_param({**values, "path": path})
        else:
            yield parameter


def _teach_cloud_files(volumes: str) -> None:
    from pyspark.sql.connect.streaming.readwriter import DataStreamReader

    load = DataStreamReader.load

    def checked(self: Any, path: str) -> Any:
        if self._format == "cloudFiles":
            names = [name for name in self._options if name.startswith(OF_AUTO_LOADER)]
            given = {name.removeprefix(OF_AUTO_LOADER): self._options.pop(name) for name in names}
            # What the file source does too; the exact values have a test of their own.
            assert (given["format"], given["schemaEvolutionMode"]) == ("text", "none")
            assert (given["allowOverwrites"], given["includeExistingFiles"]) == ("false", "true")
            assert given["partitionColumns"] == "" and self._schema is not None
            assert Path(given["schemaLocation"]).is_relative_to(volumes)
            self.format("text").option("maxFileAge", "36500d")
        return load(self, path)

    DataStreamReader.load = checked  # type: ignore[assignment, method-assign]


def _pass_over_keys() -> None:
    """Open-source Delta has no primary and foreign keys; what is declared has a test of its own."""
    from pyspark.sql.connect.session import SparkSession

    sql = SparkSession.sql

    def without_keys(self: Any, statement: str, *arguments: Any, **named: Any) -> Any:
        if statement.startswith("CREATE TABLE"):
            statement = re.sub(r", PRIMARY KEY \([^)]*\)", "", statement)
            statement = re.sub(r", FOREIGN KEY \([^)]*\) REFERENCES [^ ]+ \([^)]*\)", "", statement)
        return sql(self, statement, *arguments, **named)

    SparkSession.sql = without_keys  # type: ignore[assignment, method-assign]


def _in_its_place(behaviour: str, volumes: str) -> Any:
    from neo_assets.lakehouse.report import DayReport
    from neo_assets.lakehouse.request import Request, Result

    def stage(catalog: Any, request: Request, log: Any) -> Result:
        print(f"{request.stage} runs", flush=True)
        log("The stage logs its progress.")
        if behaviour == "fail in the middle":
            raise RuntimeError(
                "the middle of the stage JVM stacktrace:\norg.apache.spark.SparkException\n\tat a.B"
            )
        if behaviour == "conflict":
            raise RuntimeError("(io.delta.exceptions.ConcurrentAppendException) Files were added.")
        if behaviour == "hang":
            Path(volumes, "hanging").touch()
            time.sleep(600)
        if behaviour == "refuse":
            return Result(refusal="It is refused; fix it.")
        if behaviour == "vanish":
            # The process ends successfully, and its messages are lost.
            for message in Path(volumes).rglob("tmp/*/*.json"):
                message.unlink()
            os._exit(0)
        if not request.days:
            return Result()
        report = DayReport(request.days[0], rows_in=3, kept=2, dropped=1, reasons={"a_rule": 1})
        reports = [dataclasses.replace(report, day=day) for day in request.days]
        return Result(reports, {report.day: "| a | b |" for report in reports})

    return stage


if __name__ == "__main__":
    main(*sys.argv[1:])
