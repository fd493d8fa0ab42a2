"""What the configuration says of quality: rules added or changed, and what a day may drop."""

from neo_assets.quality.configuration import Quality, Tolerance, quality

__all__ = ["Quality", "Tolerance", "quality"]
