"""Each private API of Dagster in `neo_assets.dagster_internals`, and the behavior relied on.

If a newer Dagster fails one of these tests, the name of the test states what it no longer does.
"""

import ast
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pytest

from neo_assets.automation.failures import failure_sentence
from neo_assets.dagster_internals import conditions, events, history, runs
from neo_assets.dagster_internals.event_log import EventLog
from neo_assets.dagster_internals.events import one_commit

ROOT = Path(__file__).parents[1]
PARTITIONS = dg.StaticPartitionsDefinition(["a", "b", "c"])
ALL = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
SINGLE_RUN = dg.BackfillPolicy.single_run()
UP, DOWN = dg.AssetKey("up"), dg.AssetKey("down")
CHECK = dg.AssetCheckKey(UP, "check")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

CRASHES: list[str] = []
"""The error that `down` raises, if any."""
IN_RUN: dict[str, tuple[bool, str | None]] = {}
"""What the run of `down` found about `up`: whether it is in the run, and which run executed it."""


def evaluation(passed: bool, partition: str, about: Any = None) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=UP,
        check_name=CHECK.name,
        passed=passed,
        partition=partition,
        target_materialization_data=about,
    )


@dg.asset(partitions_def=PARTITIONS, backfill_policy=SINGLE_RUN)
def up(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Materializes "a" only, and evaluates its check for "a" and "b"."""
    context.log_event(dg.AssetMaterialization(UP, partition="a"))
    newest = history.newest_materialization_ids(context.instance, UP)["a"]
    about = events.target_materialization(newest, context.run.run_id, 1.0)
    events.log_evaluation(context, evaluation(False, "a", about))
    events.log_evaluation(context, evaluation(False, "b"))
    return dg.MaterializeResult(metadata=events.NO_MATERIALIZATION)


@dg.asset(partitions_def=PARTITIONS, backfill_policy=SINGLE_RUN, deps=[up])
def down(context: dg.AssetExecutionContext) -> None:
    IN_RUN[context.run.run_id] = runs.is_in_run(context, UP), runs.run_that_executed(context, UP)
    if CRASHES:
        raise RuntimeError(CRASHES[0])


@dg.multi_asset_check(
    specs=[dg.AssetCheckSpec(CHECK.name, asset=DOWN, partitions_def=PARTITIONS)], can_subset=True
)
def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    yield from ()


GRAPH = dg.Definitions(
    assets=[up, down],
    asset_checks=[checks],
    jobs=[dg.define_asset_job("graph"), dg.define_asset_job("only_down", [DOWN])],
    executor=dg.in_process_executor,
)


def graph() -> dg.JobDefinition:
    return GRAPH.resolve_job_def("graph")


def only_down() -> dg.JobDefinition:
    return GRAPH.resolve_job_def("only_down")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose configuration names the event log as every folder's does."""
    CRASHES.clear()
    (tmp_path / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "event_log_storage: {module: neo_assets.event_log, class: EventLog}\n"
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def run(
    instance: dg.DagsterInstance, job: str = "graph", again: str | None = None
) -> dg.JobExecutionResult:
    return dg.execute_job(
        dg.reconstructable({"graph": graph, "only_down": only_down}[job]),
        instance,
        tags=ALL,
        run_config=QUIET,
        reexecution_options=dg.ReexecutionOptions.from_failure(again, instance) if again else None,
    )


def test_the_class_path_in_existing_configurations_is_found(instance: dg.DagsterInstance) -> None:
    """`ConfigurableClassData`: how Dagster makes a storage from its configuration."""
    assert isinstance(instance.event_log_storage, EventLog)


def test_a_logged_evaluation_keeps_its_partition_and_its_materialization(
    instance: dg.DagsterInstance,
) -> None:
    """`log_event` with an `AssetCheckEvaluation`, `AssetCheckEvaluationTargetMaterializationData`,
    `PartitionKeyFilter`, `get_asset_check_execution_history`, `get_asset_check_partition_info`,
    `AssetCheckExecutionRecordStatus`."""
    result = run(instance)
    found = history.newest_evaluation(instance, CHECK, "a")
    assert found and (found.passed, found.partition) == (False, "a")
    newest = history.newest_materialization_ids(instance, UP)["a"]
    target = found.target_materialization_data
    assert target and (target.storage_id, target.run_id) == (newest, result.run_id)
    assert history.newest_evaluation(instance, CHECK, "c") is None
    failed = sorted(history.failed_evaluations(instance, [CHECK]), key=str)
    assert failed == [("a", newest), ("b", None)]


def test_an_output_without_materializations_goes_on_downstream(
    instance: dg.DagsterInstance,
) -> None:
    """`SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION`, `get_asset_partitions_for_run`,
    `get_latest_storage_id_by_partition`."""
    result = run(instance)
    done = history.partitions_materialized_in(instance, result.run_id)
    assert done == {UP: {"a"}, DOWN: {"a", "b", "c"}}
    assert history.newest_materialization_ids(instance, UP).keys() == {"a"}
    assert history.newest_materialization_ids(instance, DOWN, ["b", "z"]).keys() == {"b"}


class Chosen(conditions.PartitionsCondition):
    """Chooses "b", for an event of the storage id 7; there are events of others."""

    asked: ClassVar[list[object]] = []

    def newest(self, instance: dg.DagsterInstance, asset: dg.AssetKey) -> int:
        assert instance.root_directory and asset == UP
        return 9

    def events(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, settled: int
    ) -> dict[str, int]:
        self.asked.append(settled)
        return {"a": 5, "b": 7, "c": 8, "z": 3}

    def confirmed(
        self, instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
    ) -> set[str]:
        self.asked.append(set(partitions))
        return {"b"}


def test_a_condition_chooses_partitions_and_knows_what_is_settled(
    instance: dg.DagsterInstance,
) -> None:
    """`AutomationContext`: `asset_graph_view.instance`, `candidate_subset`, `cursor`."""
    asset = dg.asset(name="up", partitions_def=PARTITIONS, automation_condition=Chosen())(
        lambda: None
    )
    cursor = None
    for _ in range(2):
        result = dg.evaluate_automation_conditions([asset], instance, cursor=cursor)
        cursor = result.cursor
        assert result.get_requested_partitions(UP) == {"b"}
    assert Chosen.asked == [0, {"a", "b", "c"}, 6, {"a", "b", "c"}]


def test_events_reported_for_a_finished_run_are_part_of_it(
    instance: dg.DagsterInstance,
) -> None:
    """`report_dagster_event`, `AssetObservationData`."""
    result = run(instance)
    events.report_for_run(instance, result.dagster_run, evaluation(True, "b"))
    events.report_for_run(
        instance, result.dagster_run, dg.AssetObservation(UP, partition="b", metadata={"n": 1})
    )
    found = history.newest_evaluation(instance, CHECK, "b")
    assert found and found.passed
    (record,) = instance.fetch_observations(UP, limit=10).records
    assert (record.run_id, record.partition_key) == (result.run_id, "b")
    assert history.newest_observation_ids(instance, UP, ["a", "b"]) == {"b": record.storage_id}
    assert record.asset_observation and record.asset_observation.metadata["n"].value == 1


def test_a_planned_evaluation_has_the_partitions_of_its_run(instance: dg.DagsterInstance) -> None:
    """`AssetCheckEvaluationPlanned.partitions_subset`; `checks` never evaluates what it planned."""
    result = run(instance)
    (planned,) = instance.get_records_for_run(
        result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    ).records
    data = planned.event_log_entry.get_dagster_event().asset_check_planned_data
    assert data.asset_check_key == dg.AssetCheckKey(DOWN, CHECK.name)
    assert data.partitions_subset
    assert set(data.partitions_subset.get_partition_keys()) == {"a", "b", "c"}
    assert history.newest_evaluation(instance, data.asset_check_key, "a") is None


def test_a_reexecution_knows_which_run_executed_a_step(instance: dg.DagsterInstance) -> None:
    """`step_keys_to_execute`, `executable_asset_keys`, `get_execution_plan_snapshot`."""
    CRASHES.append("down does not work")
    first = run(instance)
    assert IN_RUN[first.run_id] == (True, first.run_id)
    second = run(instance, again=first.run_id)
    assert IN_RUN[second.run_id] == (False, first.run_id)
    third = run(instance, again=second.run_id)
    assert IN_RUN[third.run_id] == (False, first.run_id)
    alone = run(instance, "only_down")
    assert IN_RUN[alone.run_id] == (False, None)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("down does not work", id="one line"),
        pytest.param("\ndown does not work\n\n== SQL ==\nSELECT", id="as Spark's parser has it"),
    ],
)
def test_a_failure_names_the_step_and_the_reason(
    instance: dg.DagsterInstance, message: str
) -> None:
    """`StepFailureData`, `JobFailureData`."""
    CRASHES.append(message)
    result = run(instance)
    (ended,) = instance.get_records_for_run(
        result.run_id, of_type=dg.DagsterEventType.RUN_FAILURE
    ).records
    step = ended.event_log_entry.get_dagster_event().job_failure_data.first_step_failure_event
    assert step and step.step_key == "down"
    assert failure_sentence(step) == "RuntimeError: down does not work"


def test_events_come_in_batches(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`DAGSTER_EVENT_BATCH_SIZE` and `store_event_batch`."""
    sizes = []
    store = EventLog.store_event_batch

    def counted(log: EventLog, batch: Sequence[dg.EventLogEntry]) -> None:
        sizes.append(len(batch))
        store(log, batch)

    monkeypatch.setattr(EventLog, "store_event_batch", counted)
    run(instance)
    assert max(sizes) >= len(PARTITIONS.get_partition_keys())


def test_the_event_log_overrides_what_dagster_calls(instance: dg.DagsterInstance) -> None:
    """`ConsolidatedSqliteEventLogStorage`: each overridden method still overrides one."""
    (parent,) = EventLog.__bases__
    for name in [
        "_init_db",
        "_connect",
        "has_table",
        "store_event",
        "store_event_batch",
        "watch",
        "dispose",
        "config_type",
        "register_instance",
        "on_modified",
        "_event_to_row",
        "_store_asset_event",
        "_store_asset_event_tags",
        "store_asset_check_event",
    ]:
        assert callable(getattr(parent, name)), name
    log = instance.event_log_storage
    assert isinstance(log, EventLog)
    # What the parent reads and writes goes through the connections of the class.
    with (
        one_commit(instance),
        log._connect() as outer,
        log.run_connection("a run") as of_run,
        log.index_connection() as of_index,  # type: ignore[no-untyped-call]
    ):
        assert (of_run, of_index) == (outer, outer)


def test_the_linter_knows_all_private_modules() -> None:
    """A private module of a newer Dagster has to be added to those that ruff rejects."""
    rules = (ROOT / "pyproject.toml").read_text()
    private = [
        module.name
        for module in pkgutil.iter_modules(dg.__path__)
        if module.name.startswith("_") and module.name != "__main__"
    ]
    assert [name for name in private if f'"dagster.{name}".msg' not in rules] == []


def test_only_this_package_imports_private_modules() -> None:
    """The linter accepts exceptions, and the product has none."""
    importing = {
        file.relative_to(ROOT / "neo_assets").parts[0]
        for file in (ROOT / "neo_assets").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
        if name.startswith("dagster._")
    }
    assert importing == {"dagster_internals"}
