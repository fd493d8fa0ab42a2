"""Rules and tolerances by configuration."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from neo_assets.lakehouse.report import DayReport
from neo_assets.lakehouse.rules import IN_FORCE, RULES, Rule
from neo_assets.quality import Quality, Tolerance, quality
from neo_assets.settings import Settings, SettingsError

Configure = Callable[[str], Quality]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    def configure(text: str) -> Quality:
        file = tmp_path / "quality.yaml"
        file.write_text(text)
        monkeypatch.setenv("NEO_QUALITY_FILE", str(file))
        return quality(Settings.from_environment())

    return configure


def test_without_a_file_the_rules_and_the_one_tolerance_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEO_MAX_DROP_SHARE", "0.1")
    without = quality(Settings.from_environment())
    assert without.rule_set() == IN_FORCE
    assert without.tolerances_of("gold_neo_fact") == [Tolerance(share=0.1)]


def test_the_most_particular_tolerance_counts(configured: Configure) -> None:
    found = configured(
        """
        tolerances:
          - {asset: silver_neo_events, rule: invalid_velocity, rows: 3}
          - {asset: bronze_neo_events, share: 0.5}
          - {rule: date_mismatch, share: 0}
        """
    )
    general, by_rule = Tolerance(share=0.25), Tolerance(rule="date_mismatch", share=0)
    assert found.tolerances_of("silver_neo_events") == [
        Tolerance("silver_neo_events", "invalid_velocity", rows=3),
        general,
        by_rule,
    ]
    assert found.tolerances_of("bronze_neo_events") == [Tolerance("bronze_neo_events", share=0.5)]
    assert found.tolerances_of("gold_neo_fact") == [general, by_rule]


def test_an_excess_is_above_and_not_at_the_tolerance() -> None:
    report = DayReport(
        date(2024, 3, 1),
        snapshot_rows=10,
        snapshot_dropped=5,
        snapshot_reasons={"invalid_velocity": 4},
    )
    for within in (
        Tolerance(share=0.5),
        Tolerance(rows=5),
        Tolerance(rule="invalid_velocity", rows=4),
        Tolerance(rule="invalid_velocity", share=0.4),
        Tolerance(rule="date_mismatch", rows=0),
    ):
        assert within.excess(report) is None, within
    assert (
        Tolerance(share=0.49).excess(report)
        == "50% of the newest snapshot is above the tolerance of 49%"
    )
    assert (
        Tolerance(rows=4, share=1).excess(report)
        == "5 of the newest snapshot is above the tolerance of 4"
    )
    by_rule = Tolerance(rule="invalid_velocity", rows=3)
    assert by_rule.excess(report) == (
        "4 of the newest snapshot for invalid_velocity is above the tolerance of 3"
    )
    assert Tolerance(share=0).excess(replace(report, snapshot_rows=0, snapshot_dropped=0)) is None


def test_rules_are_changed_and_added_without_code(configured: Configure) -> None:
    found = configured(
        """
        rules:
          - {name: implausible_velocity, action: fail}
          - name: faint
            demand: is bright enough
            condition: absolute_magnitude_h < 30
            column: absolute_magnitude_h
            action: warn
        """
    ).rule_set()
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["faint"] == Rule(
        "faint", "is bright enough", "absolute_magnitude_h < 30", "absolute_magnitude_h", "warn"
    )
    assert [rule.name for rule in found.failing] == ["implausible_velocity"]
    assert len(found.rules) == len(RULES) + 1
    assert found.version != IN_FORCE.version
    assert configured("").rule_set().version == IN_FORCE.version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{name: date_mismatch, action: delete}]", "rules.0.action: "),
        ("rules: [{name: Bad Name, action: warn}]", "rules.0.name: "),
        ("tolerances: [{asset: gold_neo_fact}]", "tolerances.0: needs rows or share"),
        ("tolerances: [{asset: gold_neo_facts, rows: 1}]", "tolerances.0.asset: "),
        ("tolerances: [{share: 2}]", "tolerances.0.share: "),
        ("thresholds: []", "thresholds: "),
        ("rules: {", "line 1"),
        ("just text", "valid"),
        ("rules: [{name: date_mismatch, action: warn}]", "keeps the keys of the tables whole"),
        ("rules: [{name: faint, action: warn}]", "faint is new, so it needs a demand"),
        (
            "rules: [{name: invalid_velocity, action: warn, condition: 'true'}]",
            "invalid_velocity is one of the project",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(
    configured: Configure, text: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=r"^NEO_QUALITY_FILE: ") as problem:
        configured(text).rule_set()
    assert said in str(problem.value)


def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_QUALITY_FILE", "nowhere.yaml")
    with pytest.raises(SettingsError, match=r"nowhere.yaml: No such file"):
        quality(Settings.from_environment())
