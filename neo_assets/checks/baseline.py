"""The baseline of a count: what the days before had, and whether a day is anomalous.

A count is unusual when it is more than 3.5 standard deviations from the median of the days before,
the cut-off of Iglewicz and Hoaglin [1] for their modified z-score.  Three things make that score
fit for counts, which are small, skewed and often zero:

- It is taken of 2√(x + 3/8), which for a Poisson count has a standard deviation of about 1,
  whatever its mean [2].
- The deviation is never taken to be below that 1.  So small numbers do not alarm: after nothing
  but zeros 5 is usual and 6 is not.  Surveillance of diseases has a rule to that end too [3].
- It is the largest of that 1, of the median absolute deviation, and of the decile on the side of
  the count, each scaled to a normal distribution.  Most days of a bursty history are zero and so
  is its median absolute deviation; the decile sees the bursts, so that what happens on more than
  one day in ten is usual.  A past outlier does not hide the next,
  nor do three in 30 days.

With 30 days before, steady counts are called unusual on about 0.1 of 100 days if they are Poisson,
and on up to 2 if they are far more uneven, with variances of 5 to 20 times the mean; the tests hold
this by simulation.  Of the real feed from 2015 to 2018 no day is unusual by its rows, and 98 of 100
days would be, had they come empty.

[1] B. Iglewicz, D. C. Hoaglin: How to Detect and Handle Outliers. ASQC Quality Press, 1993.
[2] F. J. Anscombe: The transformation of Poisson, binomial and negative-binomial data.
    Biometrika 35, 1948, 246-254.
[3] C. P. Farrington et al.: A statistical algorithm for the early detection of outbreaks of
    infectious disease. Journal of the Royal Statistical Society A 159, 1996, 547-563.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import NormalDist, median

from neo_assets.lakehouse.report import DayReport

# The feed has a season, 9 rows a day in June and 15 in October, which a month follows.
BASELINE_DAYS = 30
# The tenth part of fewer is no day; of seven, uneven counts would be unusual twice as often.
LEAST_DAYS = 10
ANOMALOUS_FROM = 3.5

_QUARTILE = NormalDist().inv_cdf(0.75)
_DECILE = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True)
class Baseline:
    """One count of each of the days before a day, as far as they are known."""

    counts: tuple[int, ...]

    @classmethod
    def before(
        cls, day: date, reports: Iterable[DayReport], count: Callable[[DayReport], int]
    ) -> "Baseline":
        """The counts of the 30 days before `day` by calendar, out of reports of any days."""
        first = day - timedelta(days=BASELINE_DAYS)
        return cls(tuple(count(report) for report in reports if first <= report.day < day))

    @property
    def median(self) -> float:
        """The median count of the days before.

        Raises:
            statistics.StatisticsError: there are no days.
        """
        return median(self.counts)

    def z_score(self, count: int) -> float:
        """Standard deviations from the median to `count`, negative below it; 0 without days."""
        if not self.counts:
            return 0.0
        centre = _stabilized(self.median)
        offset = _stabilized(count) - centre
        deviations = [_stabilized(earlier) - centre for earlier in self.counts]
        towards = sorted(deviations if offset > 0 else (-deviation for deviation in deviations))
        return offset / max(
            1.0,
            median(map(abs, deviations)) / _QUARTILE,
            towards[9 * (len(towards) - 1) // 10] / _DECILE,
        )

    def is_anomalous(self, count: int) -> bool:
        """Whether `count` is far from the days before; never with fewer than ten of them."""
        return len(self.counts) >= LEAST_DAYS and abs(self.z_score(count)) > ANOMALOUS_FROM

    def against(self, count: int, what: str) -> str:
        """Compare `count` with the days before, such as `median of 30 days is 0`.

        `what` is what happened to the rows: dropped, repeated, listed.
        """
        days = len(self.counts)
        if not days:
            return "no earlier day to compare with"
        middle = f"median of {days} {'day' if days == 1 else 'days'} is {self.median:g}"
        if not self.is_anomalous(count):
            return middle
        least, most = min(self.counts), max(self.counts)
        had = f"{least} to {most}, median {self.median:g}" if least < most else f"{most} each"
        return f"{count} {what} is unusual: {days} earlier days had {had}"


def _stabilized(count: float) -> float:
    return 2 * sqrt(count + 3 / 8)
