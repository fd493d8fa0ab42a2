"""A service shaped like NASA's NeoWs, over real HTTP, that answers for any day without a network.

`SimulatedSky` makes the answers up from a seed, `RecordedSky` replays recorded ones, and `serve`
puts either behind HTTP on the loopback interface.
"""

from .imperfections import Imperfections
from .recordings import RecordedSky, RecordingError
from .server import SimulatorServer, Sky, serve
from .sky import SimulatedSky

__all__ = [
    "Imperfections",
    "RecordedSky",
    "RecordingError",
    "SimulatedSky",
    "SimulatorServer",
    "Sky",
    "serve",
]
