"""Every change that NASA made to an approach, and approaches that moved to another day.

The snapshots of a day, read in order, tell when an approach was first listed, when a value of it
changed, when it was withdrawn and when it came back.  Each of these is a revision.  They are what
`first_seen_at` and `last_changed_at` of the fact are the ends of.

An approach that moves to another day vanishes from one list and appears on another.  A withdrawal
and an appearance are taken for one move when they are of the same object and body, at most
`NEAR_DAYS` apart, when they can have happened at the same moment as far as the snapshots tell, and
when neither has a better match: one seen nearer in time, then one on a nearer day.

The object is the same when its designation or its number is.  When NASA gives a numbered asteroid
another designation, its approach vanishes under the old one and appears under the new one on the
same day, and the two are linked like a move.

Rules can change.  What gold has taken in and a stricter rule no longer lets through keeps its
revisions until a newer row of the approach is valid, and whether it is withdrawn goes on being
followed: the snapshots mention an approach whatever the rules say of its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from neo_assets.lakehouse.model import keys
from neo_assets.lakehouse.model.tables import (
    APPROACH_COLUMNS,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    SILVER_NEO_VERSIONS,
)
from neo_assets.lakehouse.store.storage import Comparison, Lakehouse, derived, in_days

NEAR_DAYS = 7
"""How far an approach can move.

The time of 98 % of the 4,700 approaches that JPL lists for 2020 is certain to less than 7 days, to
three sigma.  In the feed of 2015-2018 no object passes twice within 9 days: two approaches this
near can only be one.
"""

_DAY = GOLD_NEO_REVISION.day_column
_KEY = "neo_event_key"
_VALUES = tuple(column.name for column in APPROACH_COLUMNS)


def around(days: Collection[date], reach: int = NEAR_DAYS) -> set[date]:
    """The days, and those at most `reach` days before or after one of them."""
    return {day + timedelta(step) for day in days for step in range(-reach, reach + 1)}


def compare(
    lakehouse: Lakehouse, days: Collection[date], carried: Collection[int] = ()
) -> Comparison:
    """Compare the revisions of these days, and of days near by that they move from or to.

    `carried` are the event keys of facts of these days of which gold has more than the rules let
    through now; it keeps what it has of them.
    """
    wanted = set(days)
    table = lakehouse.read(GOLD_NEO_REVISION)
    # A new event here may win a match there, whose loser may then match farther off; to see that it
    # does, its own candidates are needed, and theirs.
    concerned, context = around(days, 2 * NEAR_DAYS), around(days, 4 * NEAR_DAYS)
    versions = lakehouse.read_days(SILVER_NEO_VERSIONS, days)
    of_days = _carried_on(lakehouse, versions, days, carried) if carried else events(versions)
    elsewhere = table.where(in_days(_DAY, context - wanted))
    incoming = linked(of_days.unionByName(elsewhere)).where(in_days(_DAY, concerned))
    existing = table.where(in_days(_DAY, concerned))
    return lakehouse.compare(GOLD_NEO_REVISION, incoming, existing)


def _carried_on(
    lakehouse: Lakehouse, versions: DataFrame, days: Collection[date], carried: Collection[int]
) -> DataFrame:
    """The events of these days, in which carried approaches keep the revisions that gold has."""
    chosen = F.broadcast(
        lakehouse.spark.createDataFrame([(key,) for key in carried], f"{_KEY} BIGINT")
    )
    revised = lakehouse.read_days(GOLD_NEO_REVISION, days).join(chosen, _KEY, "left_semi")
    facts = lakehouse.read_days(GOLD_NEO_FACT, days).join(chosen, _KEY, "left_semi")
    # A fact whose revisions were lost has one again, from when it was first seen.
    known = revised.unionByName(_first_revisions(facts.join(revised, _KEY, "left_anti")))
    found = events(versions, known)
    unmentioned = known.join(found, _KEY, "left_anti")
    return found.unionByName(unmentioned)


def _first_revisions(facts: DataFrame) -> DataFrame:
    first = facts.withColumns(
        {
            "revision": F.lit(1),
            "what": F.lit("first"),
            "changed_columns": F.array().cast("array<string>"),
            "seen_after": F.lit(None).cast("timestamp"),
            "seen_at": F.col("first_seen_at"),
            "seen_until": F.lit(None).cast("timestamp"),
            "moved_from": F.lit(None).cast("long"),
            "moved_to": F.lit(None).cast("long"),
        }
    )
    return derived(GOLD_NEO_REVISION, first)


def events(versions: DataFrame, carried: DataFrame | None = None) -> DataFrame:
    """Rows of `gold_neo_revision` for the versions of whole days, without their moves.

    Where an approach has no valid version yet, its row in `carried` at that time counts for one.
    """
    in_order = Window.partitionBy("approach").orderBy("snapshot_id")
    until_now = in_order.rowsBetween(Window.unboundedPreceding, 0)
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    valid = F.when(F.size("reasons") == 0, F.struct(*_VALUES))
    words = versions.where("is_word").withColumns(
        {"approach": F.expr(keys.APPROACH_IDENTITY), "valid": valid}
    )
    if carried is not None:
        words = _filled(words, carried)
    words = words.withColumns(
        {
            "known": F.last("valid", ignorenulls=True).over(until_now),
            "known_before": F.last("valid", ignorenulls=True).over(before),
            "word_before": F.lag("fetched_at").over(in_order),
            "word_after": F.lead("fetched_at").over(in_order),
        }
    ).where("known IS NOT NULL")
    differing = ", ".join(
        f"CASE WHEN NOT known.{name} <=> known_before.{name} THEN '{name}' END" for name in _VALUES
    )
    appeared = (
        "CASE WHEN known_before IS NULL THEN 'first' "
        "WHEN word_before < previous_fetched_at THEN 'returned' "
        "WHEN known <> known_before THEN 'changed' END"
    )
    shown = (
        f"struct({appeared} AS what, if(known_before IS NULL, array(), "
        f"array_compact(array({differing}))) AS changed_columns, "
        "previous_fetched_at AS seen_after, fetched_at AS seen_at)"
    )
    vanished = (
        "struct(CASE WHEN next_fetched_at < coalesce(word_after, next_fetched_at + INTERVAL 1 DAY)"
        " THEN 'withdrawn' END AS what, CAST(array() AS ARRAY<STRING>) AS changed_columns, "
        "fetched_at AS seen_after, next_fetched_at AS seen_at)"
    )
    found = (
        words.select("known", F.explode(F.expr(f"array({shown}, {vanished})")).alias("event"))
        .where("event.what IS NOT NULL")
        .select("known.*", "event.*")
    )
    key = F.expr(keys.surrogate_key(keys.EVENT_ID))
    numbered = found.withColumn("neo_event_key", key).withColumn(
        "revision", F.row_number().over(Window.partitionBy("neo_event_key").orderBy("seen_at"))
    )
    nowhere = F.lit(None).cast("long")
    return derived(
        GOLD_NEO_REVISION, numbered.withColumns({"moved_from": nowhere, "moved_to": nowhere})
    )


def _filled(words: DataFrame, carried: DataFrame) -> DataFrame:
    """The words, where those before an approach's first valid one say what gold has of it."""
    until_now = (
        Window.partitionBy("approach")
        .orderBy("snapshot_id")
        .rowsBetween(Window.unboundedPreceding, 0)
    )
    event_id = keys.event_id("approach.date", "approach.body", "approach.designation")
    spans = carried.select(
        _KEY,
        F.col("seen_at").alias("known_from"),
        F.col("seen_until").alias("known_until"),
        F.struct(*_VALUES).alias("carried"),
    )
    is_of_span = (
        f"approach.date = partition_date AND {_KEY} = {keys.surrogate_key(event_id)} "
        "AND fetched_at >= known_from AND coalesce(fetched_at < known_until, true)"
    )
    return words.join(F.broadcast(spans), F.expr(is_of_span), "left").withColumn(
        "valid",
        F.when(
            F.last("valid", ignorenulls=True).over(until_now).isNull(), F.col("carried")
        ).otherwise(F.col("valid")),
    )


def linked(revisions: DataFrame) -> DataFrame:
    """The revisions with their moves, which must come with all that could match them."""
    same_designation = Window.partitionBy("designation", "orbiting_body")
    same_number = Window.partitionBy(F.expr(keys.OBJECT), "orbiting_body")

    def of_all(values: str, condition: str = "true") -> Column:
        chosen = F.collect_list(F.expr(f"CASE WHEN {condition} THEN {values} END"))
        return F.concat(chosen.over(same_designation), chosen.over(same_number))

    return (
        revisions.withColumns(
            {"is_gone": F.expr("what = 'withdrawn'"), "number": F.expr(keys.NUMBER)}
        )
        .withColumn(
            "events",
            of_all(
                "struct(neo_event_key AS key, revision, is_gone, close_approach_date AS day, "
                "seen_after, seen_at)",
                "what <> 'changed'",
            ),
        )
        .withColumn("best", F.expr(f"CASE WHEN what <> 'changed' THEN {_BEST} END"))
        .withColumn("bests", of_all("struct(neo_event_key AS key, revision, best)"))
        .withColumn("match", F.expr(_IS_MUTUAL))
        .withColumns(
            {
                "moved_from": F.expr("CASE WHEN match AND NOT is_gone THEN best.key END"),
                "moved_to": F.expr("CASE WHEN match AND is_gone THEN best.key END"),
            }
        )
        .select(*GOLD_NEO_REVISION.column_names)
    )


_APART = f"abs(datediff(other.day, {_DAY}))"
_BEST = f"""array_min(transform(
    filter(events, other -> other.is_gone <> is_gone
        AND other.key <> neo_event_key
        AND {_APART} <= {NEAR_DAYS}
        AND coalesce(seen_after < other.seen_at, true)
        AND coalesce(other.seen_after < seen_at, true)),
    other -> struct(abs(unix_micros(seen_at) - unix_micros(other.seen_at)) AS microseconds,
        {_APART} AS days, other.key AS key, other.revision AS revision)))"""
_IS_MUTUAL = """exists(bests, other -> other.key = best.key AND other.revision = best.revision
    AND other.best.key = neo_event_key AND other.best.revision = revision)"""


def predictions(revisions: str, days_before: Iterable[int]) -> str:
    """A query: one row is one approach as it was predicted so many days before, and how it came.

    `revisions` is the name of `gold_neo_revision` in SQL.  What came is the newest revision of
    the approach, or of the one that it moved to, over any number of moves; its columns are null
    if the approach was withdrawn for good.  An approach not yet seen at the time has no row.
    `neo_assets.lakehouse.model.predictions` computes the same without Spark.
    """
    horizons = ", ".join(f"({days})" for days in days_before)
    return f"""
        WITH RECURSIVE latest AS (
            SELECT * FROM {revisions} WHERE seen_until IS NULL
        ),
        fate (origin, neo_event_key) AS (
            SELECT neo_event_key, neo_event_key FROM latest
            UNION ALL
            SELECT fate.origin, latest.moved_to
            FROM fate JOIN latest ON latest.neo_event_key = fate.neo_event_key
            WHERE latest.what = 'withdrawn' AND latest.moved_to IS NOT NULL
        ),
        came AS (
            SELECT fate.origin, latest.*
            FROM fate JOIN latest ON latest.neo_event_key = fate.neo_event_key
            WHERE latest.what <> 'withdrawn'
        ),
        predicted AS (
            SELECT
                horizon.days_before,
                revision.*,
                row_number() OVER (
                    PARTITION BY revision.neo_event_key, horizon.days_before
                    ORDER BY revision.revision DESC
                ) AS age
            FROM {revisions} AS revision
            JOIN (VALUES {horizons}) AS horizon (days_before)
            ON revision.days_ahead >= horizon.days_before
        )
        SELECT
            predicted.designation,
            predicted.days_before,
            predicted.neo_event_key AS predicted_event_key,
            came.neo_event_key AS event_key,
            predicted.close_approach_date AS predicted_date,
            came.close_approach_date,
            datediff(came.close_approach_date, predicted.close_approach_date) AS days_off,
            timestampdiff(MINUTE, predicted.close_approach_at, came.close_approach_at)
                AS minutes_off,
            came.miss_distance_km - predicted.miss_distance_km AS distance_off_km,
            abs(came.miss_distance_km - predicted.miss_distance_km) AS distance_error_km,
            came.relative_velocity_km_s - predicted.relative_velocity_km_s AS velocity_off_km_s,
            came.absolute_magnitude_h - predicted.absolute_magnitude_h AS magnitude_off
        FROM predicted LEFT JOIN came ON came.origin = predicted.neo_event_key
        WHERE predicted.age = 1 AND predicted.what <> 'withdrawn'
    """
