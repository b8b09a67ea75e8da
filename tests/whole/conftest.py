"""The whole product against the simulated exchange on a real socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from market.simulator import SimulatedExchange, SimulatorServer
from tests.whole.home import write_settings


@pytest.fixture
async def exchange() -> AsyncIterator[SimulatorServer]:
    """A simulated exchange in real time."""
    async with SimulatorServer(SimulatedExchange(seed=3, speed=1)) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, exchange: SimulatorServer) -> Path:
    """A folder of settings that point the live desk at the simulated exchange."""
    write_settings(tmp_path, exchange)
    return tmp_path
