"""The dashboard of Databricks and the Power BI model say the same of the same rows."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakeview.dashboard import queries, used_measures
from lakeview.measures import Measure, measures
from neo_assets.lakehouse.model.tables import (
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    SILVER_NEO_QUARANTINE,
)
from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.store import metrics
from neo_assets.lakehouse.store.metrics import RunMetrics
from neo_assets.sources.fireball.dataset import GOLD_FIREBALL
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK
from neo_assets.sources.neows.agreement import GOLD_CLOSE_APPROACH_AGREEMENT
from neo_assets_tests.dashboard.agencies import event, odds_revisions
from neo_assets_tests.dashboard.lakehouses import TODAY, fact, write
from neo_assets_tests.dashboard.queries import Queries
from neo_assets_tests.powerbi.dax import Model
from neo_assets_tests.powerbi.revisions import REVISIONS
from neo_assets_tests.powerbi.test_measures import loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with rows of every kind that a measure distinguishes."""
    tables = tmp_path_factory.mktemp("tables")
    approaches = [
        fact(miss_distance_lunar=0.5, risk_band="high", is_potentially_hazardous=True),
        fact(size_band=None, estimated_diameter_min_m=None, relative_velocity_km_s=30.5),
        fact(is_withdrawn=True, miss_distance_lunar=0.1, is_potentially_hazardous=True),
    ]
    write(tables, GOLD_NEO_FACT, approaches)
    write(tables, GOLD_NEO_REVISION, REVISIONS)
    write(
        tables,
        GOLD_IMPACT_RISK,
        [{**row, "seen_on": row["seen_at"].date()} for row in odds_revisions(40)],
    )
    write(
        tables,
        GOLD_FIREBALL,
        [event(), event(latitude_deg=None, is_known_beforehand=True), event(is_withdrawn=True)],
    )
    reasons = (*["agree"] * 5, "rounding", "only_cad", "older_orbit", "unexplained")
    write(
        tables,
        GOLD_CLOSE_APPROACH_AGREEMENT,
        [{"designation": "2024 AA1", "reason": reason} for reason in reasons],
    )
    write(
        tables,
        SILVER_NEO_QUARANTINE,
        [
            {"content_hash": "ab", "repeat": 1, "source_file": "a.json", "status": status}
            for status in ("open", "open", "discarded")
        ],
    )
    for number, run_id in enumerate(("first", "second")):
        reports = [
            DayReport(
                TODAY - timedelta(ago),
                rows_in=9,
                kept=5 - number,
                dropped=2 + number,
                exact_duplicates=1,
                superseded=1,
                rows_lost=number,
                reasons={"invalid_velocity": 2 + number},
            )
            for ago in range(2 - number)
        ]
        for asset in ("bronze_neo_events", "silver_neo_events"):
            metrics.record(tables, RunMetrics(run_id, asset, reports))
    return tables


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    """The Power BI model with these rows."""
    return loaded(folder)


def in_duckdb(sql: str) -> str:
    return sql.replace("`", '"').replace("startswith(", "starts_with(")


@pytest.mark.parametrize("table", queries())
def test_a_dataset_has_the_rows_of_the_model(table: str, folder: Path, model: Model) -> None:
    shown = Queries(folder).table(in_duckdb(queries()[table]))
    columns = ", ".join(f'"{name}"' for name in shown.column_names)
    expected = model.connection.sql(f'SELECT {columns} FROM "{table}"').to_arrow_table()
    assert shown.num_rows == expected.num_rows > 0
    assert sorted(map(plain, shown.to_pylist())) == sorted(map(plain, expected.to_pylist()))


def plain(row: dict[str, Any]) -> str:
    """A row to compare; times are UTC, with a zone or without."""
    return repr(
        [
            value.replace(tzinfo=None) if isinstance(value, datetime) else value
            for value in row.values()
        ]
    )


def is_translated(measure: Measure) -> bool:
    """Whether it is in SQL, and about a table that the dashboard has."""
    try:
        return measure.table in queries() and bool(measure.sql)
    except NotImplementedError:
        return False


TRANSLATED = [measure for measure in measures().values() if is_translated(measure)]


@pytest.mark.parametrize("measure", TRANSLATED, ids=lambda measure: measure.name)
def test_a_measure_has_the_value_of_its_dax(measure: Measure, model: Model) -> None:
    sql = f'SELECT {in_duckdb(measure.sql)} FROM "{measure.table}"'
    ((value,),) = model.connection.execute(sql).fetchall()
    expected = model.value(measure.name)
    if isinstance(expected, datetime):
        assert value == expected
    else:
        # In SQL the count of nothing is 0, in DAX it is blank.
        assert (value or 0) == pytest.approx(expected or 0)


def test_what_cannot_be_translated_is_not_shown() -> None:
    known = {measure.name for measure in TRANSLATED}
    shown = {measure.name for table in queries() for measure in used_measures(table)}
    assert shown <= known
    assert {"Closest object", "Published odds", "Approaches a year before"}.isdisjoint(known)
