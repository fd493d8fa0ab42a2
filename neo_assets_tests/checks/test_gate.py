"""Which days proceed, and how the reason of those that do not is stored."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from neo_assets.checks import inputs as check_inputs
from neo_assets.checks.gate import newest_unmaterialized
from neo_assets.checks.unmaterialized import Unmaterialized
from neo_assets.dagster_internals.history import newest_evaluation
from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings
from neo_assets_tests.automation.small_graph import SmallGraph

DAYS = [date(2024, 3, 1) + timedelta(days=number) for number in range(3)]
SILVER, GOLD = dg.AssetKey("silver_neo_events"), dg.AssetKey("gold_neo_fact")
CHECK = dg.AssetCheckKey(GOLD, "drop_count")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found


def test_the_reason_is_a_metadata_value_of_evaluation_and_observation(
    instance: dg.DagsterInstance,
) -> None:
    SmallGraph(instance, dropped={DAYS[1]: 4}).materialize(DAYS[0], days=3)
    evaluation = newest_evaluation(instance, CHECK, str(DAYS[1]))
    (observation,) = (
        record.asset_observation for record in instance.fetch_observations(GOLD, limit=9).records
    )
    assert evaluation and observation
    reason = str(evaluation.metadata["not_done_because"].value)
    assert reason.startswith("held back, silver_neo_events drop_count: 4 of 10 rows dropped")
    for stored in (evaluation, observation):
        assert stored.metadata["not_done_because"].value == reason
        assert stored.metadata["held_back"].value is True
    assert evaluation.metadata["rows_in"].value == 0
    found = newest_unmaterialized(instance, GOLD, DAYS[1])
    assert found == Unmaterialized(reason, is_held_back=True)
    assert newest_unmaterialized(instance, GOLD, DAYS[0]) is None


def test_a_day_that_failed_is_not_one_that_is_held_back(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance, undone={DAYS[1]: "NeoWs answered 503"}).materialize(DAYS[0], days=3)
    expected = Unmaterialized("NeoWs answered 503")
    assert newest_unmaterialized(instance, SILVER, DAYS[1]) == expected
    assert newest_unmaterialized(instance, GOLD, DAYS[1]) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Not done: NeoWs answered 503.", Unmaterialized("NeoWs answered 503")),
        ("Not done: held back, a b: c.", Unmaterialized("held back, a b: c", is_held_back=True)),
        ("3 of 10 rows dropped.", None),
    ],
)
def test_an_evaluation_of_before_has_only_the_sentence(
    sentence: str, expected: Unmaterialized | None
) -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=GOLD, check_name=CHECK.name, passed=False, description=sentence
    )
    assert Unmaterialized.stored_in(evaluation) == expected


def test_the_reason_is_read_from_metadata_not_from_the_sentence() -> None:
    stored = Unmaterialized("a reason", is_held_back=True)
    reworded = dg.AssetCheckEvaluation(
        asset_key=GOLD,
        check_name=CHECK.name,
        passed=False,
        description="Gold did not get this day.",
        metadata=stored.metadata,
    )
    assert Unmaterialized.stored_in(reworded) == stored


def test_the_checks_evaluate_each_day_once_in_a_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checks of silver and the gate of gold ask for the same days."""
    read: Counter[tuple[str, date]] = Counter()
    original = check_inputs.inputs

    def counted(
        instance: dg.DagsterInstance,
        asset: dg.AssetKey,
        days: Sequence[date],
        settings: Settings,
        **options: Any,
    ) -> dict[date, check_inputs.PartitionCheckInput]:
        read.update((asset.to_user_string(), day) for day in days)
        return original(instance, asset, days, settings, **options)

    monkeypatch.setattr(check_inputs, "inputs", counted)
    SmallGraph(instance, dropped={DAYS[1]: 4}).materialize(DAYS[0], days=3)
    # The second day of gold is not evaluated at all: it is held back.
    expected = [(SILVER, day) for day in DAYS] + [(GOLD, DAYS[0]), (GOLD, DAYS[2])]
    assert read == {(asset.to_user_string(), day): 1 for asset, day in expected}


def test_another_run_evaluates_a_day_again(instance: dg.DagsterInstance) -> None:
    SmallGraph(instance, dropped={DAYS[0]: 4}).materialize(DAYS[0])
    assert newest_unmaterialized(instance, GOLD, DAYS[0])
    SmallGraph(instance).materialize(DAYS[0])
    assert newest_unmaterialized(instance, GOLD, DAYS[0]) is None
