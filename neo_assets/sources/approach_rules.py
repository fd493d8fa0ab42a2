"""Rules that close approaches have to meet whichever service lists them."""

from neo_assets.lakehouse.model.rules import Rule

UNREADABLE_DATE = Rule(
    "unreadable_date",
    "has a date of approach that can be read",
    "close_approach_date IS NOT NULL",
    "close_approach_date",
    keeps_key=True,
)
DATE_MISMATCH = Rule(
    "date_mismatch",
    "was listed under its own date of approach",
    "close_approach_date IS NULL OR close_approach_date = feed_date",
    "close_approach_date",
    keeps_key=True,
)
INVALID_VELOCITY = Rule(
    "invalid_velocity",
    "has a relative velocity that is a number above zero",
    "relative_velocity_km_s > 0",
    "relative_velocity_km_s",
)
INVALID_ORBITING_BODY = Rule(
    "invalid_orbiting_body",
    "names the body it approaches, in letters",
    "orbiting_body RLIKE '^[A-Za-z]+$'",
    "orbiting_body",
    keeps_key=True,
)
UNREADABLE_TIME = Rule(
    "unreadable_time",
    "has a minute of approach that can be read",
    "close_approach_at IS NOT NULL",
    "close_approach_at",
    action="warn",
)
