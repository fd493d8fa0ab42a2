"""Business and surrogate keys: the same inputs give the same keys on any machine, in any order.

The id of an approach is `close_approach_date|orbiting_body|designation`.  No other approach has the
same: the date has a fixed form and a rule keeps everything but letters out of the body.

A surrogate key is the first 60 bits of the SHA-256 of an id, a positive BIGINT that any tool can
compute again (in Python `int(hashlib.sha256(id.encode()).hexdigest()[:15], 16)`).  With a million
approaches the odds of any collision are below one in two million; should it happen, gold finds it
before it writes and says so.
"""

import re


def event_id(day: str, body: str, designation: str) -> str:
    """The id of an approach from its three parts, as an SQL expression of type STRING."""
    return f"concat_ws('|', date_format({day}, 'yyyy-MM-dd'), {body}, {designation})"


EVENT_ID = event_id("close_approach_date", "orbiting_body", "designation")

APPROACH_IDENTITY = (
    "struct(partition_date, designation, coalesce(close_approach_date, partition_date) AS date, "
    "coalesce(orbiting_body, 'Earth') AS body)"
)
"""The approach that a row of a day describes, valid or not, as an SQL expression.

A dropped row whose date or body cannot be read describes the approach listed there.
"""

IS_NUMBERED = "coalesce(startswith(neo_id, '2'), false)"
"""Whether a row is one of a numbered asteroid: their identifiers begin with 2."""

_ID_OF_NUMBERED = "^2[0-9]{6,7}$"

NUMBER = f"CASE WHEN neo_id RLIKE '{_ID_OF_NUMBERED}' THEN CAST(substring(neo_id, 2) AS INT) END"
"""Number of a numbered asteroid, else null: 887 in the identifier 2000887, or 20000887.

It ties the designations of one object together: NASA replaced 1918 DB by A918 AA, and 887 stayed.
"""


def number(neo_id: str | None) -> int | None:
    """The same, of an identifier in Python."""
    return int(neo_id[1:]) if neo_id and re.match(_ID_OF_NUMBERED, neo_id) else None


OBJECT = "struct(number, nvl2(number, NULL, designation) AS designation)"
"""An object by its `number`, or by its designation where that is null, as an SQL expression."""

UNKNOWN_KEY = -1
"""Key of a dimension's unknown member; no surrogate key is negative."""


def surrogate_key(identifier: str) -> str:
    """The surrogate key of an SQL expression, as an SQL expression of type BIGINT."""
    return f"CAST(conv(substring(sha2({identifier}, 256), 1, 15), 16, 10) AS BIGINT)"


def date_key(day: str) -> str:
    """A day as yyyymmdd, as an SQL expression of type INT."""
    return f"CAST(date_format({day}, 'yyyyMMdd') AS INT)"
