"""The built-in simulated exchange: Binance's spot market data, made up from a seed."""

from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults, Refusal
from market.simulator.server import SimulatorServer
from market.simulator.sockets import Limits

__all__ = ["Faults", "Limits", "Refusal", "SimulatedExchange", "SimulatorServer"]
