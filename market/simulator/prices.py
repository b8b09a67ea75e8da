"""What every minute of a symbol's past and future looks like.

Pure: everything follows from the seed, the symbol and the minute, in any order of asking. Time
is cut into blocks of four hours whose edges are known by themselves; prices and quantities are
whole numbers of ticks and steps, so that sums of prints and candles agree exactly.
"""

import math
from array import array
from itertools import pairwise
from math import exp, log, sin
from random import Random
from typing import NamedTuple

from market.simulator.listings import Listing

MINUTE_MS = 60_000
BLOCK = 240
"""Minutes in one block."""

_DRIFT = 0.06
"""Most that the block's edges leave the symbol's usual price by themselves, a fraction."""
_WAVES = ((47, 0.012), (131, 0.024), (409, 0.035), (1_499, 0.045))
"""Swings that look like trends: length in minutes, height as a fraction of the price."""
_NOISE = 0.0042
"""Mean size of what a minute adds to them, a fraction."""
_WICK = 0.0019
"""Mean length of a minute's shadow beyond its body, a fraction."""


class Row(NamedTuple):
    """One candle; prices in ticks, quantities in steps, values in tick × step."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    bought: int
    """Part of the volume that takers bought."""
    bought_value: int


class Block(NamedTuple):
    """The columns of consecutive one-minute rows."""

    open: "array[int]"
    high: "array[int]"
    low: "array[int]"
    close: "array[int]"
    volume: "array[int]"
    value: "array[int]"
    bought: "array[int]"
    bought_value: "array[int]"

    def row(self, first: int, end: int) -> Row | None:
        """Return the candle of the minutes from *first* up to and without *end*.

        Minutes without prints count for nothing; without any prints there is no candle.
        """
        volume = self.volume
        while first < end and not volume[first]:
            first += 1
        while first < end and not volume[end - 1]:
            end -= 1
        if first == end:
            return None
        here = slice(first, end)
        return Row(
            self.open[first],
            max(self.high[here]),
            min(self.low[here]),
            self.close[end - 1],
            sum(volume[here]),
            sum(self.value[here]),
            sum(self.bought[here]),
            sum(self.bought_value[here]),
        )

    def set_row(self, index: int, row: Row) -> None:
        """Replace one minute."""
        for column, value in zip(self, row, strict=True):
            column[index] = value


class Deal(NamedTuple):
    """One print before it has an id."""

    time_ms: int
    price: int
    """Ticks."""
    quantity: int
    """Steps."""
    sold: bool
    """Whether the taker sold."""


class Path:
    """The way of one symbol's price through all time.

    A minute goes from its open to one extreme, to the other, and to its close; between these
    four prints lie others in pairs that mirror each other, with equal quantities. So a
    minute's value is known from its four prices, without its prints.
    """

    def __init__(self, seed: int, listing: Listing) -> None:
        self.listing = self._listing = listing
        self._name = f"{seed}/{listing.symbol}"
        self._middle = listing.price * 10**listing.tick_decimals
        self._units = listing.worth / listing.price * 10**listing.step_decimals
        rng = Random(self._name)
        self._waves = [
            (
                height * rng.uniform(0.7, 1.3),
                math.tau / (length * rng.uniform(0.8, 1.25)),
                rng.uniform(0, math.tau),
            )
            for length, height in _WAVES
        ]
        """Height, angle in a minute and phase of each swing."""
        pairs = (listing.prints - 4) // 2
        self._outer = pairs // 4
        """Pairs on the way from the open to the first extreme; as many on the last way."""
        self._inner = pairs - 2 * self._outer
        """Pairs between the extremes."""

    def block(self, index: int) -> Block:
        """Return the minutes from *index* × 240 (since 1970) on."""
        listing, rng = self._listing, Random(f"{self._name}/{index}")
        trading = BLOCK // listing.every
        prices = self._closes(index, rng, trading)
        rows: list[Row] = []
        for first, last in pairwise(prices):
            row = self._row(first, last, rng)
            quiet = Row(last, last, last, last, 0, 0, 0, 0)
            rows += (row, *[quiet] * (listing.every - 1))
        return Block(*(array("q", column) for column in zip(*rows, strict=True)))

    def _edge(self, index: int) -> float:
        return Random(f"{self._name}/edge/{index}").uniform(-_DRIFT, _DRIFT)

    def levels(self, index: int) -> list[float]:
        """Return by how much the price is off its middle at the edges of a block's minutes.

        Natural logarithms, one for each minute that trades and one for the end.
        """
        rng = Random(f"{self._name}/{index}")
        return self._levels(index, rng, BLOCK // self._listing.every)

    def _closes(self, index: int, rng: Random, count: int) -> list[int]:
        middle = self._middle
        return [max(2, round(middle * exp(one))) for one in self._levels(index, rng, count)]

    def _levels(self, index: int, rng: Random, count: int) -> list[float]:
        """Walk at random from one edge of the block to the other, on top of the waves."""
        first, last = self._edge(index), self._edge(index + 1)
        noise = _NOISE * rng.uniform(0.7, 1.3) * math.sqrt(self._listing.every)
        walk = [0.0]
        for _ in range(count):
            walk.append(walk[-1] + rng.gauss(0.0, noise))
        tilt = (last - first - walk[-1]) / count
        levels = [first + noisy + tilt * i for i, noisy in enumerate(walk)]
        levels[-1] = last  # to the last bit where the next block begins
        start, every = index * BLOCK, self._listing.every
        for i in range(len(levels)):
            minute = start + i * every
            for height, pace, phase in self._waves:
                levels[i] += height * sin(pace * minute + phase)
        return levels

    def _row(self, first: int, last: int, rng: Random) -> Row:
        high, low = (first, last) if first > last else (last, first)
        random = rng.random
        high -= int(log(1.0 - random()) * _WICK * high)
        low = max(1, low + int(log(1.0 - random()) * _WICK * low))
        swing = 1.0 + 40.0 * (high - low) / high
        units = max(2, int(self._units * swing * (0.4 + random())))
        outer, inner, ends, span = self._outer, self._inner, first + last, high + low
        if last < first:  # up, down, up again: bought on the first and the last way
            bought = units * (3 + 4 * outer)
            bought_value = units * ((1 + outer) * ends + high + outer * span)
        else:
            bought = units * (1 + 2 * inner)
            bought_value = units * (high + inner * span)
        value = units * ((1 + outer) * ends + (1 + outer + inner) * span)
        volume = units * self._listing.prints
        return Row(first, high, low, last, volume, value, bought, bought_value)

    def deals(self, minute: int, row: Row) -> list[Deal]:
        """Return the prints of one minute whose candle is *row*, in time order."""
        rng = Random(f"{self._name}/minute/{minute}")
        units, falls = row.volume // self._listing.prints, row.close < row.open
        one, other = (row.high, row.low) if falls else (row.low, row.high)
        way = [
            (row.open, units, not falls),
            *_between(row.open, one, self._outer, units, rng, sold=not falls),
            (one, units, not falls),
            *_between(one, other, self._inner, units, rng, sold=falls),
            (other, units, falls),
            *_between(other, row.close, self._outer, units, rng, sold=not falls),
            (row.close, units, not falls),
        ]
        slot = MINUTE_MS / len(way)
        start = minute * MINUTE_MS
        return [
            Deal(start + int((i + rng.random()) * slot), price, quantity, sold)
            for i, (price, quantity, sold) in enumerate(way)
        ]


def _between(
    start: int, end: int, pairs: int, units: int, rng: Random, *, sold: bool
) -> list[tuple[int, int, bool]]:
    """Return the prints on one way: pairs of mirrored prices, *units* each on average."""
    prints = []
    spare = pairs * (units - 1)
    for left in range(pairs, 0, -1):
        extra = spare if left == 1 else min(spare, int(2 * spare / left * rng.random()))
        spare -= extra
        price = start + round((end - start) * rng.random())
        prints += [(price, 1 + extra, sold), (start + end - price, 1 + extra, sold)]
    prints.sort(reverse=end < start)
    return prints
