"""One symbol's gap: from where the books stand to the first live print.

Law: nothing is stepped over. A candle stands in for its prints only where none of them could
have made anything happen; what no candle covers is read print by print.
"""

from collections.abc import Iterable, Iterator, Sequence

from desk.hand import Hand
from engine.model import Candle
from market.feed import Feed
from store.ledger import Checkpoint

STEP_MS = {"1h": 3_600_000, "1m": 60_000, "1s": 1_000}
SETTLED_MS = 2_000
"""A candle's last prints may be added so long after its end."""

Frames = tuple[str, ...]
"""Timeframes, coarsest first."""


class Gap:
    """One symbol's gap, from where the books stand to the first live print."""

    def __init__(self, feed: Feed, hand: Hand, symbol: str) -> None:
        self._feed = feed
        self._hand = hand
        self._symbol = symbol

    async def close(self, frames: Frames) -> None:
        """Take everything through the book, then join it with the live prints that wait.

        Raises:
            MarketError: If history cannot be read; what was done is stored.
            StoreError: If it cannot be stored.
        """
        if frames and await self._meets(frames):
            return
        if frames:
            await self._closed_candles(frames)
        await self._prints(None)
        if reached := self._reached:
            self._feed.resume(self._symbol, reached.trade_id)

    async def _meets(self, frames: Frames) -> bool:
        """Go from candle to candle up to the first live print, if that loses nothing."""
        meeting = self._feed.meeting(self._symbol)
        if meeting is None:
            return False
        first, *_ = (*meeting.closed, meeting.open)
        await self._span(frames, first.open_ms)
        await self._run(frames, meeting.closed)
        joined = await self._hand.join(meeting)
        if joined:
            self._feed.resume(self._symbol, meeting.trade_id - 1)
        return joined

    @property
    def _reached(self) -> Checkpoint | None:
        """How far the book is; None once no trade is left on the symbol."""
        return self._hand.watermarks.reached(self._symbol)

    async def _closed_candles(self, frames: Frames) -> None:
        """Go through all candles that are closed by now, each size up to its last one."""
        for position, frame in enumerate(frames[:-1]):
            step = STEP_MS[frame]
            end_ms = (self._feed.clock.now_ms() - SETTLED_MS) // step * step
            await self._span(frames[position:], end_ms)

    async def _span(self, frames: Frames, end_ms: int) -> None:
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

    async def _run(self, frames: Frames, run: Sequence[Candle]) -> None:
        """Take consecutive candles, looking closely at those in which something may be."""
        while run:
            passed = await self._hand.pass_candles(run)
            if passed < len(run):
                candle = run[passed]
                cut = (reached := self._reached) and reached.time_ms >= candle.open_ms
                # The rest of a minute that is known in part is one page of prints.
                finer = () if cut and frames[0] == "1m" else frames[1:]
                await self._span(finer, candle.close_ms + 1)
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
