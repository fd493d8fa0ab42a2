"""The rules and tolerances in force, by the settings and the quality file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.report import DayReport
from neo_assets.quality.quality_file import QualityFile, RuleChange
from neo_assets.settings import Settings
from neo_assets.sources import registry

if TYPE_CHECKING:
    from neo_assets.lakehouse.model.rules import RuleSet


@dataclass(frozen=True)
class Tolerance:
    """How many rows of a day's newest snapshot may be dropped, as a number, as a share, or both.

    It is about one rule, or about all dropped rows where `rule` is none.
    """

    asset: str | None = None
    rule: str | None = None
    rows: int | None = None
    share: float | None = None
    is_of_action: bool = False
    """Whether it is there because the action of the rule is `fail`: then it tolerates no row."""

    def excess(self, report: DayReport) -> str | None:
        """Describe what exceeds the tolerance; empty if nothing does."""
        dropped = (
            report.snapshot_reasons.get(self.rule, 0) if self.rule else report.snapshot_dropped
        )
        if self.is_of_action and dropped:
            return f"{dropped} of the newest snapshot for {self.rule}, whose action is fail"
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
    rules: Sequence[RuleChange] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """Where the condition of each new rule is, such as `quality.yaml, line 7`."""

    def tolerances_of(self, asset: str) -> list[Tolerance]:
        """Return the tolerances of an asset; its own without a rule replaces the general one."""
        found = [tolerance for tolerance in self.tolerances if tolerance.asset == asset]
        if all(tolerance.rule for tolerance in found):
            found += [tolerance for tolerance in self.tolerances if tolerance.asset is None]
        failing = (
            change.name
            for change in self.rules
            if change.action == "fail" and asset == _dataset_of(change).tables.silver.name
        )
        return found + [Tolerance(asset, name, rows=0, is_of_action=True) for name in failing]

    def rule_set(self, dataset: Dataset) -> "RuleSet":
        """The rules of a dataset with what the configuration changes and adds."""
        from neo_assets.lakehouse.model.rules import Rule, RuleSet

        rules = {rule.name: rule for rule in dataset.rules}
        for change in self.rules:
            if _dataset_of(change) != dataset:
                continue
            known = rules.get(change.name)
            rules[change.name] = (
                replace(known, action=change.action)
                if known
                else Rule(
                    change.name,
                    change.demand,
                    change.condition,
                    change.column,
                    change.action,
                    self.places.get(change.name, ""),
                )
            )
        return RuleSet(tuple(rules.values()))


def quality(settings: Settings) -> Quality:
    """Return the configured quality; the file is read and validated as a whole.

    Raises:
        SettingsError: the file cannot be read, or says what cannot be used, and in which line.
    """
    general = Tolerance(share=settings.neo_max_drop_share)
    if settings.neo_quality_file is None:
        return Quality((general,))
    file = QualityFile.read(settings.neo_quality_file)
    for number, _ in enumerate(file.content.rules):
        _check_rule(file, number)
    for number, _ in enumerate(file.content.tolerances):
        _check_limit(file, number)
    limits = [Tolerance(**limit.model_dump()) for limit in file.content.tolerances]
    places = {
        change.name: file.place(("rules", number, "condition"))
        for number, change in enumerate(file.content.rules)
        if change.condition
    }
    return Quality((general, *limits), file.content.rules, places)


def _check_rule(file: QualityFile, number: int) -> None:
    """See that an entry of `rules` changes a rule of the project, or is a whole one of its own."""
    rule, place = file.content.rules[number], ("rules", number)
    silver = [dataset.tables.silver.name for dataset in registry.all_datasets()]
    if rule.asset and rule.asset not in silver:
        raise file.error((*place, "asset"), f"{rule.asset} has no rules{_hint(rule.asset, silver)}")
    dataset = _dataset_of(rule)
    if (rule.name, dataset) in [
        (other.name, _dataset_of(other)) for other in file.content.rules[:number]
    ]:
        raise file.error((*place, "name"), f"the rule {rule.name} is there twice")
    known = next((known for known in dataset.rules if known.name == rule.name), None)
    if known and (rule.condition or rule.demand or rule.column):
        raise file.error(
            (*place, "name"),
            f"the rule {rule.name} is one of the project, so that only its action can be changed; "
            "give yours another name",
        )
    if known and known.keeps_key and rule.action == "warn":
        raise file.error(
            (*place, "action"),
            f"the rule {rule.name} keeps the keys of the tables whole; its action can be drop or "
            "fail, not warn",
        )
    if known:
        return
    if not (rule.condition.strip() and rule.demand.strip()):
        raise file.error(
            place, f"the rule {rule.name} is new, so it needs a demand and a condition"
        )
    _check_condition(file, number)


def _check_condition(file: QualityFile, number: int) -> None:
    # It takes a while to load, and most files have no condition.
    from neo_assets.quality.conditions import problem

    rule, place = file.content.rules[number], ("rules", number)
    dataset = _dataset_of(rule)
    if found := problem(dataset, rule.condition):
        raise file.error(
            (*place, "condition"), f"the rule {rule.name}: {found.reason}", found.fragment
        )
    columns = [column.name for column in dataset.columns]
    if rule.column and rule.column not in columns:
        raise file.error(
            (*place, "column"),
            f"the rule {rule.name}: there is no column {rule.column}{_hint(rule.column, columns)}",
        )


def _check_limit(file: QualityFile, number: int) -> None:
    """See that an entry of `tolerances` can ever apply: that its rows may be dropped at all."""
    from neo_assets.lakehouse.model.rules import REASONS_WITHOUT_RULE

    limit, place = file.content.tolerances[number], ("tolerances", number)
    datasets = registry.all_datasets()
    by_asset = {
        table.name: dataset
        for dataset in datasets
        for table in (dataset.tables.bronze, dataset.tables.silver)
    }
    if limit.asset and limit.asset not in by_asset:
        hint = _hint(limit.asset, list(by_asset))
        raise file.error(
            (*place, "asset"), f"{limit.asset} drops no rows, so it never applies{hint}"
        )
    limited = [by_asset[limit.asset]] if limit.asset else datasets
    actions = {rule.name: rule.action for dataset in limited for rule in dataset.rules} | {
        change.name: change.action
        for change in file.content.rules
        if _dataset_of(change) in limited
    }
    if limit.rule is None or limit.rule in REASONS_WITHOUT_RULE:
        return
    if limit.rule not in actions:
        hint = _hint(limit.rule, [*actions, *REASONS_WITHOUT_RULE])
        raise file.error((*place, "rule"), f"there is no rule {limit.rule}{hint}")
    if actions[limit.rule] == "warn":
        raise file.error(
            (*place, "rule"),
            f"the rule {limit.rule} only warns, so no row is dropped for it: give it the action "
            "drop, or leave the tolerance out",
        )
    if limit.asset == limited[0].tables.bronze.name:
        silver = limited[0].tables.silver.name
        raise file.error(
            (*place, "rule"),
            f"{limit.rule} is a rule of {silver}, so it never applies to {limit.asset}",
        )


def _dataset_of(rule: RuleChange) -> Dataset:
    """The dataset that an entry of `rules` is about."""
    first, *others = registry.all_datasets()
    return next((each for each in others if each.tables.silver.name == rule.asset), first)


def _hint(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
