"""The risk lists of JPL and ESA from their responses to silver, on past days and today."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from neo_assets.checks.definitions import checks_of
from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings
from neo_assets_tests.sources.agency_service import AgencyService, Reply, serve
from neo_assets_tests.sources.esa_risk.test_response import HEADER
from neo_assets_tests.sources.project import Project

SENTRY = ("raw_sentry_files", "bronze_sentry_objects", "silver_sentry_objects")
ESA_RISK = ("raw_esa_risk_files", "bronze_esa_risk_objects", "silver_esa_risk_objects")


def listed(des: str, ip: str | None = "2.5e-05", **more: Any) -> dict[str, Any]:
    return {
        "des": des,
        "fullname": f"({des})",
        "id": "bK24A00A",
        "h": "24.34",
        "diameter": "0.046",
        "ip": ip,
        "n_imp": "5",
        "ps_cum": "-3.75",
        "ps_max": "-4.22",
        "ts_max": "0",
        "range": "2068-2118",
        "v_inf": "7.5307",
        "last_obs": "2024-01-29",
        "last_obs_jd": "2460338.5",
        **more,
    }


BENNU = listed(
    "101955", fullname="101955 Bennu (1999 RQ36)", n_imp=157, ts_max=None, last_obs="2020-10-03"
)
BAD = listed("2024 DD", ip=None)
RELISTED = {"des": "2024 BB", "removed": "2024-01-02 08:00:00"}
"""The list has it again."""
GONE = {"des": "2023 XX", "removed": "2024-01-05 13:12:11"}
FIRST = [listed("2024 AA"), listed("2024 BB"), listed("2024 BB"), listed("2024 CC"), BAD, BENNU]
SECOND = [listed("2024 AA", "0.0031", ps_cum="-1.20"), listed("2024 BB"), BAD, BENNU]
REMOVED = {"des": "2024 CC", "removed": "2024-02-29 20:00:00"}


def sentry_reply(*objects: dict[str, Any]) -> Reply:
    content = {
        "signature": {"version": "2.0", "source": "NASA/JPL Sentry Data API"},
        "count": str(len(objects)),
        "data": objects,
    }
    return Reply(json.dumps(content).encode())


def line(designation: str, ip: str = "2.98E-4") -> str:
    return (
        f"{designation:<26} |   50 |    *    | 2052-04-02 01:36 |  2.98E-4 |  -2.72 |  0 |"
        f"   23.72  | 2050-2054 |  {ip} |  -2.72 |"
    )


SHORT = "2024DD                     |   50 |    *    | 2052-04-02 01:36 |"


def esa_reply(minute: str, *lines: str) -> Reply:
    rows = "".join(f"{each}\n" for each in lines)
    return Reply(f"Last Update: {minute} UTC\n{HEADER}{rows}".encode())


@pytest.fixture(scope="module")
def today() -> date:
    return datetime.now(timezone.utc).date()


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[AgencyService, AgencyService]]:
    """JPL and ESA, who answer otherwise the second time, and then the same again."""
    first = esa_reply(
        "2024-03-01 05:49",
        *(line(name) for name in ("2024AA", "2024BB", "2024BB", "2024CC", "29075     1950DA")),
        line("101955    Bennu"),
        SHORT,
    )
    second = esa_reply(
        "2024-03-01 17:30",
        line("2024AA", "3.10E-3"),
        *(line(name) for name in ("2024BB", "29075     1950DA", "101955    Bennu")),
        SHORT,
    )
    with (
        serve(
            sentry_reply(*FIRST),
            sentry_reply(GONE, RELISTED),
            *[sentry_reply(*SECOND), sentry_reply(REMOVED, GONE, RELISTED)] * 2,
        ) as jpl,
        serve(first, second) as esa,
    ):
        yield jpl, esa


@pytest.fixture
def project(
    services: tuple[AgencyService, AgencyService],
    spark_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    jpl, esa = services
    data = tmp_path / "data"
    environment = {
        "NEO_SPARK_REMOTE": spark_address,
        "NEO_SOURCE": "nasa",
        "NEO_SOURCES": "sentry,esa_risk",
        "JPL_BASE_URL": jpl.address,
        "NEOCC_BASE_URL": esa.address,
    }
    for name, value in {**environment, "NEO_DATA_DIR": str(data)}.items():
        monkeypatch.setenv(name, value)
    return Project(data, environment)


def test_from_responses_to_silver(
    project: Project, services: tuple[AgencyService, AgencyService], today: date
) -> None:
    jpl, esa = services
    span = ("--start", str(today - timedelta(days=2)), "--end", str(today + timedelta(days=1)))
    for arguments in (span, ("--start", str(today), "--end", str(today)), span):
        ran = project("backfill", *arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [request.parameters for request in jpl.requests] == [{}, {"removed": "1"}] * 3
    assert [request.parameters for request in esa.requests] == [{"file": "esa_risk_list"}] * 3
    assert {request.path for request in esa.requests} == {"/PSDB-portlet/download"}

    for source in ("sentry", "esa_risk"):
        landed = sorted((project.data / "landing" / f"{source}_feed").glob("feed_date=*/*.json"))
        assert [file.parent.name for file in landed] == [f"feed_date={today}"] * 2
    assert_other_days_are_without_rows(project, today)
    assert_sentry(project, today)
    assert_esa(project, today)

    before = {name: silver(project, name) for name in (SENTRY[-1], ESA_RISK[-1])}
    ran = project("replay", "--full", *span)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {name: silver(project, name) for name in before} == before
    assert_other_days_are_without_rows(project, today)


def silver(project: Project, table: str) -> dict[str, dict[str, Any]]:
    # The run that rebuilt bronze is another one.
    rows = {row["designation"]: row | {"run_id": None} for row in project.rows(table)}
    assert len(rows) == len(project.rows(table))
    return rows


def assert_other_days_are_without_rows(project: Project, today: date) -> None:
    """Every day is materialized, and has a passed evaluation of each check that says why."""
    others = [str(today + timedelta(days=number)) for number in (-2, -1, 1)]
    home = prepare_instance(Settings.from_environment())
    for asset in (*SENTRY, *ESA_RISK):
        with dg.DagsterInstance.from_config(str(home)) as instance:
            done = instance.get_materialized_partitions(dg.AssetKey(asset))
        assert done == {*others, str(today)}
        for check in checks_of(asset, ["sentry", "esa_risk"]):
            found = project.evaluations(asset, check.name)
            assert found.keys() == done
            for day in others:
                assert found[day].outcome == "passed"
                assert found[day].numbers["rows_in"] == 0
                assert "can only be requested as of now" in found[day].description


def assert_classes(project: Project, asset: str, today: date, **expected: int) -> None:
    numbers = project.evaluations(asset, "drop_count")[str(today)].numbers
    classes = ("rows_in", "kept", "dropped", "exact_duplicates", "superseded", "withdrawn")
    assert {name: numbers[name] for name in classes if numbers[name]} == expected
    measured = {
        row["metric"]: row["value"]
        for row in sorted(project.rows("dq_metrics"), key=lambda row: row["measured_at"])
        if (row["asset"], row["partition_date"], row["rule"]) == (asset, today, None)
    }
    assert measured.items() >= expected.items()


def assert_values(row: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    assert {name: row[name] for name in expected} == expected


def assert_sentry(project: Project, today: date) -> None:
    rows = silver(project, SENTRY[-1])
    assert rows.keys() == {"2024 AA", "2024 BB", "1999 RQ36", "2024 CC", "2023 XX"}
    assert_values(
        rows["2024 AA"],
        {
            "observed_date": today,
            "number": None,
            "name": "(2024 AA)",
            "impact_probability": 0.0031,
            "palermo_cumulative": -1.2,
            "palermo_maximum": -4.22,
            "torino_maximum": 0,
            "potential_impacts": 5,
            "impact_year_first": 2068,
            "impact_year_last": 2118,
            "last_observed": date(2024, 1, 29),
            "absolute_magnitude_h": 24.34,
            "diameter_km": 0.046,
            "velocity_at_infinity_km_s": 7.5307,
            "removed_at": None,
        },
    )
    assert rows["2024 AA"]["last_changed_at"] > rows["2024 AA"]["first_seen_at"]
    assert rows["2024 BB"]["removed_at"] is None
    assert rows["2024 BB"]["last_changed_at"] == rows["2024 BB"]["first_seen_at"]
    assert_values(
        rows["1999 RQ36"], {"number": "101955", "torino_maximum": None, "potential_impacts": 157}
    )
    assert_values(
        rows["2024 CC"],
        {
            "removed_at": datetime(2024, 2, 29, 20, tzinfo=timezone.utc),
            "impact_probability": None,
        },
    )
    assert_classes(
        project,
        SENTRY[-1],
        today,
        rows_in=15,
        kept=5,
        dropped=2,
        exact_duplicates=5,
        superseded=3,
    )
    quarantined = project.rows("silver_sentry_quarantine")
    assert [row["findings"] for row in quarantined] == [
        ["invalid_probability: impact_probability = missing"]
    ] * 2
    assert {row["source"] for row in project.rows(SENTRY[1])} == {"nasa"}


def assert_esa(project: Project, today: date) -> None:
    rows = silver(project, ESA_RISK[-1])
    assert rows.keys() == {"2024 AA", "2024 BB", "1950 DA", "101955"}
    assert_values(
        rows["2024 AA"],
        {
            "observed_date": today,
            "number": None,
            "name": "2024AA",
            "impact_probability": 0.0031,
            "impact_probability_maximum": 2.98e-4,
            "palermo_cumulative": -2.72,
            "palermo_maximum": -2.72,
            "torino_maximum": 0,
            "impact_year_first": 2050,
            "impact_year_last": 2054,
            "most_likely_impact_at": datetime(2052, 4, 2, 1, 36, tzinfo=timezone.utc),
            "diameter_km": 0.05,
            "is_diameter_estimated": True,
            "impact_velocity_km_s": 23.72,
            "list_updated_at": datetime(2024, 3, 1, 17, 30, tzinfo=timezone.utc),
        },
    )
    assert_values(rows["1950 DA"], {"number": "29075", "name": "1950DA"})
    assert_values(rows["101955"], {"number": "101955", "name": "Bennu"})
    assert_classes(
        project,
        ESA_RISK[-1],
        today,
        rows_in=12,
        kept=4,
        dropped=2,
        exact_duplicates=1,
        superseded=4,
        withdrawn=1,
    )
    quarantined = project.rows("silver_esa_risk_quarantine")
    assert [row["reasons"] for row in quarantined] == [
        ["missing_designation", "invalid_probability"]
    ] * 2
    assert all("2024DD" in row["payload"] for row in quarantined)
