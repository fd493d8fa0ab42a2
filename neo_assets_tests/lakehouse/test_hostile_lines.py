"""Lines that would break Spark, or a reader of its tables: each is dropped, and stops nothing else.

Every case is a day with a sound object beside it, all days in one run.
"""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.schema_tracking.shapes import steps_of
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, gold, silver
from neo_assets.sources.neows.dataset import NEO

from .feed_objects import FeedObject, feed_object, fetched, rows_of, run, tables_of
from .fixtures import copied_lakehouse

START = date(2024, 1, 1)

NOT_READABLE = "not JSON, or a value in it is out of the range of Spark"
TOO_DEEP = "nested more than 64 levels deep"
TOO_WIDE = "too many fields, or too long names of fields"
NO_EVENT = "not an event"

DIGITS = "1" * 2000


def with_value(text: str) -> str:
    """A sound object with one more field, as JSON text."""
    return json.dumps(feed_object(START) | {"hostile": 0}).replace('"hostile": 0', text)


def nested(depth: int, opening: str, closing: str) -> str:
    return f'"hostile": {opening * depth}1{closing * depth}'


def names(number: int, form: str) -> str:
    return ", ".join(f"{json.dumps(form.format(n))}: {n}" for n in range(number))


def unreadable() -> Iterator[tuple[str, str]]:
    """Objects as JSON text, each with the flaw for which its line is dropped."""
    yield with_value(f'"hostile": {DIGITS}'), NOT_READABLE
    yield with_value(f'"hostile": -0.{DIGITS}'), NOT_READABLE
    yield with_value('"hostile": "\\ud83d"'), NOT_READABLE
    yield with_value('"\\udc00": 1'), NOT_READABLE
    yield with_value('"hostile": NaN'), NOT_READABLE
    yield with_value('"hostile": 1, "hostile": 2'), NOT_READABLE
    yield with_value(nested(64, "[", "]")), TOO_DEEP
    yield with_value(nested(400, '{"a": ', "}")), TOO_DEEP
    yield with_value(nested(990, '[{"a\\"[": ', "}]")), TOO_DEEP
    yield with_value(names(1300, "field {}")), TOO_WIDE
    yield with_value(names(1300, '`{}` " \n . <a: STRING>')), TOO_WIDE
    yield with_value(names(20_000, "n{}")), TOO_WIDE
    yield with_value(names(1, "n" * 30_000)), TOO_WIDE


def readable() -> Iterator[str]:
    """Objects as JSON text that are odd and stay within every limit: they are kept."""
    yield with_value(nested(60, "[", "]"))
    yield with_value('"hostile": ' + json.dumps("[" * 1000 + '{"' * 1000 + "\\" * 999))
    yield with_value('"hostile": ' + json.dumps([[], {}] * 2000))
    yield with_value('"hostile": ' + json.dumps("x" * 1_000_000))
    yield with_value(names(300, "f {}"))
    yield with_value(names(20, "`{}` \" \n \t\u0001 . [] ' $ <a: STRING>, \\ \u2028"))
    yield with_value('"": 1, ".": 2, "[]": 3, "`": 4, "\'\\"": {"\'\\"": 5}')
    yield with_value('"hostile": 1e999, "other": -1e-999, "third": ' + "9" * 60)


def out_of_range() -> Iterator[tuple[dict[str, Any], list[str], dict[str, Any]]]:
    """Changes of an object, the rules that drop it, and the values in silver if none does."""
    for day in (
        "0000-01-01",
        "0001-01-01",
        "-0001-01-01",
        "1677-12-31",
        "2262-01-01",
        "9999-12-31",
    ):
        yield {"close_approach_date": day}, ["unreadable_date"], {}
    for year in ("0000", "0001", "1677", "2262", "9999", "99999"):
        minute = f"{year}-Jan-01 00:00"
        yield {"close_approach_date_full": minute}, [], {"close_approach_at": None}
    for text in ("-1e999", "1e999", "-Infinity"):
        yield {"absolute_magnitude_h": text}, [], {"absolute_magnitude_h": None}
    yield {"relative_velocity": {"kilometers_per_second": "1e999"}}, ["invalid_velocity"], {}
    for blank in ("\t\t", "\u00a0", " \r\n\u2003\u3000", "\u200b\ufeff", "\x01\x9f"):
        yield {"name": blank}, ["missing_designation"], {}
    yield {"name": "(\u00a0)\t"}, [], {"designation": "(\u00a0)"}
    yield {"name": "\u00a0(2024\u00a0AA1)\t"}, [], {"name": "(2024\u00a0AA1)"}


def random_text(chance: random.Random) -> str:
    alphabet = "ab`'\"\\[]{}<>,:.$ \n\t\u0000\u0085\u2028\ud800\U0001f600é"
    return "".join(chance.choice(alphabet) for _ in range(chance.randint(0, 6)))


def random_value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randint(0, 9 if depth < 5 else 6)
    if kind > 7:
        return {random_text(chance): random_value(chance, depth + 1) for _ in range(3)}
    if kind == 7:
        return [random_value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    scalars = (None, True, random_text(chance), 10**40, -(10**400), 1e308, 5e-324)
    return chance.choice(scalars)


def random_object(chance: random.Random, day: date) -> FeedObject:
    """An object with hostile values in new fields, and in place of known ones."""
    item = feed_object(day)
    for _ in range(chance.randint(1, 4)):
        place = chance.choice((item, item["close_approach_data"][0]))
        known = chance.choice(sorted(place))
        place[chance.choice((known, random_text(chance)))] = random_value(chance)
        if not isinstance(item.get("close_approach_data"), list):
            break
    return item


@pytest.fixture(scope="module")
def lakehouse(
    spark: SparkSession, empty: Path, tmp_path_factory: pytest.TempPathFactory
) -> Lakehouse:
    return copied_lakehouse(spark, empty, tmp_path_factory.mktemp("lakehouse"))


def payloads() -> list[str]:
    """The object of each day as JSON text."""
    chance = random.Random(24)
    return [
        *(text for text, _ in unreadable()),
        *readable(),
        *(json.dumps(feed_object(START, **changes)) for changes, _, _ in out_of_range()),
        *(json.dumps(random_object(chance, START)) for _ in range(24)),
    ]


def write_day(lakehouse: Lakehouse, day: date, lines: list[str]) -> None:
    """An event file, written as text: Python cannot hold each of these objects."""
    snapshot = f"{fetched(0):%Y%m%dT%H%M%S%f}Z-by_hand"
    folder = lakehouse.landing(NEO) / f"feed_date={day}"
    folder.mkdir(parents=True)
    envelope = (
        f'{{"feed_date": "{day}", "source": "simulator", "fetched_at": "{fetched(0):%FT%T}Z", '
        f'"snapshot_id": "{snapshot}", "payload": '
    )
    text = "".join(f"{envelope}{line.replace(str(START), str(day))}}}\n" for line in lines)
    (folder / f"{snapshot}.json").write_text(text, encoding="utf-8")


Reports = dict[date, DayReport]


def by_day(reports: list[DayReport]) -> Reports:
    return {report.day: report for report in reports}


@pytest.fixture(scope="module")
def reports(lakehouse: Lakehouse) -> tuple[Reports, Reports, Reports]:
    """What bronze, silver and gold report, by day."""
    sound = json.dumps(feed_object(START, "2024 SOUND"))
    baseline = START - timedelta(days=2)
    write_day(lakehouse, baseline, [sound])
    bronze.ingest(lakehouse, NEO, [baseline], "a run")
    days = [START + timedelta(days=number) for number in range(len(payloads()))]
    for day, payload in zip(days, payloads(), strict=True):
        write_day(lakehouse, day, [payload, sound])
    # With every field rescued that the baseline does not have, whatever its name.
    in_bronze = bronze.ingest(lakehouse, NEO, days, "a run", "rescue")
    in_silver, in_gold = silver.refine(lakehouse, NEO, days), gold.publish(lakehouse, days)
    return by_day(in_bronze), by_day(in_silver), by_day(in_gold)


def test_nothing_is_lost_and_no_day_fails(reports: tuple[Reports, Reports, Reports]) -> None:
    in_bronze, in_silver, _ = reports
    for report in (*in_bronze.values(), *in_silver.values()):
        assert (report.rows_in, report.rows_received) == (2, 2)
        assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0
    for day, report in in_silver.items():
        assert report.rows_received == in_bronze[day].rows_emitted


def test_every_sound_object_is_kept(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]
) -> None:
    for table in ("silver_neo_events", "gold_neo_fact"):
        sound = [row for row in rows_of(lakehouse, table) if row["designation"] == "2024 SOUND"]
        assert {row["close_approach_date"] for row in sound} == set(reports[0])


def test_an_unusable_line_is_quarantined_with_what_is_wrong(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]
) -> None:
    rows = {row["partition_date"]: row for row in rows_of(lakehouse, "silver_neo_quarantine")}
    for number, (payload, flaw) in enumerate(unreadable()):
        row = rows[START + timedelta(days=number)]
        assert row["reasons"] == ["unreadable_line"]
        assert row["findings"] == [f"unreadable_line: {flaw}"], payload[:2000]
        assert row["payload"].endswith("}}") and row["status"] == "open"


def test_odd_rows_are_kept(lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]) -> None:
    first = len(list(unreadable()))
    for number, payload in enumerate(readable(), first):
        report = reports[1][START + timedelta(days=number)]
        assert report.kept == 2, payload[:2000]


def test_fields_of_any_name_are_rescued(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]
) -> None:
    rescued = {row["feed_date"]: row for row in rows_of(lakehouse, "bronze_rescued_data")}
    known = set(feed_object(START))
    first = len(list(unreadable()))
    for number, payload in enumerate(readable(), first):
        row = rescued[START + timedelta(days=number)]
        values = json.loads(payload)
        fields = {tuple(steps_of(path)) for path in row["rescued_fields"]}
        assert fields == {(name,) for name in set(values) - known}
        for path, value in json.loads(row["rescued_data"]).items():
            (name,) = steps_of(path)
            assert name is not None
            # The parent of a field whose name no path can have is rescued whole.
            whole = value.get(name) if isinstance(value, dict) and "id" in value else value
            assert str(whole)[:20] == str(values[name])[:20] or "1e999" in payload


def test_values_that_no_reader_can_hold_are_dropped_or_null(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]
) -> None:
    kept = {
        row["partition_date"]: row
        for row in rows_of(lakehouse, "silver_neo_events")
        if row["designation"] != "2024 SOUND"
    }
    first = len(list(unreadable())) + len(list(readable()))
    for number, (changes, reasons, values) in enumerate(out_of_range(), first):
        day = START + timedelta(days=number)
        assert sorted(reports[1][day].reasons) == reasons, changes
        if not reasons:
            assert {name: kept[day][name] for name in values} == values


@pytest.mark.parametrize(
    "table",
    ["silver_neo_versions", "silver_neo_events", "silver_neo_quarantine", "gold_neo_fact"],
)
def test_others_read_every_value(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports], table: str
) -> None:
    place = tables_of(lakehouse) / table
    delta = DeltaTable(place)
    rows = delta.to_pyarrow_table().to_pylist()
    assert len(delta.to_pandas()) == len(rows)
    # Older readers keep times as nanoseconds.
    for name, times in delta.to_pandas().select_dtypes("datetimetz").items():
        assert times.astype("datetime64[ns, UTC]").count() == times.count(), name
    with duckdb.connect() as connection:
        connection.register("files", delta.to_pyarrow_dataset())
        assert len(connection.sql("SELECT * FROM files").fetchall()) == len(rows)
    for file in place.rglob("*.parquet"):
        if "_delta_log" not in file.parts:
            pq.read_table(file).to_pandas(timestamp_as_object=True)


def test_rows_that_older_versions_ingested_stop_nothing(lakehouse: Lakehouse) -> None:
    day = START - timedelta(days=4)
    deepest = with_value(nested(980, '{"a": ', "}"))
    widest = with_value(names(5_000, "`field` {}"))
    objects = [text.replace(str(START), str(day)) for text in (deepest, widest)]
    lakehouse.append(
        BRONZE_NEO_EVENTS,
        lakehouse.spark.createDataFrame([(text,) for text in objects], "text STRING").selectExpr(
            f"DATE'{day}' AS feed_date",
            "'simulator' AS source",
            "current_timestamp() AS fetched_at",
            "'20240401T120000000000Z-before' AS snapshot_id",
            "parse_json(text) AS payload",
            "CAST(NULL AS STRING) AS unreadable_line",
            "'before.json' AS source_file",
            "'before' AS run_id",
            "current_timestamp() AS ingested_at",
        ),
    )
    in_bronze, in_silver, _ = run(lakehouse, [day])
    for report in (in_bronze[day], in_silver[day]):
        assert report.rows_in == 2
        assert report.unaccounted == report.rows_lost == report.rows_duplicated == 0


def test_a_line_that_is_no_event_differs_from_one_that_landed(
    lakehouse: Lakehouse, reports: tuple[Reports, Reports, Reports]
) -> None:
    day = START - timedelta(days=1)
    write_day(lakehouse, day, [json.dumps(feed_object(START))])
    (file,) = (lakehouse.landing(NEO) / f"feed_date={day}").glob("*.json")
    added = ["null", "5", "[]", "{}", "", "not JSON", '{"feed_date": "2024-01-01", "pay']
    file.write_text(file.read_text() + "".join(f"{line}\n" for line in added))
    in_bronze, in_silver, _ = run(lakehouse, [day])
    assert (in_bronze[day].rows_in, in_bronze[day].dropped) == (8, 7)
    # Only one line was emitted by the layer before.
    assert in_bronze[day].rows_received == 1
    assert (in_silver[day].rows_in, in_silver[day].kept, in_silver[day].dropped) == (8, 1, 7)
    rows = [r for r in rows_of(lakehouse, "silver_neo_quarantine") if r["partition_date"] == day]
    flaws = {row["payload"]: row["findings"][0].partition(": ")[2] for row in rows}
    assert flaws == {
        line: NO_EVENT if line in ("null", "5", "[]", "{}") else NOT_READABLE for line in added
    }
