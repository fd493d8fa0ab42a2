"""The daily partitions and the one backfill policy that all four assets share.

Sharing both is what keeps a backfill in one piece: with different policies it falls apart into a
run for each asset.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from neo_assets.settings import Settings

_SETTINGS = Settings.from_environment()

DAILY = dg.DailyPartitionsDefinition(
    start_date=_SETTINGS.neo_start_date.isoformat(),
    # Without an offset the last partition is yesterday.
    end_offset=_SETTINGS.neo_days_ahead + 1,
)

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(_SETTINGS.neo_partitions_per_run)


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Sequence[date]:
    """The days of a run, one or many."""
    return [date.fromisoformat(key) for key in context.partition_keys]
