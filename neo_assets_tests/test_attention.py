"""What needs attention, read from a real instance whose events are written by hand."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest

from neo_assets.attention import SPANS_LISTED, Finding, findings
from neo_assets.backfill import BackfillError, release
from neo_assets.checks.stored_reports import report_metadata
from neo_assets.dagster_internals.events import target_materialization
from neo_assets.instance import prepare_instance
from neo_assets.lakehouse.report import DayReport
from neo_assets.pipeline import LAYERS
from neo_assets.settings import Settings
from neo_assets.sources.sentry import SENTRY

FIRST = date(2024, 3, 1)
NOON = datetime(2024, 3, 20, 12, tzinfo=timezone.utc)
SOUND = DayReport(FIRST, rows_in=8, kept=8, rows_out=8, snapshot_rows=8)


def march(*days: int) -> list[date]:
    return [date(2024, 3, day) for day in days]


class Written:
    """An instance whose history is written day by day."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance

    def done(self, days: Sequence[date], layers: Sequence[str] = LAYERS, dropped: int = 0) -> None:
        """As a run would leave it that dropped this many of eight rows, by one rule."""
        for name in layers:
            for day in days:
                report = DayReport(
                    day,
                    rows_in=8,
                    kept=8 - dropped,
                    dropped=dropped,
                    rows_out=8 - dropped,
                    snapshot_rows=8,
                    snapshot_dropped=dropped,
                    reasons={"invalid_velocity": dropped} if dropped else {},
                )
                self.instance.report_runless_asset_event(
                    dg.AssetMaterialization(
                        name, partition=str(day), metadata=report_metadata(report)
                    )
                )
                self._evaluate(name, day, not dropped, "dropped")

    def not_done(self, days: Sequence[date], reason: str, layers: Sequence[str] = LAYERS) -> None:
        for name in layers:
            for day in days:
                # As a history has it that was written before the reason became a metadata value.
                self._evaluate(name, day, False, f"Not done: {reason}.", about=None)

    def _evaluate(
        self, name: str, day: date, passed: bool, message: str, about: str | None = "newest"
    ) -> None:
        asset = dg.AssetKey(name)
        evaluation = dg.AssetCheckEvaluation(
            asset_key=asset,
            check_name="drop_count",
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=message,
            partition=str(day),
            target_materialization_data=about and self._target(asset, day),  # type: ignore[arg-type]
        )
        self.instance.report_dagster_event(
            dg.DagsterEvent(
                dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
                "a_job",
                event_specific_data=evaluation,
            ),
            run_id=str(uuid4()),
        )

    def _target(self, asset: dg.AssetKey, day: date) -> object:
        (record,) = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset, asset_partitions=[str(day)]), limit=1
        ).records
        return target_materialization(record.storage_id, record.run_id, record.timestamp)

    def needs(self, days: Sequence[date] | None = None) -> list[Finding]:
        # Long before anything can be stale by the clock.
        found = findings(self.instance, Settings.from_environment(), days, now=NOON)
        return [each for each in found if "hours are allowed" not in each.reason]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("NEO_QUALITY_FILE", raising=False)
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Written(instance)


def test_nothing_needs_attention_where_all_is_done(written: Written) -> None:
    assert written.needs() == []
    written.done(march(1, 2, 3), dropped=1)
    assert written.needs() == []


def test_a_held_day_in_the_middle_is_found_once_with_its_commands(written: Written) -> None:
    written.done(march(1, 2, 3, 4, 5), LAYERS[:3])
    written.done(march(3), LAYERS[2:3], dropped=4)
    written.done(march(1, 2, 4, 5), LAYERS[3:])
    written.not_done(march(3), "held back, silver_neo_events drop_count: 4 of 8", LAYERS[3:])
    (found,) = written.needs()
    assert (found.kind, found.table, found.shown_days) == ("held", LAYERS[2], "2024-03-03")
    assert "drop_count: 4 of 8 rows dropped" in found.reason
    assert found.command == (
        "neo-assets quarantine list --day 2024-03-03, then: "
        "neo-assets release 2024-03-03 --why TEXT"
    )
    # A sound answer later on.
    written.done(march(3))
    assert written.needs() == []


def test_a_failed_day_is_found_once_until_it_is_done(written: Written) -> None:
    written.done(march(1, 2, 3, 4))
    written.not_done(march(2, 3), "NeoWs answered 503")
    (found,) = written.needs()
    assert (found.kind, found.table, found.reason) == ("failed", LAYERS[0], "NeoWs answered 503")
    assert found.shown_days == "2024-03-02…2024-03-03"
    assert found.command == "neo-assets backfill --start 2024-03-02 --end 2024-03-03"
    written.done(march(2, 3))
    assert written.needs() == []


def test_gaps_are_those_between_the_first_and_the_newest_day(written: Written) -> None:
    written.done(march(5, 6, 9))
    written.done(march(10), LAYERS[:2])
    never, silver = written.needs()
    assert (never.kind, never.table, never.days) == ("gap", LAYERS[0], [tuple(march(7, 8))])
    assert never.command == "neo-assets backfill --start 2024-03-07 --end 2024-03-08"
    assert (silver.kind, silver.table, silver.days) == ("gap", LAYERS[2], [tuple(march(10, 10))])
    assert silver.command.endswith("--end 2024-03-10 --select 'silver_neo_events+'")
    assert written.needs(march(5, 6)) == []


def test_what_can_only_be_requested_as_of_now_has_no_gaps(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_SOURCES", "sentry")
    layers = SENTRY.dataset.assets
    written.done(march(5, 9), layers)
    assert written.needs() == []
    written.done(march(10), layers[:2])
    (silver,) = written.needs()
    assert (silver.kind, silver.table) == ("gap", layers[2])


def test_a_table_older_than_the_one_before_is_stale(written: Written) -> None:
    written.done(march(1, 2))
    written.done(march(2), LAYERS[:1])
    (found,) = written.needs()
    assert (found.kind, found.table, found.days) == ("stale", LAYERS[1], [tuple(march(2, 2))])


def test_gold_is_stale_by_the_clock(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_STALE_AFTER_HOURS", "36")
    written.done(march(1))
    now = datetime.now(timezone.utc)
    (found,) = findings(written.instance, Settings.from_environment(), now=now)
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    assert (found.kind, found.table, found.shown_days) == ("stale", LAYERS[3], str(yesterday))
    assert "36 hours" in found.reason


def test_many_ranges_share_a_line(written: Written) -> None:
    days = [FIRST + timedelta(days=2 * number) for number in range(SPANS_LISTED + 3)]
    written.done(days)
    found = written.needs()
    gaps = len(days) - 1
    assert len(found) == SPANS_LISTED + 1
    assert sum(len(each.days) for each in found) == gaps
    assert f"{gaps - SPANS_LISTED} more ranges of days" in found[-1].reason


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (march(1)[0], "no check of it ends in ERROR; neo-assets status lists"),
        (march(2)[0], "it failed in raw_feed_files: NeoWs answered 503; run it again: neo-assets"),
        (march(3)[0], "it was never fetched; fetch it: neo-assets backfill --start 2024-03-03"),
    ],
)
def test_releasing_a_day_that_is_not_held_reports_its_state(
    written: Written, day: date, message: str
) -> None:
    written.done(march(1))
    written.not_done(march(2), "NeoWs answered 503", LAYERS[:1])
    with pytest.raises(BackfillError, match=f"^{day} is not held: {message}"):
        release(day, "looked at", Settings.from_environment())
