"""The one hand of a running desk: prints, orders and timers enter here, one at a time.

Law: the book is touched only by the task that reads the inbox. What the book says happened is
committed together with the feed's checkpoint before anyone is told. If it cannot be stored,
trading halts visibly, the events are kept and stored later; nothing unstored is ever shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace

from desk.errors import Halted
from desk.figures import equity, header, signal_view, trade_view
from desk.recorder import Recorder
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.view import Fact, Header, Notice, SignalView, TradeView
from desk.watermarks import Watermarks
from engine.book import Book
from engine.commands import CloseTrade, Command, OpenTrade, Size
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import Candle, Instrument, Quote, Source, Tick
from engine.plan import Plan
from engine.stats import Today, day_start
from market.feed import Feed
from store.errors import StoreError
from store.ledger import Checkpoint, Ledger

INBOX_LIMIT = 20_000
"""Batches that may wait; beyond it prints are dropped and fetched again by id."""


@dataclass(frozen=True, slots=True)
class _Order:
    command: Command
    answer: asyncio.Future[Sequence[Event]]


@dataclass(frozen=True, slots=True)
class _Errand:
    """Work for the hand that is neither print nor order."""

    run: Callable[[], Awaitable[None]]


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
        self._chores = chores
        self.feed = feed
        self.ledger = ledger
        self.instruments: dict[str, Instrument] = {}
        self.rules_known = asyncio.Event()
        """Set once the exchange's trading rules have been read."""
        self.signals = SignalTable(ledger, feed.clock, self.publish)
        self._recorder = Recorder(ledger, self._on_halt)
        self._inbox: asyncio.Queue[Sequence[Tick] | _Order | _Errand] = asyncio.Queue()
        self._listeners: list[Callable[[Fact], None]] = []
        self._candle_listeners: list[Callable[[Candle], None]] = []
        self._watermarks = Watermarks(feed)
        self._visible: frozenset[str] = frozenset()
        self._book: Book | None = None
        self._today = Today(0)

    # -- life ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Load the books and ask the feed for all that happened since; start is recovery.

        Raises:
            StoreError: If the books cannot be read.
        """
        now, settings = self.now_ms, self.settings
        books = await self.ledger.load(
            settings.account,
            currency=settings.currency,
            deposit=settings.deposit,
            day_start_ms=day_start(now),
            now_ms=now,
        )
        self._book = Book(
            books.account,
            self.instruments,
            trades=books.active,
            next_trade_id=books.next_trade_id,
            spot_short=settings.spot_short,
        )
        self._today = Today(day_start(now), books.today_net)
        self.signals.fill(books.signals)
        self._watermarks.clear()
        for trade in books.active:
            entered = Checkpoint(trade_id=trade.fills[0].trade_id or 0, time_ms=trade.opened_ms)
            behind = books.checkpoints.get(trade.symbol, entered)
            self._watermarks.resume(trade.symbol, behind)
        self._follow()

    async def run(self) -> None:
        """Trade until cancelled; `load` comes first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run(self._deliver, self._on_candle))
            tasks.create_task(self._hand())
            for chore in self._chores:
                tasks.create_task(chore(self))

    def subscribe(self, listener: Callable[[Fact], None]) -> Callable[[], None]:
        """Call *listener* with every fact once it is stored; returns the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def subscribe_candles(self, listener: Callable[[Candle], None]) -> None:
        """Call *listener* with every candle of the pairs that the feed follows."""
        self._candle_listeners.append(listener)

    # -- reading ------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        """The book; only the session's own task may change it."""
        if self._book is None:
            raise Halted("The desk is still loading its books.")
        return self._book

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
        """Return the account's figures at this moment."""
        today = self._today.at(self.now_ms)
        return header(self.book, today, self.feed, self._recorder.halted)

    def signal_views(self) -> list[SignalView]:
        """Return the signals that can still be traded, in order of arrival."""
        taken = {trade.signal.id: trade.id for trade in self.book.active() if trade.signal}
        board = self.feed.board
        return [
            signal_view(signal, board[signal.symbol], taken.get(signal.id))
            for signal in self.signals
        ]

    def trade_views(self) -> list[TradeView]:
        """Return the active trades in order of opening."""
        board = self.feed.board
        return [trade_view(trade, board[trade.symbol]) for trade in self.book.active()]

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.book.preview(self._stamped_open(command))

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
        symbol = self._symbol_of(command)
        if self._recorder.halted:
            raise Halted(f"Trading is halted. {self._recorder.halted}")
        if symbol in self.instruments and not await self.feed.ready(symbol):
            detail = self.feed.status.detail
            raise Refused("no_price", f"There is no fresh price for {symbol}. {detail}".strip())
        answer: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Order(command, answer))
        return await answer

    async def save_positions(self) -> None:
        """Have the hand store how far every watched symbol was followed.

        Raises:
            StoreError: If that cannot be stored now; nothing is lost, a restart repeats more.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def save() -> None:
            symbols, account = self._watermarks.symbols, self.book.account
            checkpoints = self._watermarks.checkpoints(symbols)
            try:
                await self.ledger.record((), account, checkpoints, self.book.active(symbols))
            except StoreError as exc:
                done.set_exception(exc)
            else:
                done.set_result(None)

        self._inbox.put_nowait(_Errand(save))
        await done

    def publish(self, fact: Fact) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener(fact)

    # -- the hand -----------------------------------------------------------------------------

    async def _hand(self) -> None:
        while True:
            item = await self._inbox.get()
            match item:
                case _Order(command, answer):
                    await self._on_order(command, answer)
                case _Errand(run):
                    await run()
                case ticks:
                    await self._on_ticks(ticks)

    async def _on_ticks(self, ticks: Sequence[Tick]) -> None:
        if not self.instruments:
            return  # without price grids nothing can fill; the prints are fetched again by id
        happened: list[Event] = []
        for tick in ticks:
            if self._watermarks.accept(tick) and (events := self.book.on_tick(tick)):
                happened.extend(events)
        if happened:
            try:
                await self._record(happened)
            except Refused:
                return  # another process closed them first; the books were loaded again
            self._announce(happened)

    async def _on_order(
        self, command: Command, answer: asyncio.Future[Sequence[Event]]
    ) -> None:
        try:
            events = self.book.submit(self._stamped(command))
            self._watch_opened(events)
            await self._record(events)
        except Refused as refusal:
            if not answer.done():
                answer.set_exception(refusal)
            return
        self._announce(events)
        if not answer.done():
            answer.set_result(events)

    def _watch_opened(self, events: Sequence[Event]) -> None:
        """Begin to watch the prints of a newly opened trade's symbol."""
        for event in events:
            if isinstance(event, TradeOpened):
                fill = event.fill
                behind = Checkpoint(trade_id=fill.trade_id or 0, time_ms=fill.time_ms)
                self._watermarks.begin(event.trade.symbol, behind)
                self._follow()

    async def _record(self, events: Sequence[Event]) -> None:
        checkpoints = self._watermarks.checkpoints({e.trade.symbol for e in events})
        try:
            await self._recorder.record(events, self.book.account, checkpoints)
        except (DuplicateTrade, NotOpen):
            # Another process was first. What it stored is the truth, so begin from there.
            await self.load()
            raise

    def _announce(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TradeClosed):
                self._today = self._today.after(event.trade)
            elif event.trade.signal:
                self.signals.mark_taken(event.trade.signal.id)
        if self._watermarks.keep_only(self.book.symbols):
            self._follow()
        for event in events:
            self.publish(event)

    # -- edges --------------------------------------------------------------------------------

    def _deliver(self, ticks: Sequence[Tick]) -> None:
        if self._inbox.qsize() < INBOX_LIMIT:
            self._inbox.put_nowait(ticks)
        else:
            self._watermarks.doubt({tick.symbol for tick in ticks})

    def _on_candle(self, candle: Candle) -> None:
        for listener in self._candle_listeners:
            listener(candle)

    def _on_halt(self, why: str) -> None:
        if why:
            self.publish(Notice(f"Trading is halted. {why}", "error"))
        else:
            self.publish(Notice("The books are stored again; trading goes on."))

    def _follow(self) -> None:
        self.feed.follow(active=self._watermarks.symbols, visible=self._visible)

    def _symbol_of(self, command: Command) -> str:
        if isinstance(command, OpenTrade):
            return command.symbol
        trade = self.book.get(command.trade_id)
        if trade is None:
            raise NotOpen(
                f"Trade #{command.trade_id} is not open (any more).", command.trade_id
            )
        return trade.symbol

    def _stamped(self, command: Command) -> Command:
        """Give a command the market of this moment, as far as the book has seen it."""
        if isinstance(command, OpenTrade):
            return self._stamped_open(command)
        return self._stamped_close(command)

    def _stamped_open(self, command: OpenTrade) -> OpenTrade:
        total, _, complete = equity(self.book, self.feed.board)
        return replace(
            command,
            costs=self.settings.costs,
            quote=self._quote(command.symbol),
            equity=total if complete else None,
            source=Source.SIMULATED if self.feed.simulated else Source.STREAM,
        )

    def _stamped_close(self, command: CloseTrade) -> CloseTrade:
        trade = self.book.get(command.trade_id)
        return replace(command, quote=self._quote(trade.symbol) if trade else None)

    def _quote(self, symbol: str) -> Quote | None:
        quote = self.feed.board.quote(symbol, self.now_ms)
        return quote and self._watermarks.as_reached(symbol, quote)


Chore = Callable[[Session], Coroutine[None, None, None]]
"""Something that a running session does on its own until cancelled."""
