"""When the assets that are derived from the daily ones are updated."""

import dagster as dg

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

One run follows a backfill, however many runs that had.
"""
