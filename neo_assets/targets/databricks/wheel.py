"""The wheel that a job runs: the lakehouse, the sources and the job's entry point, nothing else.

The whole project would bring Dagster and PySpark with it, and a second PySpark breaks the one that
Databricks brings.
"""

import hashlib
import shutil
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

ENTRY_POINT = "neo-stage"
PACKAGE = "neo-assets-stages"
FILE_NAMES = "neo_assets_stages-*.whl"

_PROJECT = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "{package}"
version = "{version}"
description = "The stages of neo-assets, for jobs on Databricks"
requires-python = ">=3.10"
dependencies = [{dependencies}]

[project.scripts]
{entry_point} = "neo_assets.targets.databricks.job:main"

[tool.flit.module]
name = "neo_assets"
"""
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
    def name(self) -> str:
        """The file name of the wheel."""
        return FILE_NAMES.replace("*", f"{self._version}-py3-none-any")

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change with every line of what is in it."""
        content = hashlib.sha256(_project(version("neo-assets")).encode())
        for file in self._files:
            content.update(f"\0{file.relative_to(self.root)}\0".encode())
            content.update(file.read_bytes())
        return content.hexdigest()[:16]

    def make(self, folder: Path) -> Path:
        """Make it in an empty folder; return the file."""
        from flit_core.wheel import make_wheel_in

        source = folder / "source"
        for file in self._files:
            copy = source / "neo_assets" / file.relative_to(self.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        project = source / "pyproject.toml"
        project.write_text(_project(self._version))
        make_wheel_in(project, folder)
        return folder / self.name

    @property
    def _files(self) -> list[Path]:
        return sorted({file for pattern in _CONTENT for file in self.root.glob(pattern)})

    @property
    def _version(self) -> str:
        """The version of the project, with the digest: pip skips a version that it installed.

        A cluster would run the code of yesterday.  A digest of digits alone is no number.
        """
        return f"{version('neo-assets')}+sha{self.digest}"


def _project(of_version: str) -> str:
    # Both sides of Pipes speak the same version; Databricks brings pyspark and pyarrow.
    dependencies = [f"dagster-pipes=={version('dagster-pipes')}", "pydantic>=2,<3"]
    return _PROJECT.format(
        package=PACKAGE,
        version=of_version,
        dependencies=", ".join(f'"{dependency}"' for dependency in dependencies),
        entry_point=ENTRY_POINT,
    )
