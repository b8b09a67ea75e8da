"""What the terminal asks of a running desk.

The screens know this port only, so that a test can stand in for a desk with a page of code.
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Protocol

from desk.view import Fact, Header, SignalView, TradeView
from engine.commands import Command, OpenTrade, Size
from engine.events import Event
from engine.model import Candle, Instrument
from engine.plan import Plan


class DeskSession(Protocol):
    """One running desk, as the screens see it."""

    @property
    def default_size(self) -> Size:
        """The size that an order ticket starts with."""

    async def run(self) -> None:
        """Run the desk until cancelled."""

    def header(self) -> Header:
        """Return the status line's figures."""

    def signal_views(self) -> list[SignalView]:
        """Return the rows of the signals table."""

    def trade_views(self) -> list[TradeView]:
        """Return the rows of the open trades table, oldest first."""

    def instrument(self, symbol: str, /) -> Instrument | None:
        """Return the trading rules of *symbol*, or None while unknown."""

    def preview(self, command: OpenTrade, /) -> Plan:
        """Return what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """

    async def submit(self, command: Command, /) -> Sequence[Event]:
        """Carry out a command; returns when its events are stored.

        Raises:
            Refused: If the rules do not allow it.
            Halted: If the books cannot be stored at present.
        """

    def look_at(self, symbols: Collection[str], /) -> None:
        """Say which symbols are on the screen now."""

    async def candles(self, symbol: str, timeframe: str, limit: int, /) -> list[Candle]:
        """Return the newest *limit* candles, oldest first.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    def subscribe(self, callback: Callable[[Fact], None], /) -> Callable[[], None]:
        """Have every fact told to *callback*; the answer ends that."""


def tick_of(session: DeskSession, symbol: str) -> Decimal | None:
    """Return the price grid of *symbol*, or None while unknown."""
    instrument = session.instrument(symbol)
    return instrument.tick if instrument is not None else None
