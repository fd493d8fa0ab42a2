"""The files that the report in powerbi/ reads where there is no Databricks."""

import dagster as dg

from neo_assets.assets.gold_neo_fact import gold_neo_fact
from neo_assets.assets.presentation import markdown_table
from neo_assets.settings import Settings

_SOME_DAY_IS_THERE = dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
WHEN_GOLD_IS_AT_REST = (
    # By itself, eager() would wait until there is every day since NEO_START_DATE.
    dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    | (
        # The days that were materialized before a daemon first looked are no update to it.
        (dg.AutomationCondition.missing() & _SOME_DAY_IS_THERE).newly_true()
        & ~dg.AutomationCondition.any_deps_in_progress()
    )
).with_label("when gold is at rest")
"""Once after any day of gold was materialized, when no run and no backfill of it goes on.

One run follows a backfill, however many runs that had.
"""


@dg.asset(
    deps=[gold_neo_fact],
    # Not in the group of the daily assets, whose jobs run over partitions.
    group_name="power_bi",
    kinds={"python", "parquet", "powerbi"},
    owners=["team:neo"],
    automation_condition=WHEN_GOLD_IS_AT_REST,
    metadata={"location": dg.MetadataValue.path(str(Settings.from_environment().export_directory))},
)
def power_bi_export(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """The star of gold and the data quality, each table as one Parquet file for Power BI Desktop.

    Not partitioned: the files hold all days. A table that did not change is not written again.
    """
    from neo_assets.lakehouse.export import export

    settings = Settings.from_environment()
    files = export(settings.tables_directory, settings.export_directory)
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
