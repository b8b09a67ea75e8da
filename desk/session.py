"""One running desk: a market, the books, the signals and the hand that trades."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from decimal import Decimal

from desk import bookings
from desk.away import once_up_to_date
from desk.catchup import CatchUp
from desk.figures import header, signal_view, trade_view
from desk.hand import Hand
from desk.prepare import prepared
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.view import Fact, Header, Notice, SignalView, TradeView
from engine.account import Account
from engine.book import Book
from engine.commands import CancelTrade, Command, EditTrade, OpenTrade
from engine.errors import Refused
from engine.events import Event
from engine.instrument import Instrument, unlisted
from engine.model import Candle, Trade
from engine.plan import Plan
from engine.sizes import Size
from market.feed import Feed
from store.ledger import Ledger


class Session:
    """One account on one market, from start to stop."""

    def __init__(
        self, feed: Feed, ledger: Ledger, settings: Settings, chores: "Sequence[Chore]" = ()
    ) -> None:
        """Join the parts of a desk.

        Args:
            feed: Prices.
            ledger: The opened books.
            settings: Checked settings.
            chores: What runs beside the hand for as long as the session does.
        """
        self.settings = settings
        self.feed = feed
        self.ledger = ledger
        self.instruments: dict[str, Instrument] = {}
        self.rules_known = asyncio.Event()
        """Set once the exchange's trading rules have been read."""
        self.signals = SignalTable(ledger, feed.clock, self.publish)
        self._chores = chores
        self._listeners: list[Callable[[Fact], None]] = []
        self._candle_listeners: list[Callable[[Candle], None]] = []
        self._visible: frozenset[str] = frozenset()
        self._header: Header | None = None
        self._views: list[TradeView] = []
        """Both as they were shown last, for while the book is ahead of the disk."""
        self._hand = Hand(
            feed,
            ledger,
            settings,
            instruments=self.instruments,
            signals=self.signals,
            publish=self.publish,
            on_behind=self._on_behind,
        )
        self.funding_hours = self._hand.funding.hours
        self.catch_up = CatchUp(feed, self._hand, self.publish)
        feed.on_long_gap = self.catch_up.start
        feed.on_mark = self._hand.deliver_mark
        self._hand.watermarks.on_due = self.catch_up.settle
        self._hand.watermarks.on_change = self._follow

    # -- life ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Load the books; `run` goes on from there.

        Raises:
            StoreError: If the books cannot be read.
        """
        await self._hand.load()

    async def run(self) -> None:
        """Trade until cancelled; `load` comes first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run(self._hand.deliver, self._on_candle))
            tasks.create_task(self._hand.run())
            tasks.create_task(self.catch_up.run(self.rules_known))
            for chore in self._chores:
                tasks.create_task(chore(self))

    def subscribe(self, listener: Callable[[Fact], None]) -> Callable[[], None]:
        """Call *listener* with every fact once it is stored; returns the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def subscribe_candles(self, listener: Callable[[Candle], None]) -> None:
        """Call *listener* with every candle of the pairs that the feed follows."""
        self._candle_listeners.append(listener)

    def publish(self, fact: Fact) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener(fact)

    # -- reading ------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        """The book, to be read only."""
        return self._hand.book

    @property
    def now_ms(self) -> int:
        """Exchange time, milliseconds UTC."""
        return self.feed.clock.now_ms()

    @property
    def default_size(self) -> Size:
        """The size that a ticket starts with."""
        return self.settings.size

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a symbol's trading rules, or None while they are not known."""
        return self.instruments.get(symbol)

    def header(self) -> Header:
        """Return the account's figures at this moment, as far as they are on disk."""
        if self._hand.storing and self._header:
            halted, now_ms = self._hand.halted, self.now_ms
            return replace(self._header, halted=halted, now_ms=now_ms, feed=self.feed.status)
        today = self._hand.today.at(self.now_ms)
        figures = header(self.book, today, self.feed, self._hand.halted)
        self._header = replace(figures, replaying=self.catch_up.overall())
        return self._header

    def signal_views(self) -> list[SignalView]:
        """Return the signals that can still be traded, in order of arrival."""
        taken = {trade.signal.id: trade.id for trade in self.book.active() if trade.signal}
        board = self.feed.board
        return [
            signal_view(signal, board[signal.symbol], taken.get(signal.id))
            for signal in self.signals
        ]

    def trade_views(self) -> list[TradeView]:
        """Return the active trades in order of opening, as far as they are on disk."""
        if self._hand.storing:
            return [replace(view, live=False) for view in self._views]
        board = self.feed.board
        progress = self.catch_up.progress
        self._views = [
            trade_view(
                trade,
                board[trade.symbol],
                self._rules_of(trade.symbol),
                progress(trade.symbol),
            )
            for trade in self.book.active()
        ]
        return self._views

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self._hand.preview(command)

    def preview_edit(self, order: EditTrade) -> Trade:
        """Work out how an edit would leave a trade now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self._hand.preview_edit(order)

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        """Return the newest candles, oldest first; the last may still be open.

        Raises:
            MarketError: If the exchange cannot be asked.
        """
        return await self.feed.candles(symbol, timeframe, limit)

    # -- asking -------------------------------------------------------------------------------

    def look_at(self, symbols: Collection[str]) -> None:
        """Say which symbols are on screen: the feed brings their prices."""
        wanted = frozenset(symbols)
        if wanted != self._visible:
            self._visible = wanted
            self._follow()

    async def submit(self, command: Command) -> Sequence[Event]:
        """Carry out a command; returns what happened, stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            Halted: If nothing can be stored at present.
        """
        self._hand.check_storing()

        async def attempt() -> Sequence[Event]:
            self._hand.check_up_to_date(command)
            await self._check_price(command)
            return await self._hand.submit(await self.prepared(command))

        return await once_up_to_date(attempt)

    async def _check_price(self, command: Command) -> None:
        symbol = self._hand.symbol_of(command)
        needs_price = symbol in self.instruments and not isinstance(command, CancelTrade)
        if needs_price and not await self.feed.ready(symbol):
            detail = self.feed.status.detail
            raise Refused("no_price", f"There is no fresh price for {symbol}. {detail}".strip())

    async def transfer(self, amount: Decimal, note: str) -> Account:
        """Book money paid into this account, or out of it; returns it afterwards.

        Raises:
            Refused: If there is not so much to take out; nothing has changed then.
            Halted: If nothing can be stored at present.
            StoreError: If it cannot be stored.
        """
        return await bookings.transfer(self._hand, self.ledger, amount, note, self.now_ms)

    async def new_session(self, balance: Decimal) -> Account:
        """Begin this account anew; returns it as it begins.

        Raises:
            Refused: If a trade is still active; nothing has changed then.
            Halted: If nothing can be stored at present.
            StoreError: If it cannot be stored.
        """
        return await bookings.new_session(self._hand, self.ledger, balance, self.now_ms)

    async def prepared(self, command: Command) -> Command:
        """Return a command with the figures that must be fetched for it: ATR, Kelly.

        Raises:
            Refused: If they cannot be had.
            StoreError: If the past cannot be read.
        """
        return await prepared(command, feed=self.feed, ledger=self.ledger, book=self.book)

    async def look_at_the_clock(self) -> None:
        """End orders whose time has come, and notice funding that is due.

        Raises:
            StoreError: If that cannot be stored now.
        """
        await self._hand.look_at_the_clock()

    def stop_trading(self, why: str) -> None:
        """Trade no more until the next start, and say so; *why* is a sentence."""
        self._hand.stop(why)
        self.publish(Notice(why, "error"))

    async def save_positions(self) -> None:
        """Store how far every watched symbol was followed.

        Raises:
            StoreError: If that cannot be stored now; nothing is lost, a restart repeats more.
        """
        await self._hand.save_positions()

    # -- inside -------------------------------------------------------------------------------

    def _rules_of(self, symbol: str) -> Instrument | None:
        """Return a symbol's rules, made up for one that is gone; None while none are known."""
        found = self.instruments.get(symbol)
        if found is None and self.rules_known.is_set():
            return unlisted(symbol, self.settings.currency)
        return found

    def _on_candle(self, candle: Candle) -> None:
        for listener in self._candle_listeners:
            listener(candle)

    def _on_behind(self, symbols: Collection[str]) -> None:
        self.catch_up.start(symbols)

    def _follow(self) -> None:
        self.feed.follow(active=self._hand.watermarks.symbols, visible=self._visible)


Chore = Callable[[Session], Coroutine[None, None, None]]
"""Something that a running session does on its own until cancelled."""
