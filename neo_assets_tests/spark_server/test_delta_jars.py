import time
from importlib.metadata import version
from pathlib import Path

import pytest

from neo_assets.spark_server.delta_jars import DeltaJarsError, delta_jars


def test_the_jars_are_those_of_the_installed_version() -> None:
    names = {jar.name for jar in delta_jars()}
    assert f"delta-spark_4.2_2.13-{version('delta-spark')}.jar" in names
    assert all(name.startswith(("delta-", "unitycatalog-")) for name in names)


@pytest.mark.parametrize("proxied", [False, True])
def test_an_unreachable_repository_is_one_quick_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxied: bool
) -> None:
    repository = "http://repository.invalid" if proxied else "http://127.0.0.1:9"
    monkeypatch.setenv("DEFAULT_ARTIFACT_REPOSITORY", repository)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    start = time.monotonic()
    with pytest.raises(DeltaJarsError) as error:
        delta_jars(tmp_path)
    assert time.monotonic() - start < 20
    assert str(error.value).startswith(f"Delta's JARs could not be fetched from {repository} (")
    assert "Connection refused" in str(error.value)
    assert "set DEFAULT_ARTIFACT_REPOSITORY" in str(error.value)
    assert "\n" not in str(error.value)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_is_no_repository_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_ARTIFACT_REPOSITORY", "repository")
    with pytest.raises(DeltaJarsError, match=r"from repository \(unknown url type"):
        delta_jars(tmp_path)
