"""What the tables are reached through: one Spark Connect session a run, made when first needed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

import dagster as dg
from filelock import FileLock
from pydantic import PrivateAttr

from neo_assets.settings import Settings
from neo_assets.spark_server.server import spark_connect_server

if TYPE_CHECKING:
    from neo_assets.lakehouse.storage import Lakehouse


def spark_connect_address(settings: Settings) -> AbstractContextManager[str]:
    """The Spark Connect server in use: the configured one, else one that lives with the block."""
    if settings.neo_spark_remote:
        return nullcontext(settings.neo_spark_remote)
    return spark_connect_server(work_directory=settings.neo_data_dir / "spark")


class SparkLakehouse(dg.ConfigurableResource["SparkLakehouse"]):
    """The lakehouse of the configured target.

    With `NEO_SPARK_REMOTE` the session is one of that server; otherwise a server is started for the
    run and ends with it.
    """

    _open: ExitStack = PrivateAttr(default_factory=ExitStack)
    _lakehouse: "Lakehouse | None" = PrivateAttr(default=None)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """End the session, and its server where the run started one."""
        self._lakehouse = None
        self._open.close()

    @contextmanager
    def writing(self) -> Iterator["Lakehouse"]:
        """The lakehouse, with no other writer on this machine until the block ends."""
        settings = Settings.from_environment()
        settings.neo_data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.neo_data_dir / ".writing.lock"):
            yield self.reading()

    def reading(self) -> "Lakehouse":
        """The lakehouse, its tables made where they do not exist."""
        if self._lakehouse is None:
            self._lakehouse = self._connect()
        return self._lakehouse

    def _connect(self) -> "Lakehouse":
        # Loading the code location must not cost what loading Spark costs.
        from pyspark.sql import SparkSession

        from neo_assets.lakehouse.storage import Lakehouse, Layout

        settings = Settings.from_environment()
        if settings.neo_target == "databricks":
            raise dg.Failure(
                "NEO_TARGET=databricks is not supported yet; unset it to use Delta on this machine."
            )
        remote = self._open.enter_context(spark_connect_address(settings))
        session = SparkSession.builder.remote(remote).create()
        self._open.callback(session.stop)
        lakehouse = Lakehouse(
            session,
            Layout(
                landing=settings.landing_directory,
                tables=settings.tables_directory,
                checkpoints=settings.checkpoints_directory,
            ),
        )
        lakehouse.ensure_tables()
        return lakehouse
