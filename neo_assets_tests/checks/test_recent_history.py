from base64 import b64decode
from datetime import date, timedelta

from neo_assets.checks.plot import plot_of
from neo_assets.checks.recent_history import markdown_of
from neo_assets.lakehouse.report import DayReport

LAST = date(2024, 3, 1)
FIRST = date(2024, 1, 2)


def test_the_table_has_the_newest_day_first_and_the_main_reason() -> None:
    reports = [
        DayReport(LAST - timedelta(days=1), rows_in=20, kept=20),
        DayReport(
            LAST,
            rows_in=31,
            kept=20,
            dropped=3,
            exact_duplicates=4,
            superseded=2,
            withdrawn=2,
            reasons={"date_mismatch": 1, "invalid_velocity": 2},
        ),
    ]
    assert markdown_of(reports, LAST).splitlines()[2:] == [
        "| day | rows in | kept | dropped | duplicates | withdrawn | main reason |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        "| 2024-03-01 | 31 | 20 | 3 | 6 | 2 | invalid_velocity |",
        "| 2024-02-29 | 20 | 20 | 0 | 0 | 0 |  |",
    ]


def test_of_reasons_alike_the_first_by_name_is_the_main_one() -> None:
    report = DayReport(LAST, reasons={"b_rule": 1, "a_rule": 1})
    assert markdown_of([report], LAST).endswith("| a_rule |")


def test_the_picture_is_the_plot_of_the_same_days() -> None:
    shown = [DayReport(LAST, rows_in=5), DayReport(FIRST, rows_in=9)]
    before_and_after = [DayReport(FIRST - timedelta(days=1)), DayReport(LAST + timedelta(days=1))]
    picture = markdown_of([*before_and_after, *shown], LAST).splitlines()[0]
    text, _, data = picture.removesuffix(")").partition("](data:image/png;base64,")
    assert text == "![Rows of each day from 2024-01-02 to 2024-03-01"
    assert b64decode(data, validate=True) == plot_of(shown, FIRST, LAST)


def test_the_table_has_the_days_of_the_last_sixty_that_are_known() -> None:
    reports = [DayReport(LAST + timedelta(days=offset)) for offset in (1, -58, -60, 0, -3, -59)]
    days = [line[2:12] for line in markdown_of(reports, LAST).splitlines()[4:]]
    assert days == ["2024-03-01", "2024-02-27", "2024-01-03", "2024-01-02"]
