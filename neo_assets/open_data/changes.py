"""What changed, newest first, for feed readers and for programs that mirror the files."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from html import escape
from itertools import groupby, islice
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
from feedgenerator import Atom1Feed

from neo_assets.external_text import printable
from neo_assets.open_data.approaches import DAYS

NEWEST = 200
"""How many changes the feed has."""

_COLUMNS = [
    "seen_at",
    "close_approach_date",
    "designation",
    "revision",
    "what",
    "changed_columns",
]


def feed(revisions: pa.Table) -> bytes:
    """An Atom feed with an entry for each day of approaches that a snapshot has changed."""
    document = _Feed(
        title="Close approaches of near-Earth objects: changes",
        link="index.json",
        description="What NASA's feed added, changed or withdrew, by day of approach.",
        author_name="neo_assets",
        feed_url="changes.atom",
        feed_guid=_identifier("changes"),
        language="en",
    )
    changes = groupby(_rows(revisions), lambda row: (row["seen_at"], row["close_approach_date"]))
    for (seen_at, day), group in islice(changes, NEWEST):
        rows = list(group)
        counts = Counter(map(_what, rows))
        document.add_item(
            title=f"{day}: " + ", ".join(f"{number} {what}" for what, number in counts.items()),
            link=f"{DAYS}/{day}.json",
            # The library declares it as HTML, which a name must not be taken for.
            description=escape("; ".join(map(_sentence, rows))),
            unique_id=_identifier(f"changes/{day}/{seen_at.isoformat()}"),
            updateddate=seen_at,
        )
    return str(document.writeString("utf-8")).encode()


class _Feed(Atom1Feed):  # type: ignore[misc]
    def latest_post_date(self) -> datetime:
        """Without entries not the current time, so that the file stays as it is."""
        return (
            super().latest_post_date() if self.items else datetime(2000, 1, 1, tzinfo=timezone.utc)
        )


def _rows(revisions: pa.Table) -> Iterator[dict[str, Any]]:
    """The revisions, newest first, a batch at a time because the feed has only the newest."""
    newest_first = revisions.select(_COLUMNS).sort_by(
        [
            ("seen_at", "descending"),
            # A backfill brings more days at once than the feed has entries.
            ("close_approach_date", "descending"),
            ("designation", "ascending"),
            ("revision", "ascending"),
        ]
    )
    for batch in newest_first.to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def _sentence(row: dict[str, Any]) -> str:
    columns = ", ".join(row["changed_columns"] or ())
    name = printable(row["designation"])
    return f"{name} {_what(row)}" + (f" ({columns})" if columns else "")


def _what(row: dict[str, Any]) -> str:
    return "first seen" if row["what"] == "first" else str(row["what"])


def _identifier(name: str) -> str:
    """An identifier that stays the same wherever the folder is served."""
    return uuid5(NAMESPACE_URL, f"neo_assets/open_data/{name}").urn
