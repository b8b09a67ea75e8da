"""The one hand: prices, orders and errands reach the book here, one at a time.

Law: the book is touched only by the task that reads the inbox, and no order slips past what is
not known yet.
"""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from desk.away import Behind
from desk.errors import Halted
from desk.keeping import Keeping
from engine.commands import CancelTrade, Command, EditTrade, OpenTrade
from engine.errors import NotOpen
from engine.events import Event, TradeClosed
from engine.marks import MarkPrice
from engine.model import Quote, Source, Tick, Trade
from engine.plan import Plan
from market.feed import FeedState
from store.ledger import Checkpoint

T = TypeVar("T")

SETTLED_MS = 2_000
"""Prints may come so late; what is due is looked at only after this."""


class Hand(Keeping):
    """The books of one account, and all that may work on them."""

    async def run(self) -> None:
        """Take what comes in, one at a time, until cancelled."""
        while True:
            item = await self._inbox.get()
            if isinstance(item, MarkPrice):
                await self._on_mark(item)
            elif callable(item):
                await item()
            else:
                await self.take_prints(item)

    def deliver(self, ticks: Sequence[Tick]) -> None:
        """Take prints from the feed; never waits."""
        if not self._inbox.put(ticks):
            self.watermarks.doubt({tick.symbol for tick in ticks})

    def deliver_mark(self, mark: MarkPrice) -> None:
        """Take a mark price from the feed; never waits."""
        self._inbox.put(mark)

    async def errand(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have *work* done behind what waits already, by the one task that may touch the book.

        Raises:
            Refused: As the work raised it.
            StoreError: As the work raised it.
        """
        return await self._inbox.errand(work)

    # -- orders -------------------------------------------------------------------------------

    async def submit(self, command: Command) -> Sequence[Event]:
        """Have a command carried out behind what waits already; returns when it is stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            Halted: If nothing can be stored at present.
        """
        self.check_storing()
        return await self.errand(lambda: self._on_order(command))

    def check_up_to_date(self, command: Command) -> None:
        """Check that no order slips past funding that is due, or past missed prices.

        Raises:
            Behind: If it would.
        """
        symbol = self.symbol_of(command)
        now_ms = self._feed.clock.now_ms()
        if symbol not in self.away and not self.watermarks.falls_due(symbol, now_ms):
            return
        rules = self._instruments.get(symbol)
        dead = bool(self._instruments) and not (rules and rules.trading)
        if not (dead and isinstance(command, CancelTrade)):  # perhaps nothing is ever known
            raise Behind(symbol)

    def symbol_of(self, command: Command) -> str:
        """Return the symbol that a command is about.

        Raises:
            NotOpen: If its trade is not active.
        """
        if isinstance(command, OpenTrade):
            return command.symbol
        if trade := self.book.get(command.trade_id):
            return trade.symbol
        raise NotOpen(f"Trade #{command.trade_id} is not open (any more).", command.trade_id)

    def check_storing(self) -> None:
        """Raise Halted while nothing can be stored."""
        if self.halted:
            raise Halted(f"Trading is halted. {self.halted}")

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what an order would do now.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self.book.preview(self._stamp.opening(command, self.book, self._today_net))

    def preview_edit(self, order: EditTrade) -> Trade:
        """Work out how an edit would leave a trade now.

        Raises:
            Refused: If the rules do not allow it.
        """
        stamped = self._stamp.command(order, self.book)
        assert isinstance(stamped, EditTrade)  # a stamp keeps the kind
        return self.book.preview_edit(stamped)

    @property
    def _today_net(self) -> Decimal:
        return self.today.at(self._feed.clock.now_ms()).net

    async def _on_order(self, command: Command) -> Sequence[Event]:
        self.check_up_to_date(command)
        stamped = self._stamp.command(command, self.book, self._today_net)
        events = self.book.submit(stamped)
        for event in events:
            if isinstance(stamped, OpenTrade) and stamped.quote:
                symbol, placed_ms = event.trade.symbol, event.trade.placed_ms
                self._watch(symbol, self._seen(symbol, stamped.quote), placed_ms)
        await self._record(events)
        self._announce(events)
        return events

    def _seen(self, symbol: str, quote: Quote) -> Checkpoint:
        """Return where a new trade begins to be watched: behind the last print."""
        # The time of its last print, not of the fill: the next print may be earlier.
        printed_ms = min(quote.time_ms, self._feed.board[symbol].last_ms)
        return Checkpoint(trade_id=quote.last_trade_id, time_ms=printed_ms)

    # -- prices -------------------------------------------------------------------------------

    async def take_prints(self, ticks: Sequence[Tick]) -> None:
        """Let prints work on the book and store what happens; only as an errand."""
        if not self._instruments or self._stopped:
            self.watermarks.doubt({tick.symbol for tick in ticks})
            return  # without price grids nothing can fill; the prints are fetched again by id
        happened: list[Event] = []
        accept, on_tick = self.watermarks.accept, self.book.on_tick
        for tick in ticks:
            if accept(tick) and (events := on_tick(tick)):
                happened.extend(events)
        await self.take(happened)

    async def _on_mark(self, mark: MarkPrice) -> None:
        symbol = mark.symbol
        if symbol not in self.watermarks or not self._instruments or self._stopped:
            return
        self.funding.heed(symbol, mark.time_ms)
        if symbol in self.away or self.watermarks.falls_due(symbol, mark.time_ms):
            self.marks.missed(symbol, mark.time_ms)
            return
        self.marks.heard(symbol, mark.time_ms)
        source = Source.SIMULATED if self._feed.simulated else Source.STREAM
        await self.take(self.book.on_mark(mark, source))

    async def look_at_the_clock(self) -> None:
        """End orders whose time has come, and notice funding that is due, without a print."""

        async def look() -> None:
            if self._feed.status.state is not FeedState.LIVE:
                return
            now_ms = self._feed.clock.now_ms() - SETTLED_MS
            self.watermarks.look_for_due(now_ms)
            for symbol in sorted(self.book.symbols):
                if symbol not in self.away and self._feed.going_on(symbol):
                    await self.take(self.book.on_time(symbol, now_ms))

        await self.errand(look)

    # -- away and back ------------------------------------------------------------------------

    async def come_back(self, symbol: str) -> Sequence[TradeClosed] | None:
        """Note that a symbol is up to date; see `Away.come_back`."""

        async def back() -> Sequence[TradeClosed] | None:
            if self.futures:
                self.marks.missed(symbol, self._feed.clock.now_ms())
            return self.away.come_back(symbol)

        return await self.errand(back)

    async def save_positions(self) -> None:
        """Store how far every watched symbol was followed, behind what waits already.

        Raises:
            StoreError: If that cannot be stored now; nothing is lost, a restart repeats more.
        """
        await self.errand(lambda: self.save(self.watermarks.symbols))
