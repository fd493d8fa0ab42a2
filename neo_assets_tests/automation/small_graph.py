"""Two assets with the project's own checks and its own way to hold days back, without Spark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import dagster as dg

from neo_assets.assets.materialization import emit
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.gate import blocked_days
from neo_assets.checks.planned import PlannedChecks
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result
from neo_assets.partitions import backfill_policy, daily_partitions, days_of, range_tags
from neo_assets.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class SmallGraph:
    """Silver and gold, and what goes wrong in them.

    `dropped` rows of ten a day, `undone` days of silver with the reason; `crash` of gold.
    """

    instance: dg.DagsterInstance
    dropped: Mapping[date, int] = field(default_factory=dict)
    undone: Mapping[date, str] = field(default_factory=dict)
    crash: Exception | None = None

    def materialize(
        self, first: date, days: int = 1, selection: str = "*"
    ) -> dg.ExecuteInProcessResult:
        """Materialize the days in one run."""
        settings = Settings.from_environment()
        daily = daily_partitions(settings)
        policy = backfill_policy(settings)

        @dg.asset(partitions_def=daily, backfill_policy=policy)
        def silver_neo_events(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            undone = {day: why for day, why in self.undone.items() if day in days_of(context)}
            reports = self._reports(days_of(context), undone)
            return emit(context, Result(reports, failed=undone), {}, settings)

        @dg.asset(partitions_def=daily, backfill_policy=policy, deps=[silver_neo_events])
        def gold_neo_fact(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            if self.crash:
                raise self.crash
            blocked = blocked_days(context, context.asset_key, days_of(context), settings)
            reports = [
                DayReport(day=day, rows_in=1, kept=1, rows_out=1)
                for day in days_of(context)
                if day not in blocked
            ]
            return emit(context, Result(reports), blocked, settings)

        assets = [silver_neo_events, gold_neo_fact]
        return dg.materialize(
            [*assets, *(checks_on(asset.key, settings) for asset in assets)],
            selection=dg.AssetSelection.from_string(selection),
            instance=self.instance,
            resources={"planned_checks": PlannedChecks()},
            tags=range_tags(first, first + timedelta(days=days - 1)),
            run_config=QUIET,
            raise_on_error=False,
        )

    def _reports(self, days: Sequence[date], undone: Mapping[date, str]) -> list[DayReport]:
        return [
            DayReport(
                day=day,
                rows_in=10,
                kept=10 - self.dropped.get(day, 0),
                dropped=self.dropped.get(day, 0),
                rows_out=10 - self.dropped.get(day, 0),
                snapshot_rows=10,
                snapshot_dropped=self.dropped.get(day, 0),
            )
            for day in days
            if day not in undone
        ]
