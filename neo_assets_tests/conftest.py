from collections.abc import Iterator

import pytest

from neo_assets.spark_server.server import spark_connect_server


@pytest.fixture(scope="session")
def spark_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Spark Connect server for all tests that do not ask for their own."""
    with spark_connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield address
