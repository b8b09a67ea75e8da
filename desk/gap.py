"""One symbol's gap: from where the books stand to the first live print.

Law: nothing is stepped over. A candle stands in for its prints only where none of them could
have made anything happen; what no candle covers is read print by print. Funding is settled
between the prices before its time and those from then on.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from desk.hand import Hand
from desk.past import NO_MARKS, Past
from engine.marks import FundingDue
from engine.model import Candle, Tick
from market.errors import TooOld
from market.feed import Feed
from store.ledger import Checkpoint

MINUTE_MS = 60_000
STEP_MS = {"1h": 3_600_000, "1m": MINUTE_MS, "1s": 1_000}
SETTLED_MS = 2_000
"""A candle's last prints may be added so long after its end."""
FUNDING_WITHIN_MS = 60_000
"""After this long a settlement that the exchange does not tell has not taken place."""
FUNDING_PAUSES_S = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Between questions for a settlement that is not told yet; the last one repeats."""

Frames = tuple[str, ...]
"""Timeframes, coarsest first."""

log = logging.getLogger(__name__)


class _Look(NamedTuple):
    """A look at the mark prices of a minute, when its time comes."""

    time_ms: int
    candle: Candle
    whole: bool
    """Whether the minute is over then."""


class Gap:
    """One symbol's gap, from where the books stand to the first live print."""

    def __init__(self, feed: Feed, hand: Hand, symbol: str) -> None:
        self._feed = feed
        self._hand = hand
        self._symbol = symbol
        self._past = Past(hand, symbol)

    async def close(self, frames: Frames) -> None:
        """Take everything through the book, then join it with the live prints that wait.

        Raises:
            MarketError: If history cannot be read; what was done is stored.
            StoreError: If it cannot be stored.
        """
        if self._hand.futures:
            await self._settle_funding(frames)
        elif frames and await self._meets(frames):
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
        await self._run(frames, meeting.closed, NO_MARKS)
        joined = await self._past.join(meeting)
        if joined:
            self._feed.resume(self._symbol, meeting.trade_id - 1)
        return joined

    @property
    def _reached(self) -> Checkpoint | None:
        """How far the book is; None once no trade is left on the symbol."""
        return self._hand.watermarks.reached(self._symbol)

    # -- candles ------------------------------------------------------------------------------

    async def _closed_candles(self, frames: Frames) -> None:
        """Go through all candles that are closed by now, each size up to its last one."""
        coarse = frames[:-1] if len(frames) > 1 and not self._hand.futures else frames
        for position, frame in enumerate(coarse):
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
            marks = await self._marks(frames[0], page)
            if not page:
                await self._without_candles(frames[1:], end_ms)
            for run in _runs(page):
                if run[0].open_ms > start_ms:
                    await self._without_candles(frames[1:], run[0].open_ms)
                await self._run(frames, run, marks)
                start_ms = run[-1].close_ms + 1

    async def _without_candles(self, finer: Frames, end_ms: int) -> None:
        """Go up to *end_ms* where the exchange has no candles of some size."""
        try:
            await self._span(finer, end_ms)
        except TooOld:
            if finer:
                raise
            log.warning("nothing is known of %s up to %d", self._symbol, end_ms)
            await self._past.until(end_ms - 1)

    async def _run(
        self, frames: Frames, run: Sequence[Candle], marks: Mapping[int, Candle]
    ) -> None:
        """Take consecutive candles, looking closely at those in which something may be."""
        while run:
            passed = await self._past.candles(run, marks)
            if passed < len(run):
                await self._look_into(run[passed], frames, marks)
            run = run[passed + 1 :]

    async def _look_into(
        self, candle: Candle, frames: Frames, marks: Mapping[int, Candle]
    ) -> None:
        cut = (reached := self._reached) and reached.time_ms >= candle.open_ms
        # The rest of a minute that is known in part is one page of prints.
        finer = () if cut and frames[0] == "1m" else frames[1:]
        try:
            await self._span(finer, candle.close_ms + 1)
        except TooOld:
            if finer:
                raise
            await self._past.candles([candle], marks, best_there_is=True)

    async def _marks(self, frame: str, page: Sequence[Candle]) -> Mapping[int, Candle]:
        """Return the candles of the mark price beside those of a page, by their opening."""
        if not self._hand.futures or not page:
            return NO_MARKS
        start_ms, end_ms = page[0].open_ms, page[-1].close_ms + 1
        found = await self._feed.mark_candles(self._symbol, frame, start_ms, end_ms)
        return {candle.open_ms: candle for candle in found}

    # -- prints -------------------------------------------------------------------------------

    async def _prints(self, end_ms: int | None) -> None:
        """Go up to *end_ms*, or to the newest print, print by print."""
        if (reached := self._reached) is None:
            return
        marks = await self._minute_marks(end_ms)
        async for page in self._feed.past_prints(self._symbol, reached.time_ms, end_ms):
            for minute in _minutes(page) if marks else (page,):
                await self._look_at_marks(marks, minute[0].time_ms if minute else 0)
                await self._past.prints(minute)
        await self._look_at_marks(marks, None)
        if end_ms is not None:
            await self._past.until(end_ms - 1)

    async def _minute_marks(self, end_ms: int | None) -> list[_Look]:
        """Return when to look at which minutes of the mark price, up to *end_ms* or to now."""
        start_ms = self._hand.marks.first_minute(self._symbol)
        until_ms = self._feed.clock.now_ms() if end_ms is None else end_ms
        if start_ms is None or start_ms >= until_ms:
            return []
        looks: list[_Look] = []
        while page := await self._feed.mark_candles(self._symbol, "1m", start_ms, until_ms):
            for candle in page:
                looks.append(_Look(candle.open_ms, candle, whole=False))
                looks.append(_Look(candle.close_ms, candle, whole=True))
            start_ms = page[-1].close_ms + 1
            if start_ms >= until_ms:
                break
        return looks

    async def _look_at_marks(self, looks: list[_Look], until_ms: int | None) -> None:
        """Look at the mark prices that come before a print."""
        while looks and (until_ms is None or looks[0].time_ms <= until_ms):
            look = looks.pop(0)
            await self._past.mark(look.candle, whole=look.whole)

    # -- funding ------------------------------------------------------------------------------

    async def _settle_funding(self, frames: Frames) -> None:
        """Go from one settlement of funding to the next, up to the last one."""
        found, asked_ms = await self._fundings()
        for due in found:
            reached = self._reached
            if reached is not None and due.time_ms > reached.time_ms:
                self._hand.watermarks.set_due(self._symbol, due.time_ms)
                await self._span(frames, due.time_ms)
                await self._past.funding(due)
        # What was due up to then and was not found has not taken place.
        self._hand.funding.expect(self._symbol, asked_ms)

    async def _fundings(self) -> tuple[Sequence[FundingDue], int]:
        """Return the settlements since the books stand, and up to when these are all.

        One that is just due is waited for.
        """
        pauses_s = chain(FUNDING_PAUSES_S, repeat(FUNDING_PAUSES_S[-1]))
        now_ms = self._feed.clock.now_ms()
        while (reached := self._reached) is not None:
            now_ms = self._feed.clock.now_ms()
            found = await self._feed.fundings(self._symbol, reached.time_ms, now_ms + 1)
            last_ms = self._hand.funding.last(self._symbol, reached.time_ms, now_ms)
            if last_ms is None:
                return found, now_ms
            told = any(due.time_ms == last_ms for due in found)
            early_ms = last_ms + (SETTLED_MS if told else FUNDING_WITHIN_MS) - now_ms
            if early_ms <= 0:
                if not told:
                    log.warning("no funding of %s at %d", self._symbol, last_ms)
                return found, now_ms
            await asyncio.sleep(early_ms / 1000 if told else next(pauses_s))
        return (), now_ms


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


def _minutes(page: Sequence[Tick]) -> Iterator[list[Tick]]:
    """Split prints where a new minute begins."""
    part: list[Tick] = []
    for tick in page:
        if part and tick.time_ms // MINUTE_MS != part[-1].time_ms // MINUTE_MS:
            yield part
            part = []
        part.append(tick)
    if part:
        yield part
