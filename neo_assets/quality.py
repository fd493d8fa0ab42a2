"""What the configuration says of quality: rules added or changed, and what a day may drop.

The file is YAML, and `NEO_QUALITY_FILE` names it:

    rules:
      - name: implausible_velocity       # a rule of the project: its action can be changed
        action: drop
      - name: faint                      # a rule of one's own
        demand: is bright enough to be followed up
        condition: absolute_magnitude_h < 30
        column: absolute_magnitude_h
        action: warn
    tolerances:                          # above any of them a day is held
      - {asset: silver_neo_events, rule: invalid_velocity, rows: 3}
      - {asset: bronze_neo_events, share: 0.5}
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from neo_assets.lakehouse.report import DayReport
from neo_assets.settings import Settings, SettingsError

if TYPE_CHECKING:
    from neo_assets.lakehouse.rules import RuleSet


@dataclass(frozen=True)
class Tolerance:
    """How many rows of a day's newest snapshot may be dropped, as a number, as a share, or both.

    It is about one rule, or about all dropped rows where `rule` is none.
    """

    asset: str | None = None
    rule: str | None = None
    rows: int | None = None
    share: float | None = None

    def excess(self, report: DayReport) -> str | None:
        """What is above the tolerance, in words; nothing where all is within."""
        dropped = (
            report.snapshot_reasons.get(self.rule, 0) if self.rule else report.snapshot_dropped
        )
        share = dropped / report.snapshot_rows if report.snapshot_rows else 0.0
        by_rule = f" for {self.rule}" if self.rule else ""
        what = f"of the newest snapshot{by_rule} is above the tolerance"
        if self.share is not None and share > self.share:
            return f"{share:.0%} {what} of {self.share:.0%}"
        if self.rows is not None and dropped > self.rows:
            return f"{dropped} {what} of {self.rows}"
        return None


@dataclass(frozen=True)
class Quality:
    """The tolerances in force, and how the rules of the project are changed."""

    tolerances: Sequence[Tolerance]
    rules: Sequence["_RuleChange"] = ()

    def tolerances_of(self, asset: str) -> list[Tolerance]:
        """Those of an asset; one that names the asset and no rule stands in for the general one."""
        found = [tolerance for tolerance in self.tolerances if tolerance.asset == asset]
        if all(tolerance.rule for tolerance in found):
            found += [tolerance for tolerance in self.tolerances if tolerance.asset is None]
        return found

    def rule_set(self) -> "RuleSet":
        """The project's rules with what the configuration changes and adds.

        Raises:
            SettingsError: a new rule has no demand or no condition, a known one has another, or
                one that keeps the keys whole is to warn only.
        """
        # Loading the code location must not cost what loading Spark costs.
        from neo_assets.lakehouse.rules import KEPT_WHOLE, RULES, Rule, RuleSet

        rules = {rule.name: rule for rule in RULES}
        for change in self.rules:
            known = rules.get(change.name)
            if known and (change.condition or change.demand or change.column):
                raise SettingsError(
                    f"NEO_QUALITY_FILE: the rule {change.name} is one of the project, so that only "
                    "its action can be changed; give yours another name"
                )
            if change.name in KEPT_WHOLE and change.action == "warn":
                raise SettingsError(
                    f"NEO_QUALITY_FILE: the rule {change.name} keeps the keys of the tables whole; "
                    "its action can be drop or fail, not warn"
                )
            if known:
                rules[change.name] = replace(known, action=change.action)
            elif change.condition and change.demand:
                rules[change.name] = Rule(
                    change.name, change.demand, change.condition, change.column, change.action
                )
            else:
                raise SettingsError(
                    f"NEO_QUALITY_FILE: the rule {change.name} is new, so it needs a demand in "
                    "words and a condition in SQL"
                )
        return RuleSet(tuple(rules.values()))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RuleChange(_Strict):
    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    action: Literal["warn", "drop", "fail"]
    demand: str = ""
    condition: str = ""
    column: str = Field("", pattern="^[a-z0-9_]*$")


class _Limit(_Strict):
    asset: (
        Literal["raw_feed_files", "bronze_neo_events", "silver_neo_events", "gold_neo_fact"] | None
    ) = None
    rule: str | None = None
    rows: int | None = Field(None, ge=0)
    share: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _has_a_limit(self) -> "_Limit":
        if self.rows is None and self.share is None:
            raise ValueError("needs rows or share")
        return self


class _File(_Strict):
    rules: tuple[_RuleChange, ...] = ()
    tolerances: tuple[_Limit, ...] = ()


def quality(settings: Settings) -> Quality:
    """What is configured.

    Raises:
        SettingsError: the file cannot be read, or says what cannot be used, and where.
    """
    general = Tolerance(share=settings.neo_max_drop_share)
    if settings.neo_quality_file is None:
        return Quality((general,))
    content = _read(settings.neo_quality_file)
    limits = [Tolerance(**limit.model_dump()) for limit in content.tolerances]
    return Quality((general, *limits), content.rules)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        reason = error.strerror or str(error)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
    except ValidationError as error:
        reason = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
    raise SettingsError(f"NEO_QUALITY_FILE: {path}: {reason}")
