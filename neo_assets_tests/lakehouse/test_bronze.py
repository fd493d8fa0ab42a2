"""Event files to bronze: each line once, as it came."""

import json
import shutil
from datetime import date, datetime, timezone

import pytest
from pyspark.errors import PySparkException

from neo_assets.lakehouse.model.tables import BRONZE_NEO_EVENTS
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets.lakehouse.transforms import bronze, silver
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.local.landing_zone import LocalLandingZone

from .feed_objects import feed_object, fetched, land, rows_of, tables_of

FIRST, SECOND, NEVER = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)


def payloads(lakehouse: Lakehouse) -> list[dict[str, object]]:
    rows = lakehouse.read(BRONZE_NEO_EVENTS).selectExpr("to_json(payload) AS text").collect()
    return [json.loads(row.text) for row in rows if row.text is not None]


def in_order(objects: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in objects)


def test_every_object_arrives_once_and_whole(lakehouse: Lakehouse) -> None:
    strange = feed_object(
        FIRST,
        "2024 ☄",
        unheard_of={"by": ["this", {"schema": None}], "of": 1e-7},
        absolute_magnitude_h="21.3",
        is_sentry_object=None,
        nasa_jpl_url='quoted "address"\n',
    )
    first, second = [feed_object(FIRST, "2024 AA1"), strange], [feed_object(SECOND, "2024 AB2")]
    land(lakehouse, {FIRST: [(fetched(0), first)], SECOND: [(fetched(0), second)]})

    bronze.ingest(lakehouse, NEO, [FIRST], "one")
    assert in_order(payloads(lakehouse)) == in_order(first)

    reports = bronze.ingest(lakehouse, NEO, [FIRST, SECOND, NEVER], "two")
    assert in_order(payloads(lakehouse)) == in_order([*first, *second])
    assert [(report.rows_in, report.rows_out) for report in reports] == [(2, 2), (1, 1), (0, 0)]

    land(lakehouse, {FIRST: [(fetched(1), first[:1])]})
    report = bronze.ingest(lakehouse, NEO, [FIRST], "three")[0]
    assert (report.rows_in, report.kept, report.exact_duplicates) == (3, 2, 1)
    assert (report.snapshot_rows, report.details["snapshots"]) == (1, 2)
    rows = lakehouse.read(BRONZE_NEO_EVENTS).drop("payload").collect()
    assert sorted(row.run_id for row in rows) == ["one", "one", "three", "two"]
    assert {row.source for row in rows} == {"simulator"}
    assert all(row.snapshot_id in row.source_file for row in rows)


def test_a_day_without_objects_is_known(lakehouse: Lakehouse) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [])]})
    report = bronze.ingest(lakehouse, NEO, [FIRST], "a run")[0]
    assert (report.rows_in, report.rows_out, report.details["snapshots"]) == (0, 0, 1)
    assert silver.refine(lakehouse, NEO, [FIRST])[0].rows_in == 0


def test_a_line_that_is_no_json_is_kept_as_text_and_quarantined(lakehouse: Lakehouse) -> None:
    zone = LocalLandingZone(lakehouse.landing(NEO))
    objects = [feed_object(FIRST, "2024 AA1"), feed_object(FIRST, "2024 AB2")]
    file = zone.land(FIRST, objects, source="simulator", fetched_at=fetched(0)).file
    whole, cut = file.read_text().splitlines()
    file.write_text(f"{whole}\n{cut[:200]}\n")

    report = bronze.ingest(lakehouse, NEO, [FIRST], "a run")[0]
    assert (report.rows_in, report.kept, report.dropped) == (2, 1, 1)
    assert report.reasons == {"unreadable_line": 1}
    assert (report.snapshot_rows, report.snapshot_dropped) == (2, 1)

    refined = silver.refine(lakehouse, NEO, [FIRST])[0]
    assert (refined.rows_in, refined.kept, refined.dropped) == (2, 1, 1)
    (dropped,) = rows_of(lakehouse, "silver_neo_quarantine")
    assert (dropped["reasons"], dropped["payload"]) == (["unreadable_line"], cut[:200])
    (kept,) = rows_of(lakehouse, "silver_neo_events")
    assert kept["first_seen_at"] == fetched(0)


def test_rows_that_the_stream_lost_or_duplicated_are_reported(lakehouse: Lakehouse) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST)])]})
    bronze.ingest(lakehouse, NEO, [FIRST], "a run")
    identifier = lakehouse.backend.identifier(BRONZE_NEO_EVENTS)
    lakehouse.spark.sql(f"INSERT INTO {identifier} SELECT * FROM {identifier}").collect()
    assert bronze.ingest(lakehouse, NEO, [FIRST], "again")[0].rows_duplicated == 1

    shutil.rmtree(tables_of(lakehouse) / "bronze_neo_events")
    shutil.rmtree(lakehouse.backend.checkpoints)
    lakehouse.ensure_tables()
    lost = bronze._reports(lakehouse, NEO, [FIRST], [FIRST])[0]
    assert (lost.rows_in, lost.rows_out, lost.rows_lost) == (1, 0, 1)


def test_bronze_cannot_be_changed(lakehouse: Lakehouse) -> None:
    land(lakehouse, {FIRST: [(fetched(0), [feed_object(FIRST)])]})
    bronze.ingest(lakehouse, NEO, [FIRST], "a run")
    with pytest.raises(PySparkException, match="append"):
        lakehouse.spark.sql(f"DELETE FROM {lakehouse.backend.identifier(BRONZE_NEO_EVENTS)}")
    assert len(payloads(lakehouse)) == 1


def test_times_are_utc_to_the_microsecond(lakehouse: Lakehouse) -> None:
    at = datetime(2024, 3, 31, 1, 30, 0, 123456, tzinfo=timezone.utc)
    land(lakehouse, {FIRST: [(at, [feed_object(FIRST)])]})
    bronze.ingest(lakehouse, NEO, [FIRST], "a run")
    silver.refine(lakehouse, NEO, [FIRST])
    (row,) = rows_of(lakehouse, "silver_neo_events")
    assert row["first_seen_at"] == row["last_changed_at"] == at
    assert row["close_approach_at"] == datetime(2024, 3, 1, 20, 28, tzinfo=timezone.utc)
