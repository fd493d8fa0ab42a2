"""Take the pictures of docs/images again, from the running UI over the last 31 days.

    python -m docs.screenshots

from the root of the project, with Chromium installed; the simulator answers for the feed.
"""

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from neo_assets.dashboard.charts import IN_PAGE, charts
from neo_assets.dashboard.data import dashboard_data
from neo_assets.dashboard.page import page, write
from neo_assets.dashboard.tables import read_tables
from neo_assets_tests.dashboard.agencies import simulated_agencies
from neo_assets_tests.dashboard.lakehouses import TODAY, simulated
from neo_assets_tests.ui.browser import browser
from neo_assets_tests.ui.conftest import HELD_DAY
from neo_assets_tests.ui.graphql import Dagster, days_between
from neo_assets_tests.ui.process import running_ui

IMAGES = Path(__file__).parent / "images"
DAYS = 31
GROUP = "/locations/__repository__@neo_assets.definitions/asset-groups/neo/lineage"
DRAWING_TAKES_MS = 3000


def main() -> None:
    """Backfill the days, then look at them."""
    with tempfile.TemporaryDirectory() as data:
        pictures_of_dashboard(Path(data))

    today = datetime.now(timezone.utc).date()
    first = today - timedelta(DAYS - 1)
    with (
        tempfile.TemporaryDirectory() as data,
        running_ui(Path(data), NEO_START_DATE=str(first), NEO_DAYS_AHEAD="0") as address,
    ):
        dagster = Dagster(address)
        backfill = dagster.launch_backfill(days_between(str(first), str(today)))
        dagster.finished_backfill(backfill)
        picture(address)

    with (
        tempfile.TemporaryDirectory() as data,
        running_ui(
            Path(data),
            NEO_START_DATE="2024-04-01",
            NEO_SIMULATOR_TODAY="2024-06-01",
            NEO_MAX_DROP_SHARE="0.1",
        ) as address,
    ):
        dagster = Dagster(address)
        backfill = dagster.launch_backfill(days_between("2024-04-18", "2024-05-17"))
        dagster.finished_backfill(backfill)
        picture_of_held_day(address)


def pictures_of_dashboard(folder: Path) -> None:
    """The dashboard of two simulated months of all sources, on two screens."""
    simulated(folder / "tables")
    simulated_agencies(folder / "tables")
    shown = dashboard_data(read_tables(folder / "tables"), TODAY)
    file = folder / "index.html"
    write(page(shown, charts(shown, IN_PAGE)), file)
    take_dashboard(file, "dashboard_wide.png", 1400, 1080, "light")
    take_dashboard(file, "dashboard_phone_dark.png", 390, 1400, "dark")
    for section in ("odds", "events"):
        take_dashboard(file, f"dashboard_{section}.png", 1400, 1080, "light", f"#{section}-section")


def take_dashboard(
    file: Path,
    name: str,
    width: int,
    height: int,
    scheme: Literal["light", "dark"],
    section: str = "header",
) -> None:
    """One picture of the dashboard's first screen, or of the screen from a section on."""
    with browser(file.as_uri(), width, height) as user:
        user.page.emulate_media(color_scheme=scheme)
        user.page.wait_for_timeout(DRAWING_TAKES_MS)
        user.page.locator(section).evaluate("section => section.scrollIntoView()")
        user.page.screenshot(path=IMAGES / name)


def picture_of_held_day(address: str) -> None:
    """The days of gold, one of them held back, and why."""
    with browser(address) as user:
        user.open_partition("gold_neo_fact", HELD_DAY)
        user.page.get_by_role("button", name="View all historical events (1)").click()
        dialog = user.page.get_by_role("dialog")
        dialog.get_by_role("button", name="arrow_drop_down").click()
        dialog.get_by_text("held back, silver_neo_events drop_count").first.wait_for()
        user.page.wait_for_timeout(DRAWING_TAKES_MS)
        user.page.screenshot(path=IMAGES / "held_day.png")


def picture(address: str) -> None:
    """Take the pictures."""
    with browser(address) as user:
        page = user.page

        def take(name: str, height: int) -> None:
            page.set_viewport_size({"width": 1400, "height": height})
            page.wait_for_timeout(DRAWING_TAKES_MS)
            page.screenshot(path=IMAGES / name)

        user.open_check("silver_neo_events", "drop_count")
        page.get_by_text("Hide navigation").click()
        take("check_history.png", 900)
        page.get_by_role("tab", name="Overview").last.click()
        for section in ("About", "Latest execution"):
            page.get_by_text(section, exact=True).click()
        take("check_plots.png", 690)
        page.goto(address + GROUP)
        take("asset_graph.png", 560)


if __name__ == "__main__":
    main()
