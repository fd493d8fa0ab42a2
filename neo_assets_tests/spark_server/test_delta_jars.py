import configparser
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import pytest

from neo_assets.spark_server.delta_jars import JARS, DeltaJarsError, delta_jars

ROOT = Path(__file__).parents[2]
STORAGE = next(path for path in JARS if "/delta-storage/" in path)


def test_the_pinned_jars_are_those_of_the_installed_version() -> None:
    delta, spark = version("delta-spark"), ".".join(version("pyspark").split(".")[:2])
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    assert f"delta-spark=={delta}" in metadata["options"]["install_requires"]
    names = {jar.name for jar in delta_jars()}
    assert names == {Path(path).name for path in JARS}
    assert f"delta-spark_{spark}_2.13-{delta}.jar" in names


def test_jars_with_the_pinned_digests_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with repository(tmp_path / "repository") as address:
        monkeypatch.setenv("DEFAULT_ARTIFACT_REPOSITORY", address)
        jars = delta_jars(tmp_path / "kept")
    assert [hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars] == [
        JARS[path] for path in sorted(JARS, key=lambda path: Path(path).name)
    ]
    # The next call needs no repository.
    assert delta_jars(tmp_path / "kept") == jars


def test_a_jar_that_was_replaced_in_the_repository_with_its_digest_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = tmp_path / "repository" / STORAGE
    with repository(tmp_path / "repository") as address:
        replaced.write_bytes(b"another JAR")
        for algorithm in ("sha1", "sha256"):
            digest = hashlib.new(algorithm, b"another JAR").hexdigest()
            replaced.with_suffix(f".jar.{algorithm}").write_text(digest)
        monkeypatch.setenv("DEFAULT_ARTIFACT_REPOSITORY", address)
        with pytest.raises(DeltaJarsError) as error:
            delta_jars(tmp_path / "kept")
    assert str(error.value).startswith(f"{address}/{STORAGE} was refused: its SHA-256 digest is")
    assert "DEFAULT_ARTIFACT_REPOSITORY" in str(error.value) and "\n" not in str(error.value)
    assert [path for path in (tmp_path / "kept").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_jar_that_was_altered_after_it_was_fetched_is_refused(
    tmp_path: Path, is_missing: bool
) -> None:
    folder = shutil.copytree(delta_jars()[0].parent, tmp_path / f"delta-{version('delta-spark')}")
    altered = folder / Path(STORAGE).name
    if is_missing:
        altered.unlink()
    else:
        altered.write_bytes(altered.read_bytes()[:-1])
    with pytest.raises(DeltaJarsError) as error:
        delta_jars(tmp_path)
    assert str(error.value).startswith(f"{altered} is missing, or its SHA-256 digest")
    assert f"delete {folder}" in str(error.value)


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


@contextmanager
def repository(root: Path) -> Iterator[str]:
    """A Maven repository with the JARs of this installation; yields its address."""
    for jar in delta_jars():
        (path,) = (path for path in JARS if path.endswith(f"/{jar.name}"))
        (root / path).parent.mkdir(parents=True)
        shutil.copy(jar, root / path)
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
