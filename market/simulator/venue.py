"""The running exchange as somebody sees it who makes things go wrong there.

Every fault, whoever asks for it, comes through here: what lasts for a time is undone in time.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from engine.model import Market
from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults
from market.simulator.floor import UnknownSymbol
from market.simulator.refusals import Refusal
from market.simulator.rest_door import RestDoor
from market.simulator.sockets import Hub


class BadOrder(Exception):
    """An order that cannot be carried out; the message is a sentence."""


class Order(Protocol):
    """Something to be done to the exchange."""

    def carry_out(self, venue: "Venue") -> None:
        """Do it."""


class Venue:
    """The exchange, its doors, and what goes wrong there."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        faults: Faults,
        hub: Hub,
        rest: RestDoor,
        tell: Callable[[Order], None],
    ) -> None:
        """Watch over a server.

        Args:
            exchange: The market behind it.
            faults: What it does wrong.
            hub: Its streams.
            rest: Its REST interface.
            tell: Told every order that was carried out.
        """
        self.exchange = exchange
        self.faults = faults
        self.hub = hub
        self.rest = rest
        self._tell = tell
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def do(self, order: Order) -> None:
        """Carry out an order.

        Raises:
            BadOrder: If it makes no sense here and now.
        """
        try:
            order.carry_out(self)
        except UnknownSymbol as exc:
            raise BadOrder(f"No symbol {exc} is listed.") from exc
        except ValueError as exc:
            raise BadOrder(str(exc)) from exc
        self._tell(order)

    def force(self, symbol: str, price: str, market: Market = Market.SPOT) -> None:
        """Print *price*, plain digits, next.

        Raises:
            BadOrder: If there is no such symbol, or it cannot be printed there.
        """
        try:
            self.exchange.force(symbol, price, market)
        except UnknownSymbol as exc:
            raise BadOrder(f"No symbol {symbol} is listed.") from exc
        except ValueError as exc:
            raise BadOrder(str(exc)) from exc

    def set(self, name: str, value: object, for_s: float | None) -> None:
        """Change a setting of the faults, for so many seconds or until it is cleared."""
        self._forget(name)
        setattr(self.faults, name, value)
        if for_s is not None:
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(for_s, self.faults.reset, name)

    def clear(self) -> None:
        """End every fault; the market keeps what was done to it."""
        self.forget_all()
        self.faults.clear()
        self.hub.mute(muted=False)

    def forget_all(self) -> None:
        """Let every fault last that would have ended by itself."""
        for name in list(self._timers):
            self._forget(name)

    def _forget(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer:
            timer.cancel()

    def state(self) -> dict[str, Any]:
        """Return what is going on, as JSON values."""
        now_s = asyncio.get_running_loop().time()
        return {
            "seed": self.exchange.seed,
            "speed": self.exchange.speed,
            "time_ms": self.exchange.now_ms(),
            "faults": {name: _plain(value) for name, value in self.faults.on().items()},
            "connections": [
                {
                    "number": one.number,
                    "age_s": round(now_s - one.opened_s, 3),
                    "muted": one.muted,
                    "streams": list(subscriptions.names),
                }
                for one, subscriptions in self.hub.connections.items()
            ],
            "connects": len(self.hub.connects),
            "requests": dict(self.rest.requests),
            "weight_used": self.rest.weight_used,
        }


def _plain(value: object) -> object:
    return value.status if isinstance(value, Refusal) else value
