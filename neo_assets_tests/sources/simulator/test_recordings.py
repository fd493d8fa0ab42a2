"""Recorded answers: both shapes of files, and the real ones where they are at hand."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from neo_assets.sources.simulator import RecordedSky, RecordingError, SimulatedSky, serve
from neo_assets_tests.real_data import CAPTURES, NEOWS, VINTAGE_2020, needs_real_data

TODAY = date(2024, 3, 10)
FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)


def record(file: Path, content: Any) -> Path:
    text = json.dumps(content).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


def days(*which: date) -> dict[str, Any]:
    return {str(day): SimulatedSky().feed(day, TODAY) for day in which}


def answer(*which: date) -> dict[str, Any]:
    return {"links": {}, "element_count": 0, "near_earth_objects": days(*which)}


@pytest.mark.parametrize("name", ["answer.json", "answer.json.gz"])
def test_a_complete_response(tmp_path: Path, name: str) -> None:
    sky = RecordedSky(record(tmp_path / name, answer(FIRST)))
    assert sky.feed(FIRST, TODAY) == days(FIRST)[str(FIRST)] != []
    assert sky.feed(SECOND, TODAY) == []


def test_a_folder_of_both_shapes(tmp_path: Path) -> None:
    record(tmp_path / "months" / "2024-03.json.gz", days(SECOND))
    record(tmp_path / "answer.json", answer(FIRST))
    (tmp_path / "README.md").write_text("not a recording")
    sky = RecordedSky(str(tmp_path))
    assert [sky.feed(day, TODAY) for day in (FIRST, SECOND)] == list(days(FIRST, SECOND).values())


def test_the_same_day_recorded_twice(tmp_path: Path) -> None:
    record(tmp_path / "one.json", answer(FIRST))
    reversed_rows = {day: rows[::-1] for day, rows in days(FIRST).items()}
    record(tmp_path / "two.json", reversed_rows)
    assert RecordedSky(tmp_path).feed(FIRST, TODAY)
    record(tmp_path / "two.json", {day: rows[1:] for day, rows in days(FIRST).items()})
    with pytest.raises(RecordingError, match=r"2024-03-01 .*one\.json.*two\.json"):
        RecordedSky(tmp_path)


@pytest.mark.parametrize("content", [[], {"message": "hello"}, {"2024-03-01": None}, "x"])
def test_not_a_recording(tmp_path: Path, content: Any) -> None:
    file = record(tmp_path / "strange.json", content)
    with pytest.raises(RecordingError, match=r"strange\.json"):
        RecordedSky(file)


def test_cut_off_recording(tmp_path: Path) -> None:
    file = record(tmp_path / "cut.json.gz", days(FIRST))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(RecordingError, match=r"cut\.json\.gz"):
        RecordedSky(file)


def test_nothing_recorded(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recorded answers"):
        RecordedSky(tmp_path)
    with pytest.raises(RecordingError, match="missing"):
        RecordedSky(tmp_path / "missing.json")


def test_callers_may_change_what_they_got(tmp_path: Path) -> None:
    sky = RecordedSky(record(tmp_path / "answer.json", answer(FIRST)))
    sky.feed(FIRST, TODAY)[0].clear()
    assert sky.feed(FIRST, TODAY) == days(FIRST)[str(FIRST)]


@needs_real_data
@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.json")), ids=str)
def test_real_captures_are_served_as_they_are(capture: Path) -> None:
    recorded = json.loads(capture.read_text())
    with serve(RecordedSky(capture), today=TODAY) as server:
        first, *_, last = sorted(recorded["near_earth_objects"]) * 2
        served = requests.get(
            f"{server.base_url}/feed",
            params={"start_date": first, "end_date": last, "api_key": "DEMO_KEY"},
            timeout=10,
        ).json()
    assert served["near_earth_objects"] == recorded["near_earth_objects"]
    assert served["element_count"] == recorded["element_count"]


@needs_real_data
def test_real_months_are_read_as_they_are() -> None:
    sky = RecordedSky(VINTAGE_2020)
    recorded = json.loads(gzip.decompress((VINTAGE_2020 / "2017-05.json.gz").read_bytes()))
    assert sky.feed(date(2017, 5, 17), TODAY) == recorded["2017-05-17"] != []


@needs_real_data
def test_real_recordings_of_different_years_disagree() -> None:
    with pytest.raises(RecordingError, match="different content"):
        RecordedSky(NEOWS)


@needs_real_data
def test_simulated_rows_have_the_fields_of_the_newest_capture() -> None:
    newest = json.loads((CAPTURES / "feed_2022-09-18_2022-09-25.json").read_text())

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(entry) for key, entry in value.items() if key != "sentry_data"}
        return [shape(entry) for entry in value[:1]] if isinstance(value, list) else type(value)

    with serve(SimulatedSky(), today=TODAY) as server:
        simulated = requests.get(
            f"{server.base_url}/feed?start_date=2024-03-01&api_key=x", timeout=10
        ).json()
    assert list(simulated) == list(newest)
    assert list(simulated["links"]) == list(newest["links"])
    real_rows, rows = (
        [row for rows in answer["near_earth_objects"].values() for row in rows]
        for answer in (newest, simulated)
    )
    whole = [
        row
        for row in rows
        if "absolute_magnitude_h" in row and len(row["close_approach_data"][0]) == 6
    ]
    assert all(shape(row) == shape(real_rows[0]) for row in whole)
    assert list(whole[0])[:9] == list(real_rows[0])[:9]
