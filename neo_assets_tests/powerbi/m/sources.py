"""What the queries of the model read: exported files, or tables as Databricks shows them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from neo_assets_tests.powerbi.m.evaluation import LIBRARY, MError, Scope, Table, run
from neo_assets_tests.powerbi.project import read

_TYPES = {
    "string": "text",
    "int32": "Int64.Type",
    "int64": "Int64.Type",
    "double": "number",
    "bool": "logical",
    "date32[day]": "date",
    "timestamp[us]": "datetime",
}


def table_of(content: pa.Table) -> Table:
    """Arrow's table as M sees it."""
    columns = {field.name: _TYPES[str(field.type)] for field in content.schema}
    return Table(columns, content.to_pylist())


def parquet_scope(folder: Path) -> Scope:
    """The model's parameters and functions, over a folder of exported files."""
    contents = Table(
        {"Name": "text", "Content": "binary"},
        [{"Name": file.name, "Content": file} for file in folder.glob("*.parquet")],
    )
    return _scope(
        {"Source": "parquet", "ParquetFolder": str(folder)},
        {
            "Folder.Contents": lambda path: {str(folder): contents}[path],
            "Parquet.Document": lambda file: table_of(pq.read_table(file)),
        },
    )


def databricks_scope(tables: Mapping[str, Table], query: Callable[[str], Table]) -> Scope:
    """The same over tables in Unity Catalog; `query` evaluates SQL over them."""
    in_schema = _navigation({name: ("Table", table) for name, table in tables.items()})
    schemas = _navigation({"neo": ("Schema", in_schema)})
    catalogs = _navigation({"main": ("Database", schemas)})

    def native_query(target: Any, sql: str, _parameters: Any, options: Any) -> Table:
        if target is not schemas:
            raise MError("The query is not sent to a catalog.")
        assert options == {"EnableFolding": False}
        return query(sql.replace("`main`.`neo`.", ""))

    return _scope(
        {"Source": "databricks"},
        {
            "Databricks.Catalogs": lambda _host, _path, _options: catalogs,
            "Value.NativeQuery": native_query,
        },
    )


def as_databricks(content: pa.Table) -> Table:
    """A table as the connector shows it: lists are JSON text, times have no zone."""
    columns = {}
    rows = content.to_pylist()
    for field in content.schema:
        is_list = pa.types.is_list(field.type)
        is_time = pa.types.is_timestamp(field.type)
        columns[field.name] = (
            "text" if is_list else "datetime" if is_time else _TYPES[str(field.type)]
        )
        for row in rows:
            value = row[field.name]
            if is_list and value is not None:
                row[field.name] = json.dumps(value, ensure_ascii=False)
            if is_time and value is not None:
                row[field.name] = value.replace(tzinfo=None)
    return Table(columns, rows)


def _navigation(entries: Mapping[str, tuple[str, Table]]) -> Table:
    return Table(
        {"Name": "text", "Kind": "text", "Data": "table"},
        [{"Name": name, "Kind": kind, "Data": data} for name, (kind, data) in entries.items()],
    )


def _scope(parameters: Mapping[str, str], functions: Mapping[str, Any]) -> Scope:
    scope = Scope({**LIBRARY, **functions})
    for node in read("expressions.tmdl").children:
        scope.lazy[node.name] = _value_of(node.expression, scope)
    for name, value in parameters.items():
        scope.lazy.pop(name)
        scope.values[name] = value
    return scope


def _value_of(text: str, scope: Scope) -> Callable[[], Any]:
    return lambda: run(text, scope)
