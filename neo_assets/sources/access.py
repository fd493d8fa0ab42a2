"""The two ways to reach a service: the real one, or the simulator in its place."""

from collections.abc import Iterator
from contextlib import contextmanager

from neo_assets.settings import Settings
from neo_assets.sources import simulator


@contextmanager
def service_address(settings: Settings, base_url: str, path: str = "") -> Iterator[str]:
    """The address of a service, or of a simulator that lives as long as the block.

    `path` is where the simulator has the service.

    Raises:
        RecordingError: the simulator cannot replay what it was given.
    """
    if settings.neo_source == "nasa":
        yield base_url
        return
    recordings, seed = settings.neo_simulator_recordings, settings.neo_simulator_seed
    sky = simulator.RecordedSky(recordings) if recordings else simulator.SimulatedSky(seed=seed)
    # Of the other agencies nothing is recorded.
    documents = simulator.documents(None if recordings else seed)
    with simulator.serve(sky, today=settings.today, documents=documents) as server:
        yield f"{server.root_url}{path}"
