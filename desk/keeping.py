"""The books of one account: in memory, on disk, and told to whoever listens.

Law: what the book says happened is committed together with the feed's checkpoint before anyone
is told. If it cannot be stored, trading halts visibly, the events are kept and stored later;
nothing unstored is ever shown.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from desk.accounts import check_stored
from desk.away import Away
from desk.errors import Halted
from desk.funding import FundingTimes
from desk.inbox import Inbox
from desk.marked import MINUTE_MS, MarkHoles
from desk.recorder import Recorder
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.stamp import Stamp
from desk.view import Fact, Notice
from desk.watermarks import Watermarks
from engine.book import Book
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeClosed, TradeOpened, TradePlaced
from engine.instrument import Instrument
from engine.margin import liquidated
from engine.model import Candle, Market, Source, Trade
from engine.stats import Today, day_start
from market.feed import Feed
from store.ledger import Checkpoint, Ledger


class Keeping:
    """The books of one account, in memory and on disk."""

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
        self.funding = FundingTimes(feed, self.watermarks)
        self.marks = MarkHoles()
        self.away = Away()
        self.futures = settings.market is Market.FUTURES
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
            SettingsError: If the settings speak of another account than the books.
            StoreError: If the books cannot be read.
        """
        now, settings = self._feed.clock.now_ms(), self._settings
        books = await self._ledger.load(
            settings.account,
            market=settings.market,
            currency=settings.currency,
            deposit=settings.deposit,
            day_start_ms=day_start(now),
            now_ms=now,
        )
        check_stored(books.account, settings)
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
        self.marks.keep_only(())
        for trade in books.active:
            behind = books.checkpoints.get(trade.symbol) or _entered(trade)
            # Mark prices that were missed just before are looked for once more.
            self._watch(trade.symbol, behind, behind.time_ms - MINUTE_MS)
        self._on_behind(self.watermarks.symbols)

    # -- what happens -------------------------------------------------------------------------

    def liquidated_at_stop(self, trade: Trade) -> bool:
        """Tell whether a trade's stop can never work: it would be liquidated before."""
        rules = self._instruments.get(trade.symbol)
        return rules is not None and liquidated(trade, trade.stop, rules)

    def pass_candle(self, candle: Candle, mark: Candle | None) -> Sequence[Event]:
        """Let a candle stand in for its prints and mark prices; only as an errand."""
        happened = self.book.on_candle(candle, Source.BACKFILL, mark)
        self.watermarks.pass_candle(candle)
        if mark:
            self.marks.looked_into(candle.symbol, candle.close_ms + 1)
        return happened

    async def take(self, happened: Sequence[Event]) -> None:
        """Store what happened, then tell it; only as an errand."""
        if not happened:
            return
        try:
            await self._record(happened)
        except Refused:
            return  # another process was first; the books were loaded again
        self._announce(happened)

    def _watch(self, symbol: str, behind: Checkpoint, marks_since_ms: int) -> None:
        known = symbol in self.watermarks
        self.watermarks.begin(symbol, behind)
        if self.futures and not known:
            self.marks.begin(symbol, marks_since_ms)
            self.funding.expect(symbol, max(behind.time_ms, marks_since_ms))

    # -- storing and telling ------------------------------------------------------------------

    async def save(self, symbols: Collection[str]) -> None:
        """Store how far some symbols were followed; only as an errand.

        Raises:
            StoreError: If that cannot be stored now.
        """
        checkpoints = self.watermarks.checkpoints(symbols)
        moved = self.book.active(symbols)
        await self._ledger.record((), self.book.account, checkpoints, moved)

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
            elif isinstance(event, TradeOpened | TradePlaced) and event.trade.signal:
                self._signals.mark_taken(event.trade.signal.id)
        self.watermarks.keep_only(self.book.symbols)
        self.marks.keep_only(self.book.symbols)
        for event in events:
            self._publish(self.away.as_told(event))

    def _on_halt(self, why: str) -> None:
        if why:
            self._publish(Notice(f"Trading is halted. {why}", "error"))
        else:
            self._publish(Notice("The books are stored again; trading goes on."))


def _entered(trade: Trade) -> Checkpoint:
    """Return where to begin on a trade whose symbol has no checkpoint: at its entry."""
    print_id = trade.fills[0].trade_id if trade.fills else None
    return Checkpoint(trade_id=print_id or 0, time_ms=trade.opened_ms)
