"""Every table once: its schema, what one row and one value is, how a value is derived.

DDL, column comments and the column metadata in Dagster all come from here.
"""

from dataclasses import dataclass, field

from neo_assets.lakehouse.model import bands, keys
from neo_assets.lakehouse.report import RowClass

SOURCE_FILE = "source_file"
"""The column with the event file that a row came from, by its identity: see `event_files.py`."""

SOURCE_FILE_FORM = "neo.source_file"
"""Property of a table that says how `source_file` is written; absolute paths have none."""


@dataclass(frozen=True)
class Column:
    """One column; `derivation` is the SQL expression that fills it, where there is a single one.

    `path` is where the value is in an object as its source gives it, and `unit` the unit it is in,
    of a time the time scale where that is not UTC.
    `initial` is the SQL expression for its value in the rows of an older table that lacks the
    column; without one it is null.  `meanings` says what each value means, where there are few.
    """

    name: str
    type: str
    comment: str
    derivation: str = ""
    path: str = ""
    initial: str = ""
    unit: str = ""
    meanings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """One table; `comment` says what one row is, `key` which columns tell its rows apart.

    `day_column` holds the day of a row; it is empty where rows belong to no day.  `features` are
    the properties by which Delta is asked for more than it does by itself.  `primary_key` are the
    columns that other tables join by, and `references` the tables that columns of this one lead to,
    where these have the column as their primary key.
    """

    name: str
    comment: str
    day_column: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    partitioned_by: tuple[str, ...] = ()
    features: dict[str, str] = field(default_factory=dict, hash=False)
    primary_key: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def properties(self) -> dict[str, str]:
        """Delta's properties of the table.

        Of each file the bounds are kept for the day, by which files are skipped, and for no other
        column: for all columns they would be a third of what a write costs.
        """
        stats = {"delta.dataSkippingStatsColumns": self.day_column} if self.day_column else {}
        return {**self.features, **stats, **self.form}

    @property
    def form(self) -> dict[str, str]:
        """The properties that say how values are written, where earlier versions did otherwise."""
        return {SOURCE_FILE_FORM: "identity"} if SOURCE_FILE in self.column_names else {}

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def meanings(self, column: str) -> dict[str, str]:
        """What each value of a column means, in order; empty where it may have any value."""
        return dict(next(each.meanings for each in self.columns if each.name == column))


def enumeration(name: str, meanings: tuple[tuple[str, str], ...], derivation: str = "") -> Column:
    """A column of few values: what each means is its description."""
    comment = "; ".join(f"`{value}`: {meaning}" for value, meaning in meanings)
    return Column(name, "STRING", f"{comment}.", derivation, meanings=meanings)


APPROACH_COLUMNS = (
    Column(
        "designation",
        "STRING",
        "Designation of the object: what a comet's name begins with, what is in the last "
        "parentheses of any other name, else the name; unlike `neo_id` it stays when an asteroid "
        "is numbered.",
    ),
    Column(
        "close_approach_date",
        "DATE",
        "Day of the closest approach (TDB, which is 69 s ahead of UTC).",
    ),
    Column(
        "orbiting_body",
        "STRING",
        "Body that is approached; in this feed the Earth.",
    ),
    Column(
        "neo_id",
        "STRING",
        "Identifier of the object in the feed; changes when an asteroid is numbered.",
    ),
    Column(
        "name",
        "STRING",
        "Name of the object as NASA writes it.",
    ),
    Column(
        "close_approach_at",
        "TIMESTAMP",
        "Minute of the closest approach, in TDB as JPL gives it, not shifted to UTC; null in "
        "answers of 2015-2018, which give the day only.",
        unit="TDB",
    ),
    Column(
        "miss_distance_km",
        "DOUBLE",
        "Smallest distance between the centres of both bodies, in km.",
        unit="km",
    ),
    Column(
        "miss_distance_lunar",
        "DOUBLE",
        "The same in lunar distances; the feed counts 389 to the astronomical unit.",
        unit="LD",
    ),
    Column(
        "miss_distance_au",
        "DOUBLE",
        "The same in astronomical units, which the feed takes for 149,597,870 km.",
        unit="au",
    ),
    Column(
        "relative_velocity_km_s",
        "DOUBLE",
        "Velocity relative to the body at the closest approach, in km/s.",
        unit="km/s",
    ),
    Column(
        "absolute_magnitude_h",
        "DOUBLE",
        "Absolute magnitude H of the object; smaller is brighter and larger.",
        unit="mag",
    ),
    Column(
        "estimated_diameter_min_m",
        "DOUBLE",
        "Smallest diameter in metres: 1329 km / √0.25 · 10^(-H/5), an albedo of 0.25.",
        unit="m",
    ),
    Column(
        "estimated_diameter_max_m",
        "DOUBLE",
        "Largest diameter in metres: √5 times the smallest, an albedo of 0.05.",
        unit="m",
    ),
    Column(
        "is_potentially_hazardous",
        "BOOLEAN",
        "Whether the object, not this approach, is potentially hazardous: its orbit comes within "
        "0.05 au of the Earth's and H is at most 22.",
    ),
    Column(
        "is_sentry_object",
        "BOOLEAN",
        "Whether JPL's Sentry watches the object; null if the response does not say.",
    ),
)
"""What a close approach is, in silver and gold alike, whichever source fills it in."""

FURTHER_COLUMNS = (
    Column(
        "miss_distance_min_au",
        "DOUBLE",
        "The distance that the approach is not below, by three standard deviations, in au, as "
        "JPL's close-approach data have it; null where they do not list it with the same key.",
        "CAST(NULL AS DOUBLE)",
        unit="au",
    ),
    Column(
        "miss_distance_max_au",
        "DOUBLE",
        "The distance that it is not above, from the same source.",
        "CAST(NULL AS DOUBLE)",
        unit="au",
    ),
    Column(
        "time_uncertainty_minutes",
        "INT",
        "Three standard deviations of the time of the approach, in minutes, from the same source; "
        "1 where it is less.",
        "CAST(NULL AS INT)",
        unit="min",
    ),
    Column(
        "velocity_at_infinity_km_s",
        "DOUBLE",
        "Velocity relative to a body without mass, in km/s, from the same source; null where the "
        "object is bound.",
        "CAST(NULL AS DOUBLE)",
        unit="km/s",
    ),
)
"""What another source adds to an approach in gold."""

_APPROACH_BY_NAME = {column.name: column for column in APPROACH_COLUMNS}

BUSINESS_KEY = ("designation", "close_approach_date", "orbiting_body")
"""The columns that tell two approaches apart."""


def history_columns(noun: str) -> tuple[Column, ...]:
    """When what a row describes was first seen, and when it last changed."""
    return (
        Column(
            "first_seen_at", "TIMESTAMP", f"When the {noun} was first fetched (UTC); never moves."
        ),
        Column(
            "last_changed_at",
            "TIMESTAMP",
            "When the snapshot was fetched that last changed a value of the row, withdrew it or "
            "brought it back (UTC).",
        ),
    )


def withdrawn_column(noun: str) -> Column:
    """Whether what a row describes is no longer listed."""
    return Column(
        "is_withdrawn",
        "BOOLEAN",
        f"Whether the newest snapshot of the day no longer has the {noun}.",
        f"classification = '{RowClass.WITHDRAWN}'",
    )


HISTORY_COLUMNS = history_columns("approach")

CHANGE_DATA_FEED = {"delta.enableChangeDataFeed": "true"}

_NEO_EVENT_KEY = Column(
    "neo_event_key",
    "BIGINT",
    "Surrogate key of the approach: 60 bits of the SHA-256 of `neo_event_id`.",
    keys.surrogate_key(keys.EVENT_ID),
)
_NEO_EVENT_ID = Column(
    "neo_event_id",
    "STRING",
    "Business key of the approach: close_approach_date|orbiting_body|designation.",
    keys.EVENT_ID,
)
_NEO_KEY = Column(
    "neo_key",
    "BIGINT",
    "Surrogate key of the object: 60 bits of the SHA-256 of its designation.",
    keys.surrogate_key("designation"),
)
_DATE_KEY = Column(
    "date_key",
    "INT",
    "Day of the closest approach as yyyymmdd.",
    keys.date_key("close_approach_date"),
)

_SOURCE_FILE = Column(
    SOURCE_FILE,
    "STRING",
    "Event file the row came from: the folder of its day and its name, wherever the landing zone "
    "is.",
)

_LINEAGE_COLUMNS = (
    Column("partition_date", "DATE", "Day of the feed under which the row was listed."),
    Column("snapshot_id", "STRING", "Snapshot the row came from."),
    _SOURCE_FILE,
    Column("run_id", "STRING", "Run that brought the row into bronze."),
)
_REASONS = Column("reasons", "ARRAY<STRING>", "The rules the row breaks; empty for a valid row.")
_FINDINGS = Column(
    "findings", "ARRAY<STRING>", "The same rules, each with the value that the feed sent."
)
_PAYLOAD = Column(
    "payload", "STRING", "The dropped object as JSON text, or the line that could not be read."
)

QUARANTINE_KEY = ("partition_date", "source_file", "content_hash", "repeat")
"""Which row of the quarantine is which."""


@dataclass(frozen=True)
class DatasetTables:
    """The tables that one dataset is kept in, from the lines of its event files to silver."""

    bronze: Table
    rescued_data: Table
    versions: Table
    silver: Table
    quarantine: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """All of them, upstream first."""
        return (self.bronze, self.rescued_data, self.versions, self.silver, self.quarantine)


def dataset_tables(
    name: str,
    rows: str,
    columns: tuple[Column, ...],
    comment: str,
    *,
    noun: str,
    rescued_data: str = "",
    bronze: str = "",
    silver: str = "",
) -> DatasetTables:
    """The tables of a dataset, named after it: `silver_neo_events` and those beside it.

    `comment` says what one row of silver is, and `noun` what it describes.  A table that cannot be
    named after the dataset has its own name.
    """
    events = silver or f"silver_{name}_{rows}"
    return DatasetTables(
        _bronze_table(bronze or f"bronze_{name}_{rows}"),
        _rescued_data_table(rescued_data or f"bronze_{name}_rescued_data"),
        _versions_table(f"silver_{name}_versions", columns, noun),
        Table(
            events,
            comment,
            "partition_date",
            (*columns, *history_columns(noun), *_LINEAGE_COLUMNS),
            features=CHANGE_DATA_FEED,
        ),
        _quarantine_table(f"silver_{name}_quarantine"),
    )


def _bronze_table(name: str) -> Table:
    return Table(
        name,
        "One row is one line of an event file: an object as one snapshot of a day gave it.",
        "feed_date",
        (
            Column("feed_date", "DATE", "Day of the feed under which the object was listed."),
            Column("source", "STRING", "Who answered, such as `nasa` or `simulator`."),
            Column("fetched_at", "TIMESTAMP", "When the snapshot was fetched (UTC)."),
            Column(
                "snapshot_id",
                "STRING",
                "Snapshot of the day; in order of names the snapshots are in order of time.",
            ),
            Column(
                "payload",
                "VARIANT",
                "The object as the API gave it, keys scrubbed; null in the single row of a "
                "snapshot without objects, and for an unreadable line.",
            ),
            Column(
                "unreadable_line",
                "STRING",
                "The text of a line that is no JSON, no event, nested too deeply, or has too many "
                "fields; else null.",
            ),
            _SOURCE_FILE,
            Column("run_id", "STRING", "Run that brought the row in."),
            Column("ingested_at", "TIMESTAMP", "When the row was brought in (UTC)."),
        ),
        features={"delta.appendOnly": "true"},
    )


def _rescued_data_table(name: str) -> Table:
    return Table(
        name,
        "One row is one row of bronze that has what the tracked schema does not allow, and that "
        "alone.",
        "feed_date",
        (
            Column("feed_date", "DATE", "Day of the feed under which the object was listed."),
            Column("snapshot_id", "STRING", "Snapshot the object came from."),
            _SOURCE_FILE,
            Column(
                "content_hash",
                "STRING",
                "SHA-256 of the whole object; silver has the same for an object of one row.",
            ),
            Column(
                "rescued_fields",
                "ARRAY<STRING>",
                "Paths of the fields that are unknown or mistyped.",
            ),
            Column("rescued_data", "STRING", "Their values as JSON, by path."),
        ),
    )


def _versions_table(name: str, columns: tuple[Column, ...], noun: str) -> Table:
    return Table(
        name,
        f"One row is one {noun} of a row of bronze, typed, checked and classified: why it is in "
        "silver, or not.",
        "partition_date",
        (
            *_LINEAGE_COLUMNS,
            Column(
                "classification",
                "STRING",
                f"One of {', '.join(f'`{each}`' for each in RowClass)}.",
            ),
            _REASONS,
            _FINDINGS,
            Column("warnings", "ARRAY<STRING>", "The rules the row breaks without being dropped."),
            Column(
                "is_in_newest_snapshot", "BOOLEAN", "Whether the newest snapshot holds the row."
            ),
            Column("fetched_at", "TIMESTAMP", "When the snapshot of the row was fetched (UTC)."),
            Column(
                "previous_fetched_at",
                "TIMESTAMP",
                "When the day's snapshot before it was fetched (UTC); null in the first.",
            ),
            Column(
                "next_fetched_at",
                "TIMESTAMP",
                "When the day's snapshot after it was fetched (UTC); null in the newest.",
            ),
            Column(
                "is_word",
                "BOOLEAN",
                f"Whether the row is its snapshot's word on the {noun}: the best of those with "
                "its key, a valid one before a dropped one.",
            ),
            Column(
                "is_last_good",
                "BOOLEAN",
                f"Whether this is the last valid version of its {noun}, the one gold carries.",
            ),
            Column(
                "content_hash",
                "STRING",
                f"SHA-256 of the object with this {noun} alone, whatever the order of fields.",
            ),
            *columns,
            *history_columns(noun),
            _PAYLOAD,
        ),
    )


def _quarantine_table(name: str) -> Table:
    return Table(
        name,
        "One row is one row of bronze that was dropped, with the reasons, its content and what "
        "happened to it; it stays when a changed rule lets the row through.",
        "partition_date",
        (
            *_LINEAGE_COLUMNS,
            Column(
                "status",
                "STRING",
                "`open`; `replayed` when the row now goes through; `discarded` by a decision, "
                "which applies again if the row is dropped again.",
            ),
            _REASONS,
            _FINDINGS,
            Column("rule_set", "STRING", "Version of the rules that dropped the row."),
            Column(
                "content_hash", "STRING", "SHA-256 of the row, whatever the order of its fields."
            ),
            Column("repeat", "INT", "Number of the row among those of its file that say the same."),
            Column("first_seen_at", "TIMESTAMP", "When the day was first answered with it (UTC)."),
            Column("last_seen_at", "TIMESTAMP", "When the day was last answered with it (UTC)."),
            Column(
                "status_note",
                "STRING",
                "Who discarded the row, and why; null if it was not discarded.",
            ),
            _PAYLOAD,
        ),
    )


NEO_TABLES = dataset_tables(
    "neo",
    "events",
    APPROACH_COLUMNS,
    "One row is one close approach of the newest snapshot of its day, valid and without repeats.",
    noun="approach",
    rescued_data="bronze_rescued_data",
)
"""The close approaches, which gold is made of."""

BRONZE_NEO_EVENTS = NEO_TABLES.bronze
BRONZE_RESCUED_DATA = NEO_TABLES.rescued_data
SILVER_NEO_VERSIONS = NEO_TABLES.versions
SILVER_NEO_EVENTS = NEO_TABLES.silver
SILVER_NEO_QUARANTINE = NEO_TABLES.quarantine


GOLD_NEO_FACT = Table(
    "gold_neo_fact",
    "One row is one close approach, in its last valid version, with bands and surrogate keys.",
    "close_approach_date",
    (
        _NEO_EVENT_KEY,
        _NEO_EVENT_ID,
        _NEO_KEY,
        _DATE_KEY,
        *APPROACH_COLUMNS,
        Column(
            "close_approach_year",
            "INT",
            "Year of the closest approach.",
            "year(close_approach_date)",
        ),
        Column(
            "close_approach_month",
            "INT",
            "Month of the closest approach, 1 to 12.",
            "month(close_approach_date)",
        ),
        Column(
            "size_band",
            "STRING",
            bands.SIZE.description,
            bands.SIZE.expression("sqrt(estimated_diameter_min_m * estimated_diameter_max_m)"),
        ),
        Column(
            "velocity_band",
            "STRING",
            bands.VELOCITY.description,
            bands.VELOCITY.expression("relative_velocity_km_s"),
        ),
        Column(
            "distance_band",
            "STRING",
            bands.DISTANCE.description,
            bands.DISTANCE.expression("miss_distance_lunar"),
        ),
        Column(
            "risk_band",
            "STRING",
            bands.RISK_DESCRIPTION,
            bands.risk_expression(
                "size_band",
                "distance_band",
                "miss_distance_lunar",
                "is_potentially_hazardous",
                "is_sentry_object",
            ),
        ),
        *HISTORY_COLUMNS,
        withdrawn_column("approach"),
        *FURTHER_COLUMNS,
    ),
    # With the id, so that two approaches with the same surrogate key never pass for one.
    key=("neo_event_key", "neo_event_id"),
    partitioned_by=("close_approach_year", "close_approach_month"),
    features=CHANGE_DATA_FEED,
    primary_key=("neo_event_key",),
    references={"date_key": "gold_dim_date"},
)

NEO_ATTRIBUTES = (
    "neo_id",
    "name",
    "absolute_magnitude_h",
    "estimated_diameter_min_m",
    "estimated_diameter_max_m",
    "is_potentially_hazardous",
    "is_sentry_object",
)
"""What the feed says about an object, whichever of its approaches it is listed for."""

OBJECT_DETAILS = (
    Column(
        "orbit_id",
        "STRING",
        "Orbit solution from which JPL last computed an approach of an object with this "
        "designation, as known now; null where none of its other lists says.",
        "CAST(NULL AS STRING)",
    ),
    Column("orbit_id_source", "STRING", "Source of `orbit_id`.", "CAST(NULL AS STRING)"),
    Column(
        "diameter_km",
        "DOUBLE",
        "Diameter in km that another source gives for this designation, a measured one before one "
        "estimated from the brightness, as known now; null where none does.",
        "CAST(NULL AS DOUBLE)",
        unit="km",
    ),
    Column(
        "diameter_sigma_km",
        "DOUBLE",
        "One standard deviation of `diameter_km`; null where its source does not say.",
        "CAST(NULL AS DOUBLE)",
        unit="km",
    ),
    Column("diameter_source", "STRING", "Source of `diameter_km`.", "CAST(NULL AS STRING)"),
    Column(
        "risk_listed_by",
        "STRING",
        "Sources whose lists of possible impactors have this designation now, separated by commas; "
        "null if none has.",
        "CAST(NULL AS STRING)",
    ),
)
"""What other sources say of an object with the same designation, in all rows as known now."""

GOLD_DIM_NEO = Table(
    "gold_dim_neo",
    "One row is one object as the feed described it for a span of time (SCD2). With `is_latest`, "
    "`neo_key` joins a fact to its object. Where NASA has given a numbered object another "
    "designation, and so another key, `current_neo_key` leads to the one row of the object that is "
    "current. The row with the key -1 is the unknown object.",
    "",
    (
        _NEO_KEY,
        _APPROACH_BY_NAME["designation"],
        *(_APPROACH_BY_NAME[name] for name in NEO_ATTRIBUTES),
        Column("valid_from", "TIMESTAMP", "When a snapshot first described it so (UTC)."),
        Column(
            "valid_to",
            "TIMESTAMP",
            "When a snapshot first described it otherwise (UTC), `valid_from` of the next row; "
            "null in the current one.",
            "lead(valid_from) OVER (PARTITION BY object ORDER BY place)",
        ),
        Column("is_current", "BOOLEAN", "Whether this is how it is known now.", "valid_to IS NULL"),
        Column(
            "is_latest",
            "BOOLEAN",
            "Whether this is the newest row with its `neo_key`: the current one, or the last one "
            "under a designation that NASA has replaced.",
            "lead(valid_from) OVER (PARTITION BY designation ORDER BY place) IS NULL",
            initial="is_current",
        ),
        Column(
            "current_neo_key",
            "BIGINT",
            "`neo_key` of the object's current row; another one than its own in the rows of a "
            "designation that NASA has replaced.",
            keys.surrogate_key(
                "last(designation) OVER (PARTITION BY object ORDER BY place "
                "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
            ),
            initial="neo_key",
        ),
        *OBJECT_DETAILS,
    ),
    key=("neo_key", "designation", "valid_from"),
    features=CHANGE_DATA_FEED,
)

GOLD_DIM_DATE = Table(
    "gold_dim_date",
    "One row is one day of the calendar, without gaps, from the first day of a decade to the last.",
    "",
    (
        Column("date_key", "INT", "The day as yyyymmdd.", keys.date_key("date")),
        Column("date", "DATE", "The day."),
        Column("year", "INT", "Year.", "year(date)"),
        Column("quarter", "INT", "Quarter, 1 to 4.", "quarter(date)"),
        Column("month", "INT", "Month, 1 to 12.", "month(date)"),
        Column("month_name", "STRING", "English name of the month.", "date_format(date, 'MMMM')"),
        Column("week", "INT", "Week of `week_year`, 1 to 53 (ISO 8601).", "weekofyear(date)"),
        Column(
            "week_year",
            "INT",
            "Year that the week belongs to (ISO 8601), at New Year not always that of the day.",
            "CAST(extract(YEAROFWEEK FROM date) AS INT)",
        ),
        Column("day_of_month", "INT", "Day of the month, 1 to 31.", "dayofmonth(date)"),
        Column("day_of_year", "INT", "Day of the year, 1 to 366.", "dayofyear(date)"),
        Column("day_of_week", "INT", "1 is Monday, 7 Sunday (ISO 8601).", "weekday(date) + 1"),
        Column("day_name", "STRING", "English name of the weekday.", "date_format(date, 'EEEE')"),
    ),
    key=("date_key",),
    features=CHANGE_DATA_FEED,
    primary_key=("date_key",),
)

GOLD_NEO_REVISION = Table(
    "gold_neo_revision",
    "One row is one version of an approach, from the snapshot that showed it first until the one "
    "that showed another.",
    "close_approach_date",
    (
        _NEO_EVENT_KEY,
        Column("revision", "INT", "1 for how the approach was first seen, then 2, 3, …"),
        _NEO_EVENT_ID,
        _NEO_KEY,
        _DATE_KEY,
        Column(
            "what",
            "STRING",
            "What happened: `first` seen, values `changed`, `withdrawn` from the snapshots of its "
            "day, or `returned` to them.",
        ),
        Column(
            "changed_columns",
            "ARRAY<STRING>",
            "Columns whose value is another one than in the revision before; empty in the first.",
        ),
        Column(
            "seen_after",
            "TIMESTAMP",
            "When the day's snapshot before was fetched (UTC), which did not show it yet: NASA "
            "made the change between then and `seen_at`; null where there is none.",
        ),
        Column("seen_at", "TIMESTAMP", "When the snapshot was fetched that first showed it (UTC)."),
        Column(
            "seen_until",
            "TIMESTAMP",
            "`seen_at` of the next revision; null in the current one.",
            "lead(seen_at) OVER (PARTITION BY neo_event_key ORDER BY revision)",
        ),
        Column(
            "days_ahead",
            "INT",
            "Days from `seen_at` to the approach; negative for a revision made afterwards.",
            "datediff(close_approach_date, CAST(seen_at AS DATE))",
        ),
        Column(
            "moved_from",
            "BIGINT",
            "`neo_event_key` of the approach that was withdrawn from a day near by, when this one "
            "appeared in its place.",
        ),
        Column(
            "moved_to",
            "BIGINT",
            "`neo_event_key` of the approach that appeared on a day near by, when this one was "
            "withdrawn.",
        ),
        *APPROACH_COLUMNS,
    ),
    key=("neo_event_key", "revision"),
    features=CHANGE_DATA_FEED,
    primary_key=("neo_event_key", "revision"),
    references={"date_key": "gold_dim_date", "neo_event_key": "gold_neo_fact"},
)

GOLD_NEO_PREDICTION = Table(
    "gold_neo_prediction",
    "One row is the prediction of one approach a given number of days before it, and its error. "
    "Not stored: the export computes it from `gold_neo_revision`, as the query "
    "`neo_assets.lakehouse.transforms.revisions.predictions` does.",
    "predicted_date",
    (
        Column("days_before", "INT", "Days before the approach: 365, 90, 30, 14, 7, 5, 3, 2 or 1."),
        Column("predicted_event_key", "BIGINT", "`neo_event_key` of the approach as predicted."),
        Column(
            "event_key",
            "BIGINT",
            "`neo_event_key` under which it is listed now, another one if it moved to another day; "
            "null if it was withdrawn for good.",
        ),
        Column("predicted_date", "DATE", "Day of the approach as predicted (TDB)."),
        Column(
            "close_approach_date", "DATE", "Day of the approach as listed now (TDB); else null."
        ),
        Column("days_off", "INT", "Days by which it came later than predicted, or null."),
        Column("minutes_off", "BIGINT", "Minutes by which it came later than predicted, or null."),
        Column(
            "distance_off_km",
            "DOUBLE",
            "Kilometers by which the miss distance is larger than predicted, or null.",
        ),
        Column("distance_error_km", "DOUBLE", "The same without its sign, or null."),
    ),
    key=("predicted_event_key", "days_before"),
)

DQ_METRICS = Table(
    "dq_metrics",
    "One row is one number that a run measured of one asset and day.",
    "partition_date",
    (
        Column("run_id", "STRING", "Run that measured it."),
        Column("asset", "STRING", "Asset whose rows were counted."),
        Column("partition_date", "DATE", "Day whose rows were counted."),
        Column(
            "metric",
            "STRING",
            "What was counted, in rows: `rows_in`, `rows_out`, `warned`, a class such as `kept`, "
            "or what one asset alone counts.",
        ),
        Column("rule", "STRING", "Rule whose rows alone were counted; null for all rows."),
        Column("value", "BIGINT", "The number."),
        Column("rule_set", "STRING", "Version of the rules in force."),
        Column("measured_at", "TIMESTAMP", "When it was measured (UTC)."),
    ),
)
"""Written and read without Spark, so that an asset that needs none can be measured."""

GOLD_TABLES = (GOLD_NEO_FACT, GOLD_DIM_NEO, GOLD_DIM_DATE, GOLD_NEO_REVISION)

TABLES = (*NEO_TABLES.all, *GOLD_TABLES)
