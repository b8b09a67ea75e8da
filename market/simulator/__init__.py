"""The built-in simulated exchange: market data as Binance serves it, made up from a seed."""

from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults
from market.simulator.refusals import Refusal
from market.simulator.script import FaultScript, play, read_script
from market.simulator.server import SimulatorServer
from market.simulator.sockets import Limits

__all__ = [
    "FaultScript",
    "Faults",
    "Limits",
    "Refusal",
    "SimulatedExchange",
    "SimulatorServer",
    "play",
    "read_script",
]
