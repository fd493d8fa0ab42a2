"""The designation in a name, which identifies an object whatever else it is called.

An asteroid's name ends with its designation in parentheses: `433 Eros (A898 PA)`, `(2005 YQ96)`.
A comet's begins with it, and the parentheses have the discoverer: `C/2014 S2 (PANSTARRS)`.  A comet
or interstellar object that has a number is written with the number alone: `1P/Halley`,
`1P/1982 U1 (Halley)` and `2I/Borisov` are 1P and 2I.

A fragment of a comet is an object of its own: 73P-B, C/2001 A2-A, D/1993 F2-P1.  JPL puts the
letter of a numbered one behind the name, as in `73P/Schwassmann-Wachmann 3-B`.

The forms are those of the Minor Planet Center and of JPL's Small-Body Database.
"""

from neo_assets.lakehouse.model.blanks import trimmed

_FRAGMENT = "-[A-Z]{1,2}[0-9]*"
_NUMBERED = f"[0-9]+[PDI]({_FRAGMENT})?"
_PROVISIONAL = f"[CPDXAI]/-?[0-9]{{1,4}} ?[A-Z]+[0-9]*({_FRAGMENT})?"

COMET = f"^({_NUMBERED}|{_PROVISIONAL})([^A-Za-z0-9-]|$)"
"""A name that begins with the designation of a comet or interstellar object, its first group."""

FRAGMENT_BEHIND_NAME = "^([0-9]+[PD])/.*[- ]([A-Z]{1,2})$"
"""A numbered comet's name with the letter of a fragment behind it; the groups are both."""

IN_PARENTHESES = "[(]([^()]*)[)][^()]*$"
"""What is in the last parentheses of a name, as the first group."""


def designation(name: str) -> str:
    """The designation in a name: an SQL expression for one, null where the name is null or empty.

    A name that has neither form is its own designation.
    """
    of_comet = f"regexp_extract(regexp_replace({name}, '{FRAGMENT_BEHIND_NAME}', '$1-$2'), "
    in_parentheses = f"regexp_extract({name}, '{IN_PARENTHESES}', 1)"
    return (
        f"coalesce(nullif({of_comet}'{COMET}', 1), ''), "
        f"{trimmed(in_parentheses)}, "
        f"nullif({name}, ''))"
    )
