"""The past, taken through the book in order: candles where they lose nothing, else prints.

Every step is an errand of the one hand, and is stored before the next.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from desk.hand import Hand
from engine.events import Event, TradeClosed
from engine.marks import FundingDue, MarkPrice
from engine.model import Candle, Direction, Source, Tick, TradeStatus
from market.feed import Meeting

NO_MARKS: Mapping[int, Candle] = {}


class Past:
    """Lets what happened on one symbol work on the book after the fact."""

    def __init__(self, hand: Hand, symbol: str) -> None:
        self._hand = hand
        self._symbol = symbol

    async def prints(self, ticks: Sequence[Tick]) -> None:
        """Let prints of the past work on the book; returns when it is stored."""
        await self._hand.errand(lambda: self._hand.take_prints(ticks))

    async def mark(self, candle: Candle, *, whole: bool) -> None:
        """Let the mark prices of a minute work on the book (rules CU-7).

        Args:
            candle: Of the mark price; trades opened later than its open are spared.
            whole: Whether it is over. At its open only its first price is known, and all of it
                for a trade whose stop lies behind the liquidation: that one can never work.
        """

        async def look() -> None:
            for mark in self._marks_in(candle, whole=whole):
                events = self._hand.book.on_mark(mark, Source.BACKFILL)
                await self._hand.take([_told_by(candle, event) for event in events])
            if whole:
                self._hand.marks.looked_into(self._symbol, candle.close_ms + 1)

        await self._hand.errand(look)

    def _marks_in(self, candle: Candle, *, whole: bool) -> Iterator[MarkPrice]:
        for trade in self._hand.book.active((self._symbol,)):
            if trade.status is not TradeStatus.OPEN or trade.opened_ms >= candle.open_ms:
                continue
            yield MarkPrice(self._symbol, candle.open, candle.open_ms)
            if whole or self._hand.liquidated_at_stop(trade):
                long = trade.direction is Direction.LONG
                worst = candle.low if long else candle.high
                yield MarkPrice(self._symbol, worst, candle.close_ms)

    async def until(self, until_ms: int) -> None:
        """Note that nothing more happened up to a moment, milliseconds UTC."""

        async def passed() -> None:
            self._hand.watermarks.pass_time(self._symbol, until_ms)

        await self._hand.errand(passed)

    async def funding(self, due: FundingDue) -> None:
        """Settle funding, everything before it having been seen; then prints may go on.

        Raises:
            StoreError: If that cannot be stored now.
        """

        async def settle() -> None:
            hand = self._hand
            hand.watermarks.pass_time(self._symbol, due.time_ms)
            await hand.take(hand.book.on_funding(due))
            await hand.save((self._symbol,))
            hand.funding.expect(self._symbol, due.time_ms)

        await self._hand.errand(settle)

    async def candles(
        self,
        candles: Sequence[Candle],
        marks: Mapping[int, Candle] = NO_MARKS,
        *,
        best_there_is: bool = False,
    ) -> int:
        """Let candles stand in for their prints as far as that loses nothing.

        Args:
            candles: Consecutive, oldest first.
            marks: Futures: candles of the mark price, by their opening.
            best_there_is: Whether no prints can be had: then they stand in come what may.

        Returns:
            How many have passed; the next one must be looked at more closely.

        Raises:
            StoreError: If the way so far cannot be stored now.
        """
        return await self._hand.errand(
            lambda: self._candles(candles, marks, best_there_is=best_there_is)
        )

    async def join(self, meeting: Meeting) -> bool:
        """Let the growing candle stand in for all prints before *meeting*, if it loses nothing.

        Raises:
            StoreError: If the way so far cannot be stored now.
        """

        async def join() -> bool:
            hand, symbol = self._hand, self._symbol
            reached = hand.watermarks.reached(symbol)
            if reached is None:
                return True
            if reached.time_ms >= meeting.open.open_ms or not hand.book.quiet(meeting.open):
                return False
            hand.book.on_candle(meeting.open, Source.BACKFILL)
            hand.watermarks.join(symbol, meeting)
            await hand.save((symbol,))
            return True

        return await self._hand.errand(join)

    async def _candles(
        self, candles: Sequence[Candle], marks: Mapping[int, Candle], *, best_there_is: bool
    ) -> int:
        hand, passed = self._hand, 0
        happened: list[Event] = []
        active = hand.book.active((self._symbol,))
        opened_ms = max((trade.opened_ms for trade in active), default=0)
        if best_there_is:  # extremes from before an opening must not liquidate
            marks = {open_ms: mark for open_ms, mark in marks.items() if open_ms > opened_ms}
        for candle in candles:
            reached = hand.watermarks.reached(self._symbol)
            if reached is None:
                return len(candles)  # no trade is left that they could work on
            if candle.close_ms > reached.time_ms:
                mark = marks.get(candle.open_ms)
                seen_in_part = candle.open_ms <= max(reached.time_ms, opened_ms)
                quiet = hand.book.indifferent if seen_in_part else hand.book.quiet
                if not best_there_is and not quiet(candle, mark):
                    break
                happened += hand.pass_candle(candle, mark)
            passed += 1
        if happened:
            await hand.take(happened)
        elif passed:
            await hand.save((self._symbol,))
        return passed


def _told_by(candle: Candle, event: Event) -> Event:
    """Say of a liquidation that a candle told it, not the mark price itself."""
    if not isinstance(event, TradeClosed):
        return event
    fill = replace(
        event.fill, candle=candle.timeframe, candle_ms=candle.open_ms, reconstructed=True
    )
    trade = replace(event.trade, fills=(*event.trade.fills[:-1], fill))
    return TradeClosed(trade, fill)
