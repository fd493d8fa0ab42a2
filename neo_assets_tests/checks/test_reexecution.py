"""A failed run that Dagster re-executes from its failure, which skips the steps that succeeded."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.assets.materialization import emit
from neo_assets.checks.evaluations import checks_on
from neo_assets.checks.gate import blocked_days
from neo_assets.checks.planned import PlannedChecks
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.request import Result
from neo_assets.partitions import backfill_policy, daily_partitions, days_of, range_tags
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import QUIET

DAYS = [date(2024, 3, 1) + timedelta(days=number) for number in range(3)]
SETTINGS = Settings()
DAILY, POLICY = daily_partitions(SETTINGS), backfill_policy(SETTINGS)
TAGS = range_tags(DAYS[0], DAYS[-1])

CRASH: list[str] = []
UNDONE: list[date] = []
"""What goes wrong: the error that gold raises, and the days that silver cannot do."""


def reports(days: Collection[date]) -> list[DayReport]:
    return [DayReport(day=day, rows_in=1, kept=1, rows_out=1) for day in sorted(days)]


@dg.asset(partitions_def=DAILY, backfill_policy=POLICY)
def silver_neo_events(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """A row a day."""
    done = set(days_of(context)) - set(UNDONE)
    failed = dict.fromkeys(UNDONE, "NeoWs is down")
    return emit(context, Result(reports(done), failed=failed), {}, SETTINGS)


@dg.asset(partitions_def=DAILY, backfill_policy=POLICY, deps=[silver_neo_events])
def gold_neo_fact(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """A row a day."""
    if CRASH:
        raise RuntimeError(CRASH[0])
    blocked = blocked_days(context, context.asset_key, days_of(context), SETTINGS)
    return emit(context, Result(reports(set(days_of(context)) - blocked.keys())), blocked, SETTINGS)


GRAPH = dg.Definitions(
    assets=[silver_neo_events, gold_neo_fact],
    asset_checks=[checks_on(asset.key, SETTINGS) for asset in (silver_neo_events, gold_neo_fact)],
    jobs=[dg.define_asset_job("graph"), dg.define_asset_job("gold", "gold_neo_fact")],
    resources={"planned_checks": PlannedChecks()},
    executor=dg.in_process_executor,
)


def graph() -> dg.JobDefinition:
    return GRAPH.resolve_job_def("graph")


def gold() -> dg.JobDefinition:
    return GRAPH.resolve_job_def("gold")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    recover()
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found
    recover()


def recover() -> None:
    """Nothing goes wrong any more."""
    CRASH.clear()
    UNDONE.clear()


def run(
    instance: dg.DagsterInstance, again: str | None = None, job: str = "graph"
) -> dg.JobExecutionResult:
    """Materialize the days, or re-execute from its failure the run with this id."""
    return dg.execute_job(
        dg.reconstructable({"graph": graph, "gold": gold}[job]),
        instance,
        reexecution_options=dg.ReexecutionOptions.from_failure(again, instance) if again else None,
        tags=TAGS,
        run_config=QUIET,
    )


def done(instance: dg.DagsterInstance, asset: dg.AssetsDefinition) -> list[date]:
    return sorted(map(date.fromisoformat, instance.get_materialized_partitions(asset.key)))


def steps(result: dg.JobExecutionResult) -> set[str | None]:
    return {event.step_key for event in result.all_events if event.is_step_start}


@pytest.mark.parametrize("crashes", [1, 2])
def test_the_days_that_an_earlier_run_has_done_go_on(
    instance: dg.DagsterInstance, crashes: int
) -> None:
    CRASH.append("Spark died")
    result = run(instance)
    for _ in range(crashes - 1):
        result = run(instance, again=result.run_id)
    assert (done(instance, silver_neo_events), done(instance, gold_neo_fact)) == (DAYS, [])
    recover()
    result = run(instance, again=result.run_id)
    assert result.success
    assert steps(result) == {"gold_neo_fact", "gold_neo_fact_checks"}
    assert done(instance, gold_neo_fact) == DAYS


def test_a_day_that_an_earlier_run_could_not_do_is_not_done_now(
    instance: dg.DagsterInstance,
) -> None:
    UNDONE.append(DAYS[0])
    CRASH.append("Spark died")
    first = run(instance)
    recover()
    result = run(instance, again=first.run_id)
    assert "silver_neo_events" not in steps(result)
    (failure,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    assert failure.user_failure_data
    assert failure.user_failure_data.description == (
        f"1 of 3 days failed, the others are done. {DAYS[0]}: NeoWs is down."
    )
    assert done(instance, gold_neo_fact) == DAYS[1:]


def test_assets_that_a_run_does_not_select_are_used_as_they_are(
    instance: dg.DagsterInstance,
) -> None:
    assert run(instance).success
    CRASH.append("Spark died")
    first = run(instance, job="gold")
    recover()
    assert run(instance, again=first.run_id, job="gold").success
