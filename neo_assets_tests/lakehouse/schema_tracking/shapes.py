"""Types of objects, as values that can be drawn, written as Spark writes them, and exemplified."""

from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st

LEAVES = {
    "STRING": "text",
    "BIGINT": 1,
    "DECIMAL(4,2)": 0.25,
    "DOUBLE": 1e-7,
    "BOOLEAN": True,
    "VOID": None,
    "VARIANT": None,
}


def types(
    leaves: Collection[str], names: st.SearchStrategy[str], max_leaves: int
) -> st.SearchStrategy[Any]:
    """Types: a name, a pair of ARRAY and a type, or types by the names of fields."""
    return st.recursive(
        st.sampled_from(sorted(leaves)),
        lambda inner: st.one_of(
            st.tuples(st.just("ARRAY"), inner), st.dictionaries(names, inner, max_size=4)
        ),
        max_leaves=max_leaves,
    )


def written(value: Any) -> str:
    """A type as `schema_of_variant` writes it."""
    if isinstance(value, dict):
        return f"OBJECT<{', '.join(f'{_quoted(k)}: {written(v)}' for k, v in value.items())}>"
    return f"ARRAY<{written(value[1])}>" if isinstance(value, tuple) else str(value)


def example_of(value: Any) -> Any:
    """A value of a type."""
    if isinstance(value, dict):
        return {name: example_of(inner) for name, inner in value.items()}
    return [example_of(value[1])] if isinstance(value, tuple) else LEAVES[value]


def _quoted(name: str) -> str:
    is_bare = name.isascii() and name.isidentifier()
    return name if is_bare else "`" + name.replace("`", "``") + "`"
