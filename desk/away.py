"""The symbols of which it is being found out what has happened, and what was closed on the way.

While a symbol is here its live prices wait, and no order may slip past them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from desk.view import Fact, WhileAway
from engine.errors import Refused
from engine.events import Event, TradeClosed

T = TypeVar("T")

WITHIN_S = 10.0
"""How long an order waits until its symbol is up to date."""
POLL_S = 0.05


class Behind(Refused):
    """An order came before it was known what has happened on its symbol."""

    def __init__(self, symbol: str) -> None:
        super().__init__(
            "not_up_to_date",
            f"Not all that has happened on {symbol} is known yet: a funding payment or missed "
            "prices are being looked up. Nothing was done; try again in a moment.",
        )


class Away:
    """Symbols that are not up to date."""

    def __init__(self) -> None:
        self._symbols: set[str] = set()
        self._closed: dict[str, list[TradeClosed]] = {}
        """By symbol of whose past is told, what was closed on the way."""

    def __contains__(self, symbol: str) -> bool:
        """Tell whether a symbol is not up to date."""
        return symbol in self._symbols

    def leave(self, symbol: str, *, past: bool) -> None:
        """Note that a symbol is not up to date; with *past* its closes are told as past."""
        self._symbols.add(symbol)
        if past:
            self._closed.setdefault(symbol, [])

    def come_back(self, symbol: str) -> Sequence[TradeClosed] | None:
        """Note that a symbol is up to date.

        Returns:
            What was closed meanwhile; None where it was told as present all the time.
        """
        self._symbols.discard(symbol)
        return self._closed.pop(symbol, None)

    def as_told(self, event: Event) -> Fact:
        """Return an event as listeners hear it."""
        closed = self._closed.get(event.trade.symbol)
        if closed is None or not isinstance(event, TradeClosed):
            return event
        closed.append(event)
        return WhileAway(event)


async def once_up_to_date(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try to carry out an order until what has happened on its symbol is known.

    Raises:
        Behind: If that takes too long; nothing was done then.
    """
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + WITHIN_S
    while True:
        try:
            return await attempt()
        except Behind:
            if loop.time() >= give_up_s:
                raise
        await asyncio.sleep(POLL_S)
