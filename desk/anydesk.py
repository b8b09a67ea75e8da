"""One object for the life of a window: the desk, whoever runs it meanwhile."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from pathlib import Path

from desk import accounts
from desk.accounts import AccountView
from desk.handover import Handover, Role, Roles
from desk.settings import Settings
from desk.view import Fact, Header, SignalView, TradeView
from engine.account import Account
from engine.book import Book
from engine.commands import Command, OpenTrade
from engine.events import Event
from engine.instrument import Instrument
from engine.model import Candle
from engine.plan import Plan
from engine.sizes import Size


class AnyDesk:
    """This process's own desk, or the one that another process runs.

    It changes from one to the other by itself; listeners stay subscribed.
    """

    def __init__(self, database: Path, settings: Settings, roles: Roles) -> None:
        """Prepare; `begin` comes first, then `run`."""
        self.settings = settings
        self._listeners: list[Callable[[Fact], None]] = []
        self._handover = Handover(database, settings.account, roles, self._hear)

    # -- life ---------------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """What this window is now: the desk itself, or attached to it."""
        return self._handover.role

    async def begin(self) -> None:
        """Take the desk, or attach to the process that runs it.

        Raises:
            DeskBusy: If that process does not say where its market is.
            DeskError: If the desk's folder cannot be written.
            StoreError: If the books cannot be opened.
        """
        await self._handover.begin()

    async def run(self) -> None:
        """Run the desk, or follow it, until cancelled; `begin` comes first."""
        await self._handover.run()

    async def end(self) -> None:
        """Close what is open and let go of the desk; doing so twice is harmless."""
        await self._handover.end()

    def subscribe(self, listener: Callable[[Fact], None]) -> Callable[[], None]:
        """Call *listener* with every fact once it is stored; returns the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _hear(self, fact: Fact) -> None:
        for listener in tuple(self._listeners):
            listener(fact)

    # -- reading ------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        """The book, to be read only."""
        return self.role.book

    @property
    def now_ms(self) -> int:
        """Exchange time, milliseconds UTC."""
        return self.role.now_ms

    @property
    def default_size(self) -> Size:
        """The size that a ticket starts with."""
        return self.settings.size

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a symbol's trading rules, or None while they are not known."""
        return self.role.instrument(symbol)

    def header(self) -> Header:
        """Return the account's figures at this moment."""
        return self.role.header()

    def signal_views(self) -> list[SignalView]:
        """Return the signals that can still be traded, in order of arrival."""
        return self.role.signal_views()

    def trade_views(self) -> list[TradeView]:
        """Return the active trades in order of opening."""
        return self.role.trade_views()

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.role.preview(command)

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        """Return the newest candles, oldest first; the last may still be open.

        Raises:
            MarketError: If the exchange cannot be asked.
        """
        return await self.role.candles(symbol, timeframe, limit)

    # -- asking -------------------------------------------------------------------------------

    def look_at(self, symbols: Collection[str]) -> None:
        """Say which symbols are on screen: the feed brings their prices."""
        self._handover.look_at(symbols)

    async def submit(self, command: Command) -> Sequence[Event]:
        """Carry out a command, or have the holder do so; returns what happened, stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            DeskError: If it cannot be done at present, or it is not known whether it was.
        """
        return await self._handover.submit(command)

    # -- accounts -----------------------------------------------------------------------------

    async def accounts(self) -> list[AccountView]:
        """Return all accounts by name, as they are booked.

        Raises:
            StoreError: If the books cannot be read.
        """
        return await accounts.accounts(self.role.ledger, self.settings)

    async def transfer(self, name: str, amount: Decimal, note: str = "") -> Account:
        """Book money paid into an account, or out of it; returns the account afterwards.

        Raises:
            Refused: If there is not so much to take out; nothing has changed then.
            DeskError: If it cannot be done at present, or it is not known whether it was.
            StoreError: If the books cannot be used.
        """
        return await self._handover.ask(lambda r: accounts.transfer(r, name, amount, note))

    async def new_session(self, name: str, balance: Decimal) -> Account:
        """Begin an account anew, its past kept on record; returns it as it begins.

        Raises:
            Refused: If a trade is still active; nothing has changed then.
            DeskError: If it cannot be done at present, or it is not known whether it was.
            StoreError: If the books cannot be used.
        """
        return await self._handover.ask(lambda r: accounts.new_session(r, name, balance))
