"""What differs on Databricks, to the letter."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from neo_assets.lakehouse.model.tables import (
    BRONZE_NEO_EVENTS,
    GOLD_DIM_NEO,
    GOLD_NEO_FACT,
    GOLD_NEO_REVISION,
    GOLD_TABLES,
    SILVER_NEO_EVENTS,
)
from neo_assets.lakehouse.store.storage import Lakehouse, _creation
from neo_assets.sources.impact_risk import GOLD_IMPACT_RISK
from neo_assets.sources.neows.dataset import NEO
from neo_assets.targets.databricks import unity_catalog
from neo_assets.targets.databricks.backend import UnityCatalogBackend
from neo_assets.targets.databricks.unity_catalog import UnityCatalog

CATALOG = UnityCatalog("prod-1", "asteroids", "files")
BACKEND = UnityCatalogBackend.of(CATALOG)
VOLUME = "/Volumes/prod-1/asteroids/files"
LANDING = Path(VOLUME, "landing/neo_feed")


def test_auto_loader_is_asked_for_exactly_this() -> None:
    source = BACKEND.stream_source(BRONZE_NEO_EVENTS, LANDING, "feed_date=2024-03-01")
    assert (source.path, source.format) == (f"{VOLUME}/landing/neo_feed", "cloudFiles")
    assert source.lists_all_days
    assert source.options == {
        "cloudFiles.format": "text",
        "cloudFiles.schemaLocation": f"{VOLUME}/checkpoints/bronze_neo_events_auto_loader",
        "cloudFiles.schemaEvolutionMode": "none",
        "cloudFiles.allowOverwrites": "false",
        "cloudFiles.includeExistingFiles": "true",
        "cloudFiles.useNotifications": "false",
        "cloudFiles.useIncrementalListing": "false",
        "cloudFiles.partitionColumns": "",
        "cloudFiles.validateOptions": "true",
        "ignoreMissingFiles": "true",
        "recursiveFileLookup": "true",
        "pathGlobFilter": "*.json",
    }


def test_names_and_places() -> None:
    assert BACKEND.identifier(GOLD_NEO_FACT) == "`prod-1`.`asteroids`.`gold_neo_fact`"
    assert BACKEND.landing / NEO.landing_folder == LANDING
    assert BACKEND.checkpoints == Path(VOLUME, "checkpoints")
    assert (CATALOG.schema_name, CATALOG.volume_name) == (
        "prod-1.asteroids",
        "prod-1.asteroids.files",
    )


def test_names_are_in_lower_case_as_unity_catalog_stores_them() -> None:
    assert UnityCatalog("Prod-1", "ASTEROIDS", "Files") == CATALOG


def test_staging_shares_only_the_event_files() -> None:
    staging = BACKEND.staging("bronze-20240301")
    assert (
        staging.identifier(BRONZE_NEO_EVENTS) == "`prod-1`.`asteroids`.`replay_bronze_neo_events`"
    )
    assert staging.landing == BACKEND.landing
    options = staging.stream_source(BRONZE_NEO_EVENTS, LANDING, "*").options
    place = f"{VOLUME}/checkpoints/bronze-20240301"
    assert options["cloudFiles.schemaLocation"] == f"{place}/bronze_neo_events_auto_loader"
    # Its checkpoint stays where it has grown.
    kept = BACKEND.adopt_checkpoint(staging, BRONZE_NEO_EVENTS)
    assert kept == "bronze-20240301/bronze_neo_events"


class Session:
    """Keeps the statements, and refuses those about tags."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def sql(self, statement: str) -> None:
        self.statements.append(statement)
        if "SET TAGS" in statement:
            raise AnalysisException("PERMISSION_DENIED: ASSIGN on the tag policy")


def test_new_tables_have_tags_of_their_layer_and_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unity_catalog, "VOLUMES", tmp_path)
    session: Any = Session()
    lakehouse = Lakehouse(session, UnityCatalogBackend.of(CATALOG))
    for table in (BRONZE_NEO_EVENTS, GOLD_NEO_FACT, GOLD_IMPACT_RISK):
        lakehouse._create(table)
    assert session.statements[1::2] == [
        "ALTER TABLE `prod-1`.`asteroids`.`bronze_neo_events` "
        "SET TAGS ('layer' = 'bronze', 'source' = 'neows')",
        "ALTER TABLE `prod-1`.`asteroids`.`gold_neo_fact` "
        "SET TAGS ('layer' = 'gold', 'source' = 'neows')",
        "ALTER TABLE `prod-1`.`asteroids`.`gold_impact_risk` SET TAGS ('layer' = 'gold')",
    ]


def test_tables_are_clustered_by_their_day() -> None:
    assert BACKEND.clustering(BRONZE_NEO_EVENTS) == "CLUSTER BY (feed_date)"
    assert BACKEND.clustering(SILVER_NEO_EVENTS) == "CLUSTER BY (partition_date)"
    assert BACKEND.clustering(GOLD_NEO_FACT) == "CLUSTER BY (close_approach_date)"
    assert BACKEND.clustering(GOLD_DIM_NEO) == ""


def test_the_star_declares_its_keys() -> None:
    assert BACKEND.constraints(GOLD_DIM_NEO) == BACKEND.constraints(SILVER_NEO_EVENTS) == []
    assert BACKEND.constraints(GOLD_NEO_REVISION) == [
        "PRIMARY KEY (neo_event_key, revision)",
        "FOREIGN KEY (date_key) REFERENCES `prod-1`.`asteroids`.`gold_dim_date` (date_key)",
        "FOREIGN KEY (neo_event_key) REFERENCES `prod-1`.`asteroids`.`gold_neo_fact` "
        "(neo_event_key)",
    ]
    statement = _creation(GOLD_NEO_FACT, BACKEND)
    assert ", PRIMARY KEY (neo_event_key), FOREIGN KEY (date_key) REFERENCES " in statement
    tables = {table.name: table for table in GOLD_TABLES}
    for table in GOLD_TABLES:
        for column, name in table.references.items():
            assert tables[name].primary_key == (column,)
            # They are created in this order.
            assert len(tables[name].references) < len(table.references)


@pytest.mark.parametrize("name", ["", "a.b", "a`b", "a b", "../a", "a;", "-a", "ä", "a" * 256])
def test_a_name_that_is_none_goes_no_further(name: str) -> None:
    for names in ((name, "b", "c"), ("a", name, "c"), ("a", "b", name)):
        with pytest.raises(ValueError, match=r"is no name for a (catalog|schema|volume)"):
            UnityCatalog(*names)
