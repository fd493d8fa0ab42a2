"""Every part of the project against Microsoft's published JSON schemas."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from neo_assets_tests.powerbi.project import BASE_THEME, ROOT, SEMANTIC_MODEL, THEME

SCHEMAS = Path(__file__).parents[3] / "shared" / "data" / "power-bi-schemas" / "fabric"
PUBLISHED_AT = "https://developer.microsoft.com/json-schemas/fabric/"
PARTS = sorted(
    file
    for file in ROOT.rglob("*")
    if file.suffix in (".json", ".pbip", ".pbir", ".pbism") or file.name == ".platform"
)


WITHOUT_SCHEMA = {BASE_THEME, THEME, SEMANTIC_MODEL / "diagramLayout.json"}
"""Microsoft publishes no schema at this address for themes, and none for the diagram."""


def schema(address: str) -> Resource[Any]:
    text = (SCHEMAS / address.removeprefix(PUBLISHED_AT)).read_text(encoding="utf-8")
    return Resource.from_contents(json.loads(text), default_specification=DRAFT7)


def content(part: Path) -> Any:
    return json.loads(part.read_text(encoding="utf-8"))


def test_every_part_that_has_a_schema_names_it() -> None:
    without = {part for part in PARTS if PUBLISHED_AT not in content(part).get("$schema", "")}
    assert without == WITHOUT_SCHEMA


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no ../shared/data/power-bi-schemas here")
@pytest.mark.parametrize(
    "part",
    [part for part in PARTS if part not in WITHOUT_SCHEMA],
    ids=lambda part: str(part.relative_to(ROOT)),
)
def test_a_part_is_what_its_schema_says(part: Path) -> None:
    registry = Registry(retrieve=schema)  # type: ignore[call-arg]  # an alias mypy does not see
    validator = Draft7Validator({"$ref": content(part)["$schema"]}, registry=registry)
    errors = validator.iter_errors(content(part))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
