"""The web UI by clicking, as a user does."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, ViewportSize, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox",  # root has no other choice
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STEP_TAKES_AT_MOST_MS = 30_000  # pages refresh themselves every 15 seconds
RUN_TAKES_AT_MOST_MS = 400_000


@dataclass(frozen=True)
class Row:
    """A row of a check's execution history as it is shown, with the address of its run."""

    result: str
    day: str
    description: str
    run: str | None


class Browser:
    """A user in front of the UI."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        page.set_default_timeout(STEP_TAKES_AT_MOST_MS)
        expect.set_options(timeout=STEP_TAKES_AT_MOST_MS)
        page.goto(address)

    def materialize(self, partitions: str, launch: str) -> None:
        """Materialize all assets for what is typed, and follow the toast to the run."""
        self._navigate("Lineage")
        self.page.get_by_role("button", name="Materialize all").click()
        dialog = self.page.get_by_role("dialog")
        # More days than the dialog offers at first.
        dialog.get_by_role("button", name="Show all partitions").click()
        selection = dialog.get_by_role("textbox")
        selection.fill(partitions)
        selection.press("Enter")
        dialog.get_by_role("button", name=launch).click()
        self._follow_toast()

    def execute_all_checks(self, asset: str) -> None:
        """Execute the checks of an asset by themselves, and follow the toast to the run."""
        self._open_checks(asset)
        self.page.get_by_role("button", name="Execute all").click()
        self._follow_toast()

    def expect_success(self) -> None:
        """Wait for the run on the page to end well."""
        expect(self.page.get_by_text("Success", exact=True)).to_be_visible(
            timeout=RUN_TAKES_AT_MOST_MS
        )

    def open_check(self, asset: str, check: str) -> None:
        """From the catalog to the execution history of a check."""
        self._open_checks(asset)
        # The UI shows what it remembers of an earlier visit until the answer is here.
        self.page.reload()
        self.page.get_by_text(check, exact=True).locator("visible=true").first.click()
        self.page.get_by_text("Execution history").click()

    def open_partition(self, asset: str, day: str) -> None:
        """The page of one day of an asset."""
        self.page.goto(f"{self.address}/assets/{asset}?view=partitions&partition={day}")

    def check_history(self, asset: str, check: str) -> list[Row]:
        """The whole execution history of a check, page by page."""
        self.open_check(asset, check)
        older = self.page.get_by_role("button", name="Older")
        # The last row of a page is the first of the next one too.
        rows = dict.fromkeys(self._rows())
        while older.is_enabled():
            newest = self._table_rows().first.inner_text()
            older.click()
            expect(self._table_rows().first).not_to_have_text(newest)
            rows.update(dict.fromkeys(self._rows()))
        return list(rows)

    def _navigate(self, place: str) -> None:
        # The name of a link begins with the name of its icon.
        self.page.get_by_role("link", name=re.compile(f" {place}$")).click()

    def _open_checks(self, asset: str) -> None:
        self._navigate("Catalog")
        self.page.get_by_role("link", name=asset).first.click()
        self.page.get_by_role("tab", name="Checks").click()

    def _follow_toast(self) -> None:
        toast = self.page.get_by_role("listitem").filter(has_text=re.compile("Launched|Created"))
        toast.get_by_role("link", name="View").click()

    def _table_rows(self) -> Locator:
        return self.page.locator("tbody tr")

    def _rows(self) -> list[Row]:
        self._table_rows().first.wait_for()
        # All at once: the table may refresh in between.
        shown = self._table_rows().evaluate_all(
            """rows => rows.map(({cells}) => [
              ...[0, 3, 4].map(column => cells[column].innerText.trim()),
              cells[1].querySelector("a")?.pathname,
            ])"""
        )
        return [Row(*cells) for cells in shown]


@contextmanager
def browser(address: str, width: int = 1400, height: int = 900) -> Iterator[Browser]:
    """A headless Chromium that has the UI open."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as chromium,
    ):
        yield Browser(chromium.new_page(viewport=ViewportSize(width=width, height=height)), address)
