"""The one hand: prints, orders and errands reach the book here, one at a time.

Law: the book is touched only by the task that reads the inbox. What the book says happened is
committed together with the feed's checkpoint before anyone is told. If it cannot be stored,
trading halts visibly, the events are kept and stored later; nothing unstored is ever shown.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from desk.errors import Halted
from desk.inbox import Inbox
from desk.recorder import Recorder
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.stamp import Stamp
from desk.view import Fact, Notice, WhileAway
from desk.watermarks import Watermarks
from engine.book import Book
from engine.commands import Command, OpenTrade
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import Candle, Instrument, Source, Tick
from engine.plan import Plan
from engine.stats import Today, day_start
from market.feed import Feed, Meeting
from store.ledger import Checkpoint, Ledger


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
        on_behind: Callable[[Collection[str]], None],
    ) -> None:
        """Join what trading needs; `load` must come before anything else.

        Args:
            feed: Prices; told which symbols have trades.
            ledger: Where events are committed.
            settings: Checked settings.
            instruments: Trading rules by symbol, kept up to date by others.
            signals: Told which signals were taken.
            publish: Hears every event once it is stored.
            on_behind: Hears for which symbols what has happened must be found out first.
        """
        self.today = Today(0)
        self.watermarks = Watermarks(feed)
        self._feed = feed
        self._ledger = ledger
        self._settings = settings
        self._instruments = instruments
        self._signals = signals
        self._publish = publish
        self._on_behind = on_behind
        self._stopped = ""
        self.storing = False
        """Whether the book is ahead of the disk, so that it must not be shown."""
        self._away: dict[str, list[TradeClosed]] = {}
        """By symbol that is being caught up, what was closed on the way."""
        self._stamp = Stamp(feed, settings, self.watermarks)
        self._recorder = Recorder(ledger, self._on_halt)
        self._inbox = Inbox()
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
        return self._stopped or self._recorder.halted

    def stop(self, why: str) -> None:
        """Trade no more until the desk is started anew: the books cannot be trusted."""
        self._stopped = why

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
            self.watermarks.begin(trade.symbol, books.checkpoints.get(trade.symbol, entered))
        self._on_behind(self.watermarks.symbols)

    async def run(self) -> None:
        """Take what comes in, one at a time, until cancelled."""
        while True:
            item = await self._inbox.get()
            if callable(item):
                await item()
            else:
                await self._on_ticks(item)

    def deliver(self, ticks: Sequence[Tick]) -> None:
        """Take prints from the feed; never waits."""
        if not self._inbox.put(ticks):
            self.watermarks.doubt({tick.symbol for tick in ticks})

    async def submit(self, command: Command) -> Sequence[Event]:
        """Have a command carried out behind what waits already; returns when it is stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            Halted: If nothing can be stored at present.
        """
        self.check_storing()
        return await self._inbox.errand(lambda: self._on_order(command))

    def check_storing(self) -> None:
        """Raise Halted while nothing can be stored."""
        if self.halted:
            raise Halted(f"Trading is halted. {self.halted}")

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.book.preview(self._stamp.opening(command, self.book))

    async def save_positions(self) -> None:
        """Store how far every watched symbol was followed, behind what waits already.

        Raises:
            StoreError: If that cannot be stored now; nothing is lost, a restart repeats more.
        """
        await self._inbox.errand(lambda: self._save(self.watermarks.symbols))

    # -- catching up --------------------------------------------------------------------------

    def leave(self, symbol: str) -> None:
        """Tell what happens on *symbol* from now on as past, until `come_back`."""
        self._away.setdefault(symbol, [])

    async def come_back(self, symbol: str) -> Sequence[TradeClosed]:
        """Tell events as present again; returns what was closed meanwhile."""

        async def back() -> Sequence[TradeClosed]:
            return self._away.pop(symbol, ())

        return await self._inbox.errand(back)

    async def pass_prints(self, ticks: Sequence[Tick]) -> None:
        """Let prints of the past work on the book; returns when it is stored."""
        await self._inbox.errand(lambda: self._on_ticks(ticks))

    async def pass_time(self, symbol: str, until_ms: int) -> None:
        """Note that there are no more prints of *symbol* up to a moment, milliseconds UTC."""
        await self.pass_prints(())  # behind what waits already
        self.watermarks.pass_time(symbol, until_ms)

    async def pass_candles(self, candles: Sequence[Candle]) -> int:
        """Let candles of one symbol stand in for their prints as far as that loses nothing.

        Returns:
            How many have passed; the next one must be looked at more closely.

        Raises:
            StoreError: If the way so far cannot be stored now.
        """
        return await self._inbox.errand(lambda: self._on_candles(candles))

    async def join(self, meeting: Meeting) -> bool:
        """Let the growing candle stand in for all prints before *meeting*, if it loses nothing.

        Raises:
            StoreError: If the way so far cannot be stored now.
        """

        async def join() -> bool:
            symbol, reached = meeting.open.symbol, self.watermarks.reached(meeting.open.symbol)
            if reached is None:
                return True
            if reached.time_ms >= meeting.open.open_ms or not self.book.quiet(meeting.open):
                return False
            self.book.on_candle(meeting.open, Source.BACKFILL)
            self.watermarks.join(symbol, meeting)
            await self._save((symbol,))
            return True

        return await self._inbox.errand(join)

    async def _on_candles(self, candles: Sequence[Candle]) -> int:
        passed, symbol = 0, candles[0].symbol
        opened_ms = max((t.opened_ms for t in self.book.active((symbol,))), default=0)
        for candle in candles:
            reached = self.watermarks.reached(symbol)
            if reached is None:
                return len(candles)  # no trade is left that they could work on
            if candle.close_ms > reached.time_ms:
                seen_in_part = candle.open_ms <= max(reached.time_ms, opened_ms)
                quiet = self.book.indifferent if seen_in_part else self.book.quiet
                if not quiet(candle):
                    break
                self.book.on_candle(candle, Source.BACKFILL)
                self.watermarks.pass_candle(candle)
            passed += 1
        if passed:
            await self._save((symbol,))
        return passed

    async def _save(self, symbols: Collection[str]) -> None:
        checkpoints = self.watermarks.checkpoints(symbols)
        moved = self.book.active(symbols)
        await self._ledger.record((), self.book.account, checkpoints, moved)

    # -- one at a time ------------------------------------------------------------------------

    async def _on_ticks(self, ticks: Sequence[Tick]) -> None:
        if not self._instruments or self._stopped:
            self.watermarks.doubt({tick.symbol for tick in ticks})
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

    async def _on_order(self, command: Command) -> Sequence[Event]:
        events = self.book.submit(self._stamp.command(command, self.book))
        self._watch_opened(events)
        await self._record(events)
        self._announce(events)
        return events

    def _watch_opened(self, events: Sequence[Event]) -> None:
        """Begin to watch the prints of a newly opened trade's symbol."""
        for event in events:
            if isinstance(event, TradeOpened):
                # The time of its last print, not of the fill: the next print may be earlier.
                symbol, fill = event.trade.symbol, event.fill
                printed_ms = min(fill.time_ms, self._feed.board[symbol].last_ms)
                behind = Checkpoint(trade_id=fill.trade_id or 0, time_ms=printed_ms)
                self.watermarks.begin(symbol, behind)

    async def _record(self, events: Sequence[Event]) -> None:
        self.storing = True
        symbols = {e.trade.symbol for e in events}
        checkpoints = self.watermarks.checkpoints(symbols)
        moved = self.book.active(symbols)
        try:
            await self._recorder.record(events, self.book.account, checkpoints, moved)
        except (DuplicateTrade, NotOpen):
            # Another process was first. What it stored is the truth, so begin from there.
            await self.load()
            raise
        finally:
            self.storing = False

    def _announce(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TradeClosed):
                self.today = self.today.after(event.trade)
            elif isinstance(event, TradeOpened) and event.trade.signal:
                self._signals.mark_taken(event.trade.signal.id)
        self.watermarks.keep_only(self.book.symbols)
        for event in events:
            away = self._away.get(event.trade.symbol)
            if away is not None and isinstance(event, TradeClosed):
                away.append(event)
                self._publish(WhileAway(event))
            else:
                self._publish(event)

    def _on_halt(self, why: str) -> None:
        if why:
            self._publish(Notice(f"Trading is halted. {why}", "error"))
        else:
            self._publish(Notice("The books are stored again; trading goes on."))
