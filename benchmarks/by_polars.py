"""The same work without Spark, by Polars and delta-rs: the honest outside mark.

As `by_hand.py`, it applies rules, keeps the newest row of an approach, replaces days and upserts
the fact.  What it leaves out is what needs the project: quarantine reasons, bands, checks, history.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable

_KEY = ("close_approach_date", "orbiting_body", "designation")
_LINE = pl.Struct(
    {
        "feed_date": pl.String,
        "snapshot_id": pl.String,
        "fetched_at": pl.String,
        "payload": pl.Struct(
            {
                "id": pl.String,
                "name": pl.String,
                "absolute_magnitude_h": pl.Float64,
                "is_potentially_hazardous_asteroid": pl.Boolean,
                "is_sentry_object": pl.Boolean,
                "estimated_diameter": pl.Struct(
                    {
                        "kilometers": pl.Struct(
                            {
                                "estimated_diameter_min": pl.Float64,
                                "estimated_diameter_max": pl.Float64,
                            }
                        )
                    }
                ),
                "close_approach_data": pl.List(
                    pl.Struct(
                        {
                            "close_approach_date": pl.String,
                            "close_approach_date_full": pl.String,
                            "relative_velocity": pl.Struct({"kilometers_per_second": pl.String}),
                            "miss_distance": pl.Struct(
                                {"kilometers": pl.String, "lunar": pl.String}
                            ),
                            "orbiting_body": pl.String,
                        }
                    )
                ),
            }
        ),
    }
)


def by_polars(landing: Path, days: Collection[date], root: Path) -> None:
    """Bring the event files of these days to gold, in tables below `root`."""
    files = [file for day in sorted(days) for file in landing.glob(f"feed_date={day}/[0-9]*.json")]
    lines = pl.read_csv(
        files, has_header=False, new_columns=["value"], separator="\x01", quote_char=None
    )
    lines.write_delta(root / "bronze", mode="append")
    typed = _typed(lines)
    is_valid = pl.all_horizontal(
        pl.col(*_KEY, "close_approach_at").is_not_null(), pl.col("miss_distance_km") > 0
    )
    newest = typed.filter(is_valid).sort("snapshot_id", descending=True).unique(_KEY, keep="first")
    dropped = typed.filter(~is_valid)
    _replace(newest, root / "silver", days)
    _replace(dropped, root / "quarantine", days)
    newest.group_by("partition_date").len().write_delta(root / "metrics", mode="append")
    fact = newest.with_columns(
        year=pl.col("close_approach_date").dt.year(), month=pl.col("close_approach_date").dt.month()
    )
    _upsert(fact, root / "fact", _KEY, {"partition_by": ["year", "month"]})
    objects = newest.group_by("designation").agg(
        pl.col("neo_id", "name", "absolute_magnitude_h").sort_by("fetched_at").last()
    )
    _upsert(objects, root / "objects", ("designation",), {})
    _upsert(newest.select("close_approach_date").unique(), root / "calendar", _KEY[:1], {})


def _typed(lines: pl.DataFrame) -> pl.DataFrame:
    events = lines.select(pl.col("value").str.json_decode(_LINE).alias("event")).unnest("event")
    payload = pl.col("payload").struct
    approach = payload.field("close_approach_data").list.first().struct
    kilometers = payload.field("estimated_diameter").struct.field("kilometers").struct
    name = payload.field("name")
    return events.select(
        pl.col("feed_date").str.to_date().alias("partition_date"),
        "snapshot_id",
        pl.col("fetched_at").str.to_datetime(time_zone="UTC"),
        payload.field("id").alias("neo_id"),
        name,
        name.str.extract(r"\(([^()]*)\)$").fill_null(name).alias("designation"),
        payload.field("absolute_magnitude_h"),
        payload.field("is_potentially_hazardous_asteroid"),
        payload.field("is_sentry_object"),
        kilometers.field("estimated_diameter_min").alias("estimated_diameter_min_km"),
        kilometers.field("estimated_diameter_max").alias("estimated_diameter_max_km"),
        approach.field("close_approach_date").str.to_date(strict=False),
        approach.field("close_approach_date_full")
        .str.to_datetime("%Y-%b-%d %H:%M", strict=False)
        .alias("close_approach_at"),
        approach.field("relative_velocity")
        .struct.field("kilometers_per_second")
        .cast(pl.Float64, strict=False)
        .alias("relative_velocity_km_s"),
        approach.field("miss_distance")
        .struct.field("kilometers")
        .cast(pl.Float64, strict=False)
        .alias("miss_distance_km"),
        approach.field("miss_distance")
        .struct.field("lunar")
        .cast(pl.Float64, strict=False)
        .alias("miss_distance_lunar"),
        approach.field("orbiting_body"),
    )


def _replace(rows: pl.DataFrame, folder: Path, days: Collection[date]) -> None:
    options: dict[str, Any] = {}
    if folder.exists():
        options["predicate"] = (
            f"partition_date >= '{min(days)}' AND partition_date <= '{max(days)}'"
        )
    rows.write_delta(folder, mode="overwrite", delta_write_options=options)


def _upsert(
    rows: pl.DataFrame, folder: Path, key: Collection[str], options: dict[str, Any]
) -> None:
    if not folder.exists():
        rows.write_delta(folder, delta_write_options=options)
        return
    same = " AND ".join(f"target.{column} = incoming.{column}" for column in key)
    merge = DeltaTable(folder).merge(
        rows.to_arrow(), same, source_alias="incoming", target_alias="target"
    )
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
