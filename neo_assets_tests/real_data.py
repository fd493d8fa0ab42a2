"""Real answers of NeoWs, which may not be redistributed: tests that need them skip without."""

from pathlib import Path

import pytest

NEOWS = Path(__file__).parents[2] / "shared" / "data" / "neows"
VINTAGE_2020 = NEOWS / "2020-12"
CAPTURES = NEOWS / "captures"

needs_real_data = pytest.mark.skipif(
    not NEOWS.is_dir(), reason="real answers may not be redistributed: no ../shared/data here"
)
