"""What is said of something that lasts, and when; a clock that is set by hand passes the time."""

from dataclasses import dataclass, field

from neo_assets.progress import Pace, told


@dataclass
class Wait:
    """The time, and what has been said until now."""

    now: float = 1000.0
    said: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def done(self, seconds_each: list[float], of: int | None = None) -> list[str]:
        """Do things one after the other that take so long; what is said of them."""
        total = of or len(seconds_each)
        for seconds in told(seconds_each, total, "days fetched", self.said.append, self.clock):
            self.now += seconds
        return self.said


def test_what_is_quick_says_nothing() -> None:
    assert Wait().done([]) == Wait().done([60.0]) == Wait().done([0.0] * 1000) == []
    assert Wait().done([0.5, 0.5, 1.9, 0.0]) == []


def test_what_lasts_says_how_far_it_is_every_few_seconds() -> None:
    assert Wait().done([1.0] * 9) == [
        "3 of 9 days fetched, 1.00 a second, 0:00:06 left.",
        "6 of 9 days fetched, 1.00 a second, 0:00:03 left.",
    ]
    # Seven at once, as a call of the feed brings them.
    assert Wait().done([7.0, *[0.0] * 6, 7.0, *[0.0] * 6], of=1_400) == [
        "1 of 1,400 days fetched, 0.14 a second, 2:43:13 left.",
        "8 of 1,400 days fetched, 0.57 a second, 0:40:36 left.",
    ]


def test_the_rate_is_that_of_the_whole_time() -> None:
    wait = Wait()
    pace = Pace(total=400, things="days of assets", clock=wait.clock)
    assert str(pace) == "0 of 400 days of assets"
    for seconds, days in ((1, 100), (39, 100)):
        wait.now += seconds
        for _ in range(days):
            pace.advance()
    assert str(pace) == "200 of 400 days of assets, 5.00 a second, 0:00:40 left"
    # What stands still has longer to go.
    wait.now += 40
    assert str(pace) == "200 of 400 days of assets, 2.50 a second, 0:01:20 left"
    assert pace.account == "200 of 400 days of assets in 80.0 s, 2.50 a second"


def test_no_time_at_all_is_a_rate_too() -> None:
    pace = Pace(total=2, things="days", clock=Wait().clock)
    pace.advance()
    assert str(pace) == "1 of 2 days, 1,000.00 a second, 0:00:00 left"


def test_something_else_that_was_said_does_for_a_while() -> None:
    wait = Wait()
    pace = Pace(3, "days", wait.said.append, wait.clock)
    wait.now += 2
    pace.tell("Something else.")
    wait.now += 2
    pace.advance()
    assert wait.said == ["Something else."]
    wait.now += 1
    pace.advance()
    assert wait.said[1:] == ["2 of 3 days, 0.40 a second, 0:00:02 left."]
