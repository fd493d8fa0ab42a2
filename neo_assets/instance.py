"""The Dagster instance that every command and the UI share."""

import os
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
from filelock import FileLock

from neo_assets.settings import Settings, SettingsError
from neo_assets.sources import registry
from neo_assets.user import user_name

EVENT_LOG = """\
# Chosen by measurement, see neo_assets/event_log.py and benchmarks/README.md.
event_log_storage:
  module: neo_assets.event_log
  class: EventLog
"""
POSTGRES = """\
# The address, which has a password, is in the environment of each process alone.
storage:
  postgres:
    postgres_url:
      env: NEO_POSTGRES_URL
"""
_BASE = """\
telemetry:
  enabled: false

# Without it the first visit of the UI begins with a form that asks for an e-mail address.
nux:
  enabled: false

# While one run works on its days, the next one fetches its own. They settle by themselves who
# writes, with locks that a killed process leaves at once: see neo_assets/targets/locks.py.
concurrency:
  pools:
    granularity: run
    default_limit: 2

run_monitoring:
  enabled: true
"""
CONFIGURATION = f"{_BASE}\n{EVENT_LOG}"
"""Of a single machine: the history is in files of the instance's folder."""

TEAM_CONFIGURATION = f"{_BASE}\n{POSTGRES}"
"""Of a team: processes of several containers or machines share a history in PostgreSQL."""


def prepare_instance(settings: Settings) -> Path:
    """Make the instance's folder, with its configuration unless there is one; return its path.

    Raises:
        SettingsError: a folder cannot be used by this user, or is a file; or PostgreSQL cannot be
            used, or is not what the instance was made for.
    """
    home = settings.dagster_directory
    require_data_folder(settings)
    _require_folder("DAGSTER_HOME", home)
    for name in (".preparing.lock", "history", "history/event_log.db"):
        _require_access("DAGSTER_HOME", home / name, os.R_OK | os.W_OK)
    configuration = home / "dagster.yaml"
    # Two commands at once would make Dagster's databases at once, and one of them would fail.
    with FileLock(home / ".preparing.lock"):
        if not configuration.exists():
            with_postgres = settings.neo_postgres_url is not None
            configuration.write_text(TEAM_CONFIGURATION if with_postgres else CONFIGURATION)
        _require_storage(settings, configuration)
        _limit_pools(home)
    return home


def _require_storage(settings: Settings, configuration: Path) -> None:
    """See that the history is where the settings say, and can be reached."""
    uses_variable = "env: NEO_POSTGRES_URL" in configuration.read_text()
    url = settings.neo_postgres_url
    if url is None:
        if uses_variable:
            raise SettingsError(
                f"NEO_POSTGRES_URL: is not set, and the history of {configuration} is in that "
                "database: set the variable, or name another folder in DAGSTER_HOME"
            )
        return
    if not uses_variable:
        raise SettingsError(
            f"NEO_POSTGRES_URL: is set, and {configuration} keeps its history elsewhere: name a "
            "new folder in DAGSTER_HOME, or unset the variable"
        )
    if not find_spec("dagster_postgres"):
        raise SettingsError(
            "NEO_POSTGRES_URL: needs packages that are not installed: pip install "
            "'neo-assets[postgres]'"
        )
    import psycopg2

    try:
        psycopg2.connect(url.get_secret_value(), connect_timeout=10).close()
    except psycopg2.Error:
        # The reason may repeat parts of the address.
        raise SettingsError(
            "NEO_POSTGRES_URL: this database cannot be opened: see that the server runs, and that "
            "the host, user, password and name of the database are right"
        ) from None


def require_data_folder(settings: Settings, *, to_write: bool = True) -> None:
    """See that this user can work in the data folder, which is made if it is to be written.

    Raises:
        SettingsError: it is a file, or it or what is in it belongs to another user, or is
            read-only.
    """
    folder = settings.neo_data_dir
    mode = os.R_OK | (os.W_OK if to_write else 0)
    if to_write or not os.path.isdir(folder):  # noqa: PTH112 - which never raises
        _require_folder("NEO_DATA_DIR", folder)
    # A user who may use the folder may still not be the owner of what is in it.
    for name in ("", "landing", "tables", "checkpoints", ".writing.lock", ".days.lock"):
        _require_access("NEO_DATA_DIR", folder / name, mode)


def _require_folder(variable: str, folder: Path) -> None:
    """Make the folder unless there is one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(path for path in (folder, *folder.parents) if path.is_file())
        raise SettingsError(
            f"{variable}: {file} is a file, so {folder} cannot be a folder: name another folder, "
            "or move the file away"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{variable}: {folder} cannot be made by {user_name()}: {error.strerror}; name another "
            "folder, or make this one and give it to that user"
        ) from None


def _require_access(variable: str, path: Path, mode: int) -> None:
    """See that a path, if it exists, can be used so by this user."""
    if not os.path.lexists(path):
        return
    if os.access(path, mode | (os.X_OK if path.is_dir() else 0)):
        return
    use = "written" if mode & os.W_OK else "read"
    raise SettingsError(
        f"{variable}: {path} cannot be {use} by {user_name()}; it belongs to {_owner(path)}: run "
        "this as its owner, or change the access rights; on a read-only disk, name another folder"
    )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return f"uid {path.stat().st_uid}"


def _limit_pools(home: Path) -> None:
    """Make the pools known before the first run needs them.

    The daemon reads which pools have a limit before it gives the default one to those that a queued
    run brings: the first runs that use a pool would all start at once.
    """
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage = instance.event_log_storage
        pools = {*(dataset.raw_asset for dataset in registry.all_datasets()), "lakehouse"}
        for pool in pools - storage.get_concurrency_keys():
            storage.initialize_concurrency_limit_to_default(pool)
