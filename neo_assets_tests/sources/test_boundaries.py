"""What the rest of the project may know of a source."""

import re
from pathlib import Path

import pytest

import neo_assets

PROJECT = Path(neo_assets.__file__).parent
MENTIONS = {
    # `neows_base_url` and the example of `jpl_base_url` are public names.
    "neows": (r"neows", {"settings.py"}),
    "cad": (r"(?<![a-z])cad(?![a-z])", {"settings.py"}),
    # NeoWs says which objects Sentry lists, and gold has a column for it.
    "sentry": (r"(raw|bronze|silver)_sentry|sources\.sentry", set()),
    "fireball": (r"fireball", set()),
    "esa_risk": (r"esa_risk", set()),
    "scout": (r"scout", set()),
}
"""For each source how a module would mention it, and the modules that may."""


@pytest.mark.parametrize("source", MENTIONS)
def test_no_module_outside_the_sources_mentions_a_source(source: str) -> None:
    modules = {path.relative_to(PROJECT).as_posix(): path for path in PROJECT.rglob("*.py")}
    assert f"sources/{source}/client.py" in modules
    pattern, exempt = MENTIONS[source]
    mentioning = {
        name
        for name, path in modules.items()
        if not name.startswith("sources/") and re.search(pattern, path.read_text("utf-8").lower())
    }
    assert mentioning == exempt
