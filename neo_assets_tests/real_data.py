"""Real responses of the sources, which may not be redistributed: their tests skip without."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

_DATA = Path(__file__).parents[2] / "shared" / "data"
NEOWS = _DATA / "neows"
VINTAGE_2020 = NEOWS / "2020-12"
CAPTURES = NEOWS / "captures"
CLOSE_APPROACHES_2020 = _DATA / "jpl" / "cad_2020.json.gz"
FIREBALLS = _DATA / "jpl" / "fireballs_2026-05.json.gz"
SENTRY_LIST = _DATA / "jpl" / "sentry_modeS_v2_sample_2026-09.json"
ESA_RISK_LIST = _DATA / "esa" / "esa_risk_list_2021-10-04_sample.txt"

needs_real_data = pytest.mark.skipif(
    not NEOWS.is_dir(), reason="real answers may not be redistributed: no ../shared/data here"
)


def month(name: str) -> dict[str, list[dict[str, Any]]]:
    """The objects of each day of a month, as NeoWs listed them in December 2020."""
    answers: dict[str, list[dict[str, Any]]] = json.loads(
        gzip.decompress((VINTAGE_2020 / f"{name}.json.gz").read_bytes())
    )
    return answers


def capture(name: str) -> dict[str, Any]:
    """A whole answer of the feed, as some year gave it."""
    answer: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text())
    return answer
