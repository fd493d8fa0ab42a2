"""Rules and tolerances by configuration."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.lakehouse.model.rules import Rule
from neo_assets.lakehouse.report import DayReport
from neo_assets.quality import Quality, Tolerance, quality
from neo_assets.quality.conditions import problem
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources.neows.dataset import NEO

Configure = Callable[[str], Quality]

SOUND = (
    "absolute_magnitude_h < 30",
    "Absolute_Magnitude_H < 30 OR `name` IS NULL",
    "exists(array(1, 2), x -> x > absolute_magnitude_h)",
    "try_variant_get(payload, '$.nasa_jpl_url', 'string') LIKE 'https%'",
    "CASE WHEN is_sentry_object THEN absolute_magnitude_h < 25 ELSE true END",
    "is_potentially_hazardous",
    "NOT (is_potentially_hazardous)",
    "coalesce(is_sentry_object, false)",
    "int(neo_id) > 1000",
    "CAST(designation AS INT) > 0",
    "designation RLIKE '^[0-9]++$'",
    "some_function_of_mine(name)",
    "name IN ('-- no comment', '; no end')",
    "close_approach_date > DATE '2000-01-01' - INTERVAL 1 DAY",
)
"""Conditions that only Spark can validate."""


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    def configure(text: str) -> Quality:
        file = tmp_path / "quality.yaml"
        file.write_text(text)
        monkeypatch.setenv("NEO_QUALITY_FILE", str(file))
        return quality(Settings.from_environment())

    return configure


def test_without_a_file_the_rules_and_the_one_tolerance_apply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEO_MAX_DROP_SHARE", "0.1")
    without = quality(Settings.from_environment())
    assert without.rule_set(NEO) == NEO.rule_set
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
    failing = Tolerance("silver_neo_events", "invalid_velocity", rows=0, is_of_action=True)
    assert failing.excess(report) == (
        "4 of the newest snapshot for invalid_velocity, whose action is fail"
    )
    assert failing.excess(replace(report, snapshot_reasons={})) is None
    assert Tolerance(share=0).excess(replace(report, snapshot_rows=0, snapshot_dropped=0)) is None


def test_rules_are_changed_and_added_without_code(configured: Configure) -> None:
    configuration = configured(
        """
        rules:
          - {name: implausible_velocity, action: fail}
          - name: faint
            demand: is bright enough
            condition: absolute_magnitude_h < 30
            column: absolute_magnitude_h
            action: warn
        """
    )
    fails = Tolerance("silver_neo_events", "implausible_velocity", rows=0, is_of_action=True)
    assert fails in configuration.tolerances_of("silver_neo_events")
    assert fails not in configuration.tolerances_of("bronze_neo_events")
    found = configuration.rule_set(NEO)
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["faint"].place.endswith("quality.yaml, line 6")
    assert replace(by_name["faint"], place="") == Rule(
        "faint", "is bright enough", "absolute_magnitude_h < 30", "absolute_magnitude_h", "warn"
    )
    assert by_name["implausible_velocity"].action == "fail"
    assert len(found.rules) == len(NEO.rules) + 1
    assert found.version != NEO.rule_set.version
    assert configured("").rule_set(NEO).version == NEO.rule_set.version


OWN = """
rules:
  - name: faint
    demand: is bright enough
    condition: {condition}
    action: {action}
"""


@pytest.mark.parametrize(
    ("text", "line", "output"),
    [
        ("rules: [{name: date_mismatch, action: delete}]", 1, "rules.0.action: "),
        ("rules:\n- {name: Bad Name, action: warn}", 2, "rules.0.name: "),
        ("tolerances: [{asset: gold_neo_fact}]", 1, "tolerances.0: needs rows or share"),
        ("tolerances:\n\n- asset: gold_neo_facts\n  rows: 1", 3, "tolerances.0.asset: "),
        ("tolerances: [{share: 2}]", 1, "tolerances.0.share: "),
        ("rules: []\nthresholds: []", 2, "thresholds: "),
        ("rules: {", 1, "is not YAML: "),
        ("rules: []\ntolerances: [\n\n  {rows: 1]", 4, "is not YAML: "),
        ("rules: []\nrules: []", 2, "rules is there twice"),
        ("just text", 1, "valid"),
        ("0", 1, "valid"),
        (
            "rules: [{name: date_mismatch, action: warn}]",
            1,
            "rules.0.action: the rule date_mismatch keeps the keys of the tables whole",
        ),
        ("rules: [{name: faint, action: warn}]", 1, "faint is new, so it needs a demand"),
        (
            "rules:\n- {name: faint, action: warn, demand: is, condition: name > ''}\n"
            "- {name: faint, action: drop, demand: is, condition: name > ''}",
            3,
            "the rule faint is there twice",
        ),
        (
            "rules: [{name: invalid_velocity, action: warn, condition: 'true'}]",
            1,
            "invalid_velocity is one of the project",
        ),
        (
            OWN.format(condition="name > ''\n    column: nam", action="warn"),
            6,
            "there is no column nam; did you mean name?",
        ),
        # Tolerances that would never apply.
        (
            "tolerances:\n- {rule: invalid_velocety, rows: 1}",
            2,
            "there is no rule invalid_velocety; did you mean invalid_velocity?",
        ),
        ("tolerances: [{rule: implausible_velocity, rows: 1}]", 1, "only warns"),
        ("tolerances: [{asset: gold_neo_fact, rows: 1}]", 1, "gold_neo_fact drops no rows"),
        ("tolerances: [{asset: raw_feed_files, rows: 1}]", 1, "raw_feed_files drops no rows"),
        (
            "tolerances: [{asset: bronze_neo_events, rule: invalid_velocity, rows: 1}]",
            1,
            "a rule of silver_neo_events",
        ),
    ],
)
def test_an_unusable_value_is_named_with_its_line(
    configured: Configure, text: str, line: int, output: str
) -> None:
    with pytest.raises(SettingsError) as problem:
        configured(text)
    message = str(problem.value)
    assert message.startswith("NEO_QUALITY_FILE: ") and f"quality.yaml, line {line}: " in message
    assert output in message and "\n" not in message


@pytest.mark.parametrize(
    ("condition", "output"),
    [
        ("absolute_magnitude_h <", "something is missing after '<'"),
        ("absolute_magnitude_h < AND 3", "something is missing after 'AND'"),
        ("absolute_magnitude_h < 3 4", "SQL does not expect '4'"),
        ("magnitude_h < 30", "there is no column magnitude_h; did you mean absolute_magnitude_h?"),
        ("designation.x = 'a'", "there is no column designation.x"),
        ("max(absolute_magnitude_h) < 30", "max is an aggregate"),
        ("count(*) > 1", "count is an aggregate"),
        ("rank() OVER (ORDER BY name) = 1", "a window function is not possible"),
        ("(SELECT 1) = 1", "a query is not possible"),
        ("name IN (SELECT name FROM t)", "a query is not possible"),
        ("explode(array(true))", "it makes several rows of one"),
        ("name = 'it", "is not closed"),
        ("name = 'x' -- a name", "a comment is not possible"),
        ("true) OR (true", "SQL does not expect ')'"),
        ("true; DROP TABLE x", "not one expression"),
        ("DROP TABLE x", "not one expression"),
        ("name = :name", ":name is not possible"),
        ("name RLIKE '[a-z'", "[a-z is no regular expression"),
        ("rand() < 0.5", "rand returns another value each time"),
        ("absolute_magnitude_h + 1", "neither true nor false"),
        ("absolute_magnitude_h", "neither true nor false"),
        ("30", "neither true nor false"),
    ],
)
def test_a_condition_that_cannot_be_applied(
    configured: Configure, condition: str, output: str
) -> None:
    with pytest.raises(SettingsError) as problem:
        configured(OWN.format(condition=json.dumps(condition), action="drop"))
    message = str(problem.value)
    assert "quality.yaml, line 5: rules.0.condition: the rule faint: " in message
    assert output in message


def test_the_line_is_that_of_the_faulty_part_of_a_long_condition(configured: Configure) -> None:
    condition = "|\n      absolute_magnitude_h < 30\n      AND relative_speed > 1"
    with pytest.raises(SettingsError, match=r"line 7: .* there is no column relative_speed"):
        configured(OWN.format(condition=condition, action="drop"))


@pytest.mark.parametrize("rule", [*NEO.rules, *(Rule("own", "is", text) for text in SOUND)])
def test_sound_conditions_are_left_alone(rule: Rule) -> None:
    assert problem(NEO, rule.condition) is None


def test_a_file_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "quality.yaml"
    file.write_bytes("rules: []\n# größer\n".encode("latin-1"))
    monkeypatch.setenv("NEO_QUALITY_FILE", str(file))
    with pytest.raises(SettingsError, match=r"quality.yaml, line 2: is not text in UTF-8"):
        quality(Settings.from_environment())


def test_an_alias_that_leads_to_itself(configured: Configure) -> None:
    with pytest.raises(SettingsError, match=r"quality.yaml, line 1"):
        configured("&a [*a]")


@given(st.text(alphabet="abn<>='()-|;:.,*?/\\\n 01", max_size=20))
def test_whatever_a_condition_is_the_answer_is_a_sentence(condition: str) -> None:
    found = problem(NEO, condition)
    assert found is None or found.reason


def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO_QUALITY_FILE", "nowhere.yaml")
    with pytest.raises(SettingsError, match=r"nowhere.yaml: No such file"):
        quality(Settings.from_environment())
