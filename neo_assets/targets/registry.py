"""The targets by name: one line is all that the rest of the project knows of one."""

from pkgutil import resolve_name

from neo_assets.settings import Settings
from neo_assets.targets.base import Target

TARGETS = {
    "local": "neo_assets.targets.local.target:LocalTarget",
    "databricks": "neo_assets.targets.databricks.target:DatabricksTarget",
}
"""The class of each target, imported when it is asked for: what it needs may not be installed."""


def target() -> Target:
    """The configured target."""
    settings = Settings.from_environment()
    chosen: type[Target] = resolve_name(TARGETS[settings.neo_target])
    return chosen(settings)
