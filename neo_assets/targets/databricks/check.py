"""Tries a real workspace step by step: what works, and what to do about what does not.

After the permissions it runs the stages themselves, as jobs, over a few simulated event files: what
they need of a workspace is said nowhere else.  Their tables and files are removed afterwards.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from functools import partial
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, PermissionDenied

from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    GOLD_NEO_FACT,
    SILVER_NEO_EVENTS,
    Table,
)
from neo_assets.lakehouse.request import MAINTENANCE, REBUILD_BRONZE, Request, Result
from neo_assets.settings import Settings
from neo_assets.sources import registry
from neo_assets.sources.landing_zone import LandingError
from neo_assets.sources.simulator.sky import SimulatedSky
from neo_assets.targets.databricks.landing_zone import VolumeLandingZone
from neo_assets.targets.databricks.stage_runner import JobStageRunner, unity_catalog
from neo_assets.targets.databricks.submission import cluster_of, environment_version
from neo_assets.targets.databricks.warehouse import Warehouse
from neo_assets.targets.databricks.workspace import message_of, translate_errors, workspace_client
from neo_assets.targets.databricks.workspace_error import WorkspaceError

SCRATCH = "neo_assets_check"
"""The folder in the volume, and the beginning of the names of the tables."""
JOB_HOURS = 1 / 3
"""After which a job of this is canceled."""

_DAYS = [date(2024, 3, 1), date(2024, 3, 2)]
_COMPARED = ("neo-assets", "dagster", "dagster-databricks", "databricks-sdk")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Step:
    """One thing to try: `problem` tries it and returns what is wrong and what to do, or nothing."""

    what: str
    problem: Callable[[], str]


def steps(settings: Settings) -> tuple[Sequence[Step], Step]:
    """The steps in order, and the one that cleans up, whatever has happened.

    Each needs those before it, so the first that fails is the last to try.
    """
    trial = _Trial(settings.model_copy(update={"neo_databricks_timeout_hours": JOB_HOURS}))
    catalog = unity_catalog(settings)
    name, schema, volume = catalog.catalog, catalog.schema_name, catalog.volume_name
    make = "databricks bundle deploy makes it, or have"
    files = f"have run: GRANT READ VOLUME, WRITE VOLUME ON VOLUME {_quoted(volume)} TO `<us>`"
    job_id = settings.neo_databricks_job_id
    start = (
        "have the permission Can manage run granted on the job"
        if job_id
        else "check that the workspace has serverless compute and allows its use, or name a "
        "cluster in NEO_DATABRICKS_CLUSTER_ID"
    )
    compute = (
        f"{start}; and have run: GRANT USE SCHEMA, CREATE TABLE ON SCHEMA {_quoted(schema)} TO "
        "`<us>`"
    )
    saved: list[tuple[str, Callable[[], object], str]] = []
    if job_id:
        named = (
            "NEO_DATABRICKS_JOB_ID is the number of the job neo_assets stage, which databricks "
            "bundle deploy makes and databricks bundle summary shows; or unset it"
        )
        saved = [(f"the job {job_id} too", lambda: trial.client.jobs.get(job_id), named)]
    tried: tuple[tuple[str, Callable[[], object], str], ...] = (
        ("authentication works", trial.open, ""),
        (
            f"the catalog {name} exists and can be used",
            lambda: trial.client.catalogs.get(name),
            "create it in Catalog Explorer, or name an existing one in NEO_DATABRICKS_CATALOG; and "
            f"have run: GRANT USE CATALOG ON CATALOG `{name}` TO `<us>`",
        ),
        (
            f"the schema {schema} too",
            lambda: trial.client.schemas.get(schema),
            f"{make} run: GRANT USE SCHEMA, CREATE TABLE ON SCHEMA {_quoted(schema)} TO `<us>`",
        ),
        (
            f"the volume {volume} too",
            lambda: trial.client.volumes.read(volume),
            f"{make} run: GRANT READ VOLUME ON VOLUME {_quoted(volume)} TO `<us>`",
        ),
        *saved,
        ("event files can be written, listed and read in it", trial.land, files),
        (
            "a job reads them with Auto Loader, and its result comes back",
            partial(trial.run, BRONZE_NEO_EVENTS.name),
            compute,
        ),
        ("event files that land later can be written", partial(trial.land, since=1), files),
        (
            "the stream continues with its checkpoint",
            partial(trial.run, BRONZE_NEO_EVENTS.name),
            compute,
        ),
        ("silver is refined", partial(trial.run, SILVER_NEO_EVENTS.name), compute),
        ("gold is published", partial(trial.run, GOLD_NEO_FACT.name), compute),
        (
            "bronze is rebuilt and swapped in",
            partial(trial.run, REBUILD_BRONZE, days=()),
            compute,
        ),
        (
            "tables are compacted and old files deleted",
            partial(trial.run, MAINTENANCE, days=()),
            compute,
        ),
    )
    if settings.neo_databricks_warehouse_id:
        tried += (
            (
                "the SQL warehouse reads gold and restores bronze",
                trial.query,
                "have the entitlement Databricks SQL access and the permission Can use on the "
                "warehouse granted",
            ),
        )
    return (
        [Step(what, partial(_problem, act, remedy)) for what, act, remedy in tried],
        Step("all of it is removed", partial(_problem, trial.clean_up, files)),
    )


def report(results: Mapping[str, str], settings: Settings) -> str:
    """The results by step as a table in Markdown, without the address of the workspace."""
    versions = ", ".join(f"{package} {version(package)}" for package in _COMPARED)
    if settings.neo_databricks_job_id:
        compute = "the saved job"
    else:
        compute = next(iter(cluster_of(settings)), "serverless compute")
    rows = [
        f"| {what} | {re.sub('https?://[^ ]+', '…', problem or 'works').replace('|', ' ')} |"
        for what, problem in results.items()
    ]
    return "\n".join(
        (
            f"{versions}; {compute}, environment version {environment_version()}",
            "",
            "| step | result |",
            "| --- | --- |",
            *rows,
        )
    )


class _Trial:
    """The stages over simulated event files, in tables and a folder beside the real ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalog = replace(unity_catalog(settings), scratch=SCRATCH)
        self._opened: list[WorkspaceClient] = []

    @property
    def client(self) -> WorkspaceClient:
        return self._opened[0]

    def open(self) -> None:
        client = workspace_client()
        client.current_user.me()
        self._opened.append(client)

    def land(self, since: int = 0) -> None:
        """Land a snapshot of each day; a later one lacks the first objects."""
        if not since:
            # What a check left that was killed.
            self.clean_up()
        (dataset,) = (each for each in registry.all_datasets() if GOLD_NEO_FACT.name in each.assets)
        zone = VolumeLandingZone(self.client.files, self._catalog.landing / dataset.landing_folder)
        sky = SimulatedSky(self._settings.neo_simulator_seed)
        for day in _DAYS:
            objects = sky.feed(day, _DAYS[-1])[since:]
            now = datetime.now(timezone.utc)
            landing = zone.land(day, objects, source="simulator", fetched_at=now)
            if not landing.is_new or zone.landed(day)[1] != objects:
                raise WorkspaceError("What was read is not what was written")

    def run(self, stage: str, days: Sequence[date] = _DAYS) -> None:
        """Run a stage as a job, as an asset does."""
        results: list[Result] = []

        @dg.op
        def run_stage(context: dg.OpExecutionContext) -> None:
            runner = JobStageRunner(self._settings, self._catalog)
            results.append(
                runner.run(
                    context, Request(stage, context.run_id, days, sources=self._settings.sources)
                )
            )

        @dg.job
        def databricks_check() -> None:
            run_stage()

        databricks_check.execute_in_process(run_config=_QUIET)
        (result,) = results
        right = [each.day for each in result.reports if not each.rows_lost + each.rows_duplicated]
        if sorted(right) != list(days):
            wrong = ", ".join(str(day) for day in days if day not in right)
            raise WorkspaceError(f"{stage} does not have each row of {wrong} once")

    def query(self) -> None:
        warehouse = Warehouse(self.client, str(self._settings.neo_databricks_warehouse_id))
        (counted,) = warehouse.rows(f"SELECT count(*) AS rows FROM {self._table(GOLD_NEO_FACT)}")
        warehouse.change(f"RESTORE TABLE {self._table(BRONZE_NEO_EVENTS)} TO VERSION AS OF 0")
        if not counted["rows"]:
            raise WorkspaceError("Gold has no rows")

    def clean_up(self) -> None:
        if not self._opened:
            return
        catalog = self._catalog
        with suppress(NotFound):
            for table in list(self.client.tables.list(catalog.catalog, catalog.schema)):
                if table.name and table.name.startswith(f"{SCRATCH}_"):
                    self.client.tables.delete(f"{catalog.schema_name}.{table.name}")
        self._remove(catalog.folder)

    def _table(self, table: Table) -> str:
        return self._catalog.table(table.name)

    def _remove(self, folder: Path) -> None:
        with suppress(NotFound):
            for entry in list(self.client.files.list_directory_contents(str(folder))):
                if entry.is_directory:
                    self._remove(folder / str(entry.name))
                else:
                    self.client.files.delete(str(entry.path))
            self.client.files.delete_directory(str(folder))


def _problem(act: Callable[[], object], remedy: str) -> str:
    try:
        with translate_errors("It did not work"):
            act()
    except (WorkspaceError, LandingError, dg.Failure) as error:
        # These have a more specific remedy here.
        causes = (PermissionDenied, NotFound)
        shown: BaseException = error
        while shown.__cause__ and not isinstance(shown, causes):
            shown = shown.__cause__
        description = error.description if isinstance(error, dg.Failure) else None
        message = message_of(shown) if isinstance(shown, causes) else description or str(error)
        message = f"{' '.join(message.split()).rstrip('.')}."
        return f"{message} {remedy[:1].upper()}{remedy[1:]}." if remedy else message
    return ""


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))
