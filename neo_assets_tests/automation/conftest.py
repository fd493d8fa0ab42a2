from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from neo_assets.instance import prepare_instance
from neo_assets.settings import Settings
from neo_assets_tests.automation.endpoints import Endpoint, Mailbox, endpoint, mailbox


@pytest.fixture
def service() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The project's own instance, empty, with an environment that has no other settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NEO_DATA_DIR", str(tmp_path))
    home = prepare_instance(Settings.from_environment())
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found
