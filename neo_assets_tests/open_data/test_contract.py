"""The contract and the dictionary say of every column what the definition of the tables says."""

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard
from syrupy.assertion import SnapshotAssertion

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.open_data.contract import contract
from neo_assets.open_data.publication import published_tables
from neo_assets.open_data.time_scales import time_scale
from neo_assets.sources.registry import Included

TABLES = published_tables(Included())
SCHEMA = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())


@pytest.fixture
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(contract(TABLES))
    return read


def test_the_contract_is_one_of_the_standard(document: dict[str, Any]) -> None:
    """By the JSON schema that the standard's own package has, and its model."""
    assert [error.message for error in Draft201909Validator(SCHEMA).iter_errors(document)] == []
    read = OpenDataContractStandard.from_string(contract(TABLES).decode())
    assert read.schema_ and len(read.schema_) == len(TABLES)


def test_a_contract_with_a_mistake_is_found(document: dict[str, Any]) -> None:
    document["schema"][0]["properties"][0]["logicalType"] = "bigint"
    assert [*Draft201909Validator(SCHEMA).iter_errors(document)]


def test_it_has_every_column(document: dict[str, Any]) -> None:
    assert {
        (table["name"], column["name"], column["physicalType"], column["description"])
        for table in document["schema"]
        for column in table["properties"]
    } == {
        (table.name, column.name, column.type, column.comment)
        for table in TABLES
        for column in table.columns
    }


def test_the_columns_of_a_version_are_as_recorded(
    document: dict[str, Any], snapshot: SnapshotAssertion
) -> None:
    """After a change of `VERSION`: `pytest neo_assets_tests/open_data --snapshot-update`."""
    columns = {
        f"{table['name']}.{column['name']}": column["physicalType"]
        for table in document["schema"]
        for column in table["properties"]
    }
    assert columns == snapshot(name=document["version"])


def test_a_time_that_is_not_utc_says_so() -> None:
    scales = {
        column.name: time_scale(column)
        for table in TABLES
        for column in table.columns
        if column.type == "TIMESTAMP"
    }
    assert {name: scale for name, scale in scales.items() if scale != "UTC"} == {
        "close_approach_at": "TDB",
        "neows_close_approach_at": "TDB",
        "cad_close_approach_at": "TDB",
        "most_likely_impact_at": "unspecified",
    }
    assert time_scale(GOLD_NEO_FACT.columns[0]) == ""
