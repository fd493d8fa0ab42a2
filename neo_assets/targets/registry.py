"""The registered targets by name, each imported when it is used."""

from pkgutil import resolve_name

from neo_assets.settings import Settings
from neo_assets.targets import TARGETS
from neo_assets.targets.base import Target


def create_target(settings: Settings) -> Target:
    """The target that the settings name."""
    chosen: type[Target] = resolve_name(TARGETS[settings.neo_target])
    return chosen(settings)
