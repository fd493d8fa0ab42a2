"""The settings, read from the environment in this one place."""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from neo_assets.sources import SOURCES, included_sources
from neo_assets.targets import TARGETS

_NOT_IN_A_DATA_FOLDER = re.compile(
    # Spark takes them for a pattern, Dagster for the options of a database, delta-rs ends in a
    # panic; Hadoop takes what precedes a colon for a scheme.
    r"[?*\[\]{}|\\^:]"
    # Decoded as in a URL by delta-rs, so that another folder is meant.
    r"|%[0-9A-Fa-f]{2}"
    # Control characters, and bytes that are no UTF-8.
    r"|[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
)
_NOT_IN_A_DATA_FOLDER_IN_WORDS = (
    r"? * [ ] { } | \ ^ : and control characters, and without % before two hexadecimal digits"
)

_NAME_IN_CATALOG = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$"


class SettingsError(Exception):
    """An environment variable has a value that cannot be used; the message names it."""


class Settings(BaseSettings):
    """One value for each environment variable; the field's upper-case name is the variable's."""

    model_config = SettingsConfigDict(
        env_prefix="",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    neo_target: str = Field(
        "local",
        description="Where tables are: `local` (Delta on this machine), or `databricks`.",
    )
    neo_source: Literal["simulator", "nasa"] = Field(
        "simulator", description="Where responses come from: the built-in simulator, or NASA."
    )
    neo_sources: str | None = Field(
        None,
        description="Comma-separated sources that runs, backfills and schedules include, of "
        f"{', '.join(f'`{name}`' for name in SOURCES)}; the others send no requests and have no "
        "assets. All unless set.",
    )
    neows_base_url: str = Field(
        "https://api.nasa.gov/neo/rest/v1", description="Base address of NeoWs, without `/feed`."
    )
    jpl_base_url: str = Field(
        "https://ssd-api.jpl.nasa.gov",
        description="Base address of JPL's services, without `/cad.api`.",
    )
    neocc_base_url: str = Field(
        "https://neo.ssa.esa.int",
        description="Base address of ESA's NEO Coordination Centre, without `/PSDB-portlet`.",
    )
    nasa_api_key: SecretStr = Field(
        SecretStr("DEMO_KEY"), description="Key for api.nasa.gov; never stored, logged or shown."
    )
    neo_data_dir: Path = Field(
        Path(".neo"), description="The folder for everything that is stored locally."
    )
    neo_start_date: date = Field(date(2015, 1, 1), description="First daily partition.")
    neo_days_ahead: int = Field(
        7, ge=0, le=365, description="Partitions after today, because NASA publishes predictions."
    )
    neo_refresh_days_back: int = Field(
        7, ge=0, le=3700, description="Days before today that the daily refresh requests again."
    )
    neo_partitions_per_run: int = Field(
        92,
        ge=1,
        le=3700,
        description="Days in one run of a backfill, for all four assets. Longer runs save little "
        "and lose more when one fails, see [benchmarks](../benchmarks/README.md).",
    )
    neo_max_drop_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Share of dropped rows in a day's newest snapshot above which the day is held.",
    )
    neo_quality_file: Path | None = Field(
        None,
        description="A YAML file that changes rules and tolerances, see [quality.md](quality.md).",
    )
    neo_schema_evolution: Literal["addNewColumns", "rescue", "failOnNewColumns", "none"] = Field(
        "addNewColumns",
        description="What to do with fields that the tracked schema does not contain, see "
        "[schema_evolution.md](schema_evolution.md).",
    )
    neo_time_travel_days: int = Field(
        30,
        # With less than a day, files are deleted while readers that opened a table before use them.
        ge=1,
        le=3700,
        description="Days for which old versions of the tables can be read and restored; the job "
        "`maintenance` deletes older ones.",
    )
    neo_http_timeout_s: float = Field(
        30,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="Seconds that one request may take in total.",
    )
    neo_http_retries: int = Field(
        5, ge=0, le=20, description="Retries of a request after a failure."
    )
    neo_rate_limit: Literal["stop", "wait"] = Field(
        "stop",
        description="What to do when the hourly limit of calls is reached: fail the days that are "
        "not fetched yet, or wait until the hour is over.",
    )
    dagster_home: Path | None = Field(
        None,
        description="Folder of the Dagster instance that all commands and the UI share; "
        "`<NEO_DATA_DIR>/dagster` unless set.",
    )
    neo_postgres_url: SecretStr | None = Field(
        None,
        description="A PostgreSQL database for the history of a new Dagster instance, "
        "`postgresql://user:password@host/database`, see [deployment.md](deployment.md); files in "
        "`DAGSTER_HOME` unless set. Never stored, logged or shown.",
    )
    neo_spark_remote: str | None = Field(
        None,
        # The address may hold a token.
        repr=False,
        description="A Spark Connect server, `sc://host:port`; a local one is started unless set.",
    )
    neo_databricks_catalog: str = Field(
        "neo", pattern=_NAME_IN_CATALOG, description="The catalog in Unity Catalog."
    )
    neo_databricks_schema: str = Field(
        "asteroids",
        pattern=_NAME_IN_CATALOG,
        description="The schema in the catalog, for all tables.",
    )
    neo_databricks_volume: str = Field(
        "files",
        pattern=_NAME_IN_CATALOG,
        description="The volume in the schema, for event files, checkpoints and code.",
    )
    neo_databricks_cluster_id: str | None = Field(
        None,
        pattern="^[A-Za-z0-9-]+$",
        description="A cluster to run stages on; serverless compute unless set.",
    )
    neo_databricks_cluster_file: Path | None = Field(
        None,
        description="A YAML or JSON file with the specification of a cluster, the `new_cluster` of "
        "a task; each stage starts one of its own.",
    )
    neo_databricks_job_id: int | None = Field(
        None,
        gt=0,
        description="The job `neo_assets stage` of the bundle, which runs the stages with its own "
        "compute, permissions and notifications; without it each stage is a submitted run.",
    )
    neo_databricks_warehouse_id: str | None = Field(
        None,
        pattern="^[A-Za-z0-9-]+$",
        description="A SQL warehouse, for `neo-assets status` and `quarantine`, and for the sensor "
        "of files that land.",
    )
    neo_databricks_run_viewers: str | None = Field(
        None,
        description="Comma-separated groups that may open submitted runs and their logs; unless "
        "set, only the one that submits them and admins may.",
    )
    neo_databricks_timeout_hours: float = Field(
        12,
        gt=0,
        le=168,
        description="Hours after which a job is canceled; other runs wait for it.",
    )
    neo_databricks_budget_policy_id: str | None = Field(
        None,
        pattern="^[A-Za-z0-9-]+$",
        description="The budget policy of submitted runs on serverless compute, whose tags are on "
        "their cost.",
    )
    neo_databricks_performance_target: Literal["STANDARD", "PERFORMANCE_OPTIMIZED"] | None = Field(
        None,
        description="How submitted runs use serverless compute: `STANDARD` costs less and starts "
        "later, `PERFORMANCE_OPTIMIZED` starts at once; the workspace decides unless set.",
    )
    neo_databricks_poll_s: float = Field(
        5, gt=0, le=60, description="Seconds between two requests for the state of a job."
    )
    neo_alert_urls: SecretStr | None = Field(
        None,
        description="Apprise addresses of the services that receive alerts, separated by spaces or "
        "commas (add new ones at the end); no alerts are sent unless set. They may contain "
        "passwords and tokens.",
    )
    neo_alert_approach_lunar: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Lunar distances below which a coming approach is announced to those services, "
        "with a sentence that can be printed; none is unless set.",
    )
    neo_alert_odds: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Probability of an impact, such as `0.01`: an object is announced when a risk "
        "list gives it as much, and when it leaves the list after that.",
    )
    neo_alert_odds_factor: float | None = Field(
        None,
        gt=1,
        allow_inf_nan=False,
        description="Factor by which a risk list must change the odds of an object for the change "
        "to be announced.",
    )
    neo_ui_url: str = Field(
        "http://127.0.0.1:3000", description="Address of the web UI, for links in alerts."
    )
    neo_stale_after_hours: float = Field(
        36,
        gt=0,
        le=87_600,
        allow_inf_nan=False,
        description="Hours since the newest past day was materialized in gold_neo_fact, above "
        "which gold is stale. A daily refresh that fails once is half a day late by then.",
    )
    neo_simulator_seed: int = Field(
        20150101, description="Seed of the simulator; another seed generates other asteroids."
    )
    neo_simulator_today: date | None = Field(
        None, description="The day that the simulator treats as today; the real one unless set."
    )
    neo_simulator_recordings: Path | None = Field(
        None, description="A folder of recorded responses that the simulator replays."
    )

    @field_validator(
        *("neo_data_dir", "dagster_home", "neo_simulator_recordings", "neo_quality_file"),
        "neo_databricks_cluster_file",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            # Of Path: the user whose home folder is meant does not exist, or has none.
            raise ValueError(
                "must be a path without `~user` for a user who has no home folder on this machine"
            ) from None

    @field_validator("neo_data_dir", "dagster_home")
    @classmethod
    def _usable_by_all_libraries(cls, value: Path | None) -> Path | None:
        if value and (found := _NOT_IN_A_DATA_FOLDER.search(str(value))):
            raise ValueError(
                f"must be a path without {_NOT_IN_A_DATA_FOLDER_IN_WORDS}; {str(value)!r} has "
                f"{found[0]!r}"
            )
        return value

    @field_validator("neo_data_dir")
    @classmethod
    def _same_name_for_spark(cls, value: Path) -> Path:
        # Python reads the name in the encoding of the locale, Spark and delta-rs in UTF-8.
        encoding = sys.getfilesystemencoding()
        if encoding != "utf-8" and not str(value).isascii():
            raise ValueError(
                f"has letters that this locale's encoding, {encoding}, spells otherwise than Spark:"
                " set LC_ALL=C.UTF-8"
            )
        return value

    @field_validator("neo_target")
    @classmethod
    def _known_target(cls, value: str) -> str:
        if value not in TARGETS:
            raise ValueError(f"must be one of {', '.join(TARGETS)}")
        return value

    @field_validator("neo_sources")
    @classmethod
    def _known_sources(cls, value: str | None) -> str | None:
        included_sources(value)
        return value

    @field_validator("neo_databricks_cluster_file", "neo_databricks_job_id")
    @classmethod
    def _one_kind_of_compute(cls, value: object, field: ValidationInfo) -> object:
        others = [
            name.upper()
            for name in ("neo_databricks_cluster_id", "neo_databricks_cluster_file")
            if field.data.get(name)
        ]
        if value and others:
            raise ValueError(f"cannot be set together with {others[0]}: unset one of them")
        return value

    @field_validator("neo_spark_remote")
    @classmethod
    def _spark_connect_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("sc://"):
            raise ValueError("must be a Spark Connect address such as sc://127.0.0.1:15002")
        return value

    @field_validator("neows_base_url", "jpl_base_url", "neocc_base_url", "neo_ui_url")
    @classmethod
    def _http_address(cls, value: str, field: ValidationInfo) -> str:
        # The reasons of urlsplit are not passed on: they show parts of the value.
        with suppress(ValueError):
            address = urlsplit(value)
            has_host = address.scheme in ("http", "https") and address.hostname
            if has_host and address.port != 0 and not address.query + address.fragment:
                return value
        example = cls.model_fields[str(field.field_name)].default
        raise ValueError(f"must be an address without a query, such as {example}")

    @field_validator("nasa_api_key")
    @classmethod
    def _fit_for_an_address(cls, value: SecretStr) -> SecretStr:
        # A key read from a file comes with the end of its line.
        key = value.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("must be a key as NASA sends it, of printable ASCII characters")
        return SecretStr(key)

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings from the environment.

        Raises:
            SettingsError: names each variable that cannot be used and says why.
        """
        problems: list[str] = []
        try:
            return cls()
        except ValidationError as error:
            problems = [
                f"{str(problem['loc'][0]).upper()}: {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors()
            ]
        # Raised out here: an exception keeps the one it was raised in the handling of, and that one
        # shows values.
        raise SettingsError("; ".join(problems))

    def with_variables(self, variables: Mapping[str, str]) -> "Settings":
        """These settings, but for those that these environment variables name."""
        changed = {name.lower(): value for name, value in variables.items()}
        return Settings(**{**dict(self), **changed})

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that runs, backfills and schedules include."""
        return included_sources(self.neo_sources)

    @property
    def today(self) -> date:
        """The current day in UTC, or the one that the simulator treats as today."""
        simulated = self.neo_simulator_today if self.neo_source == "simulator" else None
        return simulated or datetime.now(timezone.utc).date()

    @property
    def dagster_directory(self) -> Path:
        """The Dagster instance that every command and the UI share."""
        return self.dagster_home or self.neo_data_dir / "dagster"

    @property
    def landing_directory(self) -> Path:
        """The landing zone: the root of all event files, with a folder for each dataset."""
        return self.neo_data_dir / "landing"

    @property
    def tables_directory(self) -> Path:
        """One folder a Delta table, with the target `local`."""
        return self.neo_data_dir / "tables"

    @property
    def export_directory(self) -> Path:
        """One Parquet file a table, for Power BI Desktop."""
        return self.neo_data_dir / "export"

    @property
    def open_data_directory(self) -> Path:
        """What any web server can serve: days, objects, tables, feed, calendar and contract."""
        return self.neo_data_dir / "open_data"

    @property
    def dashboard_file(self) -> Path:
        """The dashboard, for any browser."""
        return self.neo_data_dir / "dashboard" / "index.html"

    @property
    def writing_lock(self) -> Path:
        """The file on which a process that writes to the tables holds a lock."""
        return self.neo_data_dir / ".writing.lock"

    @property
    def days_lock(self) -> Path:
        """A file of which a run holds a lock on a byte for each of its days."""
        return self.neo_data_dir / ".days.lock"

    @property
    def checkpoints_directory(self) -> Path:
        """Streaming checkpoints and tracked schemas."""
        return self.neo_data_dir / "checkpoints"
