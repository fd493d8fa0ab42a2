"""The data of the dashboard: a pure function of the rows and of today."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from neo_assets.dashboard.agreement import Agreement, agreement_shown
from neo_assets.dashboard.events import Events, events_shown
from neo_assets.dashboard.predictions import PredictionError, prediction_errors
from neo_assets.dashboard.risk_lists import (
    OddsDifferences,
    OddsHistory,
    odds_differences,
    odds_history,
)
from neo_assets.dashboard.tables import Approach, Gold, Measurement
from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.bands import RISK_ORDER
from neo_assets.lakehouse.model.tables import SILVER_NEO_EVENTS
from neo_assets.lakehouse.report import RowClass

DAYS_AHEAD = 7
DAYS_BACK = 30
QUALITY_DAYS = 60
ATTENTION_FROM = "moderate"
"""The lowest risk band in the risk table."""


@dataclass(frozen=True)
class Month:
    """The approaches of one month: how many in each distance band, and the closest."""

    first_day: date
    by_distance: Mapping[str, int]
    closest: Approach

    @property
    def approaches(self) -> int:
        """The number of approaches in the month."""
        return sum(self.by_distance.values())


@dataclass(frozen=True)
class DayQuality:
    """The newest report of silver for one day of the feed, in rows."""

    day: date
    rows_in: int
    classes: Mapping[str, int]
    dropped_by_rule: Mapping[str, int]


@dataclass(frozen=True)
class DashboardData:
    """Everything on the page. Approaches that NASA has withdrawn are in `withdrawn` alone."""

    today: date
    approaches: int
    objects: int
    """Different objects, each once, whatever designations NASA gave it."""
    withdrawn: int
    first_day: date | None
    last_day: date | None
    upcoming: tuple[Approach, ...]
    """Today and the 7 days after it, in order of time."""
    around: tuple[Approach, ...]
    """Those, and the 30 days before today."""
    attention: tuple[Approach, ...]
    """Of `around`, the risk band `moderate` and above: the highest first, then the closest."""
    months: tuple[Month, ...]
    bands: Mapping[tuple[str, str], int]
    """Approaches of all days by size band and velocity band."""
    errors: tuple[PredictionError, ...]
    quality: tuple[DayQuality, ...]
    """The 60 days up to today, those without an account left out."""
    includes_approaches: bool
    """Whether the source of approaches is included; nothing is said of them if not."""
    odds: OddsHistory | None
    """This and what follows is none without its table or its source."""
    differences: OddsDifferences | None
    events: Events | None
    agreement: Agreement | None

    @property
    def closest(self) -> tuple[Approach, ...]:
        """The upcoming approaches, the closest first."""
        return tuple(sorted(self.upcoming, key=lambda it: (it.miss_distance_lunar, *_in_time(it))))

    @property
    def largest(self) -> Approach | None:
        """The largest of what passes next, as far as sizes are known."""
        return max(self.upcoming, key=lambda it: it.diameter_m or 0, default=None)

    @property
    def fastest(self) -> Approach | None:
        """The fastest of what passes next."""
        return max(self.upcoming, key=lambda it: it.relative_velocity_km_s, default=None)

    @property
    def hazardous(self) -> int:
        """The number of upcoming approaches of potentially hazardous objects."""
        return sum(bool(it.is_potentially_hazardous) for it in self.upcoming)

    @property
    def rows_in(self) -> int:
        """Rows that came in on the days of `quality`."""
        return sum(day.rows_in for day in self.quality)

    @property
    def classes(self) -> Counter[str]:
        """The same rows by class."""
        return _sum(day.classes for day in self.quality)

    @property
    def dropped_by_rule(self) -> Counter[str]:
        """Rows that break each rule; a row can break several."""
        return _sum(day.dropped_by_rule for day in self.quality)


def dashboard_data(gold: Gold, today: date) -> DashboardData:
    """Compute everything that the dashboard shows, as of `today`."""
    current = sorted((it for it in gold.approaches if not it.is_withdrawn), key=_in_time)
    last = today + timedelta(DAYS_AHEAD)
    around = tuple(
        it for it in current if today - timedelta(DAYS_BACK) <= it.close_approach_date <= last
    )
    return DashboardData(
        today=today,
        approaches=len(current),
        objects=_objects(current),
        withdrawn=len(gold.approaches) - len(current),
        first_day=current[0].close_approach_date if current else None,
        last_day=current[-1].close_approach_date if current else None,
        upcoming=tuple(it for it in around if it.close_approach_date >= today),
        around=around,
        attention=_attention(around),
        months=_months(current),
        bands=Counter((it.size_band, it.velocity_band) for it in current),
        errors=prediction_errors(gold.revisions, today),
        quality=_quality(gold.measurements, today),
        includes_approaches=gold.includes_approaches,
        odds=odds_history(gold.odds_revisions) if gold.odds_revisions else None,
        differences=odds_differences(gold.odds_comparisons) if gold.odds_comparisons else None,
        events=events_shown(gold.events) if gold.events else None,
        agreement=agreement_shown(gold.approach_comparisons, today, last)
        if gold.approach_comparisons
        else None,
    )


def _objects(approaches: Collection[Approach]) -> int:
    """Count the different objects: designations with the same number are one object."""
    object_numbers = {
        it.designation: number
        for it in approaches
        if (number := keys.number(it.neo_id)) is not None
    }
    return len({object_numbers.get(it.designation, it.designation) for it in approaches})


def _in_time(approach: Approach) -> tuple[date, str, str]:
    # Approaches without a minute come first on their day.
    minute = approach.close_approach_at
    return approach.close_approach_date, f"{minute or ''}", approach.designation


def _attention(approaches: Iterable[Approach]) -> tuple[Approach, ...]:
    rank = {band: position for position, band in enumerate(RISK_ORDER)}
    return tuple(
        sorted(
            (it for it in approaches if rank[it.risk_band] >= rank[ATTENTION_FROM]),
            key=lambda it: (-rank[it.risk_band], it.miss_distance_lunar),
        )
    )


def _months(current: Iterable[Approach]) -> tuple[Month, ...]:
    of_month: dict[date, list[Approach]] = {}
    for approach in current:
        of_month.setdefault(approach.close_approach_date.replace(day=1), []).append(approach)
    return tuple(
        Month(
            first_day,
            Counter(it.distance_band for it in approaches),
            min(approaches, key=lambda it: it.miss_distance_lunar),
        )
        for first_day, approaches in of_month.items()
    )


def _quality(measurements: Iterable[Measurement], today: date) -> tuple[DayQuality, ...]:
    reports: dict[tuple[date, datetime, str], list[Measurement]] = {}
    for it in measurements:
        is_shown = today - timedelta(QUALITY_DAYS) < it.partition_date <= today
        if is_shown and it.asset == SILVER_NEO_EVENTS.name:
            reports.setdefault((it.partition_date, it.measured_at, it.run_id), []).append(it)
    newest = {day: report for (day, *_), report in sorted(reports.items())}
    return tuple(_day_quality(day, report) for day, report in newest.items())


def _day_quality(day: date, report: Iterable[Measurement]) -> DayQuality:
    of_all: dict[str, int] = {}
    by_rule: dict[str, int] = {}
    for it in report:
        if it.rule is None:
            of_all[it.metric] = it.value
        elif it.metric == RowClass.DROPPED:
            by_rule[it.rule] = it.value
    classes = {each.value: of_all.get(each, 0) for each in RowClass}
    return DayQuality(day, of_all.get("rows_in", 0), classes, by_rule)


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total
