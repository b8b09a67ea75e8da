"""The nearest stop and target of a symbol, whatever the number of trades.

Two heaps per symbol hold the levels below and above the market; entries of trades that have
gone are dropped when they surface. `low` and `high` bound the prices at which nothing can
happen: inside them a print costs two comparisons. They also follow the running extremes, so
that the best and worst price of every trade is known without touching the trades.
"""

from collections.abc import Iterator
from decimal import Decimal
from heapq import heapify, heappop, heappush

from engine.money import MONEY_UNIT

_NEVER_BELOW = Decimal("-Infinity")
_NEVER_ABOVE = Decimal("Infinity")
_SLACK = 64


class LevelIndex:
    """All exit levels of one symbol.

    Law: after every public call, a price strictly between `low` and `high` reaches no level
    and is no new extreme.
    """

    __slots__ = ("_above", "_below", "_levels", "high", "low", "run_high", "run_low")

    def __init__(self) -> None:
        self._below: list[tuple[Decimal, int]] = []
        self._above: list[tuple[Decimal, int]] = []
        self._levels: dict[int, tuple[Decimal, Decimal]] = {}
        # No print seen in this run yet: the first one is a new extreme on both sides.
        self.run_low = _NEVER_ABOVE
        """Lowest print since the run began, +Infinity before the first."""
        self.run_high = _NEVER_BELOW
        """Highest print since the run began, -Infinity before the first."""
        self.low = _NEVER_ABOVE
        self.high = _NEVER_BELOW

    def __iter__(self) -> Iterator[int]:
        """Yield the ids of the trades watched."""
        return iter(self._levels)

    def __len__(self) -> int:
        """Return the number of trades watched."""
        return len(self._levels)

    @property
    def running(self) -> bool:
        """Whether a print has been noted since the run began."""
        return self.run_low <= self.run_high

    def add(self, trade_id: int, below: Decimal, above: Decimal) -> None:
        """Watch a trade's two levels; replaces those it had."""
        below, above = _like_a_print(below), _like_a_print(above)
        self._levels[trade_id] = (below, above)
        heappush(self._below, (-below, trade_id))
        heappush(self._above, (above, trade_id))
        self._settle()

    def discard(self, trade_id: int) -> None:
        """Stop watching a trade."""
        self._levels.pop(trade_id, None)
        if len(self._below) + len(self._above) > 4 * len(self._levels) + _SLACK:
            self._rebuild()
        self._settle()

    def clear(self, low: Decimal, high: Decimal) -> bool:
        """Tell whether prices from *low* to *high*, both included, reach no level."""
        return (not self._below or -self._below[0][0] < low) and (
            not self._above or high < self._above[0][0]
        )

    def start_run(self) -> None:
        """Forget the running extremes: the next print begins them anew."""
        self.run_low, self.run_high = _NEVER_ABOVE, _NEVER_BELOW
        self._settle()

    def reached(self, price: Decimal) -> list[int]:
        """Note a print and return the trades with a level at or beyond it, by id.

        The caller discards every trade returned, or adds it again with new levels.
        """
        self.run_low = min(self.run_low, price)
        self.run_high = max(self.run_high, price)
        return self.hit_by(price, price)

    def note(self, low: Decimal, high: Decimal) -> None:
        """Widen the running extremes to prices from *low* to *high*, which reach no level."""
        self.run_low = min(self.run_low, low)
        self.run_high = max(self.run_high, high)
        self._settle()

    def hit_by(self, low: Decimal, high: Decimal) -> list[int]:
        """Return the trades with a level that prices from *low* to *high* reach, by id.

        The caller discards every trade returned, or adds it again with new levels.
        """
        hit: set[int] = set()
        while self._below and -self._below[0][0] >= low:
            hit.add(heappop(self._below)[1])
        while self._above and self._above[0][0] <= high:
            hit.add(heappop(self._above)[1])
        self._settle()
        if not hit:
            return []
        return sorted(
            trade_id
            for trade_id in hit
            if (levels := self._levels.get(trade_id))
            and (levels[0] >= low or levels[1] <= high)
        )

    def _settle(self) -> None:
        """Drop stale entries from the tops and restore the law of `low` and `high`."""
        below, above = self._below, self._above
        while below and not self._stands(below[0][1], 0, -below[0][0]):
            heappop(below)
        while above and not self._stands(above[0][1], 1, above[0][0]):
            heappop(above)
        self.low = max(-below[0][0], self.run_low) if below else self.run_low
        self.high = min(above[0][0], self.run_high) if above else self.run_high

    def _rebuild(self) -> None:
        """Throw out the stale entries that lie too deep to surface."""
        self._below = [(-below, trade_id) for trade_id, (below, _) in self._levels.items()]
        self._above = [(above, trade_id) for trade_id, (_, above) in self._levels.items()]
        heapify(self._below)
        heapify(self._above)

    def _stands(self, trade_id: int, side: int, level: Decimal) -> bool:
        levels = self._levels.get(trade_id)
        return levels is not None and levels[side] == level


def _like_a_print(level: Decimal) -> Decimal:
    """Write a level with eight decimals, as prints come: lined-up digits compare faster."""
    lined_up = level.quantize(MONEY_UNIT)
    return lined_up if lined_up == level else level
