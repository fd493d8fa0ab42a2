"""The files that the report in powerbi/ reads where there is no Databricks."""

from pathlib import Path

import dagster as dg

from neo_assets.assets.gold_reader import gold_reader
from neo_assets.lakehouse.preview import markdown_table
from neo_assets.settings import Settings
from neo_assets.sources.registry import Included


def build_power_bi_export(settings: Settings, tables: Path) -> dg.AssetsDefinition:
    """The files for Power BI, made from the tables in this folder."""

    @gold_reader(settings, "power_bi", {"python", "parquet", "powerbi"}, settings.export_directory)
    def power_bi_export(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The star, other tables of gold and the data quality: a Parquet file each, for Power BI.

        Not partitioned: the files hold all days. A table that did not change is not written
        again. What is not included, or has no table yet, is a file without rows.
        """
        return _export(context, settings, tables)

    return power_bi_export


def _export(
    context: dg.AssetExecutionContext, settings: Settings, tables: Path
) -> dg.MaterializeResult[None]:
    from neo_assets.lakehouse.export import EXPORTED, export

    others = Included(settings.sources).gold_beside_the_star
    not_included = [table for table, is_included in others.items() if not is_included]
    files = list(
        export(tables, settings.export_directory, [*EXPORTED, *others], without_rows=not_included)
    )
    written = [file.table for file in files if file.is_new]
    context.log.info(f"Written: {', '.join(written) or 'nothing, no table has changed'}.")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(file.rows for file in files),
            "files_written": len(written),
            "size_bytes": sum(file.size_bytes for file in files),
            "files": dg.MetadataValue.md(
                markdown_table(
                    [
                        {
                            "table": file.table,
                            "rows": file.rows,
                            "kB": round(file.size_bytes / 1000, 1),
                            "written": "now" if file.is_new else "before",
                        }
                        for file in files
                    ]
                )
            ),
        }
    )
