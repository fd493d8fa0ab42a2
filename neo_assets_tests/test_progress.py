"""What the progress of a long operation logs, and when, with a clock that the test sets."""

from dataclasses import dataclass, field

from neo_assets.progress import ProgressMeter, track_progress


@dataclass
class Operation:
    """A clock, and what has been logged so far."""

    now: float = 1000.0
    logged: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def done(self, seconds_each: list[float], of: int | None = None) -> list[str]:
        """Process an item for each of these durations, and return what was logged."""
        total = of or len(seconds_each)
        for seconds in track_progress(
            seconds_each, total, "days fetched", self.logged.append, self.clock
        ):
            self.now += seconds
        return self.logged


def test_short_operations_log_nothing() -> None:
    assert Operation().done([]) == Operation().done([60.0]) == Operation().done([0.0] * 1000) == []
    assert Operation().done([0.5, 0.5, 1.9, 0.0]) == []


def test_long_operations_log_every_few_seconds() -> None:
    assert Operation().done([1.0] * 9) == [
        "3 of 9 days fetched, 1.00 a second, 0:00:06 left.",
        "6 of 9 days fetched, 1.00 a second, 0:00:03 left.",
    ]
    # Seven at once, as a call of the feed brings them.
    assert Operation().done([7.0, *[0.0] * 6, 7.0, *[0.0] * 6], of=1_400) == [
        "1 of 1,400 days fetched, 0.14 a second, 2:43:13 left.",
        "8 of 1,400 days fetched, 0.57 a second, 0:40:36 left.",
    ]


def test_the_rate_is_that_of_the_whole_time() -> None:
    operation = Operation()
    meter = ProgressMeter(total=400, things="asset partitions", clock=operation.clock)
    assert str(meter) == "0 of 400 asset partitions"
    for seconds, days in ((1, 100), (39, 100)):
        operation.now += seconds
        for _ in range(days):
            meter.advance()
    assert str(meter) == "200 of 400 asset partitions, 5.00 a second, 0:00:40 left"
    # No progress means more time left.
    operation.now += 40
    assert str(meter) == "200 of 400 asset partitions, 2.50 a second, 0:01:20 left"
    assert meter.summary == "200 of 400 asset partitions in 80.0 s, 2.50 a second"


def test_an_item_done_within_one_tick_has_a_rate() -> None:
    meter = ProgressMeter(total=2, things="days", clock=Operation().clock)
    meter.advance()
    assert str(meter) == "1 of 2 days, 1,000.00 a second, 0:00:00 left"


def test_another_message_postpones_the_next() -> None:
    operation = Operation()
    meter = ProgressMeter(3, "days", operation.logged.append, operation.clock)
    operation.now += 2
    meter.report("Something else.")
    operation.now += 2
    meter.advance()
    assert operation.logged == ["Something else."]
    operation.now += 1
    meter.advance()
    assert operation.logged[1:] == ["2 of 3 days, 0.40 a second, 0:00:02 left."]
