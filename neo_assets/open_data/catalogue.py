"""The entry point: what is published, and at which addresses."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT, Table
from neo_assets.open_data.approaches import DAYS, OBJECTS
from neo_assets.open_data.contract import CONTRACT, DICTIONARY, VERSION
from neo_assets.open_data.folder import CHECKSUMS

INDEX, OBJECT_LIST = "index.json", "objects.json"
CALENDAR, FEED = "approaches.ics", "changes.atom"


def table_path(table: Table) -> str:
    """The address of a whole table."""
    return f"tables/{table.name}.parquet"


def index(contents: Mapping[Table, pa.Table]) -> bytes:
    """The catalogue as JSON; addresses are relative to its own.

    It has no time of its own, so that it is the same until something that it lists is not.
    """
    facts = contents[GOLD_NEO_FACT]
    newest = pc.max(facts["last_changed_at"]).as_py()
    document: dict[str, Any] = {
        "title": "Close approaches of near-Earth objects",
        "version": VERSION,
        "license": None,
        "changed_at": newest and newest.isoformat().replace("+00:00", "Z"),
        "contract": CONTRACT,
        "dictionary": DICTIONARY,
        "checksums": CHECKSUMS,
        "changes": FEED,
        "calendar": CALENDAR,
        "objects": OBJECT_LIST,
        "templates": {
            "day": [f"{DAYS}/{{close_approach_date}}.{kind}" for kind in ("json", "parquet")],
            "object": [f"{OBJECTS}/{{neo_key}}.{kind}" for kind in ("json", "parquet")],
        },
        "tables": [
            {
                "name": table.name,
                "description": table.comment,
                "path": table_path(table),
                "rows": len(rows),
            }
            for table, rows in contents.items()
        ],
        # The rows of each day, so that nobody asks for a day that is not there.
        "days": {
            str(group["values"]): group["counts"]
            for group in pc.value_counts(facts["close_approach_date"]).to_pylist()
        },
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def object_list(facts: pa.Table) -> Sequence[str]:
    """One JSON object for each object with approaches, in the order of their designations."""
    groups = facts.group_by(["designation", "neo_key"]).aggregate(
        [
            ("neo_event_id", "count"),
            ("close_approach_date", "min"),
            ("close_approach_date", "max"),
        ]
    )
    return [
        json.dumps(
            {
                "designation": row["designation"],
                "neo_key": str(row["neo_key"]),
                "approaches": row["neo_event_id_count"],
                "first_approach": str(row["close_approach_date_min"]),
                "last_approach": str(row["close_approach_date_max"]),
            },
            ensure_ascii=False,
        )
        for row in groups.sort_by("designation").to_pylist()
    ]
