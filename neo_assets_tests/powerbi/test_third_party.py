"""Microsoft's own readers of TMDL and of M read the model.

Skipped where there is no Node.js with npm.  The licence of the modeling server allows its use for
developing and testing.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from neo_assets_tests.powerbi.project import MODEL, read, tables
from neo_assets_tests.powerbi.third_party.packages import (
    ModelingServer,
    missing_tool,
    modeling_server,
    rejected_by_parser,
)

pytestmark = pytest.mark.skipif(bool(missing_tool()), reason=missing_tool())


@pytest.fixture(scope="module")
def server() -> Iterator[ModelingServer]:
    program = modeling_server()
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


def texts(folder: Path) -> dict[str, str]:
    """The files below a folder, without the empty line that the server adds at the end."""
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8-sig").rstrip("\r\n")
        for file in folder.rglob("*.tmdl")
    }


def test_microsofts_parser_reads_every_expression_in_m() -> None:
    expressions = {node.name: node.expression for node in read("expressions.tmdl").children} | {
        f"table {name}": partition.properties["source"]
        for name, table in tables().items()
        for partition in table.of("partition")
        if partition.expression == "m"
    }
    assert len(expressions) == 14
    assert rejected_by_parser(expressions) == {}


def test_microsofts_parser_rejects_a_mistake() -> None:
    rejected = rejected_by_parser({"right": "let a = 1 in a", "wrong": "let a = 1 b = 2 in a"})
    assert list(rejected) == ["wrong"]
