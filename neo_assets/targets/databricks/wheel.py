"""The wheels that a job runs: the lakehouse, the sources and the job's entry point, nothing else.

The whole project would bring Dagster and PySpark with it, and a second PySpark breaks the one that
Databricks brings.  Dagster Pipes comes beside it, from what is installed here: many workspaces
cannot reach PyPI.
"""

import hashlib
import shutil
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distribution, version
from pathlib import Path

from neo_assets.targets.databricks.job import PACKAGE

ENTRY_POINT = "neo-stage"
FILE_NAMES = ("dagster_pipes-*.whl", "neo_assets_stages-*.whl")

_PROJECT = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "{package}"
version = "{version}"
description = "{description}"
requires-python = ">=3.10"
dependencies = [{dependencies}]
scripts = {{{scripts}}}

[tool.flit.module]
name = "{module}"
"""
_SCRIPTS = f'"{ENTRY_POINT}" = "neo_assets.targets.databricks.job:main"'
_CONTENT = (
    *("__init__.py", "date_spans.py", "progress.py"),
    *("lakehouse/**/*.py", "sources/**/*.py", "targets/__init__.py"),
    *(f"targets/databricks/{name}.py" for name in ("__init__", "job", "backend", "unity_catalog")),
)


@dataclass(frozen=True)
class Wheel:
    """The wheel of the code that runs here, without being made yet."""

    root: Path = Path(__file__).parents[2]

    @property
    def names(self) -> list[str]:
        """The file names of the wheels, as they are installed."""
        pipes = FILE_NAMES[0].replace("*", f"{version('dagster-pipes')}-py3-none-any")
        return [pipes, self.name]

    @property
    def name(self) -> str:
        """The file name of the wheel."""
        return FILE_NAMES[-1].replace("*", f"{self.version}-py3-none-any")

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change with every line of what is in it."""
        content = hashlib.sha256(_project(version("neo-assets")).encode())
        for file in self._files:
            content.update(f"\0{file.relative_to(self.root)}\0".encode())
            content.update(file.read_bytes())
        return content.hexdigest()[:16]

    def make(self, folder: Path) -> list[Path]:
        """Make it, and that of Pipes, in an empty folder; return them as they are installed."""
        source = folder / "source"
        for file in self._files:
            copy = source / "neo_assets" / file.relative_to(self.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return [_pipes(folder), _built(source, folder, _project(self.version))]

    @property
    def version(self) -> str:
        """The version of the project, with the digest: pip skips a version that it installed.

        A cluster would run the code of yesterday.  A digest of digits alone is no number.
        """
        return f"{version('neo-assets')}+sha{self.digest}"

    @property
    def _files(self) -> list[Path]:
        return sorted({file for pattern in _CONTENT for file in self.root.glob(pattern)})


def _project(of_version: str) -> str:
    # Both sides of Pipes speak the same version; Databricks brings pydantic, pyspark and pyarrow.
    dependencies = [f"dagster-pipes=={version('dagster-pipes')}", "pydantic>=2,<3"]
    return _PROJECT.format(
        package=PACKAGE,
        module="neo_assets",
        version=of_version,
        # A bundle replaces the digest in the version by a time, and not here.
        description=f"The stages of neo-assets {of_version}, for jobs on Databricks",
        dependencies=", ".join(f'"{dependency}"' for dependency in dependencies),
        scripts=_SCRIPTS,
    )


def _pipes(folder: Path) -> Path:
    """The wheel of Dagster Pipes, one module without dependencies."""
    installed = distribution("dagster-pipes")
    source = folder / "pipes"
    for file in installed.files or ():
        if file.suffix in (".py", ".typed"):
            copy = source / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), copy)
    (source / "LICENSE").write_text(installed.read_text("licenses/LICENSE") or "")
    project = _PROJECT.format(
        package="dagster-pipes",
        module="dagster_pipes",
        version=installed.version,
        description=installed.metadata["Summary"],
        dependencies="",
        scripts="",
    )
    return _built(source, folder, project)


def _built(source: Path, folder: Path, project: str) -> Path:
    from flit_core.wheel import make_wheel_in

    (source / "pyproject.toml").write_text(project)
    file: Path = make_wheel_in(source / "pyproject.toml", folder).file
    return file
