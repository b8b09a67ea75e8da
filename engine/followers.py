"""Trailing stops that follow one running extreme, all at the cost of the closest.

A stop that follows every print lies at a fixed part of, or a fixed distance from, the best
price. While that is the running extreme for all, the one with the smallest distance is the
nearest; the others need not be looked at.
"""

from decimal import Decimal
from heapq import heappop, heappush
from typing import NamedTuple

from engine.money import ONE

_NEVER = {1: Decimal("-Infinity"), -1: Decimal("Infinity")}


class Follower(NamedTuple):
    """How one trailing stop follows the best price."""

    sign: int
    """+1 below rising prices (LONG), -1 above falling ones (SHORT)."""
    best: Decimal
    """Best price so far; up to it the stop stands still."""
    distance: Decimal
    """A fraction of the best price if `relative`, else quote per base."""
    relative: bool
    tick: Decimal
    """Price grid: the stop is never further from its unrounded place than this."""

    @property
    def bound(self) -> "Bound":
        """How near to the market the stop may be."""
        away = self.sign * self.distance
        if self.relative:
            return Bound(ONE - away, self.sign * self.tick)
        return Bound(ONE, self.sign * self.tick - away)


class Bound(NamedTuple):
    """A line that a stop never crosses towards the market: part of the best price, and more."""

    part: Decimal
    more: Decimal

    def at(self, best: Decimal) -> Decimal:
        """Return the line at a best price."""
        return best * self.part + self.more


_Entry = tuple[Decimal, int, Follower]


class Followers:
    """The trailing stops of one symbol and direction.

    Law: no stop of these is nearer to the market than `nearest`.
    """

    __slots__ = (
        "_all",
        "_extreme",
        "_leaders",
        "_never",
        "_resting",
        "_riding",
        "_sign",
        "_wake",
        "nearest",
    )

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._never = _NEVER[sign]
        self._all: dict[int, Follower] = {}
        self._resting: list[_Entry] = []
        """Those whose best price lies beyond the running extreme, nearest first."""
        self._wake = -self._never
        """Extreme beyond which the first of these begins to ride."""
        self._riding: dict[tuple[bool, Decimal], list[_Entry]] = {}
        """Those for which the running extreme is the best price, by kind, closest first."""
        self._leaders: list[Bound] = []
        """Of the closest of each kind."""
        self._extreme = self._never
        self.nearest = self._never
        """Bound of the stops that ride; those that rest are watched as fixed levels."""

    def add(self, trade_id: int, follower: Follower) -> None:
        """Take a stop in; it rests until the extreme passes its best price."""
        self._all[trade_id] = follower
        heappush(self._resting, (self._sign * follower.best, trade_id, follower))
        self._wake = self._resting[0][2].best

    def discard(self, trade_id: int) -> None:
        """Forget a stop."""
        del self._all[trade_id]
        if not self._all:
            self._resting.clear()
            self._riding.clear()
        self._choose_leaders()

    def follow(self, extreme: Decimal) -> Decimal:
        """Let all stops follow a new running extreme; returns `nearest`."""
        self._extreme = extreme
        if extreme > self._wake if self._sign > 0 else extreme < self._wake:
            self._wake_up()
        if len(self._leaders) == 1:
            part, more = self._leaders[0]
            self.nearest = nearest = extreme * part + more
            return nearest
        self._find_nearest()
        return self.nearest

    def hit(self, price: Decimal) -> set[int]:
        """Return, and take off, the riding stops that *price* may reach."""
        hit: set[int] = set()
        if self._sign * (price - self.nearest) > 0:
            return hit
        for heap in self._riding.values():
            while heap and self._sign * (price - heap[0][2].bound.at(self._extreme)) <= 0:
                _, trade_id, follower = heappop(heap)
                if self._all.get(trade_id) is follower:
                    hit.add(trade_id)
        self._choose_leaders()
        return hit

    def nearest_if(self, extreme: Decimal) -> Decimal:
        """Return the bound of the nearest stop if the extreme came to be *extreme*."""
        stops = [self._never]
        stops += [self._stop(follower, extreme) for follower in self._all.values()]
        return max(stops) if self._sign > 0 else min(stops)

    def _stop(self, follower: Follower, extreme: Decimal) -> Decimal:
        if self._sign * (extreme - follower.best) <= 0:
            return self._never  # it stands still, and is watched as a fixed level
        return follower.bound.at(extreme)

    def _wake_up(self) -> None:
        """Let those ride whose best price the extreme has passed."""
        resting, sign = self._resting, self._sign
        while resting and resting[0][0] < sign * self._extreme:
            _, trade_id, follower = heappop(resting)
            if self._all.get(trade_id) is follower:
                kind = (follower.relative, follower.tick)
                entry = (follower.distance, trade_id, follower)
                heappush(self._riding.setdefault(kind, []), entry)
        self._wake = resting[0][2].best if resting else -self._never
        self._choose_leaders()

    def _choose_leaders(self) -> None:
        self._leaders.clear()
        for heap in self._riding.values():
            while heap and self._all.get(heap[0][1]) is not heap[0][2]:
                heappop(heap)
            if heap:
                self._leaders.append(heap[0][2].bound)
        self._find_nearest()

    def _find_nearest(self) -> None:
        stops = [self._never, *(leader.at(self._extreme) for leader in self._leaders)]
        self.nearest = max(stops) if self._sign > 0 else min(stops)
