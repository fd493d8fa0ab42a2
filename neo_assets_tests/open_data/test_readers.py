"""The folder as consumers read it: over HTTP, with programs that know nothing of this project."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import duckdb
import feedparser
import pandas as pd
import pytest
from icalendar import Calendar

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.open_data.publication import publish
from neo_assets_tests.dashboard.lakehouses import TODAY, simulated


class Quiet(SimpleHTTPRequestHandler):
    """Python's own server of a folder, as `python -m http.server` runs it, without its log."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two months of the simulated feed."""
    folder = tmp_path_factory.mktemp("open_data")
    simulated(folder / "tables")
    publish(folder / "tables", folder / "open_data", TODAY, ("neows",))
    handler = partial(Quiet, directory=str(folder / "open_data"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def get(address: str) -> bytes:
    with urlopen(address, timeout=10) as response:
        content: bytes = response.read()
    return content


@pytest.fixture(scope="module")
def index(address: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(get(address + "index.json"))
    return read


def test_every_file_has_the_checksum_that_is_published(address: str) -> None:
    lines = get(address + "SHA256SUMS").decode().splitlines()
    assert len(lines) > 1000
    # Each kind of file, and every hundredth of the others.
    for line in [line for line in lines if "/" not in line] + lines[::100]:
        digest, path = line.split("  ")
        assert hashlib.sha256(get(address + path)).hexdigest() == digest


def test_the_catalogue_leads_to_every_file(address: str, index: dict[str, Any]) -> None:
    paths = {index[name] for name in ("contract", "dictionary", "changes", "calendar", "objects")}
    paths |= {table["path"] for table in index["tables"]}
    for template in index["templates"]["day"]:
        paths |= {template.format(close_approach_date=day) for day in index["days"]}
    objects = json.loads(get(urljoin(address, index["objects"])))
    for template in index["templates"]["object"]:
        paths |= {template.format(neo_key=each["neo_key"]) for each in objects}
    listed = get(urljoin(address, index["checksums"])).decode().splitlines()
    assert {line.split("  ")[1] for line in listed} == paths | {"index.json"}


def test_pandas_reads_parquet_and_json(address: str, index: dict[str, Any]) -> None:
    facts = pd.read_parquet(address + "tables/gold_neo_fact.parquet")
    assert Counter(facts.close_approach_date.astype(str)) == index["days"]
    day = facts[facts.close_approach_date == TODAY]
    as_parquet = pd.read_parquet(f"{address}days/{TODAY}.parquet")
    as_json = pd.read_json(f"{address}days/{TODAY}.json", dtype={"neo_key": "string"})
    assert [*as_parquet.columns] == [*as_json.columns] == [*GOLD_NEO_FACT.column_names]
    assert [*as_parquet.neo_key] == [*as_json.neo_key.astype("int64")] == [*day.neo_key]
    assert [*as_json.miss_distance_km] == [*day.miss_distance_km]
    assert [*as_json.close_approach_at] == [*as_parquet.close_approach_at]
    assert str(as_parquet.first_seen_at.dt.tz) == "UTC"


def test_duckdb_reads_parquet_and_json(address: str, tmp_path: Path) -> None:
    # Its extension for HTTP is not on PyPI for every version, so that the files are fetched first.
    for path in ("tables/gold_neo_fact.parquet", f"days/{TODAY}.json"):
        (tmp_path / Path(path).name).write_bytes(get(address + path))
    query = """
        SELECT count(*), count(DISTINCT facts.neo_key)
        FROM 'gold_neo_fact.parquet' AS facts JOIN '{day}.json' AS listed
        ON facts.neo_event_key = listed.neo_event_key::BIGINT
        AND facts.close_approach_at = listed.close_approach_at::TIMESTAMP
    """
    with duckdb.connect() as connection:
        connection.execute("SET file_search_path = ?", [str(tmp_path)])
        (found,) = connection.execute(query.format(day=TODAY)).fetchall()
    rows = json.loads(get(f"{address}days/{TODAY}.json"))
    assert found == (len(rows), len({row["neo_key"] for row in rows}))


def test_a_feed_reader_reads_the_changes_newest_first(address: str, index: dict[str, Any]) -> None:
    read = feedparser.parse(urljoin(address, index["changes"]))
    assert not read.bozo and read.version == "atom10" and read.feed.author == "neo_assets"
    updated = [entry.updated_parsed for entry in read.entries]
    assert updated == sorted(updated, reverse=True) and len(updated) == 200
    assert len({entry.id for entry in read.entries}) == 200
    # Links are relative to the feed, wherever that is served.
    assert read.entries[0].link.startswith(f"{address}days/")
    assert json.loads(get(read.entries[0].link))


def test_a_calendar_library_reads_the_approaches(address: str, index: dict[str, Any]) -> None:
    read = Calendar.from_ical(get(urljoin(address, index["calendar"])))
    expected = sum(rows for day, rows in index["days"].items() if day >= "2024-04-20")
    assert len(read.events) == len({str(event["uid"]) for event in read.events}) == expected
    assert not read.errors and not any(event.errors for event in read.events)
    first = json.loads(get(f"{address}days/{TODAY}.json"))[0]
    (event,) = [each for each in read.events if first["neo_event_id"] in str(each["uid"])]
    # 69 seconds before, in UTC.
    delay = pd.Timestamp(first["close_approach_at"], tz="UTC") - pd.Timestamp(event.start)
    assert delay.total_seconds() == 69


def test_a_spreadsheet_reads_the_dictionary(address: str, index: dict[str, Any]) -> None:
    read = pd.read_csv(io.BytesIO(get(urljoin(address, index["dictionary"]))))
    assert {*read.table} == {table["name"] for table in index["tables"]}
    at = read[(read.table == "gold_neo_fact") & (read.column == "close_approach_at")]
    assert [*at.time_scale] == ["TDB"]
