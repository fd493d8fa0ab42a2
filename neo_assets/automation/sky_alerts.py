"""News about the sky, each sent once to every configured service.

What was sent is kept by what it is about, not by how far a table was read: rows of one table can
become visible in another order than that of their times.
"""

from collections.abc import Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import BaseModel

from neo_assets.automation.delivery import MESSAGES_A_TICK, DeliveryError, Service, services
from neo_assets.external_text import unlinked
from neo_assets.settings import Settings

if TYPE_CHECKING:
    from neo_assets.automation.sky_news import Announcement


class NewsSent(BaseModel):
    """The cursor of a sensor: what was sent, by its identity, and until when it counts."""

    sent: dict[str, date] = {}

    def without_old(self, today: date) -> "NewsSent":
        """The same without what cannot be news again."""
        return NewsSent(
            sent={identity: until for identity, until in self.sent.items() if until >= today}
        )


def wants_news(settings: Settings) -> bool:
    """Whether any kind of news is asked for."""
    return any(
        limit is not None
        for limit in (
            settings.neo_alert_approach_lunar,
            settings.neo_alert_odds,
            settings.neo_alert_odds_factor,
        )
    )


def sky_alert_sensors(settings: Settings, tables: Path | None) -> list[dg.SensorDefinition]:
    """A sensor for each configured service, if news is asked for and the tables are here."""
    if tables is None or not wants_news(settings):
        return []
    return [_sky_alerts(service, tables, settings) for service in services(settings)]


def _sky_alerts(service: Service, tables: Path, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"sky_alerts_{service.number}",
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sends news about the sky to {service.name}, each once: approaches nearer "
        "than NEO_ALERT_APPROACH_LUNAR, odds of an impact that reach NEO_ALERT_ODDS or change by "
        "NEO_ALERT_ODDS_FACTOR, and objects that leave a risk list.",
    )
    def sky_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        # Loading the code location must not cost what reading tables costs.
        from neo_assets.automation.sky_news import sky_news

        today = datetime.now(timezone.utc).date()
        news = sky_news(tables, settings, today)
        if not context.cursor:
            known = NewsSent(sent={each.identity: each.until for each in news})
            context.update_cursor(known.model_dump_json())
            return dg.SkipReason("News is sent from now on.")
        cursor = NewsSent.model_validate_json(context.cursor).without_old(today)
        pending = [each for each in news if each.identity not in cursor.sent]
        left = send_news(service, pending, cursor)
        context.update_cursor(cursor.model_dump_json())
        return dg.SkipReason(left or _summary(pending))

    return sky_alerts


def send_news(service: Service, pending: Sequence["Announcement"], cursor: NewsSent) -> str | None:
    """Send each piece of news, and record what was delivered.

    Returns why the rest is left for the next tick, or None if nothing is left.

    Raises:
        DeliveryError: the first message could not be delivered.
    """
    for number, news in enumerate(pending):
        if number == MESSAGES_A_TICK:
            return f"{number} sent; {len(pending) - number} follow with the next tick."
        try:
            title, body = unlinked(f"neo_assets: {news.title}"), unlinked(news.sentence)
            service.send(title, body, is_failure=False)
        except DeliveryError as error:
            if number == 0:
                raise
            return f"{number} sent; the rest follows with the next tick: {error}"
        cursor.sent[news.identity] = news.until
    return None


def _summary(sent: Sequence["Announcement"]) -> str:
    return f"Sent: {'; '.join(news.title for news in sent)}." if sent else "There is no news."
