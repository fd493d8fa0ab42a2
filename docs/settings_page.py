"""Write docs/settings.md from `neo_assets.settings.Settings`.

    python -m docs.settings_page

from the root of the project, after a setting was added or changed; a test compares.
"""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from neo_assets.settings import Settings

PAGE = Path(__file__).parent / "settings.md"

_HEADER = """\
# Settings

Settings are environment variables. An empty variable counts as unset. A value that cannot be used
is reported by name before anything starts.

This page is generated: edit the descriptions in `neo_assets/settings.py`, then run
`python -m docs.settings_page`.
"""

_SECTIONS = {
    "": ("General", ""),
    "neo_databricks_": (
        "Databricks",
        "Used with `NEO_TARGET=databricks`, see [databricks.md](databricks.md).",
    ),
    "neo_simulator_": ("Simulator", "Used with `NEO_SOURCE=simulator`."),
}

_VARIABLES_OF_OTHER_TOOLS = {
    "DATABRICKS_HOST, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET": "Address and credentials of "
    "a workspace, read by the Databricks SDK, see [databricks.md](databricks.md).",
    "DEFAULT_ARTIFACT_REPOSITORY": "Maven repository from which Delta's JARs are downloaded; Maven "
    "Central unless set.",
    "JAVA_HOME": "A Java 17 or 21 to use in preference to others.",
    "NEO_UI_PORT": "Port of `neo-assets ui`; 3000 unless set.",
}


def settings_page() -> str:
    """The whole page in Markdown."""
    others = "".join(
        f"| {_code(names)} | {meaning} |\n" for names, meaning in _VARIABLES_OF_OTHER_TOOLS.items()
    )
    footer = f"## Variables of other tools\n\n| variable | meaning |\n| --- | --- |\n{others}"
    return "\n".join((_HEADER, *map(_section, _SECTIONS), footer))


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _section(prefix: str) -> str:
    title, note = _SECTIONS[prefix]
    rows = "".join(
        f"| `{name.upper()}` | {_default(field)} | {_meaning(field)} |\n"
        for name, field in Settings.model_fields.items()
        if _prefix(name) == prefix
    )
    note = f"{note}\n\n" if note else ""
    return f"## {title}\n\n{note}| variable | default | meaning |\n| --- | --- | --- |\n{rows}"


def _prefix(name: str) -> str:
    return max((prefix for prefix in _SECTIONS if name.startswith(prefix)), key=len)


def _meaning(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return str(field.description)
    values = ", ".join(f"`{value}`" for value in get_args(field.annotation))
    return f"{field.description} One of {values}."


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "unset"
    if isinstance(value, SecretStr):
        # The key that anyone may use.
        value = value.get_secret_value()
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
