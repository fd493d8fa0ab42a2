"""Whether Spark can apply the conditions of configured rules, asked before any rule is applied."""

from __future__ import annotations

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.rule_expressions import broken
from neo_assets.lakehouse.model.rules import Rule, RuleSet
from neo_assets.lakehouse.request import StageError


class RuleError(StageError):
    """A rule cannot be applied; the message names it and says why."""


def require_applicable(dataset: Dataset, rule_set: RuleSet, typed: DataFrame) -> None:
    """Apply the configured rules to typed rows, without running anything.

    Raises:
        RuleError: Spark cannot apply one of them; with its place and Spark's reason.
    """
    for rule in rule_set.rules:
        if rule in dataset.rules or (reason := _why_not(dataset, rule, typed)) is None:
            continue
        place = f"NEO_QUALITY_FILE: {rule.place}: " if rule.place else ""
        raise RuleError(f"{place}the rule {rule.name}: {reason}")


def _why_not(dataset: Dataset, rule: Rule, typed: DataFrame) -> str | None:
    """Return why Spark cannot apply a rule; None if it can."""
    try:
        # Beside a column, an aggregate is refused as well.
        met = typed.select("feed_date", F.expr(rule.condition).alias("is_met"))
        if met.dtypes[1][1] not in ("boolean", "void"):
            return "it is neither true nor false"
        _ = typed.select("feed_date", F.expr(broken(dataset, [rule]))).dtypes
    except AnalysisException as error:
        return next(line for line in str(error).splitlines() if line.strip())
    return None
