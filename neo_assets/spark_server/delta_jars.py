"""Delta's JARs, fetched once from a Maven repository.

Not by Spark's own `spark.jars.packages`: that is Java, which knows neither the proxy nor the
certificates that this machine's other programs use, and fetches again what PySpark ships.
"""

import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen
from xml.etree import ElementTree

import certifi
import tenacity
from filelock import FileLock

from neo_assets.spark_server.installation import installation_directory

DEFAULT_REPOSITORY = "https://repo1.maven.org/maven2"
SCALA_VERSION = "2.13"

# PySpark ships everything else that Delta names.
FETCHED_GROUPS = ("io.delta", "io.unitycatalog")


class DeltaJarsError(Exception):
    """Delta's JARs could not be fetched; the message says what to do."""


class Artifact(NamedTuple):
    """What Maven calls a JAR."""

    group: str
    name: str
    version: str

    @property
    def path(self) -> str:
        """Where a repository keeps it, without the ending."""
        folder = "/".join([*self.group.split("."), self.name, self.version])
        return f"{folder}/{self.name}-{self.version}"


def delta_jars(directory: Path | None = None) -> list[Path]:
    """The JARs that belong to the installed `delta-spark`, fetched when they are not there yet.

    They are kept in `directory`, the installation's unless given. The repository is Maven Central,
    or what the environment variable `DEFAULT_ARTIFACT_REPOSITORY` names, as in Spark itself.

    Raises:
        DeltaJarsError: the repository does not hand them out.
    """
    directory = directory or installation_directory()
    complete = directory / f"delta-{version('delta-spark')}"
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "delta-jars.lock"):
        if not complete.exists():
            with tempfile.TemporaryDirectory(dir=directory) as scratch:
                unfinished = Path(scratch) / "jars"
                unfinished.mkdir()
                _fetch_all(unfinished)
                unfinished.rename(complete)
    return sorted(complete.glob("*.jar"))


def _fetch_all(directory: Path) -> None:
    repository = os.environ.get("DEFAULT_ARTIFACT_REPOSITORY") or DEFAULT_REPOSITORY
    spark_version = ".".join(version("pyspark").split(".")[:2])
    name = f"delta-spark_{spark_version}_{SCALA_VERSION}"
    wanted = [Artifact("io.delta", name, version("delta-spark"))]
    try:
        for artifact in wanted:
            address = f"{repository.rstrip('/')}/{artifact.path}"
            needed = _needed_by(_fetch(f"{address}.pom"))
            wanted += [other for other in needed if other not in wanted]
            jar = _fetch(f"{address}.jar")
            if hashlib.sha1(jar).hexdigest() not in _fetch(f"{address}.jar.sha1").decode():
                raise OSError(f"{address}.jar arrived damaged")
            (directory / f"{artifact.name}-{artifact.version}.jar").write_bytes(jar)
    except (OSError, HTTPException, ValueError, ElementTree.ParseError) as error:
        raise DeltaJarsError(
            f"Delta's JARs could not be fetched from {repository} ({error}): check the network,"
            " or set DEFAULT_ARTIFACT_REPOSITORY to a Maven repository that can be reached."
        ) from None


def _needed_by(description: bytes) -> Iterator[Artifact]:
    for dependency in ElementTree.fromstring(description).iterfind("{*}dependencies/{*}dependency"):
        artifact = Artifact(
            *(
                dependency.findtext(f"{{*}}{tag}", "")
                for tag in ("groupId", "artifactId", "version")
            )
        )
        scope = dependency.findtext("{*}scope", "compile")
        if artifact.group in FETCHED_GROUPS and scope in ("compile", "runtime"):
            yield artifact


@tenacity.retry(
    retry=tenacity.retry_if_exception_type((OSError, HTTPException)),
    stop=tenacity.stop_after_attempt(3),
    wait=tenacity.wait_fixed(1),
    reraise=True,
)
def _fetch(address: str) -> bytes:
    # A company's own certificates are in the system's store, which some Pythons come without.
    certificates = ssl.create_default_context()
    certificates.load_verify_locations(certifi.where())
    with urlopen(address, timeout=60, context=certificates) as answer:
        content: bytes = answer.read()
    return content
