"""A perpetual's mark and index prices: one a second, in a straight line through each minute.

Prices are whole numbers of 10^-8 quote, so that a candle is exactly the fold of its seconds.
What is later than the moment asked about does not exist yet.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from market.simulator.prices import BLOCK, MINUTE_MS

SECOND_MS = 1_000
_LAST = 59
"""The last second of a minute."""
_BLOCKS_KEPT = 128
_time_of = itemgetter(0)


class Bar(NamedTuple):
    """A candle of such prices."""

    open: int
    high: int
    low: int
    close: int


class _Columns(NamedTuple):
    """Bars of consecutive minutes."""

    open: "array[int]"
    high: "array[int]"
    low: "array[int]"
    close: "array[int]"

    def bar(self, first: int, end: int) -> Bar:
        here = slice(first, end)
        return Bar(
            self.open[first], max(self.high[here]), min(self.low[here]), self.close[end - 1]
        )


class Line:
    """One price of one symbol through all time."""

    def __init__(self, edges: Callable[[int], list[int]], grid: int) -> None:
        """Draw the line.

        Args:
            edges: Returns the prices at the beginnings of a block's minutes and at its end.
            grid: What the price is never a multiple of, 10^-8 quote: by that nobody can
                take it for a price that was paid. 1 allows everything.
        """
        self._edges = lru_cache(_BLOCKS_KEPT)(edges)
        self._grid = grid
        self._regular = lru_cache(_BLOCKS_KEPT)(self._make_block)
        self._patched: dict[int, _Columns] = {}
        self._forced: list[tuple[int, int]] = []
        """Times and prices."""

    def at(self, time_ms: int) -> int:
        """Return the price of the second that holds *time_ms*."""
        forced = self.forced(time_ms // MINUTE_MS * MINUTE_MS, time_ms)
        if forced:
            return forced[-1][1]
        return self._drawn(*divmod(time_ms // SECOND_MS, 60))

    def force(self, price: int, now_ms: int) -> None:
        """Let the price be *price* from now until the minute ends."""
        self._forced.append((now_ms, price))
        minute = now_ms // MINUTE_MS
        index, within = divmod(minute, BLOCK)
        self._patched[index] = block = _Columns(*(c[:] for c in self._block(index)))
        bar = self._part(minute * MINUTE_MS, (minute + 1) * MINUTE_MS)
        for column, value in zip(block, bar, strict=True):
            column[within] = value

    def forced(self, first_ms: int, last_ms: int) -> list[tuple[int, int]]:
        """Return times and prices of what was forced in a time, both ends included."""
        begin = bisect_left(self._forced, first_ms, key=_time_of)
        return self._forced[begin : bisect_right(self._forced, last_ms, key=_time_of)]

    def bar(self, start_ms: int, end_ms: int) -> Bar:
        """Return the candle of [start, end); *start_ms* begins a minute."""
        bars = []
        first, last = start_ms // MINUTE_MS, end_ms // MINUTE_MS
        while first < last:
            index, within = divmod(first, BLOCK)
            end = min(last - index * BLOCK, BLOCK)
            bars.append(self._block(index).bar(within, end))
            first += end - within
        if last * MINUTE_MS < end_ms:
            bars.append(self._part(last * MINUTE_MS, end_ms))
        opens, highs, lows, closes = zip(*bars, strict=True)
        return Bar(opens[0], max(highs), min(lows), closes[-1])

    def _part(self, start_ms: int, end_ms: int) -> Bar:
        """Fold the seconds of one minute, or of its beginning."""
        minute = start_ms // MINUTE_MS
        forced = self.forced(start_ms, end_ms - 1)
        drawn_to = forced[0][0] if forced else end_ms
        seconds = range(-(-(drawn_to - start_ms) // SECOND_MS))
        prices = [self._drawn(minute, s) for s in seconds] + [price for _, price in forced]
        return Bar(prices[0], max(prices), min(prices), prices[-1])

    def _drawn(self, minute: int, second: int) -> int:
        index, within = divmod(minute, BLOCK)
        edges = self._edges(index)
        start, end = edges[within], edges[within + 1]
        price = start + (end - start) * second // 60
        return price + (self._grid > 1 and price % self._grid == 0)

    def _block(self, index: int) -> _Columns:
        return self._patched.get(index) or self._regular(index)

    def _make_block(self, index: int) -> _Columns:
        minutes = range(index * BLOCK, (index + 1) * BLOCK)
        opens = array("q", (self._drawn(minute, 0) for minute in minutes))
        closes = array("q", (self._drawn(minute, _LAST) for minute in minutes))
        ends = list(zip(opens, closes, strict=True))
        highs, lows = array("q", map(max, ends)), array("q", map(min, ends))
        return _Columns(opens, highs, lows, closes)
