"""News about the sky: sentences that can be printed, each sent once to each service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.automation.delivery import MESSAGES_A_TICK, DeliveryError
from neo_assets.automation.sky_alerts import sky_alert_sensors
from neo_assets.automation.sky_news import _shown, sky_news
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.settings import Settings
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK
from neo_assets_tests.automation.endpoints import Endpoint
from neo_assets_tests.dashboard.agencies import odds
from neo_assets_tests.dashboard.lakehouses import fact, write
from neo_assets_tests.lakehouse.plain_reading import Row

TODAY = datetime.now(timezone.utc).date()
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)


def limits(**changes: Any) -> Settings:
    wanted = {
        "neo_sources": "neows,sentry,esa_risk",
        "neo_alert_approach_lunar": 1,
        "neo_alert_odds": 0.01,
        "neo_alert_odds_factor": 10,
    }
    return Settings(**{**wanted, **changes})


def revised(before: float | None, after: float | None, kind: str = "revised") -> list[Row]:
    """A list that had an object long ago with other odds, and what it says since yesterday."""
    factor = after / before if before and after else None
    said = {"source": "sentry", "designation": "2024 YR4"}
    new = odds(
        **said,
        seen_at=YESTERDAY,
        revision_type=kind,
        impact_probability=after,
        odds_factor=factor,
    )
    first = {**said, "seen_at": LONG_AGO, "seen_until": YESTERDAY}
    other = odds(source="sentry", designation="2020 AA", seen_at=LONG_AGO, impact_probability=0.9)
    if before is None:
        return [other, new]
    return [other, odds(**first, impact_probability=before), new]


def sentences(tables: Path, settings: Settings) -> list[str]:
    return [news.sentence for news in sky_news(tables, settings, TODAY)]


def test_a_near_approach(tmp_path: Path) -> None:
    rows = [
        fact(
            designation="2024 AA1",
            close_approach_date=date(2124, 3, 2),
            miss_distance_lunar=0.84,
            miss_distance_km=322_896.4,
        ),
        fact(designation="2024 AA2", close_approach_date=TODAY, miss_distance_lunar=1.0),
        fact(
            designation="2024 AA3",
            close_approach_date=TODAY - timedelta(days=1),
            miss_distance_lunar=0.5,
        ),
        fact(
            designation="2024 AA4",
            close_approach_date=TODAY,
            miss_distance_lunar=0.5,
            is_withdrawn=True,
        ),
    ]
    write(tmp_path, GOLD_NEO_FACT, rows)
    assert sentences(tmp_path, limits(neo_source="nasa")) == [
        "The object 2024 AA1, 100 to 225 m across by its brightness, passes the Earth on "
        "2 March 2124 at 14:32 TDB, 0.84 lunar distances (322,896 km) away, at 12.3 km/s. "
        "Source: NASA's NeoWs feed."
    ]
    assert sentences(tmp_path, limits())[0].endswith("This is simulated, and no observation.")
    assert sentences(tmp_path, limits(neo_alert_approach_lunar=None)) == []


SENTRY = "JPL's Sentry list"
CREDIT = f"Source: {SENTRY}."
YEARS = "between 2050 and 2110"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            revised(0.005, 0.0232),
            f"{SENTRY} gives 2024 YR4 odds of hitting the Earth of 1 in 43, {YEARS}. {CREDIT}",
        ),
        (
            revised(None, 0.0232, "listed"),
            f"{SENTRY} gives 2024 YR4 odds of hitting the Earth of 1 in 43, {YEARS}. {CREDIT}",
        ),
        (
            revised(1e-6, 1.2e-5),
            f"{SENTRY} raised the odds that 2024 YR4 hits the Earth from 1 in 1,000,000 to "
            f"1 in 83,000, {YEARS}. {CREDIT}",
        ),
        (
            revised(0.5, 0.02),
            f"{SENTRY} lowered the odds that 2024 YR4 hits the Earth from 1 in 2 to 1 in 50, "
            f"{YEARS}. {CREDIT}",
        ),
        (
            revised(0.03, None, "removed"),
            f"{SENTRY} no longer lists 2024 YR4, for which it last gave odds of an impact of "
            f"1 in 33. {CREDIT}",
        ),
        (revised(0.02, 0.03), None),
        (revised(1e-6, 9e-6), None),
        (revised(None, 1e-6, "listed"), None),
        (revised(1e-6, None, "removed"), None),
    ],
)
def test_odds(tmp_path: Path, rows: list[Row], said: str | None) -> None:
    write(tmp_path, GOLD_IMPACT_RISK, rows)
    # What the list had when it was first fetched is no news, however high the odds.
    assert sentences(tmp_path, limits(neo_source="nasa")) == ([said] if said else [])
    late = TODAY + timedelta(days=9)
    assert sky_news(tmp_path, limits(), late) == []


def test_a_limit_that_is_not_set_announces_nothing(tmp_path: Path) -> None:
    write(tmp_path, GOLD_IMPACT_RISK, revised(0.001, 0.5))
    assert len(sentences(tmp_path, limits(neo_alert_odds=None))) == 1
    assert len(sentences(tmp_path, limits(neo_alert_odds_factor=None))) == 1
    assert not sentences(tmp_path, limits(neo_alert_odds=None, neo_alert_odds_factor=None))


@given(st.floats(min_value=1e-12, max_value=1, allow_subnormal=False))
def test_odds_are_said_to_two_digits(odds: float) -> None:
    said = _shown(odds)
    assert said.startswith("1 in ")
    assert float(said.removeprefix("1 in ").replace(",", "")) == pytest.approx(1 / odds, rel=0.5)
    digits = said.removeprefix("1 in ").replace(",", "").rstrip("0")
    assert 1 <= len(digits) <= 2


@dataclass
class Ticks:
    """The sensor as the daemon evaluates it: a tick that fails leaves the cursor as it was."""

    tables: Path
    settings: Settings
    instance: dg.DagsterInstance
    cursor: str | None = field(default=None)

    def tick(self) -> str:
        (sensor,) = sky_alert_sensors(self.settings, self.tables)
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        printed = sensor(context)
        assert isinstance(printed, dg.SkipReason) and printed.skip_message
        self.cursor = context.cursor
        return printed.skip_message


@pytest.fixture
def ticks(instance: dg.DagsterInstance, service: Endpoint, tmp_path: Path) -> Ticks:
    tables = tmp_path / "tables"
    write(tables, GOLD_IMPACT_RISK, revised(1e-6, 1e-6))
    return Ticks(tables, limits(neo_alert_urls=service.address), instance)


@pytest.fixture
def near(ticks: Ticks) -> Callable[..., None]:
    """Objects that pass near the Earth today, as they are listed now."""

    def listed(*designations: str) -> None:
        rows = [
            fact(designation=name, close_approach_date=TODAY, miss_distance_lunar=0.5)
            for name in designations
        ]
        write(ticks.tables, GOLD_NEO_FACT, rows)

    return listed


def test_what_was_there_before_is_no_news(
    ticks: Ticks, near: Callable[..., None], service: Endpoint
) -> None:
    near("2024 AA1")
    assert ticks.tick() == "News is sent from now on."
    near("2024 AA1", "2024 AA2")
    assert ticks.tick() == "Sent: 2024 AA2 passes within 1 lunar distances."
    assert ticks.tick() == "There is no news."
    # It moves to another day.
    moved = fact(
        designation="2024 AA2",
        close_approach_date=TODAY + timedelta(days=1),
        miss_distance_lunar=0.4,
    )
    write(ticks.tables, GOLD_NEO_FACT, [moved])
    assert ticks.tick() == "There is no news."
    (sent,) = service.messages
    assert sent.title == "neo_assets: 2024 AA2 passes within 1 lunar distances"
    assert sent.body.startswith("The object 2024 AA2")


def test_each_is_sent_once_however_often_a_service_is_down(
    ticks: Ticks, near: Callable[..., None], service: Endpoint
) -> None:
    near()
    ticks.tick()
    names = [f"2024 AA{number}" for number in range(MESSAGES_A_TICK + 3)]
    near(*names)
    service.status = 500
    with pytest.raises(DeliveryError):
        ticks.tick()
    service.takes = 2
    assert ticks.tick().startswith("2 sent; the rest follows with the next tick: ")
    service.status = 200
    assert ticks.tick() == f"{MESSAGES_A_TICK} sent; 1 follow with the next tick."
    ticks.tick()
    assert ticks.tick() == "There is no news."
    titles = sorted(message.title for message in service.messages)
    assert titles == [f"neo_assets: {name} passes within 1 lunar distances" for name in names]


def test_the_cursor_does_not_grow(ticks: Ticks, near: Callable[..., None]) -> None:
    near("2024 AA1")
    ticks.cursor = '{"sent": {"approach of 2020 AA": "2020-01-08"}}'
    ticks.tick()
    assert ticks.cursor and "2020 AA" not in ticks.cursor and "2024 AA1" in ticks.cursor


def test_names_are_only_text(ticks: Ticks, near: Callable[..., None], service: Endpoint) -> None:
    near()
    ticks.tick()
    near("\x1b[31m@everyone https://example.org/phish {name}")
    ticks.tick()
    (sent,) = service.messages
    assert "\x1b" not in sent.title + sent.body and "{name}" in sent.body
    for text in (sent.title, sent.body):
        assert "https://" not in text and "@everyone" not in text


def test_sensors_only_where_news_is_asked_for(tmp_path: Path) -> None:
    nothing = {
        "neo_alert_approach_lunar": None,
        "neo_alert_odds": None,
        "neo_alert_odds_factor": None,
    }
    to_two = "json://127.0.0.1:9, xml://127.0.0.1:9"
    names = [sensor.name for sensor in sky_alert_sensors(limits(neo_alert_urls=to_two), tmp_path)]
    assert names == ["sky_alerts_1", "sky_alerts_2"]
    assert sky_alert_sensors(limits(neo_alert_urls=to_two, **nothing), tmp_path) == []
    assert sky_alert_sensors(limits(), tmp_path) == []
    assert sky_alert_sensors(limits(neo_alert_urls=to_two), None) == []
