"""Microsoft's own validator of reports, `@microsoft/powerbi-report-authoring-cli`."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neo_assets_tests.powerbi.project import REPORT

ELSEWHERE = {"PBIR_SCHEMA_UNREACHABLE"}
"""It fetches the JSON schemas from the web; test_schemas.py has them from a folder."""


def diagnostics(npm_tools: Path, report: Path) -> Mapping[str, Any]:
    """The diagnostics of a report, by code."""
    command = [str(npm_tools / "powerbi-report-author"), "validate", str(report)]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(output)["data"]["diagnostics"]
    return {code: found[code] for code in found.keys() - ELSEWHERE}


def test_the_validator_finds_nothing(npm_tools: Path) -> None:
    assert diagnostics(npm_tools, REPORT) == {}


def test_the_validator_sees_the_formatting_of_a_report(npm_tools: Path, tmp_path: Path) -> None:
    report = tmp_path / REPORT.name
    shutil.copytree(REPORT, report)
    file = report / "definition" / "pages" / "overview" / "visuals" / "numbers" / "visual.json"
    content = json.loads(file.read_text())
    content["visual"]["objects"]["value"] = content["visual"]["objects"].pop("spacing")
    content["visual"]["query"]["queryState"]["Fields"] = content["visual"]["query"][
        "queryState"
    ].pop("Data")
    file.write_text(json.dumps(content))
    assert diagnostics(npm_tools, report).keys() == {
        "PBIR_FORMATTING_PROP_UNKNOWN",
        "PBIR_ROLE_REQUIRED_MISSING",
        "PBIR_ROLE_UNKNOWN",
    }
