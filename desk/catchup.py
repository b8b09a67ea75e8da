"""Catching up: what happened to the open trades while nobody watched, found and booked.

It runs at every start and after every long gap, one way for all. Coarse candles come first: a
candle in which no level could have been reached stands in for its prints. Where one could, the
next finer candles are asked for, down to the prints themselves, and those go through the book
like live ones. Every step is stored, so that a second kill costs only what was not yet done.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from desk.gap import Frames, Gap
from desk.hand import Hand
from desk.late_marks import keep_looking
from desk.view import CaughtUp, Fact, Notice
from engine.events import TradeClosed
from engine.money import ONE, ZERO
from market.errors import BadRequest, Limited, MarketError
from market.feed import Feed, FeedState
from store.errors import StoreError

log = logging.getLogger(__name__)

SHORT_MS = 300_000
"""A gap so short is read print by print: candles would cost as much."""
LONG_MS = 16 * 3_600_000
"""Up to this a single page of 1m candles covers the gap; beyond it hours come first."""
AT_ONCE = 4
"""Symbols looked into at the same time; the rest wait their turn."""
POLL_S = 0.05
MEETING_S, MANY = 60.0, 100
"""How long a symbol may take to show where its candles and prints meet when so many are due.

With fewer it is less, by the square: a few symbols are read on at once, at ten times the
weight, for many that would be dear. Only symbols that trade seldom make use of it.
"""
RETRY_S = 5.0
REFUSED_RETRY_S = 60.0


@dataclass(slots=True)
class _Pace:
    """How far one symbol has come."""

    began_ms: int
    until_ms: int


class CatchUp:
    """Brings the books up to date, symbol by symbol."""

    def __init__(self, feed: Feed, hand: Hand, publish: Callable[[Fact], None]) -> None:
        """Prepare; `run` does the work.

        Args:
            feed: Where the past is read, and whose live prints wait meanwhile.
            hand: Takes the past through the book.
            publish: Hears the summary, and why history cannot be had.
        """
        self._feed = feed
        self._hand = hand
        self._publish = publish
        self._due: dict[str, None] = {}
        self._pace: dict[str, _Pace] = {}
        self._since_s: dict[str, float] = {}
        """Since when a symbol waits for its candles and prints to meet, loop time."""
        self._wake = asyncio.Event()
        self._told: dict[str, str] = {}
        self._closed: list[TradeClosed] = []
        self._since_ms: list[int] = []
        self.done = asyncio.Event()
        """Set while nothing has to be caught up."""
        self.done.set()

    def progress(self, symbol: str) -> Decimal | None:
        """Return how much of a symbol's gap is closed, 0 to 1; None where there is none."""
        if symbol in self._due:
            return ZERO
        pace, reached = self._pace.get(symbol), self._hand.watermarks.reached(symbol)
        if pace is None or reached is None:
            return None
        span = max(1, pace.until_ms - pace.began_ms)
        part = Decimal(reached.time_ms - pace.began_ms) / span
        return min(ONE, max(ZERO, part))

    def overall(self) -> Decimal | None:
        """Return how much of all gaps is closed, 0 to 1; None when nothing is left to do."""
        parts = [self.progress(symbol) or ZERO for symbol in self.symbols]
        done = len(self._since_ms)
        return (sum(parts, ZERO) + done) / (len(parts) + done) if parts else None

    @property
    def symbols(self) -> Collection[str]:
        """The symbols that are not up to date."""
        return self._due.keys() | self._pace.keys()

    def settle(self, symbol: str) -> None:
        """Find out about funding that is due on *symbol*; live prints wait."""
        self.start((symbol,), past=False)

    def start(self, symbols: Collection[str], *, past: bool = True) -> None:
        """Catch up with *symbols*, beginning where the books stand; live prints wait.

        Args:
            symbols: What is not up to date.
            past: Whether what is found out is told as past, and summed up at the end.
        """
        for symbol in sorted(symbols):
            self._hand.away.leave(symbol, past=past)
            self._hold(symbol)
            self._due[symbol] = None
        if symbols:
            self.done.clear()
            self._wake.set()

    def _hold(self, symbol: str) -> None:
        frames = self._frames(symbol)
        self._feed.hold(symbol, frames[0] if frames else "")

    def _frames(self, symbol: str) -> Frames:
        """Choose the candles for a symbol's gap, coarsest first; none for a short one."""
        reached = self._hand.watermarks.reached(symbol)
        gap_ms = self._feed.clock.now_ms() - reached.time_ms if reached else 0
        if gap_ms <= SHORT_MS:
            return ()
        frames = self._feed.frames
        return frames if gap_ms > LONG_MS else frames[1:]

    async def run(self, rules_known: asyncio.Event) -> None:
        """Work for ever; *rules_known* is set once fills can be priced."""
        await rules_known.wait()
        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(self._work())
            if self._hand.futures:
                workers.create_task(keep_looking(self._feed, self._hand))

    async def _work(self) -> None:
        while True:
            await self._until_done(await self._next())

    async def _next(self) -> str:
        """Wait for a symbol that can be looked into now."""
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            await self._connected()
            for symbol in self._due:
                if symbol not in self._pace and self._ready(symbol):
                    del self._due[symbol]
                    self._since_s.pop(symbol, None)
                    return symbol
            await asyncio.sleep(POLL_S)

    def _ready(self, symbol: str) -> bool:
        if self._hand.futures or not self._frames(symbol) or self._feed.meeting(symbol):
            return True
        now_s = asyncio.get_running_loop().time()
        patience_s = MEETING_S * min(1.0, len(self.symbols) / MANY) ** 2
        return now_s - self._since_s.setdefault(symbol, now_s) >= patience_s

    async def _until_done(self, symbol: str) -> None:
        """Catch up with one symbol, however often it takes."""
        reached = self._hand.watermarks.reached(symbol)
        now_ms = self._feed.clock.now_ms()
        pace = self._pace[symbol] = _Pace(reached.time_ms if reached else now_ms, now_ms)
        while not await self._try(symbol) or symbol in self._due:
            # A new gap tore open: the same work, a little longer.
            if symbol in self._due:
                del self._due[symbol]
                self._hold(symbol)
        closed = await self._hand.come_back(symbol)
        if closed is not None:
            self._closed += closed
            self._since_ms.append(pace.began_ms)
        self._told.pop(symbol, None)
        del self._pace[symbol]
        if not self.symbols:
            self._sum_up()

    async def _try(self, symbol: str) -> bool:
        try:
            await self._connected()
            await Gap(self._feed, self._hand, symbol).close(self._frames(symbol))
            await self._flowing(symbol)
        except MarketError as exc:
            self._tell(symbol, exc)
            pause_s = REFUSED_RETRY_S if isinstance(exc, BadRequest) else RETRY_S
            await asyncio.sleep(exc.retry_after_s if isinstance(exc, Limited) else pause_s)
            return False
        except StoreError as exc:
            log.warning("catching up with %s waits for the store: %s", symbol, exc)
            await asyncio.sleep(RETRY_S)
            return False
        return True

    async def _connected(self) -> None:
        """Wait until live prints are kept: only then nothing is lost behind what is read."""
        while self._feed.status.state is not FeedState.LIVE:  # noqa: ASYNC110 - a port's state
            await asyncio.sleep(POLL_S)

    async def _flowing(self, symbol: str) -> None:
        """Wait until live prints flow, or are held back once more."""
        while not self._feed.going_on(symbol) and symbol not in self._due:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)

    def _tell(self, symbol: str, error: MarketError) -> None:
        log.warning("catching up with %s: %s", symbol, error)
        if self._told.get(symbol) != str(error):
            self._told[symbol] = str(error)
            self._publish(
                Notice(
                    f"What happened on {symbol} cannot be read: {error} Its trades stay open "
                    "and are not watched until it can.",
                    "warning",
                )
            )

    def _sum_up(self) -> None:
        closed = sorted(
            (event.trade for event in self._closed), key=lambda trade: trade.closed_ms or 0
        )
        self.done.set()
        if not self._since_ms:
            return  # funding was settled, nobody was away
        since_ms, count = min(self._since_ms), len(self._since_ms)
        self._closed, self._since_ms = [], []
        self._publish(CaughtUp(since_ms=since_ms, symbols=count, closed=tuple(closed)))
