"""The files for consumers without Spark, in a folder that any web server can serve."""

from pathlib import Path

import dagster as dg

from neo_assets.assets.gold_reader import gold_reader
from neo_assets.settings import Settings


def build_open_data(settings: Settings, tables: Path) -> dg.AssetsDefinition:
    """The open data, made from the tables in this folder."""

    @gold_reader(settings, "open_data", {"python", "parquet", "json"}, settings.open_data_directory)
    def open_data(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """A folder for any web server: approaches by day and object, tables, and what changed.

        Parquet and JSON, an Atom feed, an iCalendar file, a data contract, a data dictionary and
        checksums; `index.json` lists them. Not partitioned: the folder holds all days. A file is
        written only if its content has changed, and none is removed.
        """
        return _publish(context, settings, tables)

    return open_data


def _publish(
    context: dg.AssetExecutionContext, settings: Settings, tables: Path
) -> dg.MaterializeResult[None]:
    from neo_assets.open_data.publication import publish

    published = publish(tables, settings.open_data_directory, settings.today, settings.sources)
    context.log.info(f"Written: {published.written:,} of {published.files:,} files.")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": published.rows,
            "files": published.files,
            "files_written": published.written,
        }
    )
