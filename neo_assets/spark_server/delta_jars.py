"""Delta's JARs, fetched once from a Maven repository and verified against digests pinned here.

Not by Spark's own `spark.jars.packages`: that is Java, which knows neither the proxy nor the
certificates that this machine's other programs use, and fetches again what PySpark ships.
"""

import hashlib
import os
import ssl
import tempfile
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

import certifi
import tenacity
from filelock import FileLock

from neo_assets.spark_server.installation import installation_directory

DEFAULT_REPOSITORY = "https://repo1.maven.org/maven2"


class DeltaJarsError(Exception):
    """Delta's JARs cannot be fetched, or are not the pinned ones; the message says what to do."""


JARS = {
    "io/delta/delta-spark_4.2_2.13/4.4.0/delta-spark_4.2_2.13-4.4.0.jar": (
        "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"
    ),
    "io/delta/delta-storage/4.4.0/delta-storage-4.4.0.jar": (
        "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"
    ),
    "io/delta/delta-kernel-api/4.4.0/delta-kernel-api-4.4.0.jar": (
        "ee9b5a14ac3b7efdff4d61a58478fe8eb0e5a3fbca43889dca7290795fe79a11"
    ),
    "io/delta/delta-kernel-defaults/4.4.0/delta-kernel-defaults-4.4.0.jar": (
        "225c975199e4718b38ee5b7e6da7f19e9585024262b2cec2656b32151a856b0b"
    ),
    "io/delta/delta-kernel-unitycatalog/4.4.0/delta-kernel-unitycatalog-4.4.0.jar": (
        "cea22dfb4ac562b3cd27bf652697750e8336009d73fb06631363aaaad5345ffa"
    ),
    "io/unitycatalog/unitycatalog-client/0.6.0/unitycatalog-client-0.6.0.jar": (
        "48257499a86b801a3e2372cec55ac226ca1c1c7eabe5c118e7302f29a1fdbc19"
    ),
    "io/unitycatalog/unitycatalog-hadoop/0.6.0/unitycatalog-hadoop-0.6.0.jar": (
        "c47b63c961c87102b9e1d63809a0915ba4c86b7652f57c8d39ca3a05b441a150"
    ),
}
"""The path of each JAR in a Maven repository, with the SHA-256 digest of its content.

These are Delta for the pinned `delta-spark` and `pyspark`, and what it needs beyond PySpark's JARs.
A digest from the repository itself would prove nothing: who can replace a JAR there can replace
its digest too.  A new version of Delta needs new lines here.
"""


def delta_jars(directory: Path | None = None) -> list[Path]:
    """The JARs that belong to the installed `delta-spark`, fetched when they are not there yet.

    They are kept in `directory`, the installation's unless given. The repository is Maven Central,
    or what the environment variable `DEFAULT_ARTIFACT_REPOSITORY` names, as in Spark itself.

    Raises:
        DeltaJarsError: the repository cannot be reached, or a JAR has another digest than the one
            pinned here.
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
    return sorted(_verified(complete / Path(path).name, digest) for path, digest in JARS.items())


def _fetch_all(directory: Path) -> None:
    repository = os.environ.get("DEFAULT_ARTIFACT_REPOSITORY") or DEFAULT_REPOSITORY
    for path, digest in JARS.items():
        address = f"{repository.rstrip('/')}/{path}"
        try:
            content = _fetch(address)
        except (OSError, HTTPException, ValueError) as error:
            raise DeltaJarsError(
                f"Delta's JARs could not be fetched from {repository} ({error}): check the network,"
                " or set DEFAULT_ARTIFACT_REPOSITORY to a Maven repository that can be reached."
            ) from None
        if _digest(content) != digest:
            raise DeltaJarsError(
                f"{address} was refused: its SHA-256 digest is not the one that this project pins."
                " It was damaged or replaced on its way: try again, or set"
                " DEFAULT_ARTIFACT_REPOSITORY to a Maven repository that you trust."
            )
        (directory / Path(path).name).write_bytes(content)


def _verified(jar: Path, digest: str) -> Path:
    """The same JAR, if it still is what was fetched.

    Raises:
        DeltaJarsError: it is missing, or has another digest.
    """
    if not jar.is_file() or _digest(jar.read_bytes()) != digest:
        raise DeltaJarsError(
            f"{jar} is missing, or its SHA-256 digest is not the one that this project pins: delete"
            f" {jar.parent}, and the next command fetches it again."
        )
    return jar


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
