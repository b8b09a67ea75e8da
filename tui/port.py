"""What the terminal asks of a running desk.

The screens know this port only, so that a test can stand in for a desk with a page of code.
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Protocol

from desk.accounts import AccountView
from desk.view import Fact, Header, SignalView, TradeView
from engine.account import Account
from engine.commands import BreakEvenOrder, Command, OpenTrade, TrailOrder
from engine.events import Event
from engine.instrument import Instrument
from engine.model import Candle, EntryMode, Market
from engine.plan import Plan
from engine.sizes import Size
from engine.stops import StopPolicy


class DeskSettings(Protocol):
    """The trader's settings: the account, and what an order ticket starts with."""

    @property
    def account(self) -> str:
        """The account that this desk is on."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """All that the settings know."""

    @property
    def deposit(self) -> Decimal:
        """What a new session begins with."""

    @property
    def market(self) -> Market:
        """What the account trades."""

    @property
    def all_targets(self) -> bool:
        """Whether a trade takes all targets of its signal, or the nearest."""

    @property
    def entry(self) -> EntryMode:
        """How a trade enters."""

    @property
    def leverage(self) -> int:
        """Of a futures trade."""

    @property
    def trailing(self) -> TrailOrder | None:
        """The trailing stop, if any."""

    @property
    def break_even(self) -> BreakEvenOrder | None:
        """The break-even stop, if any."""

    @property
    def after_target(self) -> StopPolicy:
        """What the stop does when a target has filled."""

    @property
    def hold_ms(self) -> int | None:
        """How long a trade is held at most."""


class DeskSession(Protocol):
    """One running desk, as the screens see it."""

    @property
    def settings(self) -> DeskSettings:
        """The account, and what an order ticket starts with."""

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

    async def accounts(self) -> list[AccountView]:
        """Return all accounts by name, as they are booked.

        Raises:
            StoreError: If the books cannot be read.
        """

    async def transfer(self, name: str, amount: Decimal, note: str, /) -> Account:
        """Book money paid into an account, or out of it; returns the account afterwards.

        Raises:
            Refused: If the rules do not allow it.
            DeskError: If it cannot be done at present.
            StoreError: If the books cannot be used.
        """

    async def new_session(self, name: str, balance: Decimal, /) -> Account:
        """Begin an account anew; returns it as it begins.

        Raises:
            Refused: If a trade is still active.
            DeskError: If it cannot be done at present.
            StoreError: If the books cannot be used.
        """

    def subscribe(self, callback: Callable[[Fact], None], /) -> Callable[[], None]:
        """Have every fact told to *callback*; the answer ends that."""


def tick_of(session: DeskSession, symbol: str) -> Decimal | None:
    """Return the price grid of *symbol*, or None while unknown."""
    instrument = session.instrument(symbol)
    return instrument.tick if instrument is not None else None
