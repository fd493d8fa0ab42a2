"""Which rules a row breaks, as SQL expressions over the typed columns of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neo_assets.lakehouse.model.dataset import Dataset
from neo_assets.lakehouse.model.rules import Rule


def broken(dataset: Dataset, rules: Sequence[Rule]) -> str:
    """The names of those rules that a row breaks, as an SQL expression of type ARRAY<STRING>."""
    return _for_broken(dataset, rules, lambda rule: f"'{rule.name}'")


def findings(dataset: Dataset, rules: Sequence[Rule]) -> str:
    """The same, each with what was sent: `invalid_velocity: relative_velocity_km_s = 0`."""
    return _for_broken(dataset, rules, lambda rule: _finding(dataset, rule))


def _for_broken(dataset: Dataset, rules: Sequence[Rule], value: Callable[[Rule], str]) -> str:
    cases = ", ".join(
        f"CASE WHEN {_is_met(dataset, rule)} THEN NULL ELSE {value(rule)} END" for rule in rules
    )
    return f"array_compact(array({cases}))" if rules else "CAST(array() AS ARRAY<STRING>)"


def _is_met(dataset: Dataset, rule: Rule) -> str:
    """Whether a row meets a rule, as an SQL expression that is never null.

    A configured condition may raise for some rows, by a cast or a division: those do not meet it.
    Spark has no `try` for any expression, but `try_to_binary` returns null when its argument
    raises.  The CASE keeps Spark from evaluating a part that conditions share in advance, outside.
    """
    if rule.condition in dataset.conditions:
        return f"coalesce({rule.condition}, false)"
    guarded = f"CASE WHEN feed_date IS NOT NULL THEN ({rule.condition}) END"
    return f"coalesce(try_to_binary(string({guarded}), 'utf-8') = X'{b'true'.hex()}', false)"


def _finding(dataset: Dataset, rule: Rule) -> str:
    path = dataset.paths.get(rule.column)
    if not path:
        return f"'{rule.name}'"
    value = f"coalesce(try_variant_get(payload, '$.{path}', 'string'), 'missing')"
    return f"concat('{rule.name}: {rule.column} = ', {value})"
