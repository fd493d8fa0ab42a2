"""Close approaches in a file for each day and for each object."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.open_data.folder import PublishedFolder
from neo_assets.open_data.formats import json_array, json_rows, small_parquet

DAYS, OBJECTS = "days", "objects"
"""The folders of the files: of a day by its date, and of an object by its `neo_key`."""


def publish(folder: PublishedFolder, facts: pa.Table, *, is_same_schema: bool) -> None:
    """Bring the files of all days and objects up to date, from all rows of `gold_neo_fact`.

    A file whose rows are all gone stays, without rows: no address stops working.
    """
    rows = json_rows(facts, GOLD_NEO_FACT.columns)
    for prefix, column in ((DAYS, "close_approach_date"), (OBJECTS, "neo_key")):
        # Stable: inside a file the rows have the order of the table.
        order = pc.sort_indices(facts, [(column, "ascending")])
        ordered, positions = facts.take(order), order.to_pylist()
        for value, start, end in _spans(ordered[column].to_pylist()):
            content = json_array([rows[each] for each in positions[start:end]])
            path = f"{prefix}/{value}"
            # The same rows are the same Parquet: it is not made only to be compared.
            if not (
                is_same_schema
                and folder.has(f"{path}.json", content)
                and folder.keep(f"{path}.parquet")
            ):
                folder.write(f"{path}.parquet", small_parquet(ordered.slice(start, end - start)))
            folder.write(f"{path}.json", content)
        for path in folder.unpublished(f"{prefix}/"):
            is_json = path.endswith(".json")
            folder.write(path, json_array([]) if is_json else small_parquet(facts.slice(0, 0)))


def _spans(values: Sequence[object]) -> Iterator[tuple[object, int, int]]:
    """Each value of a sorted sequence, and from where to where it is."""
    start = 0
    for end in range(1, len(values) + 1):
        if end == len(values) or values[end] != values[start]:
            yield values[start], start, end
            start = end
