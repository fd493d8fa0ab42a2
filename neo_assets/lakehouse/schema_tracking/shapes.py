"""What a type says, in the words of Spark's `schema_of_variant`: the fields in it, by their paths.

A path is `a.b[].c`: field `c` of the elements of the array `b` in `a`.
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
    # Spark's word for elements of an array that have no type in common.
    "VARIANT": "mixed",
}


def fields_of(shape: str) -> dict[str, str]:
    """The fields in a type, each path with its type; a parent comes before its fields."""
    tokens = _TOKEN.findall(shape)
    found: dict[str, str] = {}

    def read(at: int, path: str) -> int:
        """Read the type that begins at a token; the place of the token after it."""
        word = tokens[at].partition("(")[0]
        found[path] = _TYPES.get(word, word.lower())
        at += 1
        if tokens[at : at + 1] != ["<"]:
            return at
        if word == "ARRAY":
            return read(at + 1, path + ELEMENT) + 1
        while tokens[at] != ">" and tokens[at + 1] != ">":
            # The token before a name opens or separates, the one after it is the colon.
            at = read(at + 3, f"{path}.{tokens[at + 1]}" if path else tokens[at + 1])
        return at + 1 if tokens[at] == ">" else at + 2

    read(0, ROOT)
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
    """Whether the field is inside what stands at one of these paths."""
    return any(path.startswith((f"{place}.", f"{place}{ELEMENT}")) for place in places)
