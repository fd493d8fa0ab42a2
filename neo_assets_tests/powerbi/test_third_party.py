"""Microsoft's own readers of TMDL and of M read the model, and its best-practice rules are run.

Skipped where npm cannot install them.  The license of the modeling server allows its use for
developing and testing.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neo_assets_tests.powerbi.project import MODEL, read, tables
from neo_assets_tests.powerbi.third_party.best_practices import rules, violations
from neo_assets_tests.powerbi.third_party.packages import (
    ModelingServer,
    modeling_server,
    rejected_by_parser,
)


@pytest.fixture(scope="module")
def server(npm_tools: Path) -> Iterator[ModelingServer]:
    program = modeling_server(npm_tools.parent)
    if program is None:
        pytest.skip("@microsoft/powerbi-modeling-mcp has no program for this platform")
    with ModelingServer(program) as started:
        yield started


def test_microsofts_object_model_reads_the_model_and_writes_the_same(
    server: ModelingServer, tmp_path: Path
) -> None:
    loaded = server.do("connection_operations", "ConnectFolder", folderPath=str(MODEL))["data"]
    assert loaded["tablesLoaded"] == len(tables())
    assert loaded["relationshipsLoaded"] == len(read("relationships.tmdl").children)
    server.do("database_operations", "ExportToTmdlFolder", tmdlFolderPath=str(tmp_path))
    assert texts(tmp_path) == texts(MODEL)


def test_microsofts_object_model_rejects_a_mistake(server: ModelingServer, tmp_path: Path) -> None:
    copy = shutil.copytree(MODEL, tmp_path / "definition")
    file = copy / "relationships.tmdl"
    file.write_text(file.read_text().replace("Approach.'Date key'", "Approach.'No such key'"))
    with pytest.raises(RuntimeError, match="FromColumn of object"):
        server.do("connection_operations", "ConnectFolder", folderPath=str(copy))


ACCEPTED = {
    "Do not use floating point data types": "a fixed decimal has four digits, too few for au",
    "Avoid using calculated columns": "two, which tell the newest run of a day and the first "
    "snapshot of a list",
    "Consider a star-schema instead of a snowflake architecture": "versions and predictions belong "
    "to an approach, and reach its day and its object through it",
    "Avoid adding 0 to a measure": "counts on cards, which are blank otherwise",
    "Reduce usage of calculated tables": "the table of measures has one row and no data",
    "Ensure tables have relationships": "the table of measures",
    "Provide format string for measures": "four are texts",
    "Percentages should be formatted with thousands separators and 1 decimal": "none reaches a "
    "thousand, and small shares need two digits",
    "Whole numbers should be formatted with thousands separators and no decimals": "most of these "
    "are no whole numbers, and #,##0 shows the same as #,0",
    "Relationship columns should be of integer data type": "days join the calendar by their date, "
    "and objects on lists by their number, else their designation",
    "Provide format string for 'Month' columns": "the first day of a month sorts as it reads",
}
"""Rules that the model violates, and why."""
NEED_AN_ENGINE = {
    "Column references should be fully qualified",
    "Large tables should be partitioned",
    "Measure references should be unqualified",
    "Remove unnecessary columns",
    "Remove unnecessary measures",
}
"""Rules about dependencies and sizes, which only a running engine knows."""


def test_microsofts_best_practices_are_followed_but_for_known_exceptions(
    server: ModelingServer, rules_package: Path, tmp_path: Path
) -> None:
    found, not_run = violations(as_json(server, MODEL, tmp_path), rules_package)
    assert not_run <= NEED_AN_ENGINE
    assert {rule: found[rule] for rule in found.keys() - ACCEPTED.keys()} == {}
    assert ACCEPTED.keys() - found.keys() == set(), "No longer violated: remove it from the list"
    assert len(rules(rules_package)) - len(NEED_AN_ENGINE) > 70


def test_microsofts_best_practices_find_a_mistake(
    server: ModelingServer, rules_package: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(MODEL, tmp_path / "definition")
    file = copy / "tables" / "Prediction.tmdl"
    file.write_text(file.read_text().replace("\t\tisHidden\n", "").replace("none", "sum"))
    found, _ = violations(as_json(server, copy, tmp_path), rules_package)
    assert found["Hide foreign keys"] == {"Prediction[Predicted event key]"}
    assert "Prediction[Days before]" in found["Do not summarize numeric columns"]


def as_json(server: ModelingServer, model: Path, folder: Path) -> Any:
    """The model as JSON, as Microsoft's object model writes it."""
    file = folder / "model.bim"
    server.do("connection_operations", "ConnectFolder", folderPath=str(model))
    server.do("database_operations", "ExportToBimFile", bimFilePath=str(file))
    return json.loads(file.read_text(encoding="utf-8-sig"))


def texts(folder: Path) -> dict[str, str]:
    """The files below a folder, without the empty line that the server adds at the end."""
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8-sig").rstrip("\r\n")
        for file in folder.rglob("*.tmdl")
    }


def test_microsofts_parser_reads_every_expression_in_m(npm_tools: Path) -> None:
    expressions = {node.name: node.expression for node in read("expressions.tmdl").children} | {
        f"table {name}": partition.properties["source"]
        for name, table in tables().items()
        for partition in table.of("partition")
        if partition.expression == "m"
    }
    assert len(expressions) == 18
    assert rejected_by_parser(expressions, npm_tools.parent) == {}


def test_microsofts_parser_rejects_a_mistake(npm_tools: Path) -> None:
    expressions = {"right": "let a = 1 in a", "wrong": "let a = 1 b = 2 in a"}
    rejected = rejected_by_parser(expressions, npm_tools.parent)
    assert list(rejected) == ["wrong"]
