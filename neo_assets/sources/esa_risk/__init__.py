"""The risk list of ESA's NEO Coordination Centre."""
