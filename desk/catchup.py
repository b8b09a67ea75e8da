"""Catching up: what happened to the open trades while nobody watched, found and booked.

It runs at every start and after every long gap, one way for all. Coarse candles come first: a
candle in which no level could have been reached stands in for its prints. Where one could, the
next finer candles are asked for, down to the prints themselves, and those go through the book
like live ones. Every step is stored, so that a second kill costs only what was not yet done.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from desk.hand import Hand
from desk.view import CaughtUp, Fact, Notice
from engine.events import TradeClosed
from engine.model import Candle
from market.errors import BadRequest, Limited, MarketError
from market.feed import Feed, FeedState
from store.errors import StoreError
from store.ledger import Checkpoint

log = logging.getLogger(__name__)

SHORT_MS = 300_000
"""A gap so short is read print by print: candles would cost as much."""
LONG_MS = 16 * 3_600_000
"""Up to this a single page of 1m candles covers the gap; beyond it hours come first."""
STEP_MS = {"1h": 3_600_000, "1m": 60_000, "1s": 1_000}
SETTLED_MS = 2_000
"""A candle's last prints may be added so long after its end."""
AT_ONCE = 4
"""Symbols looked into at the same time; the rest wait their turn."""
RETRY_S = 5.0
REFUSED_RETRY_S = 60.0
POLL_S = 0.05


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
            return Decimal(0)
        pace, reached = self._pace.get(symbol), self._hand.watermarks.reached(symbol)
        if pace is None or reached is None:
            return None
        span = max(1, pace.until_ms - pace.began_ms)
        part = Decimal(reached.time_ms - pace.began_ms) / span
        return min(Decimal(1), max(Decimal(0), part))

    @property
    def symbols(self) -> Collection[str]:
        """The symbols that are not up to date."""
        return self._due.keys() | self._pace.keys()

    def start(self, symbols: Collection[str]) -> None:
        """Catch up with *symbols*, beginning where the books stand; live prints wait."""
        for symbol in symbols:
            self._hand.leave(symbol)
            self._feed.hold(symbol)
            self._due[symbol] = None
        if symbols:
            self.done.clear()
            self._wake.set()

    async def run(self, rules_known: asyncio.Event) -> None:
        """Work for ever; *rules_known* is set once fills can be priced."""
        await rules_known.wait()
        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            while (symbol := self._next()) is None:
                self._wake.clear()
                await self._wake.wait()
            del self._due[symbol]
            await self._until_done(symbol)

    def _next(self) -> str | None:
        return next((symbol for symbol in self._due if symbol not in self._pace), None)

    async def _until_done(self, symbol: str) -> None:
        """Catch up with one symbol, however often it takes."""
        reached = self._hand.watermarks.reached(symbol)
        now_ms = self._feed.clock.now_ms()
        pace = self._pace[symbol] = _Pace(reached.time_ms if reached else now_ms, now_ms)
        while not await self._try(symbol) or symbol in self._due:
            self._due.pop(symbol, None)  # a new gap tore open: the same work, a little longer
        self._closed += await self._hand.come_back(symbol)
        self._since_ms.append(pace.began_ms)
        self._told.pop(symbol, None)
        del self._pace[symbol]
        if not self.symbols:
            self._sum_up()

    async def _try(self, symbol: str) -> bool:
        try:
            await self._connected()
            await _Gap(self._feed, self._hand, symbol).close()
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
        since_ms, count = min(self._since_ms), len(self._since_ms)
        self._closed, self._since_ms = [], []
        self.done.set()
        self._publish(CaughtUp(since_ms=since_ms, symbols=count, closed=tuple(closed)))


class _Gap:
    """One symbol's gap, from where the books stand to the first live print."""

    def __init__(self, feed: Feed, hand: Hand, symbol: str) -> None:
        self._feed = feed
        self._hand = hand
        self._symbol = symbol

    async def close(self) -> None:
        """Take everything through the book, then join it with the live prints that wait.

        Raises:
            MarketError: If history cannot be read; what was done is stored.
            StoreError: If it cannot be stored.
        """
        if reached := self._reached:
            gap_ms = self._feed.clock.now_ms() - reached.time_ms
            if gap_ms > SHORT_MS:
                frames = ("1h", "1m", "1s") if gap_ms > LONG_MS else ("1m", "1s")
                await self._closed_candles(frames)
            await self._prints(None)
        if reached := self._reached:
            self._feed.resume(self._symbol, reached.trade_id)

    @property
    def _reached(self) -> Checkpoint | None:
        """How far the book is; None once no trade is left on the symbol."""
        return self._hand.watermarks.reached(self._symbol)

    async def _closed_candles(self, frames: tuple[str, ...]) -> None:
        """Go through all candles that are closed by now, each size up to its last one."""
        for position, frame in enumerate(frames[:-1]):
            step = STEP_MS[frame]
            end_ms = (self._feed.clock.now_ms() - SETTLED_MS) // step * step
            await self._span(frames[position:], end_ms)

    async def _span(self, frames: tuple[str, ...], end_ms: int) -> None:
        """Go up to *end_ms*, in candles of the first size where nothing can be lost."""
        if not frames:
            await self._prints(end_ms)
            return
        step = STEP_MS[frames[0]]
        while (reached := self._reached) and reached.time_ms < end_ms - 1:
            start_ms = (reached.time_ms + 1) // step * step
            page = await self._feed.past_candles(self._symbol, frames[0], start_ms, end_ms)
            if not page:
                await self._span(frames[1:], end_ms)
            for run in _runs(page):
                if run[0].open_ms > start_ms:  # the exchange has no candle for what is between
                    await self._span(frames[1:], run[0].open_ms)
                await self._run(frames, run)
                start_ms = run[-1].close_ms + 1

    async def _run(self, frames: tuple[str, ...], run: Sequence[Candle]) -> None:
        """Take consecutive candles, looking closely at those in which something may be."""
        while run:
            passed = await self._hand.pass_candles(run)
            if passed < len(run):
                await self._span(frames[1:], run[passed].close_ms + 1)
            run = run[passed + 1 :]

    async def _prints(self, end_ms: int | None) -> None:
        """Go up to *end_ms*, or to the newest print, print by print."""
        if (reached := self._reached) is None:
            return
        async for page in self._feed.past_prints(self._symbol, reached.time_ms, end_ms):
            await self._hand.pass_prints(page)
        if end_ms is not None:
            await self._hand.pass_time(self._symbol, end_ms - 1)


def _runs(page: Iterable[Candle]) -> Iterator[list[Candle]]:
    """Split candles where one is missing between two."""
    run: list[Candle] = []
    for candle in page:
        if run and candle.open_ms != run[-1].close_ms + 1:
            yield run
            run = []
        run.append(candle)
    if run:
        yield run
