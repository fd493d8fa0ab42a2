"""The page for everyone who opens no lakehouse."""

from base64 import b64encode
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg

from neo_assets.assets.gold_reader import gold_reader
from neo_assets.settings import Settings


def build_neo_dashboard(settings: Settings, tables: Path) -> dg.AssetsDefinition:
    """The dashboard, made from the tables in this folder."""

    @gold_reader(settings, "dashboard", {"python", "html", "altair"}, settings.dashboard_file)
    def neo_dashboard(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """One self-contained HTML file: open it, or send it to someone.

        What passes in the next days and how close, what deserves attention, sizes, velocities and
        months, how far off predictions were, and what was dropped; published odds of an impact,
        events on a map, and where the sources differ, as far as these are included. Not
        partitioned: it shows all days, as of the day (UTC) on which it is made.
        """
        return _write_page(context, settings, tables)

    return neo_dashboard


def _write_page(
    context: dg.AssetExecutionContext, settings: Settings, tables: Path
) -> dg.MaterializeResult[None]:
    from neo_assets.dashboard import charts, page
    from neo_assets.dashboard.data import dashboard_data
    from neo_assets.dashboard.tables import read_tables

    today = datetime.now(timezone.utc).date()
    context.log.info("Reading gold and its metrics.")
    shown = dashboard_data(read_tables(tables, settings.sources), today)
    context.log.info(f"Drawing {shown.approaches:,} approaches.")
    page.write(page.page(shown, charts.charts(shown, charts.IN_PAGE)), settings.dashboard_file)
    context.log.info(f"Open {settings.dashboard_file} in a browser.")
    pictures = {
        name: b64encode(charts.picture(specification)).decode()
        for name, specification in charts.charts(shown, charts.AS_PICTURE).items()
    }
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(settings.dashboard_file)),
            "size_bytes": settings.dashboard_file.stat().st_size,
            "as_of": today.isoformat(),
            "approaches": shown.approaches,
            "upcoming": len(shown.upcoming),
            **({"closest_lunar": shown.closest[0].miss_distance_lunar} if shown.upcoming else {}),
            "worth_attention": len(shown.attention),
            "charts": dg.MetadataValue.md(
                "\n\n".join(
                    f"**{name}**\n\n![{name}](data:image/png;base64,{picture})"
                    for name, picture in pictures.items()
                )
            ),
        }
    )
