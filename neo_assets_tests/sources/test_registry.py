"""Which sources are included, and what of the project follows from that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neo_assets import pipeline
from neo_assets.definitions import build_definitions
from neo_assets.lakehouse.model.tables import GOLD_TABLES, NEO_TABLES
from neo_assets.settings import Settings, SettingsError
from neo_assets.sources import SOURCES, included_sources, registry
from neo_assets.sources.registry import Included
from neo_assets_tests.sources.toy import SIGHTINGS

DEFINITIONS = """
from neo_assets.sources import SOURCES
SOURCES["toy"] = "neo_assets_tests.sources.toy:TOY"
from neo_assets.definitions import defs
print(*sorted(key.to_user_string() for key in defs().resolve_asset_graph().get_all_asset_keys()))
"""


@pytest.fixture(autouse=True)
def _with_a_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "toy", "neo_assets_tests.sources.toy:TOY")


def test_all_sources_are_included_unless_some_are_named() -> None:
    assert included_sources(None) == included_sources(" ") == tuple(SOURCES)
    assert included_sources("toy, neows,toy") == ("neows", "toy")
    assert [source.name for source in Included().sources] == list(SOURCES)
    assert Included(["toy"]).datasets == [SIGHTINGS]


def test_what_is_not_included_has_no_assets_and_no_tables() -> None:
    neows, toy = Included(["neows"]), Included(["toy"])
    assert neows.assets == list(registry.source("neows").dataset.assets)
    assert neows.tables == [*NEO_TABLES.all, *GOLD_TABLES]
    assert toy.assets == list(SIGHTINGS.assets)
    assert toy.tables == list(SIGHTINGS.tables.all)


def test_an_asset_has_its_place_whatever_is_included() -> None:
    assert pipeline.chain_of("silver_toy_sightings") == SIGHTINGS.assets
    assert pipeline.upstream_of("silver_toy_sightings") == "bronze_toy_sightings"
    assert pipeline.downstream_of("bronze_toy_sightings") == "silver_toy_sightings"
    assert pipeline.source_of("neo_dashboard") is None


def test_a_stage_needs_the_tables_of_its_own_dataset() -> None:
    both = Included(["neows", "toy"])
    assert both.tables_of("silver_toy_sightings") == list(SIGHTINGS.tables.all)
    assert both.tables_of("gold_neo_fact") == [*NEO_TABLES.all, *GOLD_TABLES]
    assert both.tables_of("maintenance") == both.tables


@pytest.mark.parametrize(
    ("names", "included"),
    [
        ("neows", set()),
        ("toy,cad", set()),
        ("neows,cad", {"gold_close_approach_agreement"}),
        ("sentry", {"gold_impact_risk"}),
        ("esa_risk,sentry", {"gold_impact_risk", "risk_agreement"}),
        ("fireball", {"gold_fireball"}),
    ],
)
def test_gold_beside_the_star_needs_its_sources(names: str, included: set[str]) -> None:
    beside = Included(names.split(",")).gold_beside_the_star
    tables = {table.name: it for table, it in beside.items()}
    assert {name for name, is_included in tables.items() if is_included} == included
    assert tables.keys() == {
        *("gold_close_approach_agreement", "gold_impact_risk", "risk_agreement", "gold_fireball")
    }


@pytest.mark.parametrize("names", ["toys", "neows,toys", "neows;toy", ","])
def test_an_unknown_name_is_reported_with_the_known_ones(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_SOURCES", names)
    with pytest.raises(SettingsError, match=r"^NEO_SOURCES: .*neows.*, toy$"):
        Settings.from_environment()


@pytest.mark.parametrize("names", ["toy", "neows", "neows,toy"])
def test_the_graph_has_the_assets_of_included_sources_alone(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_SOURCES", names)
    printed = subprocess.run(
        [sys.executable, "-c", DEFINITIONS], capture_output=True, text=True, check=True
    ).stdout.split()
    assets = {*Included(names.split(",")).assets}
    readers = {"neo_dashboard", "open_data", "power_bi_export"} if "neows" in names else set()
    assert {*printed} == assets | readers
    same = build_definitions(Settings(neo_sources=names)).resolve_asset_graph()
    assert {key.to_user_string() for key in same.get_all_asset_keys()} == {*printed}


def test_a_command_with_an_unknown_name_ends_with_one_sentence() -> None:
    ended = subprocess.run(
        [Path(sys.executable).with_name("neo-assets"), "status"],
        env={"NEO_SOURCES": "jupiter", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("NEO_SOURCES: there is no source jupiter, only neows")
    assert ended.stderr.count("\n") == 1
