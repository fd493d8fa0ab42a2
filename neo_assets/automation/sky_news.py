"""What happened in the sky that people may want to know, as sentences that can be printed.

All values are published by the sources that the sentences name; none is computed here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pyarrow import compute

from neo_assets.dashboard.published import OddsRevision, Published, odds_revisions, read_rows
from neo_assets.dashboard.tables import Approach
from neo_assets.external_text import printable
from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.pipeline import source_of
from neo_assets.settings import Settings
from neo_assets.sources import registry
from neo_assets.sources.base import Source
from neo_assets.sources.registry import Included

_NEWS_FOR = timedelta(days=7)
"""How long a revision of odds is news, and an approach is still the same if its day moves."""

_SIMULATED = "This is simulated, and no observation."


@dataclass(frozen=True)
class Announcement:
    """One piece of news: `identity` tells it from any other until the day `until` (UTC)."""

    identity: str
    until: date
    title: str
    sentence: str


def sky_news(tables: Path, settings: Settings, today: date) -> list[Announcement]:
    """All that is news today (UTC) by the limits in the settings, out of a folder of tables."""
    return [*_near_approaches(tables, settings, today), *_odds(tables, settings, today)]


def _near_approaches(tables: Path, settings: Settings, today: date) -> Iterator[Announcement]:
    limit = settings.neo_alert_approach_lunar
    source = source_of(GOLD_NEO_FACT.name)
    if limit is None or source is None:
        return
    near = (compute.field("close_approach_date") >= today) & (
        compute.field("miss_distance_lunar") < limit
    )
    for approach in read_rows(tables, GOLD_NEO_FACT, Approach, near) or ():
        if not approach.is_withdrawn:
            yield Announcement(
                f"approach of {approach.designation}",
                approach.close_approach_date + _NEWS_FOR,
                f"{printable(approach.designation)} passes within {limit:g} lunar distances",
                f"{_passage(approach)} {_credit(source, settings)}",
            )


def _passage(approach: Approach) -> str:
    day = approach.close_approach_date
    at = approach.close_approach_at
    size = ""
    if approach.estimated_diameter_min_m and approach.estimated_diameter_max_m:
        size = (
            f", {approach.estimated_diameter_min_m:,.0f} to "
            f"{approach.estimated_diameter_max_m:,.0f} m across by its brightness,"
        )
    return (
        f"The object {printable(approach.designation)}{size} passes the Earth on "
        f"{day.day} {day:%B %Y}{f' at {at:%H:%M} TDB' if at else ''}, "
        f"{approach.miss_distance_lunar:.2f} lunar distances "
        f"({approach.miss_distance_km:,.0f} km) away, at "
        f"{approach.relative_velocity_km_s:.1f} km/s."
    )


def _odds(tables: Path, settings: Settings, today: date) -> Iterator[Announcement]:
    if settings.neo_alert_odds is None and settings.neo_alert_odds_factor is None:
        return
    published = odds_revisions(tables, Included(settings.sources))
    if published is None:
        return
    histories: dict[tuple[str, str], list[OddsRevision]] = defaultdict(list)
    first_list: dict[str, datetime] = {}
    for row in sorted(published.rows, key=lambda row: row.seen_at):
        histories[row.source, row.designation].append(row)
        first_list.setdefault(row.source, row.seen_at)
    for history in histories.values():
        for before, row in zip([None, *history], history, strict=False):
            is_news = row.seen_at.date() >= today - _NEWS_FOR
            # What a list had when it was first fetched did not happen then.
            if is_news and row.seen_at > first_list[row.source]:
                yield from _of_revision(before, row, published, settings)


def _of_revision(
    before: OddsRevision | None,
    row: OddsRevision,
    published: Published[OddsRevision],
    settings: Settings,
) -> Iterator[Announcement]:
    name = printable(row.designation)
    found = _what_happened(name, before, row, settings)
    if found is None:
        return
    title, sentence = found
    source = registry.source(row.source)
    yield Announcement(
        f"{row.source} on {row.designation} since {row.seen_at.isoformat()}",
        row.seen_at.date() + 2 * _NEWS_FOR,
        title,
        f"{published.titles[row.source]} {sentence} {_credit(source, settings)}",
    )


def _what_happened(
    name: str, before: OddsRevision | None, row: OddsRevision, settings: Settings
) -> tuple[str, str] | None:
    """Title and sentence of a revision that reaches a limit; none for any other."""
    limit, factor = settings.neo_alert_odds, settings.neo_alert_odds_factor
    odds, odds_before = row.impact_probability, before.impact_probability if before else None
    if row.revision_type == "removed":
        if limit is None or odds_before is None or odds_before < limit:
            return None
        return (
            f"{name} left a risk list",
            f"no longer lists {name}, for which it last gave odds of an impact of "
            f"{_shown(odds_before)}.",
        )
    if odds is None:
        return None
    years = _years(row)
    if limit is not None and odds >= limit and (odds_before is None or odds_before < limit):
        return (
            f"{name} has odds of an impact of {_shown(odds)}",
            f"gives {name} odds of hitting the Earth of {_shown(odds)}{years}.",
        )
    change = row.odds_factor
    if factor is None or not change or odds_before is None or 1 / factor < change < factor:
        return None
    verb = "raised" if change > 1 else "lowered"
    return (
        f"{name} has odds of an impact {verb} to {_shown(odds)}",
        f"{verb} the odds that {name} hits the Earth from {_shown(odds_before)} to "
        f"{_shown(odds)}{years}.",
    )


def _shown(odds: float) -> str:
    """A probability as people say it, to two digits: 0.0232 is `1 in 43`."""
    return f"1 in {float(f'{1 / odds:.2g}'):,.0f}" if odds else "zero"


def _years(row: OddsRevision) -> str:
    if row.impact_year_first is None or row.impact_year_last is None:
        return ""
    if row.impact_year_first == row.impact_year_last:
        return f", in {row.impact_year_first}"
    return f", between {row.impact_year_first} and {row.impact_year_last}"


def _credit(source: Source, settings: Settings) -> str:
    credit = f"Source: {source.title}."
    return f"{credit} {_SIMULATED}" if source.provider(settings) == "simulator" else credit
