"""The configuration of quality: rules added or changed, and the tolerated drops of a day."""

from neo_assets.quality.configuration import Quality, Tolerance, quality

__all__ = ["Quality", "Tolerance", "quality"]
