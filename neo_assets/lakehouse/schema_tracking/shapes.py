"""What a type says, in the words of Spark's `schema_of_variant`: the fields in it, by their paths.

A path is `a.b[].c`: field `c` of the elements of the array `b` in `a`.

Types are read here because nothing else reads them: `schema_of_variant` writes `OBJECT<…>`, which
Spark's own parser does not know.  It takes less than a millisecond for each shape.
"""

import re
from collections.abc import Collection

ROOT = ""
ELEMENT = "[]"

_TOKEN = re.compile(r"`(?:[^`]|``)*`|[<>,:]|[^<>,:`\s(]+(?:\([^)]*\))?")
_STEP = re.compile(r"`(?:[^`]|``)*`|\[\]|[^.\[`]+")
_TYPES = {
    **dict.fromkeys(("BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "NUMBER"), "number"),
    "VOID": "null",
    # Spark's name for the type of array elements that have no type in common.
    "VARIANT": "mixed",
}
TYPE_NAMES = frozenset({"array", "boolean", "mixed", "number", "object", "string"})
"""The types that a tracked field can have; null is of any."""


def fields_of(shape: str) -> dict[str, str]:
    """The fields in a type, each path with its type; a parent comes before its fields."""
    found: dict[str, str] = {}
    # Not by recursion: an object may be nested deeper than Python can call.
    holders: list[str] = []
    path, word, is_name = ROOT, "", False
    for token in _TOKEN.findall(shape):
        if token == "<":
            holders.append(path)
            path, is_name = path + ELEMENT, word != "ARRAY"
        elif token == ">":
            path, is_name = holders.pop(), False
        elif token in ",:":
            is_name = token == ","
        elif is_name:
            path = f"{holders[-1]}.{token}" if holders[-1] else token
        else:
            word = token.partition("(")[0]
            found[path] = _TYPES.get(word, word.lower())
    del found[ROOT]
    return found


def steps_of(path: str) -> list[str | None]:
    """The steps to a field: names as the API gave them, and None for the elements of an array."""
    return [None if step == ELEMENT else _unquoted(step) for step in _STEP.findall(path)]


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def parent_of(path: str) -> str:
    """The path of what holds this field, empty for a topmost one."""
    last = _STEP.findall(path)[-1]
    return path.removesuffix(last).removesuffix("." if last != ELEMENT else "")


def holder_of(path: str) -> str:
    """The type that the parent of this field has where the field can be."""
    return "array" if path.endswith(ELEMENT) else "object"


def is_below(path: str, places: Collection[str]) -> bool:
    """Whether the field is inside the value at one of these paths."""
    return any(path.startswith((f"{place}.", f"{place}{ELEMENT}")) for place in places)
