"""Services shaped like those of NASA and others, over real HTTP, for any day without a network.

`SimulatedSky` makes the answers up from a seed, `RecordedSky` replays recorded ones, and `serve`
puts either behind HTTP on the loopback interface.
"""

from .agencies import documents
from .imperfections import Imperfections
from .recordings import RecordedSky, RecordingError
from .server import NEOWS_PATH, SimulatorServer, Sky, serve
from .sky import SimulatedSky

__all__ = [
    "NEOWS_PATH",
    "Imperfections",
    "RecordedSky",
    "RecordingError",
    "SimulatedSky",
    "SimulatorServer",
    "Sky",
    "documents",
    "serve",
]
