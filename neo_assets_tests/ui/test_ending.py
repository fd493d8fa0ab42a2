"""All that `neo-assets ui` starts ends with it."""

import signal
from pathlib import Path

from neo_assets_tests.ui.process import running_ui


def test_nothing_is_left_running_after_a_signal_to_end(tmp_path: Path) -> None:
    """`running_ui` asserts it, after a Ctrl-C too: so end the UI of all other tests here."""
    with running_ui(tmp_path, signal.SIGTERM):
        pass
