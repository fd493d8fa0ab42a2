"""When assets are updated by themselves: silver and gold, and what is derived from gold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from neo_assets import pipeline
from neo_assets.checks.inputs import errors
from neo_assets.checks.stored_reports import newest_reports
from neo_assets.dagster_internals.conditions import PartitionsCondition
from neo_assets.dagster_internals.history import newest_materialization_ids, newest_observation_ids
from neo_assets.settings import Settings


@dataclass(frozen=True)
class LayerBeforeHasNews(PartitionsCondition):
    """True for days of which the layer before reports rows that this one has not processed.

    Not for days that it holds back, nor for those that a run has tried since and could not process:
    they are run again when the cause is fixed.
    """

    settings: Settings

    @property
    def description(self) -> str:
        """What the UI shows."""
        return "The layer before has news of the day"

    @property
    def name(self) -> str:
        """What the UI shows as the kind of the condition."""
        return "layer_before_has_news"

    def newest(self, instance: dg.DagsterInstance, asset: dg.AssetKey) -> int:
        """The newest materialization of the layer before."""
        records = instance.fetch_materializations(_layer_before(asset), limit=1).records
        return records[0].storage_id if records else 0

    def events(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, settled: int
    ) -> Mapping[str, int]:
        """The days that the layer before has materialized after the last attempt of this one."""
        before = newest_materialization_ids(instance, _layer_before(asset))
        later = {day: event for day, event in before.items() if event > settled}
        done = newest_materialization_ids(instance, asset, list(later))
        tried = newest_observation_ids(instance, asset, list(later))
        return {
            day: event
            for day, event in later.items()
            if event > max(done.get(day, 0), tried.get(day, 0))
        }

    def confirmed(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
    ) -> Collection[str]:
        """The days that are not held, and of which the layer before reports other rows."""
        before = _layer_before(asset)
        days = [date.fromisoformat(day) for day in partitions]
        done = newest_materialization_ids(instance, asset, partitions)
        passed_over = errors(instance, before, days, self.settings).keys() | _unchanged(
            instance, before, days, done
        )
        return {str(day) for day in days if day not in passed_over}


def _layer_before(asset: dg.AssetKey) -> dg.AssetKey:
    return dg.AssetKey(str(pipeline.upstream_of(asset.to_user_string())))


def _unchanged(
    instance: dg.DagsterInstance,
    before: dg.AssetKey,
    days: Sequence[date],
    done: Mapping[str, int],
) -> set[date]:
    """The days whose newest report says the same as the one that the next layer has processed."""
    processed = {day: done[str(day)] for day in days if str(day) in done}
    then = newest_reports(instance, before, list(processed), processed)
    now = newest_reports(instance, before, list(then))
    return {day for day in then if then[day].report.content == now[day].report.content}


def when_the_layer_before_has_news(settings: Settings) -> dg.AutomationCondition[dg.AssetKey]:
    """Once for each day with news, when no run of the day is in progress or queued.

    The layers after it are updated in the same run.
    """
    is_next = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested())
    return (
        # First, so that the days of a long backfill are not compared in every tick.
        ~dg.AutomationCondition.in_progress()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & (LayerBeforeHasNews(settings) | is_next)
    ).with_label("when the layer before has news of the day")


_SOME_DAY_IS_THERE = dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
WHEN_GOLD_IS_AT_REST = (
    # By itself, eager() would wait until there is every day since NEO_START_DATE.
    dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    | (
        # The days that were materialized before a daemon first looked are no update to it.
        (dg.AutomationCondition.missing() & _SOME_DAY_IS_THERE).newly_true()
        & ~dg.AutomationCondition.any_deps_in_progress()
    )
).with_label("when no run of gold is in progress")
"""Once after any day of gold was materialized, when no run and no backfill of it is in progress.

Gold is every asset that it depends on: a run with several of them is followed by one update.

One run follows a backfill, however many runs that had.
"""
