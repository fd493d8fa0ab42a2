"""What the rest of the project may know of a source."""

from pathlib import Path

import neo_assets

PROJECT = Path(neo_assets.__file__).parent
EXEMPT = {
    "settings.py",  # NEOWS_BASE_URL is a public name
}


def test_no_module_outside_the_sources_mentions_neows() -> None:
    modules = {path.relative_to(PROJECT).as_posix(): path for path in PROJECT.rglob("*.py")}
    assert "sources/neows/client.py" in modules
    mentioning = {
        name
        for name, path in modules.items()
        if not name.startswith("sources/") and "neows" in path.read_text("utf-8").lower()
    }
    assert mentioning == EXEMPT
