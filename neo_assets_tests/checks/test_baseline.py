"""What is unusual, by simulated counts with known properties and by the real feed."""

import gzip
import json
from collections.abc import Callable
from datetime import date, timedelta
from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.checks.baseline import ANOMALOUS_FROM, BASELINE_DAYS, LEAST_DAYS, Baseline
from neo_assets.lakehouse.report import DayReport
from neo_assets_tests.real_data import VINTAGE_2020, needs_real_data

DAY = date(2024, 3, 1)
SIMULATED_DAYS = 5000

counts = st.integers(0, 200)
baselines = st.lists(counts, min_size=LEAST_DAYS, max_size=BASELINE_DAYS).map(
    lambda drawn: Baseline(tuple(drawn))
)

Draw = Callable[[Random], int]


def poisson(mean: float) -> Draw:
    """By D. E. Knuth: how many uniform numbers, multiplied, stay above exp(-mean)."""

    def draw(chance: Random) -> int:
        count, product = 0, chance.random()
        while product > exp(-mean):
            count, product = count + 1, product * chance.random()
        return count

    return draw


def negative_binomial(mean: float, shape: float) -> Draw:
    """Poisson with a mean that varies from day to day; the variance is mean + mean² / shape."""
    return lambda chance: poisson(chance.gammavariate(shape, mean / shape))(chance)


def burst(share: float, mean: float) -> Draw:
    return lambda chance: poisson(mean)(chance) if chance.random() < share else 0


def rows_listed(report: DayReport) -> int:
    return report.snapshot_rows


def share_unusual(draw: Draw, days: int = BASELINE_DAYS) -> float:
    chance = Random(20150101)
    drawn = [draw(chance) for _ in range(days + SIMULATED_DAYS)]
    z_scores = [
        Baseline(tuple(drawn[number - days : number])).z_score(drawn[number])
        for number in range(days, len(drawn))
    ]
    return sum(abs(z_score) > ANOMALOUS_FROM for z_score in z_scores) / SIMULATED_DAYS


@pytest.mark.parametrize("days", [LEAST_DAYS, BASELINE_DAYS])
@pytest.mark.parametrize("mean", [0.2, 0.5, 1, 2, 5, 12, 30])
def test_poisson_counts_are_hardly_ever_unusual(mean: float, days: int) -> None:
    assert share_unusual(poisson(mean), days) < 0.003


@pytest.mark.parametrize(
    ("draw", "days"),
    [
        # Variances 5 to 21 times the mean.
        (negative_binomial(12, 3), LEAST_DAYS),
        (negative_binomial(12, 3), BASELINE_DAYS),
        (negative_binomial(100, 5), LEAST_DAYS),
        (negative_binomial(100, 5), BASELINE_DAYS),
        (negative_binomial(2, 0.2), BASELINE_DAYS),
        # Most days have nothing, so that the median absolute deviation is zero.
        (burst(0.3, 12), BASELINE_DAYS),
        (burst(0.4, 12), BASELINE_DAYS),
    ],
)
def test_a_history_that_is_uneven_but_steady_does_not_cry_wolf(draw: Draw, days: int) -> None:
    assert share_unusual(draw, days) < 0.025


def test_with_fewer_days_uneven_counts_would_be_unusual_twice_as_often() -> None:
    for uneven in (negative_binomial(12, 3), negative_binomial(100, 5)):
        assert share_unusual(uneven, LEAST_DAYS - 3) > 1.8 * share_unusual(uneven, LEAST_DAYS)


@pytest.mark.parametrize(
    ("mean", "far"), [(0.2, (7, 12)), (2, (20, 30)), (12, (0, 36)), (30, (6, 70))]
)
def test_a_real_jump_is_found(mean: float, far: tuple[int, ...]) -> None:
    chance = Random(7)
    draw = poisson(mean)
    found = [
        Baseline(tuple(draw(chance) for _ in range(BASELINE_DAYS))).is_anomalous(count)
        for _ in range(200)
        for count in far
    ]
    assert sum(found) / len(found) > 0.98


@given(usual=st.integers(0, 30), days=st.integers(LEAST_DAYS, BASELINE_DAYS), far=counts)
def test_a_past_outlier_does_not_hide_the_next(usual: int, days: int, far: int) -> None:
    before = (usual,) * days
    outliers = (far,) * (days // 10)
    assert Baseline((*outliers, *before[len(outliers) :])).is_anomalous(far) == Baseline(
        before
    ).is_anomalous(far)


def test_a_count_on_one_day_in_ten_is_usual_only_on_its_side() -> None:
    at_times_empty = Baseline((20,) * 25 + (0,) * 5)
    assert not at_times_empty.is_anomalous(0)
    assert at_times_empty.is_anomalous(45)


@given(baseline=baselines, count=counts, further=st.integers(0, 100))
def test_further_from_the_median_is_never_less_unusual(
    baseline: Baseline, count: int, further: int
) -> None:
    beyond = count + further if count >= baseline.median else max(count - further, 0)
    assert abs(baseline.z_score(beyond)) >= abs(baseline.z_score(count))
    assert baseline.is_anomalous(beyond) or not baseline.is_anomalous(count)
    assert (baseline.z_score(count) > 0) == (count > baseline.median)


@given(count=counts, days=st.integers(0, BASELINE_DAYS))
def test_the_same_as_ever_is_never_unusual(count: int, days: int) -> None:
    assert not Baseline((count,) * days).is_anomalous(count)


def test_after_nothing_but_zeros_a_few_are_usual_and_six_are_not() -> None:
    zeros = Baseline((0,) * BASELINE_DAYS)
    assert [count for count in range(9) if zeros.is_anomalous(count)] == [6, 7, 8]


@given(count=counts, few=st.lists(counts, max_size=LEAST_DAYS - 1))
def test_too_few_days_call_nothing_unusual(count: int, few: list[int]) -> None:
    baseline = Baseline(tuple(few))
    assert not baseline.is_anomalous(count)
    assert "unusual" not in baseline.against(count, "dropped")


@given(offsets=st.sets(st.integers(-50, 50)))
def test_a_history_is_the_month_before_by_calendar(offsets: set[int]) -> None:
    reports = [
        DayReport(DAY + timedelta(days=offset), snapshot_rows=1000 + offset) for offset in offsets
    ]
    baseline = Baseline.before(DAY, reports, rows_listed)
    assert sorted(baseline.counts) == sorted(
        1000 + offset for offset in offsets if -30 <= offset < 0
    )


@pytest.mark.parametrize(
    ("earlier", "count", "sentence"),
    [
        ((), 3, "no earlier day to compare with"),
        ((2,), 3, "median of 1 day is 2"),
        ((0, 1), 3, "median of 2 days is 0.5"),
        ((0, 0, 1, 0, 4), 3, "median of 5 days is 0"),
        ((0,) * 30, 3, "median of 30 days is 0"),
        ((0,) * 30, 12, "12 dropped is unusual: 30 earlier days had 0 each"),
        ((0,) * 28 + (2, 1), 12, "12 dropped is unusual: 30 earlier days had 0 to 2, median 0"),
        (
            tuple(range(10, 20)),
            1,
            "1 dropped is unusual: 10 earlier days had 10 to 19, median 14.5",
        ),
    ],
)
def test_the_sentence(earlier: tuple[int, ...], count: int, sentence: str) -> None:
    assert Baseline(earlier).against(count, "dropped") == sentence


@needs_real_data
def test_no_day_of_the_real_feed_is_unusual_but_an_empty_or_a_fourfold_one_would_be() -> None:
    reports = [
        DayReport(date.fromisoformat(day), snapshot_rows=len(rows))
        for month in sorted(VINTAGE_2020.glob("*.json.gz"))
        for day, rows in json.loads(gzip.decompress(month.read_bytes())).items()
    ]
    evaluated = [
        (report.snapshot_rows, baseline)
        for report in reports
        if len((baseline := Baseline.before(report.day, reports, rows_listed)).counts) >= LEAST_DAYS
    ]
    assert len(evaluated) == len(reports) - LEAST_DAYS == 1451

    def share(change: Callable[[int], int]) -> float:
        return sum(baseline.is_anomalous(change(rows)) for rows, baseline in evaluated) / len(
            evaluated
        )

    assert share(lambda rows: rows) == 0
    assert share(lambda rows: 0) > 0.95
    assert share(lambda rows: 4 * rows) > 0.85
