"""One symbol's tape: its prints by id, and the candles that they add up to.

Ids are arithmetic: so many prints a trading minute since 1970, plus the forced prints before.
What is later than the moment asked about does not exist yet.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from market.simulator.prices import BLOCK, MINUTE_MS, Block, Deal, Path, Row

BLOCKS_KEPT = 128
"""Three weeks of minutes: what a chart of hours is folded from."""
MINUTES_KEPT = 256

_time_of = attrgetter("time_ms")


class Print(NamedTuple):
    """One aggregate trade."""

    trade_id: int
    time_ms: int
    """Exchange time, milliseconds UTC."""
    price: int
    """Ticks."""
    quantity: int
    """Steps."""
    sold: bool
    """Whether the taker sold (the buyer was the maker)."""


class Tape:
    """All prints of one symbol."""

    def __init__(self, path: Path, first_ms: int) -> None:
        self.listing = path.listing
        self.first_ms = first_ms
        """Where history begins, milliseconds UTC; a multiple of a block."""
        self.stopped_ms: int | None = None
        """Since when nothing is traded any more."""
        self._deals = path.deals
        self._regular = lru_cache(BLOCKS_KEPT)(path.block)
        self._patched: dict[int, Block] = {}
        self._block_rows: dict[int, Row] = {}
        self._minute = lru_cache(MINUTES_KEPT)(self._make_minute)
        self._forced: list[Deal] = []
        self._before: list[int] = []
        """Beside each forced print, the number of the regular print that it came before."""

    def until(self, now_ms: int) -> int:
        """Return the moment up to which there are prints at *now_ms*."""
        return now_ms if self.stopped_ms is None else min(now_ms, self.stopped_ms)

    # -- prints -------------------------------------------------------------------------------

    def last_id(self, now_ms: int) -> int:
        """Return the id of the newest print at *now_ms*."""
        now_ms = self.until(now_ms)
        minute = now_ms // MINUTE_MS
        done = bisect_right(self._minute(minute), now_ms, key=_time_of)
        return self._first_id(minute) + done - 1

    def first_id_since(self, time_ms: int) -> int:
        """Return the id of the first print at or after *time_ms*, whether it exists or not."""
        if time_ms % MINUTE_MS == 0 and self.stopped_ms is None:
            return self._first_id(time_ms // MINUTE_MS)
        return self.last_id(time_ms - 1) + 1

    def first_id(self) -> int:
        """Return the id that history begins with."""
        return self.first_id_since(self.first_ms)

    def prints(self, first: int, last: int) -> list[Print]:
        """Return the prints from id *first* to id *last*, both included."""
        found: list[Print] = []
        while first <= last:
            minute = self._minute_of(first)
            start = first - self._first_id(minute)
            found += self._minute(minute)[start : start + last - first + 1]
            first = found[-1].trade_id + 1
        return found

    def last_print(self, now_ms: int) -> Print:
        """Return the newest print at *now_ms*."""
        newest = self.last_id(now_ms)
        return self.prints(newest, newest)[0]

    def force(self, price: int, quantity: int, now_ms: int) -> None:
        """Print *price* ticks right now, behind everything that was printed until now."""
        newest = self.last_print(now_ms)
        self._before.append(newest.trade_id + 1 - len(self._forced))
        self._forced.append(Deal(now_ms, price, quantity, sold=price < newest.price))
        self._minute.cache_clear()
        minute = now_ms // MINUTE_MS
        index, within = divmod(minute, BLOCK)
        block = self._block(index)
        self._patched[index] = patched = Block(*(column[:] for column in block))
        patched.set_row(within, fold(self._minute(minute)))
        self._block_rows.pop(index, None)

    def _first_id(self, minute: int) -> int:
        """Return the id of the first print not before the start of *minute*."""
        forced = bisect_left(self._forced, minute * MINUTE_MS, key=_time_of)
        return self._first_number(minute) + forced

    def _first_number(self, minute: int) -> int:
        return -(-minute // self.listing.every) * self.listing.prints

    def _minute_of(self, trade_id: int) -> int:
        """Return the minute that holds a print."""
        forced_ids = [number + i for i, number in enumerate(self._before)]
        i = bisect_left(forced_ids, trade_id)
        if i < len(forced_ids) and forced_ids[i] == trade_id:
            return self._forced[i].time_ms // MINUTE_MS
        return (trade_id - i) // self.listing.prints * self.listing.every

    def _make_minute(self, minute: int) -> Sequence[Print]:
        index, within = divmod(minute, BLOCK)
        row = self._regular(index).row(within, within + 1)
        deals = self._deals(minute, row) if row else []
        start, number = minute * MINUTE_MS, self._first_number(minute)
        first = bisect_left(self._forced, start, key=_time_of)
        end = bisect_left(self._forced, start + MINUTE_MS, key=_time_of)
        for i in range(first, end):
            deals.insert(self._before[i] - number + i - first, self._forced[i])
        return [Print(number + first + i, *deal) for i, deal in enumerate(deals)]

    # -- candles ------------------------------------------------------------------------------

    def candle(self, start_ms: int, end_ms: int, now_ms: int) -> Row:
        """Return the candle of those prints in [start, end) that exist at *now_ms*.

        A time without prints is flat at the price before it.
        """
        rows = self._rows(start_ms, min(end_ms, self.until(now_ms) + 1))
        if rows:
            return join(rows)
        price = self.last_print(start_ms - 1).price
        return Row(price, price, price, price, 0, 0, 0, 0)

    def ids(self, start_ms: int, end_ms: int, now_ms: int) -> tuple[int, int]:
        """Return the first and the last id in [start, end) that exist at *now_ms*."""
        return self.first_id_since(start_ms), self.first_id_since(min(end_ms, now_ms + 1)) - 1

    def _rows(self, start_ms: int, end_ms: int) -> list[Row]:
        first, last = -(-start_ms // MINUTE_MS), end_ms // MINUTE_MS
        if first > last:
            return self._part(start_ms, end_ms)
        rows = self._part(start_ms, first * MINUTE_MS)
        while first < last:
            index, within = divmod(first, BLOCK)
            end = min(last - index * BLOCK, BLOCK)
            if row := self._block_part(index, within, end):
                rows.append(row)
            first += end - within
        return rows + self._part(last * MINUTE_MS, end_ms)

    def _part(self, start_ms: int, end_ms: int) -> list[Row]:
        """Fold the prints of a part of one minute; no row where there are none."""
        if start_ms >= end_ms:
            return []
        prints = self._minute(start_ms // MINUTE_MS)
        first = bisect_left(prints, start_ms, key=_time_of)
        end = bisect_left(prints, end_ms, key=_time_of)
        return [fold(prints[first:end])] if first < end else []

    def _block_part(self, index: int, first: int, end: int) -> Row | None:
        if end - first < BLOCK:
            return self._block(index).row(first, end)
        if index not in self._block_rows and (row := self._block(index).row(0, BLOCK)):
            self._block_rows[index] = row
        return self._block_rows.get(index)

    def _block(self, index: int) -> Block:
        return self._patched.get(index) or self._regular(index)


def fold(prints: Sequence[Print]) -> Row:
    """Return the candle of some prints, at least one."""
    prices = [p.price for p in prints]
    bought = [p for p in prints if not p.sold]
    return Row(
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(p.quantity for p in prints),
        sum(p.price * p.quantity for p in prints),
        sum(p.quantity for p in bought),
        sum(p.price * p.quantity for p in bought),
    )


def join(rows: Sequence[Row]) -> Row:
    """Return the candle of consecutive candles, at least one."""
    if len(rows) == 1:
        return rows[0]
    opens, highs, lows, closes, *sums = zip(*rows, strict=True)
    return Row(opens[0], max(highs), min(lows), closes[-1], *map(sum, sums))
