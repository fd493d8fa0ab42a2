"""Tables in Unity Catalog, event files in a volume of it, and stages as jobs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.tables import SOURCE_FILE, Table
from neo_assets.progress import LogFunction
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources.landing_zone import LandingZone
from neo_assets.targets.base import Target
from neo_assets.targets.databricks.landing_zone import VolumeLandingZone
from neo_assets.targets.databricks.stage_runner import JobStageRunner, unity_catalog
from neo_assets.targets.databricks.warehouse import Warehouse
from neo_assets.targets.databricks.workspace import translate_errors, workspace_client
from neo_assets.targets.databricks.workspace_error import NoTableError

if TYPE_CHECKING:
    from neo_assets.lakehouse.quarantine import Selection


class DatabricksTarget(Target):
    """A Databricks workspace: tables in Unity Catalog, files in a volume, stages as jobs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._catalog = unity_catalog(settings)
        self._warehouse_id = settings.neo_databricks_warehouse_id

    @property
    def local_tables(self) -> None:
        """None: the tables are in the workspace, where Power BI and users read them."""

    def stage_runner(self) -> JobStageRunner:
        """Return a runner that submits one job per stage."""
        return JobStageRunner(self._settings)

    def landing_zone(self, dataset: Dataset) -> LandingZone:
        """Return the landing zone in a folder of the volume."""
        return VolumeLandingZone(
            workspace_client().files, self._catalog.landing / dataset.landing_folder
        )

    def landing_location(self, dataset: Dataset) -> str:
        """Return the path of the folder in the volume."""
        return str(self._catalog.landing / dataset.landing_folder)

    def location(self, table: Table) -> str:
        """Return the full name of the table."""
        return f"{self._catalog.schema_name}.{table.name}"

    def content(self, table: Table) -> tuple[int, date | None]:
        """Return the rows and the newest day, counted by a SQL warehouse."""
        newest = f"max({table.day_column})" if table.day_column else "CAST(NULL AS DATE)"
        found = self._asked(
            f"SELECT count(*) AS rows, {newest} AS newest FROM {self._catalog.table(table.name)}"
        )
        if not found:
            return 0, None
        day = found[0]["newest"]
        return found[0]["rows"], date.fromisoformat(day) if day else None

    def event_files_read(self, dataset: Dataset) -> set[str]:
        """Found by a SQL warehouse."""
        bronze = self._catalog.table(dataset.tables.bronze.name)
        return {
            row[SOURCE_FILE] for row in self._asked(f"SELECT DISTINCT {SOURCE_FILE} FROM {bronze}")
        }

    def version(self, table: Table) -> str:
        """Not known: a query would keep the warehouse awake."""
        return ""

    def quarantined(self, selection: "Selection") -> list[dict[str, Any]]:
        """Found by a SQL warehouse."""
        conditions, parameters = _conditions(selection)
        found = [
            row
            for name in selection.by_table(self._settings.sources)
            for row in self._asked(
                f"SELECT * FROM {self._catalog.table(name)} WHERE {conditions}", **parameters
            )
        ]
        for row in found:
            row["partition_date"] = date.fromisoformat(row["partition_date"])
        return sorted(found, key=_newest_first, reverse=True)

    def discard(self, selection: "Selection", note: str, log: LogFunction) -> int:
        """Changed by a SQL warehouse."""
        conditions, parameters = _conditions(selection)
        before = self._count(selection)
        with translate_errors("Nothing was discarded"):
            for name, rows in before.items():
                if rows:
                    self._warehouse().change(
                        f"UPDATE {self._catalog.table(name)} SET status = 'discarded', "
                        f"status_note = :note WHERE {conditions}",
                        note=note,
                        **parameters,
                    )
        return sum(before.values()) - sum(self._count(selection).values())

    def _count(self, selection: "Selection") -> dict[str, int]:
        """The rows that are meant, by the name of their table."""
        conditions, parameters = _conditions(selection)
        counted = {
            name: self._asked(
                f"SELECT count(*) AS rows FROM {self._catalog.table(name)} WHERE {conditions}",
                **parameters,
            )
            for name in selection.by_table(self._settings.sources)
        }
        return {name: found[0]["rows"] if found else 0 for name, found in counted.items()}

    def _asked(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        """The rows of a query; none where the table is not there yet."""
        with translate_errors("The tables could not be read"), suppress(NoTableError):
            return self._warehouse().rows(query, **parameters)
        return []

    def _warehouse(self) -> Warehouse:
        if self._warehouse_id is None:
            raise SettingsError(
                "NEO_DATABRICKS_WAREHOUSE_ID is not set: reading tables in the workspace needs a "
                "SQL warehouse; set it to the id of one"
            )
        return Warehouse(workspace_client(), self._warehouse_id)

    def running_compute(self) -> AbstractContextManager[Mapping[str, str]]:
        """Nothing: serverless compute is warm by itself."""
        return nullcontext({})


def _newest_first(row: Mapping[str, Any]) -> tuple[date, str]:
    return row["partition_date"], row["content_hash"]


def _conditions(selection: "Selection") -> tuple[str, dict[str, str]]:
    """Return the conditions of chosen rows and their parameters; no value is in the statement."""
    possible = {
        "status": ("status = :status", selection.status),
        "day": ("partition_date = CAST(:day AS DATE)", selection.day and str(selection.day)),
        "rule": ("array_contains(reasons, :rule)", selection.rule),
        "file": ("contains(source_file, :file)", selection.file),
        "row": ("startswith(content_hash, :row)", selection.row),
    }
    meant = {name: (condition, value) for name, (condition, value) in possible.items() if value}
    conditions = " AND ".join(condition for condition, _ in meant.values()) or "true"
    return conditions, {name: str(value) for name, (_, value) in meant.items()}
