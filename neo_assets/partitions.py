"""The daily partitions and the one backfill policy that all four assets share.

Sharing both is what keeps a backfill in one piece: with different policies it falls apart into a
run for each asset.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from neo_assets.date_spans import expanded, spans
from neo_assets.settings import Settings


def daily_partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    """A partition for each day from `NEO_START_DATE` to `NEO_DAYS_AHEAD` days after today."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.neo_start_date.isoformat(),
        # Without an offset the last partition is yesterday.
        end_offset=settings.neo_days_ahead + 1,
    )


def backfill_policy(settings: Settings) -> dg.BackfillPolicy:
    """Runs of `NEO_PARTITIONS_PER_RUN` days."""
    return dg.BackfillPolicy.multi_run(settings.neo_partitions_per_run)


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Sequence[date]:
    """The days of a run, one or many."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def chunks(days: Sequence[date], settings: Settings) -> Iterator[Sequence[date]]:
    """The days of each run, as the backfill policy divides them; a run has no gap."""
    for span in spans(days, settings.neo_partitions_per_run):
        yield list(expanded([span]))


def range_tags(first: date, last: date) -> Mapping[str, str]:
    """The tags that make a run one over all days from first to last."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def days_of_run(run: dg.DagsterRun, settings: Settings) -> Sequence[date]:
    """The days that the tags of a run name; none for a run without daily partitions."""
    single = run.tags.get("dagster/partition")
    first = day_of(run.tags.get("dagster/asset_partition_range_start", single), settings)
    last = day_of(run.tags.get("dagster/asset_partition_range_end", single), settings)
    return list(expanded([(first, last)])) if first and last else []


def day_of(partition: str | None, settings: Settings) -> date | None:
    """Return the day of a partition key; None for what is no daily partition."""
    if partition is None or not daily_partitions(settings).has_partition_key(partition):
        return None
    return date.fromisoformat(partition)
