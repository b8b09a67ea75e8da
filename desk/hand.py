"""The one hand: prints, orders and errands reach the book here, one at a time.

Law: the book is touched only by the task that reads the inbox. What the book says happened is
committed together with the feed's checkpoint before anyone is told. If it cannot be stored,
trading halts visibly, the events are kept and stored later; nothing unstored is ever shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from desk.errors import Halted
from desk.figures import equity
from desk.recorder import Recorder
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.view import Fact, Notice
from desk.watermarks import Watermarks
from engine.book import Book
from engine.commands import CloseTrade, Command, OpenTrade
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import Instrument, Quote, Source, Tick
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


class Hand:
    """Owns the book of one account."""

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        settings: Settings,
        *,
        instruments: Mapping[str, Instrument],
        signals: SignalTable,
        publish: Callable[[Fact], None],
    ) -> None:
        """Join what trading needs; `load` must come before anything else.

        Args:
            feed: Prices; told which symbols have trades.
            ledger: Where events are committed.
            settings: Checked settings.
            instruments: Trading rules by symbol, kept up to date by others.
            signals: Told which signals were taken.
            publish: Hears every event once it is stored.
        """
        self.today = Today(0)
        self.watermarks = Watermarks(feed)
        self._feed = feed
        self._ledger = ledger
        self._settings = settings
        self._instruments = instruments
        self._signals = signals
        self._publish = publish
        self._recorder = Recorder(ledger, self._on_halt)
        self._inbox: asyncio.Queue[Sequence[Tick] | _Order | _Errand] = asyncio.Queue()
        self._book: Book | None = None

    @property
    def book(self) -> Book:
        """The book; only the hand's own task may change it."""
        if self._book is None:
            raise Halted("The desk is still loading its books.")
        return self._book

    @property
    def halted(self) -> str:
        """Why trading is halted, a sentence; empty when it is not."""
        return self._recorder.halted

    async def load(self) -> None:
        """Load the books and ask the feed for all that happened since; start is recovery.

        Raises:
            StoreError: If the books cannot be read.
        """
        now, settings = self._feed.clock.now_ms(), self._settings
        books = await self._ledger.load(
            settings.account,
            currency=settings.currency,
            deposit=settings.deposit,
            day_start_ms=day_start(now),
            now_ms=now,
        )
        self._book = Book(
            books.account,
            self._instruments,
            trades=books.active,
            next_trade_id=books.next_trade_id,
            spot_short=settings.spot_short,
        )
        self.today = Today(day_start(now), books.today_net)
        self._signals.fill(books.signals)
        self.watermarks.clear()
        for trade in books.active:
            entered = Checkpoint(trade_id=trade.fills[0].trade_id or 0, time_ms=trade.opened_ms)
            behind = books.checkpoints.get(trade.symbol, entered)
            self.watermarks.resume(trade.symbol, behind)

    async def run(self) -> None:
        """Take what comes in, one at a time, until cancelled."""
        while True:
            item = await self._inbox.get()
            match item:
                case _Order(command, answer):
                    await self._on_order(command, answer)
                case _Errand(run):
                    await run()
                case ticks:
                    await self._on_ticks(ticks)

    def deliver(self, ticks: Sequence[Tick]) -> None:
        """Take prints from the feed; never waits."""
        if self._inbox.qsize() < INBOX_LIMIT:
            self._inbox.put_nowait(ticks)
        else:
            self.watermarks.doubt({tick.symbol for tick in ticks})

    async def submit(self, command: Command) -> Sequence[Event]:
        """Have a command carried out behind what waits already; returns when it is stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            Halted: If nothing can be stored at present.
        """
        self.check_storing()
        answer: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Order(command, answer))
        return await answer

    def check_storing(self) -> None:
        """Raise Halted while nothing can be stored."""
        if self.halted:
            raise Halted(f"Trading is halted. {self.halted}")

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.book.preview(self._stamped_open(command))

    async def save_positions(self) -> None:
        """Store how far every watched symbol was followed, behind what waits already.

        Raises:
            StoreError: If that cannot be stored now; nothing is lost, a restart repeats more.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def save() -> None:
            symbols, account = self.watermarks.symbols, self.book.account
            checkpoints = self.watermarks.checkpoints(symbols)
            try:
                await self._ledger.record((), account, checkpoints, self.book.active(symbols))
            except StoreError as exc:
                done.set_exception(exc)
            else:
                done.set_result(None)

        self._inbox.put_nowait(_Errand(save))
        await done

    # -- one at a time ------------------------------------------------------------------------

    async def _on_ticks(self, ticks: Sequence[Tick]) -> None:
        if not self._instruments:
            return  # without price grids nothing can fill; the prints are fetched again by id
        happened: list[Event] = []
        accept, on_tick = self.watermarks.accept, self.book.on_tick
        for tick in ticks:
            if accept(tick) and (events := on_tick(tick)):
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
                self.watermarks.begin(event.trade.symbol, behind)

    async def _record(self, events: Sequence[Event]) -> None:
        checkpoints = self.watermarks.checkpoints({e.trade.symbol for e in events})
        try:
            await self._recorder.record(events, self.book.account, checkpoints)
        except (DuplicateTrade, NotOpen):
            # Another process was first. What it stored is the truth, so begin from there.
            await self.load()
            raise

    def _announce(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TradeClosed):
                self.today = self.today.after(event.trade)
            elif event.trade.signal:
                self._signals.mark_taken(event.trade.signal.id)
        self.watermarks.keep_only(self.book.symbols)
        for event in events:
            self._publish(event)

    def _on_halt(self, why: str) -> None:
        if why:
            self._publish(Notice(f"Trading is halted. {why}", "error"))
        else:
            self._publish(Notice("The books are stored again; trading goes on."))

    # -- the market of this moment ------------------------------------------------------------

    def _stamped(self, command: Command) -> Command:
        """Give a command the market of this moment, as far as the book has seen it."""
        if isinstance(command, OpenTrade):
            return self._stamped_open(command)
        return self._stamped_close(command)

    def _stamped_open(self, command: OpenTrade) -> OpenTrade:
        total, _, complete = equity(self.book, self._feed.board)
        return replace(
            command,
            costs=self._settings.costs,
            quote=self._quote(command.symbol),
            equity=total if complete else None,
            source=Source.SIMULATED if self._feed.simulated else Source.STREAM,
        )

    def _stamped_close(self, command: CloseTrade) -> CloseTrade:
        trade = self.book.get(command.trade_id)
        return replace(command, quote=self._quote(trade.symbol) if trade else None)

    def _quote(self, symbol: str) -> Quote | None:
        quote = self._feed.board.quote(symbol, self._feed.clock.now_ms())
        return quote and self.watermarks.as_reached(symbol, quote)
