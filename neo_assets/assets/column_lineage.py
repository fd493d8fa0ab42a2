"""Which columns of the layer before each column of a table is made from, by its definition."""

import re
from collections.abc import Collection

import dagster as dg

from neo_assets import pipeline
from neo_assets.lakehouse.model.tables import Column

_WORD = re.compile(r"[a-z_][a-z0-9_]*")


def column_lineage(asset: str) -> dg.TableColumnLineage | None:
    """The lineage of the columns of a silver or gold asset; none for any other.

    Event files have no columns, so lineage begins with those of bronze.  Columns of gold that other
    sources fill, and those that say when something was seen, have none.
    """
    source, layer = pipeline.source_of(asset), pipeline.layer_of(asset)
    if source is None or layer not in ("silver", "gold"):
        return None
    dataset = source.dataset
    if layer == "silver":
        upstream = dataset.tables.bronze
        defined = {column.name: column for column in dataset.columns}
        columns = [defined.get(column.name, column) for column in dataset.tables.silver.columns]
    else:
        assert dataset.gold
        upstream = dataset.tables.silver
        columns = list(dataset.gold.tables[0].columns)
    return dg.TableColumnLineage(
        {
            column.name: [
                dg.TableColumnDep(dg.AssetKey(upstream.name), name)
                for name in sorted(made_from(column, upstream.column_names))
            ]
            for column in columns
        }
    )


def made_from(column: Column, upstream: Collection[str]) -> set[str]:
    """The columns of the layer before that its expression names, or else the one of its name."""
    return {*_WORD.findall(column.derivation)} & {*upstream} or {column.name} & {*upstream}
