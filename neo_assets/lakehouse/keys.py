"""Business and surrogate keys: the same inputs give the same keys on any machine, in any order.

The id of an approach is `close_approach_date|orbiting_body|designation`.  No other approach has the
same: the date has a fixed form and a rule keeps everything but letters out of the body.

A surrogate key is the first 60 bits of the SHA-256 of an id, a positive BIGINT that any tool can
compute again (in Python `int(hashlib.sha256(id.encode()).hexdigest()[:15], 16)`).  With a million
approaches the odds of any collision are below one in two million; `duplicate_count` on gold would
report it.
"""

EVENT_ID = (
    "concat_ws('|', date_format(close_approach_date, 'yyyy-MM-dd'), orbiting_body, designation)"
)


def surrogate_key(identifier: str) -> str:
    """The surrogate key of an SQL expression, as an SQL expression of type BIGINT."""
    return f"CAST(conv(substring(sha2({identifier}, 256), 1, 15), 16, 10) AS BIGINT)"
