"""The page in a real Chromium: every number, on a phone and a wide screen, light and dark."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from neo_assets.dashboard.charts import AS_PICTURE, IN_PAGE, charts, picture
from neo_assets.dashboard.charts.colors import (
    DISTANCE_COLORS,
    ERROR_COLORS,
    EVENT_COLORS,
    OBJECT_COLORS,
    OUTCOME_COLORS,
    REPEAT_COLORS,
    RISK_COLORS,
)
from neo_assets.dashboard.data import DashboardData, dashboard_data
from neo_assets.dashboard.page import page as page_of
from neo_assets.dashboard.page import write as write_page
from neo_assets.dashboard.tables import Gold, read_tables
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK, RISK_AGREEMENT
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets_tests.dashboard.agencies import (
    ALL_SOURCES,
    at,
    event,
    odds,
    side_by_side,
    simulated_agencies,
)
from neo_assets_tests.dashboard.lakehouses import TODAY, fact, write
from neo_assets_tests.dashboard.queries import Queries, predictions_for_duckdb
from neo_assets_tests.dashboard.test_data import AROUND, CURRENT, UPCOMING
from neo_assets_tests.ui.browser import ARGUMENTS, CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

SCREENS = {"phone": (390, 844), "wide": (1600, 1000)}
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
# No chart without its drawing, and no drawing without its chart.
DRAWN = (
    "document.querySelectorAll('.chart svg').length === document.querySelectorAll('.chart').length"
)


def html_of(shown: DashboardData) -> str:
    return page_of(shown, charts(shown, IN_PAGE))


@pytest.fixture(scope="module")
def file(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dashboard") / "index.html"
    write_page(html_of(dashboard_data(read_tables(tables), TODAY)), made)
    return made


@pytest.fixture(scope="module")
def all_tables(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of all sources."""
    folder = tmp_path_factory.mktemp("all_sources") / "tables"
    shutil.copytree(tables, folder)
    simulated_agencies(folder)
    return folder


@pytest.fixture(scope="module")
def of_all(all_tables: Path) -> DashboardData:
    return dashboard_data(read_tables(all_tables), TODAY)


@pytest.fixture(scope="module")
def file_of_all(of_all: DashboardData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("all_sources") / "index.html"
    write_page(html_of(of_all), made)
    return made


@pytest.fixture(scope="module")
def gold(tables: Path) -> Queries:
    return Queries(tables)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as launched,
    ):
        yield launched


@contextmanager
def opened(
    chromium: Browser, file: Path, screen: str = "wide", scheme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """The page with its charts drawn, which has asked for nothing and complained of nothing."""
    width, height = SCREENS[screen]
    troubles: list[str] = []
    with chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id="Asia/Tokyo"
    ) as context:
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        context.route(re.compile("^(?!file:|data:)"), lambda route: route.abort())
        page.goto(file.as_uri())
        page.wait_for_function(DRAWN)
        yield page
        assert troubles == []
        assert [address for address in asked if not address.startswith("data:")] == [file.as_uri()]


@pytest.fixture(scope="module")
def wide(chromium: Browser, file: Path) -> Iterator[Page]:
    with opened(chromium, file) as page:
        yield page


def cells(page: Page, table: str) -> list[list[str]]:
    rows: list[list[str]] = page.locator(f"#{table} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows


def values(page: Page, chart: str) -> list[dict[str, Any]]:
    """The rows that a chart draws, out of the page."""
    text = page.locator(f"#{chart} + script").text_content()
    assert text
    # A drawn line, such as the Moon's distance, is a data set too.
    rows: list[dict[str, Any]] = max(json.loads(text)["datasets"].values(), key=len)
    return rows


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def test_the_tiles(wide: Page, gold: Queries) -> None:
    def shown(tile: str) -> tuple[str, str]:
        found = wide.locator(f"#{tile}")
        figure = found.locator(".value").inner_text().split()[0]
        return figure, found.locator("p.quiet").inner_text()

    assert shown("count")[0] == number(gold.value(f"SELECT count(*) FROM {UPCOMING}"))
    for tile, measure, digits, order in (
        ("closest-one", "miss_distance_lunar", 2, ""),
        ("largest", "diameter", 0, "DESC NULLS LAST"),
        ("fastest", "relative_velocity_km_s", 1, "DESC"),
    ):
        ((value, name),) = gold.rows(
            f"SELECT {measure}, name FROM {UPCOMING} ORDER BY {measure} {order} LIMIT 1"
        )
        assert shown(tile) == (number(value, digits), name)
    assert shown("hazardous")[0] == number(
        gold.value(f"SELECT count_if(is_potentially_hazardous) FROM {UPCOMING}")
    )
    assert shown("withdrawn")[0] == number(
        gold.value("SELECT count(*) FROM gold_neo_fact WHERE is_withdrawn")
    )
    approaches, objects, first, last = gold.rows(
        f"""SELECT count(*), count(DISTINCT designation), min(close_approach_date),
            max(close_approach_date) FROM {CURRENT}"""
    )[0]
    assert (
        f"{number(approaches)} approaches of {number(objects)} objects from {first} to {last}"
        in wide.locator("header").inner_text()
    )


MOMENT = "strftime(close_approach_at, '%-d %b, %H:%M')"


def test_the_table_of_the_closest(wide: Page, gold: Queries) -> None:
    assert cells(wide, "closest-table") == [
        [name, moment, number(lunar, 2), number(diameter)]
        for name, moment, lunar, diameter in gold.rows(
            f"""SELECT name, {MOMENT}, miss_distance_lunar, diameter FROM {UPCOMING}
            ORDER BY miss_distance_lunar LIMIT 10"""
        )
    ]


def test_the_risk_table_and_its_links(wide: Page, gold: Queries) -> None:
    expected = gold.rows(
        f"""SELECT name, risk_band, {MOMENT}, miss_distance_lunar,
            sqrt(estimated_diameter_min_m * estimated_diameter_max_m), relative_velocity_km_s,
            is_potentially_hazardous, is_sentry_object, designation
        FROM {AROUND} WHERE risk_band IN ('moderate', 'elevated', 'high')
        ORDER BY list_position(['high', 'elevated', 'moderate'], risk_band), miss_distance_lunar
        LIMIT 20"""
    )
    assert cells(wide, "risk-table") == [
        [
            name,
            risk,
            moment,
            number(lunar, 2),
            number(diameter),
            number(velocity, 1),
            " ".join(["PHA"] * bool(hazardous) + ["Sentry"] * bool(sentry)),
        ]
        for name, risk, moment, lunar, diameter, velocity, hazardous, sentry, _ in expected
    ]
    links = wide.locator("#risk-table a").evaluate_all("links => links.map(link => link.href)")
    assert [unquote(link) for link in links] == [
        f"https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr={row[-1]}" for row in expected
    ]


def test_the_table_of_errors(wide: Page, gold: Queries) -> None:
    assert cells(wide, "errors-table") == [
        [
            "1 day" if days == 1 else f"{days} days",
            *(number(value) for value in (predicted, half, most)),
            number(minutes, 1),
            *(number(value) for value in (moved, predicted - came)),
        ]
        for days, predicted, came, half, most, minutes, moved in gold.rows(
            f"""SELECT days_before, count(*), count(event_key), median(abs(distance_off_km)),
                quantile_cont(abs(distance_off_km), 0.9), median(abs(minutes_off)),
                count_if(days_off <> 0)
            FROM ({predictions_for_duckdb([1, 2, 3, 5, 7, 14, 30, 90, 365])})
            WHERE predicted_date < '{TODAY}' GROUP BY 1 ORDER BY 1 DESC"""
        )
    ]


NEWEST = f"""(SELECT * FROM dq_metrics WHERE asset = 'silver_neo_events'
    AND partition_date BETWEEN '{TODAY - timedelta(59)}' AND '{TODAY}' AND run_id = 'the newest')"""


def test_the_tables_of_quality(wide: Page, gold: Queries) -> None:
    rows_in = gold.value(f"SELECT sum(value) FROM {NEWEST} WHERE metric = 'rows_in'")
    assert wide.locator("#rows-in").inner_text() == number(rows_in)
    of_class = dict(
        gold.rows(f"SELECT metric, sum(value) FROM {NEWEST} WHERE rule IS NULL GROUP BY 1")
    )
    assert cells(wide, "quality-table") == [
        [
            name.replace("_", " "),
            number(of_class[name]),
            f"{number(100 * of_class[name] / rows_in, 1)} %",
        ]
        for name in ("kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
    ]
    by_rule = gold.rows(
        f"""SELECT replace(rule, '_', ' '), sum(value) FROM {NEWEST}
        WHERE metric = 'dropped' AND rule IS NOT NULL GROUP BY 1"""
    )
    assert sorted(cells(wide, "rules-table")) == sorted(
        [rule, number(rows)] for rule, rows in by_rule
    )


def test_what_the_charts_draw(wide: Page, gold: Queries) -> None:
    def drawn(chart: str, *fields: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(row[field] for field in fields) for row in values(wide, chart))

    milliseconds = "epoch_ms(close_approach_at)"
    measures = "miss_distance_lunar, miss_distance_km, relative_velocity_km_s, risk_band"
    fields = ("object", "at", "lunar", "km", "velocity", "risk")
    assert drawn("upcoming", *fields) == gold.rows(
        f"SELECT name, {milliseconds}, {measures} FROM {UPCOMING} ORDER BY ALL"
    )
    assert drawn("sizes", *fields, "diameter") == [
        pytest.approx(row)
        for row in gold.rows(
            f"""SELECT name, {milliseconds}, {measures},
                sqrt(estimated_diameter_min_m * estimated_diameter_max_m) AS diameter
            FROM {AROUND} WHERE diameter IS NOT NULL ORDER BY ALL"""
        )
    ]
    month = "strftime(close_approach_date, '%b %Y')"
    assert {
        (month, distance): (count, of_month)
        for month, distance, count, of_month in drawn(
            "months", "month", "distance", "approaches", "all"
        )
    } == {
        (month, band): (count, of_month)
        for month, band, count, of_month in gold.rows(
            f"""SELECT {month} AS month, CASE distance_band WHEN 'inside_geo' THEN 'inside GEO'
                WHEN 'inside_lunar' THEN 'inside the Moon''s orbit' ELSE distance_band END AS band,
                count(*), sum(count(*)) OVER (PARTITION BY month)
            FROM {CURRENT} GROUP BY 1, 2"""
        )
    }
    assert drawn("closest", "month", "lunar") == gold.rows(
        f"SELECT {month}, min(miss_distance_lunar) FROM {CURRENT} GROUP BY 1 ORDER BY 1"
    )
    assert [
        row for row in drawn("bands", "size", "velocity", "approaches") if row[-1]
    ] == gold.rows(
        f"""SELECT replace(size_band, '_', ' '), replace(velocity_band, '_', ' '), count(*)
        FROM {CURRENT} GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    for chart, classes in (
        ("dropped", ["dropped"]),
        ("repeats", ["superseded", "exact_duplicates", "withdrawn"]),
    ):
        assert drawn(chart, "day", "class", "rows") == gold.rows(
            f"""SELECT partition_date::VARCHAR, replace(metric, '_', ' '), value FROM {NEWEST}
            WHERE rule IS NULL AND list_contains({classes}, metric) ORDER BY ALL"""
        )
    table = [(row[0].split()[0], row[2], row[3]) for row in cells(wide, "errors-table")]
    km = {(before, share): km for before, share, km in drawn("errors", "before", "share", "km")}
    assert table == [
        (
            before,
            number(km[before, "half are within"]),
            number(km[before, "nine in ten are within"]),
        )
        for before, _, _ in table
    ]


def test_each_value_has_its_mark(wide: Page) -> None:
    for chart, mark in (
        ("upcoming", "g.mark-symbol path"),
        ("sizes", "g.mark-symbol path"),
        ("closest", "g.mark-symbol path"),
        ("months", "g.mark-rect path"),
        ("bands", "g.mark-rect path"),
    ):
        assert wide.locator(f"#{chart} {mark}").count() == len(values(wide, chart))


@pytest.mark.parametrize("lunar", [0.004, 0.5, 1.0, 1.5, 10.0, 180.0])
def test_a_single_dot_is_beside_the_moon(chromium: Browser, tmp_path: Path, lunar: float) -> None:
    write(tmp_path, GOLD_NEO_FACT, [fact(miss_distance_lunar=lunar)])
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path), TODAY)), made)
    with opened(chromium, made) as page:

        def height(selector: str) -> float:
            box = page.locator(f"#upcoming {selector}").first.bounding_box()
            assert box
            return box["y"] + box["height"] / 2

        dot, moon = height("g.mark-symbol path"), height("g.mark-rule.role-mark line")
        # To a pixel, for a line is one wide.
        assert (dot < moon - 1, dot > moon + 1) == (lunar > 1, lunar < 1)
        ground = page.locator("#upcoming path.background").first.bounding_box()
        assert ground
        assert ground["y"] <= min(dot, moon) and max(dot, moon) <= ground["y"] + ground["height"]


def test_pointing_at_a_dot_shows_its_details(wide: Page) -> None:
    wide.locator("#closest g.mark-symbol path").first.hover()
    tooltip = wide.locator("#vg-tooltip-element")
    tooltip.wait_for(state="visible")
    first = values(wide, "closest")[0]
    assert first["object"] in tooltip.inner_text()
    assert number(first["lunar"], 2) in tooltip.inner_text()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("screen", SCREENS)
def test_it_fits_and_can_be_read(
    chromium: Browser, file: Path, screen: str, scheme: Literal["light", "dark"]
) -> None:
    with opened(chromium, file, screen, scheme) as page:
        assert_it_fits(page, screen)
        # The ground follows the scheme.
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", ground))) < 60) == (scheme == "dark")


def assert_it_fits(page: Page, screen: str) -> None:
    """Nothing is beyond the screen, and every text has enough contrast to its ground."""
    width, _ = SCREENS[screen]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(it =>
          it.id !== "vg-tooltip-element" && it.getBoundingClientRect().right > innerWidth + 1
        ).map(it => it.outerHTML.slice(0, 200))"""
    )
    assert beyond == []
    assert page.evaluate(FAINT) == []


FAINT = r"""() => {
  const channels = color => color.match(/[\d.]+/g).map(Number);
  const luminance = color => {
    const [r, g, b] = channels(color).slice(0, 3).map(value => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let it = element; it; it = it.parentElement) {
      const {backgroundColor, backgroundImage} = getComputedStyle(it);
      // A gradient is as bright as its last, brightest color.
      if (backgroundImage !== "none") return backgroundImage.match(/rgb\([^)]*\)/g).at(-1);
      if (channels(backgroundColor)[3] !== 0) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  for (const it of document.querySelectorAll("body *")) {
    const text = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const {color, fill, display} = getComputedStyle(it);
    if (!text || display === "none" || ["SCRIPT", "STYLE"].includes(it.tagName)) continue;
    const [a, b] = [it.tagName === "text" ? fill : color, ground(it)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push([it.textContent, contrast]);
  }
  return faint;
}"""
"""Texts whose contrast to what is behind them is below 4.5 to 1 (WCAG 2.1, 1.4.3)."""


def luminance(color: str) -> float:
    parts = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["#ffffff", "#141b2b"])
def test_every_color_stands_out_from_both_grounds(ground: str) -> None:
    colors = {
        *RISK_COLORS.values(),
        *DISTANCE_COLORS.values(),
        *REPEAT_COLORS.values(),
        *ERROR_COLORS.values(),
        *EVENT_COLORS.values(),
        *OBJECT_COLORS,
        *OUTCOME_COLORS.values(),
    }
    for color in colors:
        low, high = sorted((luminance(color), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 3, color


HOSTILE = """</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&|{{ 7*7 }}"""


def test_a_hostile_name_is_a_name(chromium: Browser, tmp_path: Path) -> None:
    hostile = fact(name=HOSTILE, designation=HOSTILE, risk_band="high")
    write(tmp_path, GOLD_NEO_FACT, [hostile])
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path), TODAY)), made)
    with opened(chromium, made) as page:
        assert page.locator("#closest-table a").inner_text() == HOSTILE
        link = page.locator("#risk-table a").get_attribute("href")
        assert link
        place, _, designation = link.partition("?sstr=")
        assert place == "https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/"
        assert re.fullmatch(r"[A-Za-z0-9%._~-]+", designation)
        assert unquote(designation) == HOSTILE
        page.locator("#upcoming g.mark-symbol path").hover()
        page.locator("#vg-tooltip-element").wait_for(state="visible")
        assert page.locator("img").count() == 0
        assert "49" not in page.locator("#risk-table").inner_text()


def test_the_browser_runs_no_script_but_that_of_the_page(chromium: Browser, tmp_path: Path) -> None:
    made = tmp_path / "index.html"
    html = html_of(dashboard_data(Gold(), TODAY))
    write_page(html.replace("<main>", "<main><script>document.title = 'taken'</script>"), made)
    page = chromium.new_page()
    page.goto(made.as_uri())
    assert page.title() == f"Asteroids passing Earth, {TODAY}"
    page.close()


def test_an_empty_lakehouse_says_so(chromium: Browser, tmp_path: Path) -> None:
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path / "tables"), TODAY)), made)
    for screen in SCREENS:
        with opened(chromium, made, screen) as page:
            assert page.locator("#empty").is_visible()
            assert page.locator("#no-errors").is_visible()
            assert page.locator("#no-quality").is_visible()
            assert page.locator(".chart").count() == 0


def test_gold_without_revisions_or_sizes(chromium: Browser, tmp_path: Path) -> None:
    unknown = fact(
        estimated_diameter_max_m=None,
        close_approach_at=None,
        name=None,
        is_potentially_hazardous=None,
        is_sentry_object=None,
        size_band="unknown",
        risk_band="unknown",
    )
    write(tmp_path, GOLD_NEO_FACT, [unknown])
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path), TODAY)), made)
    with opened(chromium, made) as page:
        assert cells(page, "closest-table") == [["2024 AA1", "20 May", "10.00", "-"]]
        assert page.locator("#no-errors").is_visible()
        assert page.locator("#largest").count() == 0
        assert page.locator("#sizes").count() == 0


def test_ten_years_fit_a_phone(chromium: Browser, tmp_path: Path) -> None:
    rows = [
        fact(close_approach_date=TODAY - timedelta(30 * month), designation=str(month))
        for month in range(120)
    ]
    write(tmp_path, GOLD_NEO_FACT, rows)
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path), TODAY)), made)
    with opened(chromium, made, "phone") as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS["phone"][0]
        named = page.locator("#months .role-axis-label text").all_text_contents()
        assert [name for name in named if name[0].isalpha()] == [
            f"Jan {year}" for year in range(2015, 2025)
        ]


def test_it_is_replaced_as_a_whole(tmp_path: Path) -> None:
    made = tmp_path / "dashboard" / "index.html"
    write_page("before", made)
    write_page("after", made)
    assert made.read_text() == "after"
    assert list(made.parent.iterdir()) == [made]


def test_the_same_charts_as_pictures(of_all: DashboardData) -> None:
    in_page, as_pictures = charts(of_all, IN_PAGE), charts(of_all, AS_PICTURE)
    assert in_page.keys() == as_pictures.keys() >= {"odds", "events", "agreement"}
    for specification in as_pictures.values():
        drawn = picture(specification)
        assert drawn.startswith(b"\x89PNG") and len(drawn) < 30_000


def test_the_file_is_small(file_of_all: Path) -> None:
    assert file_of_all.stat().st_size < 2_000_000


SECTIONS = ("odds-section", "differences-section", "events-section", "agreement-section")
AGENCIES = {"sentry": "JPL's Sentry list", "esa_risk": "ESA's risk list"}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("screen", SCREENS)
def test_all_sources_fit_and_can_be_read(
    chromium: Browser, file_of_all: Path, screen: str, scheme: Literal["light", "dark"]
) -> None:
    with opened(chromium, file_of_all, screen, scheme) as page:
        for summary in page.locator("summary").all():
            summary.focus()
            page.keyboard.press("Enter")
        assert page.locator("details[open]").count() == page.locator("details").count() == 2
        assert_it_fits(page, screen)


def test_the_sections_of_the_agencies(
    chromium: Browser, file_of_all: Path, all_tables: Path
) -> None:
    gold = Queries(all_tables)
    with opened(chromium, file_of_all) as page:
        for summary in page.locator("summary").all():
            summary.click()
        assert [page.locator(f"#{section}").count() for section in SECTIONS] == [1, 1, 1, 1]

        worst = gold.rows(
            """SELECT coalesce(number, designation) AS object, max(palermo_cumulative)
            FROM gold_impact_risk WHERE seen_until IS NULL AND revision_type <> 'removed'
            GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6"""
        )
        said = gold.rows(
            f"""SELECT coalesce(number, designation), source, seen_at::DATE::VARCHAR,
                palermo_cumulative FROM gold_impact_risk
            WHERE list_contains({[name for name, _ in worst]}, coalesce(number, designation))"""
        )
        links = page.locator("#odds-table a").evaluate_all("links => links.map(it => it.href)")
        shown = [
            (unquote(link.partition("?sstr=")[2]), row[1], row[2], row[-2])
            for link, row in zip(links, cells(page, "odds-table"), strict=True)
        ]
        assert sorted(shown) == sorted(
            (name, AGENCIES[source], day, number(palermo, 2)) for name, source, day, palermo in said
        )
        assert page.locator("#odds g.mark-symbol path").count() == len(said)

        changes = gold.rows(
            """SELECT designation, source, seen_at::DATE::VARCHAR FROM gold_impact_risk
            WHERE (revision_type <> 'revised' OR odds_factor >= 10 OR odds_factor <= 0.1)
                AND seen_at > (SELECT min(seen_at) FROM gold_impact_risk)"""
        )
        listed = [(row[2], row[3]) for row in cells(page, "changes-table")]
        assert (
            listed
            == [
                (AGENCIES[source], day)
                for _, source, day in sorted(changes, key=lambda row: (row[2], row[1], row[0]))[
                    ::-1
                ]
            ][:20]
        )
        assert f"The first 20 of {len(changes)}." in page.locator("#odds-section").inner_text()

        by_reason = dict(gold.rows("SELECT reason, count(*) FROM risk_agreement GROUP BY 1"))
        assert {row[0]: row[2] for row in cells(page, "reasons-table")} == {
            {f"only_{name}": f"only {title}" for name, title in AGENCIES.items()}.get(
                reason, reason.replace("_", " ")
            ): number(count)
            for reason, count in by_reason.items()
        }

        placed = "latitude_deg IS NOT NULL AND longitude_deg IS NOT NULL"
        events = gold.value(f"SELECT count(*) FROM gold_fireball WHERE {placed}")
        assert page.locator("#events g.mark-symbol path").count() == events
        assert cells(page, "newest-events") == [
            [moment, f"{kt:.3g}", *rest]
            for moment, kt, *rest in gold.rows(
                """SELECT strftime(event_at, '%Y-%m-%d %H:%M:%S'), impact_energy_kt,
                    coalesce(printf('%.1f° %s, %.1f° %s', abs(latitude_deg),
                        if(latitude_deg >= 0, 'N', 'S'), abs(longitude_deg),
                        if(longitude_deg >= 0, 'E', 'W')), '-'),
                    coalesce(printf('%.1f', altitude_km), '-'),
                    coalesce(printf('%.1f', velocity_km_s), '-'), 'no'
                FROM gold_fireball ORDER BY event_at DESC LIMIT 10"""
            )
        ]

        days = gold.rows(
            f"""SELECT close_approach_date::VARCHAR, *
            FROM (SELECT close_approach_date, count_if(reason = 'agree')::VARCHAR,
                count_if(reason NOT IN ('agree', 'unexplained'))::VARCHAR,
                count_if(reason = 'unexplained')::VARCHAR
            FROM gold_close_approach_agreement WHERE close_approach_date
                BETWEEN '{TODAY - timedelta(59)}' AND '{TODAY + timedelta(7)}' GROUP BY 1)
            ORDER BY 1"""
        )
        assert cells(page, "agreement-days") == [[day, *counts] for day, _, *counts in days]


def test_pointing_at_an_event_shows_its_energy(chromium: Browser, file_of_all: Path) -> None:
    with opened(chromium, file_of_all) as page:
        # The smallest is drawn last, above the others.
        page.locator("#events g.mark-symbol path").last.hover()
        tooltip = page.locator("#vg-tooltip-element")
        tooltip.wait_for(state="visible")
        assert "energy (kt of TNT)" in tooltip.inner_text()
        assert "not known beforehand" in tooltip.inner_text()


@pytest.mark.parametrize("sources", [ALL_SOURCES, "fireball", "neows"])
def test_tables_without_rows_say_so_in_a_sentence(
    chromium: Browser, tmp_path: Path, sources: str
) -> None:
    for table in (GOLD_IMPACT_RISK, RISK_AGREEMENT, GOLD_FIREBALL, GOLD_CLOSE_APPROACH_AGREEMENT):
        write(tmp_path, table, [])
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path, sources.split(",")), TODAY)), made)
    with opened(chromium, made) as page:
        expected = {ALL_SOURCES: [1, 1, 1, 1], "fireball": [0, 0, 1, 0], "neows": [0, 0, 0, 0]}
        assert [page.locator(f"#{section}").count() for section in SECTIONS] == expected[sources]
        for section in SECTIONS:
            if page.locator(f"#{section}").count():
                assert page.locator(f"#{section} p.nothing").count() == 1
        assert page.locator(".chart").count() == 0
        assert page.locator("#empty").count() == (sources != "fireball")


def test_hostile_names_of_agencies_are_names(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        odds(designation=HOSTILE, name=HOSTILE, number="7"),
        odds(
            source="esa_risk",
            designation=HOSTILE,
            name=HOSTILE,
            number="7",
            seen_at=at(TODAY),
            impact_probability=1e-3,
        ),
        odds(source="esa_risk", designation="2024 B"),
    ]
    write(tmp_path, GOLD_IMPACT_RISK, rows)
    write(tmp_path, RISK_AGREEMENT, side_by_side(rows))
    write(tmp_path, GOLD_FIREBALL, [event(is_known_beforehand=True, approach_designation=HOSTILE)])
    write(
        tmp_path,
        GOLD_CLOSE_APPROACH_AGREEMENT,
        [{"designation": HOSTILE, "close_approach_date": TODAY, "reason": "unexplained"}],
    )
    made = tmp_path / "index.html"
    write_page(html_of(dashboard_data(read_tables(tmp_path), TODAY)), made)
    with opened(chromium, made) as page:
        named = f"7 {HOSTILE}"
        assert page.locator("#changes-table a").all_inner_texts() == [named]
        assert named in page.locator("#reasons-table a").all_inner_texts()
        assert page.locator("#differences-table a").all_inner_texts() == [named]
        assert page.locator("#unexplained a").all_inner_texts() == [HOSTILE]
        assert page.locator("#newest-events td").last.inner_text() == HOSTILE
        assert named in page.locator("#odds-section .legend").first.inner_text()
        page.locator("#odds g.mark-symbol path").last.hover()
        page.locator("#vg-tooltip-element").wait_for(state="visible")
        assert page.locator("img").count() == 0
