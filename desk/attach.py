"""The desk that another process runs: shown live, asked through its door, never written to.

Law: what is shown of the trades is what the books say, read again whenever they change. Each
event is told once. Prices come from a feed of this process's own, for the eye alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from desk.accounts import check_stored, unopened
from desk.errors import DeskError
from desk.figures import header, signal_view, trade_view
from desk.lease import Holder
from desk.news import News
from desk.settings import Settings
from desk.signal_table import SignalTable
from desk.stamp import Stamp
from desk.story import answer_to, happened
from desk.view import Fact, Header, SignalView, TradeView
from desk.watermarks import Watermarks
from engine.account import Account
from engine.book import Book
from engine.commands import Command, OpenTrade
from engine.events import Event, TradeOpened, TradePlaced
from engine.instrument import Instrument
from engine.model import Candle, Trade
from engine.plan import Plan
from engine.sizes import Size
from engine.stats import Today, day_start
from market.errors import MarketError
from market.feed import Feed
from store.errors import StoreError
from store.ledger import Ledger, Seen, Standing

log = logging.getLogger(__name__)

POLL_S = 0.1
SILENT_S = 20.0
"""After this long without a sign of life the holder is called silent."""
RULES_EVERY_S = 3600.0
RULES_RETRY_S = 5.0


class AttachedDesk:
    """One account, run by another process, seen from here."""

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        settings: Settings,
        holder: Holder | None,
        news: News | None = None,
    ) -> None:
        """Join the parts; `load` must come before anything else.

        Args:
            feed: Prices of the same market.
            ledger: The books, opened for this window.
            settings: Checked settings.
            holder: Who runs the desk; None where that cannot be read.
            news: What the window has told already.
        """
        self.settings = settings
        self.feed = feed
        self.ledger = ledger
        self.holder = holder
        self.instruments: dict[str, Instrument] = {}
        self.signals = SignalTable(ledger, feed.clock, self.publish)
        self.book = self._book_of(unopened(settings))
        """The book as the holder has stored it, to be read only."""
        self._news = news or News()
        self._arrival: int | None = None
        self._today = Today(0)
        self._stamp = Stamp(feed, settings, Watermarks(feed))
        self._listeners: list[Callable[[Fact], None]] = []
        self._visible: frozenset[str] = frozenset()
        self._looking = asyncio.Lock()
        self._unreadable = ""
        self._heard_s = 0.0

    # -- life ---------------------------------------------------------------------------------

    async def load(self, known_signals: Collection[str] | None = None) -> None:
        """Read the books; `run` goes on from there.

        Args:
            known_signals: Ids of the signals that the window has told of; None tells of none.

        Raises:
            SettingsError: If the settings speak of another account than the books.
            StoreError: If the books cannot be read.
        """
        stored = await self._read()
        check_stored(stored.account or self.book.account, self.settings)
        if known_signals is None:
            known_signals = {signal.id for signal in stored.signals}
        self.signals.fill(signal for signal in stored.signals if signal.id in known_signals)
        self._show(stored)
        self.holder_lives()

    async def run(self) -> None:
        """Follow the books and the prices until cancelled; `load` comes first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run(_nobody, _nobody))
            tasks.create_task(self._keep_looking())
            tasks.create_task(self._keep_rules())

    def holder_lives(self) -> None:
        """Learn of a sign of life of the holder."""
        self._heard_s = time.monotonic()

    async def look(self) -> None:
        """Read the books now, show them, and tell what has happened.

        Raises:
            StoreError: If they cannot be read.
        """
        async with self._looking:  # what was read first is shown first
            self._show(await self._read())

    def subscribe(self, listener: Callable[[Fact], None]) -> Callable[[], None]:
        """Call *listener* with every fact; returns the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, fact: Fact) -> None:
        """Tell every listener."""
        self._news.hear(fact)
        for listener in tuple(self._listeners):
            listener(fact)

    # -- reading ------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Exchange time, milliseconds UTC."""
        return self.feed.clock.now_ms()

    @property
    def default_size(self) -> Size:
        """The size that a ticket starts with."""
        return self.settings.size

    @property
    def holder_name(self) -> str:
        """Who runs the desk, in a sentence."""
        return f"process {self.holder.pid}" if self.holder else "another process"

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a symbol's trading rules, or None while they are not known."""
        return self.instruments.get(symbol)

    def header(self) -> Header:
        """Return the account's figures at this moment."""
        figures = header(self.book, self._today.at(self.now_ms), self.feed, self._trouble())
        return replace(figures, attached=f"attached to {self.holder_name}")

    def signal_views(self) -> list[SignalView]:
        """Return the signals that can still be traded, in order of arrival."""
        taken = {trade.signal.id: trade.id for trade in self.book.active() if trade.signal}
        board, now = self.feed.board, self.now_ms
        return [
            signal_view(signal, board[signal.symbol], taken.get(signal.id))
            for signal in self.signals
            if signal.expires_ms > now
        ]

    def trade_views(self) -> list[TradeView]:
        """Return the active trades in order of opening."""
        board = self.feed.board
        rules = self.instruments
        return [
            trade_view(trade, board[trade.symbol], rules.get(trade.symbol))
            for trade in self.book.active()
        ]

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.book.preview(self._stamp.opening(command, self.book))

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        """Return the newest candles, oldest first; the last may still be open.

        Raises:
            MarketError: If the exchange cannot be asked.
        """
        return await self.feed.candles(symbol, timeframe, limit)

    # -- asking -------------------------------------------------------------------------------

    def look_at(self, symbols: Collection[str]) -> None:
        """Say which symbols are on screen: the feed brings their prices."""
        self._visible = frozenset(symbols)
        self._follow()

    async def submit(self, command: Command) -> Sequence[Event]:
        """Have the holder carry out a command; returns what happened, stored and shown here.

        Raises:
            Refused: As the holder refused it; nothing has changed then.
            DeskError: If the holder cannot do it, or it is not known whether it did.
        """
        from desk import door, requests  # what they load is not needed for the first picture

        kind, payload = requests.as_request(command)
        try:
            payload["account"] = self.settings.account
            answer = await door.ask_through(self.ledger, kind, payload)
        except StoreError as exc:
            raise DeskError(f"The order could not be passed on. {exc}") from exc
        number, fills = answer["id"], len(answer["fills"])
        try:
            await self.look()
            stored = await self.ledger.story(self.settings.account, number)
        except StoreError as exc:
            raise DeskError(f"It is done (trade #{number}), but cannot be read: {exc}") from exc
        if stored is None:
            raise DeskError(f"Trade #{number} belongs to another account than this window's.")
        return [answer_to(command, happened(*stored), fills)]

    # -- inside -------------------------------------------------------------------------------

    async def _read(self) -> Standing:
        seen = None
        if self._news.begun:
            seen = Seen(
                newest_trade_id=self._news.newest_id,
                open_trade_ids=tuple(self._news.open_ids),
                arrival=self._arrival,
            )
        return await self.ledger.standing(self.settings.account, seen, day_start(self.now_ms))

    def _show(self, stored: Standing) -> None:
        active = [trade for trade in stored.trades if trade.status.active]
        if not self._news.begun:
            self._news.begin(stored.newest_trade_id, active, stored.changes)
        self.book = self._book_of(stored.account or self.book.account, active)
        self._today = Today(day_start(self.now_ms), stored.today_net)
        self._arrival = stored.arrival
        self._follow()
        self.signals.fill(tuple(self.signals))  # those whose time has passed go
        self.signals.show(stored.signals)
        for event in self._news.of(stored.trades, stored.changes):
            if isinstance(event, TradeOpened | TradePlaced) and event.trade.signal:
                self.signals.mark_taken(event.trade.signal.id)
            self.publish(event)

    def _book_of(self, account: Account, trades: Sequence[Trade] = ()) -> Book:
        return Book(
            account, self.instruments, trades=trades, spot_short=self.settings.spot_short
        )

    def _follow(self) -> None:
        self.feed.follow(active=(), visible=self._visible | self.book.symbols)

    def _trouble(self) -> str:
        if self._unreadable or time.monotonic() - self._heard_s < SILENT_S:
            return self._unreadable
        return (
            f"The desk's {self.holder_name} gives no sign of life. If it hangs, nothing "
            "watches your trades: end it, and this window takes over."
        )

    async def _keep_looking(self) -> None:
        due = True
        while True:
            try:
                due = await self.ledger.changed() or due
                if due:
                    await self.look()
                    due = False
                self._unreadable = ""
            except StoreError as exc:
                self._unreadable = f"The books cannot be read. {exc}"
                log.warning("cannot look at the books: %s", exc)
            await asyncio.sleep(POLL_S)

    async def _keep_rules(self) -> None:
        while True:
            try:
                known = await self.feed.instruments()
            except MarketError as exc:
                log.warning("trading rules not read: %s", exc)
                await asyncio.sleep(RULES_RETRY_S)
            else:
                self.instruments.clear()
                self.instruments.update(known)
                await asyncio.sleep(RULES_EVERY_S)


def _nobody(_: object) -> None:
    """Take prints and candles: the eye reads the board, and nothing here trades."""
