"""The nearest level of a symbol on each side, whatever the number of trades.

Two heaps per symbol hold the levels below and above the market; entries of trades that have
gone are dropped when they surface. `low` and `high` bound the prices at which nothing can
happen: inside them a print costs two comparisons. They also follow the running extremes, so
that the best and worst price of every trade is known without touching the trades. Trailing
stops share these extremes: the nearest of them all is known from the one that follows most
closely, so that a new high costs the same with one or with ten thousand.
"""

from collections.abc import Iterator
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from engine.followers import Follower, Followers
from engine.money import MONEY_UNIT

_NEVER_BELOW = Decimal("-Infinity")
_NEVER_ABOVE = Decimal("Infinity")
NEVER_MS = 2**63
_SLACK = 64


class Watch(NamedTuple):
    """What has to be watched for one trade."""

    below: Decimal
    """Price at or below which something may happen."""
    above: Decimal
    """Price at or above which something may happen."""
    follower: Follower | None = None
    """Its trailing stop, if that follows every print."""
    until_ms: int = NEVER_MS
    """Time from which any print matters, milliseconds UTC."""


class LevelIndex:
    """All levels of one symbol.

    Law: after every public call, a price strictly between `low` and `high` reaches no level
    and is no new extreme; with times to watch the two are closed, and `noted` decides alone.
    """

    __slots__ = (
        "_above",
        "_below",
        "_calm_high",
        "_calm_low",
        "_ceiling",
        "_falling",
        "_ground",
        "_next_ms",
        "_rising",
        "_running",
        "_times",
        "_watches",
        "begun_ms",
        "high",
        "low",
        "run_high",
        "run_low",
    )

    def __init__(self) -> None:
        self._below: list[tuple[Decimal, int]] = []
        self._above: list[tuple[Decimal, int]] = []
        self._times: list[tuple[int, int]] = []
        self._watches: dict[int, Watch] = {}
        self._rising = Followers(1)
        self._falling = Followers(-1)
        # No print seen in this run yet: the first one is a new extreme on both sides.
        self.run_low = _NEVER_ABOVE
        """Lowest print since the run began, +Infinity before the first."""
        self.run_high = _NEVER_BELOW
        """Highest print since the run began, -Infinity before the first."""
        self.begun_ms = 0
        """When the newest of the trades was opened, milliseconds UTC."""
        self._running = False
        self._next_ms = NEVER_MS
        self._ground: Decimal
        """The nearest level below, fixed or following."""
        self._ceiling: Decimal
        """The nearest level above, fixed or following."""
        self._calm_low: Decimal
        self._calm_high: Decimal
        self._settle()

    def __iter__(self) -> Iterator[int]:
        """Yield the ids of the trades watched."""
        return iter(self._watches)

    def __len__(self) -> int:
        """Return the number of trades watched."""
        return len(self._watches)

    def noted(self, price: Decimal, time_ms: int) -> bool:
        """Note a print that reaches no level; False, and nothing noted, if it may reach one.

        The commonest of all that `low` and `high` do not let pass: a new extreme. A print from
        before the newest trade's opening is never noted.
        """
        if time_ms >= self._next_ms or time_ms < self.begun_ms:
            return False
        if price > self.run_high:
            return self._running and price < self._ceiling and self._rise(price)
        if self._calm_low < price < self._calm_high:
            return True
        if price < self.run_low:
            return self._running and price > self._ground and self._fall(price)
        return False

    def add(self, trade_id: int, watch: Watch) -> None:
        """Watch a trade; replaces what was watched for it."""
        watch = watch._replace(
            below=_like_a_print(watch.below), above=_like_a_print(watch.above)
        )
        self._forget_follower(trade_id)
        self._watches[trade_id] = watch
        heappush(self._below, (-watch.below, trade_id))
        heappush(self._above, (watch.above, trade_id))
        if watch.until_ms < NEVER_MS:
            heappush(self._times, (watch.until_ms, trade_id))
        if watch.follower:
            self._followers(watch.follower).add(trade_id, watch.follower)
        self._settle()

    def discard(self, trade_id: int) -> None:
        """Stop watching a trade."""
        self._forget_follower(trade_id)
        self._watches.pop(trade_id, None)
        if len(self._below) + len(self._above) > 4 * len(self._watches) + _SLACK:
            self._rebuild()
        self._settle()

    def clear(self, low: Decimal, high: Decimal, until_ms: int) -> bool:
        """Tell whether prices from *low* to *high* up to a time do nothing, in any order."""
        return (
            (not self._below or -self._below[0][0] < low)
            and (not self._above or high < self._above[0][0])
            and (not self._times or until_ms < self._times[0][0])
            and self._rising.nearest_if(max(high, self.run_high)) < low
            and self._falling.nearest_if(min(low, self.run_low)) > high
        )

    def start_run(self) -> None:
        """Forget the running extremes: the next print begins them anew.

        The caller adds every trade whose stop follows again, from where it stands now.
        """
        self.run_low, self.run_high = _NEVER_ABOVE, _NEVER_BELOW
        self._settle()

    def reached(self, price: Decimal, time_ms: int) -> list[int]:
        """Note a print and return the trades for which something may happen, by id.

        The caller discards every trade returned, or adds it again with new levels.
        """
        self._widen(price, price)
        return self._hit(price, price, time_ms)

    def note(self, low: Decimal, high: Decimal) -> None:
        """Widen the running extremes to prices from *low* to *high*, which do nothing."""
        self._widen(low, high)
        self._settle()

    # -- inside -------------------------------------------------------------------------------

    def _widen(self, low: Decimal, high: Decimal) -> None:
        if low < self.run_low:
            self.run_low = low
            self._falling.follow(low)
        if high > self.run_high:
            self.run_high = high
            self._rising.follow(high)

    def _rise(self, high: Decimal) -> bool:
        rising = self._rising.follow(high)
        self.run_high = self._calm_high = high
        if rising > self._ground:
            self._ground = rising
            self._calm_low = max(self._calm_low, rising)
        self._tell()
        return True

    def _fall(self, low: Decimal) -> bool:
        falling = self._falling.follow(low)
        self.run_low = self._calm_low = low
        if falling < self._ceiling:
            self._ceiling = falling
            self._calm_high = min(self._calm_high, falling)
        self._tell()
        return True

    def _tell(self) -> None:
        """Close `low` and `high` while there is a time to watch: then no print may pass by."""
        if self._next_ms == NEVER_MS:
            self.low, self.high = self._calm_low, self._calm_high

    def _hit(self, low: Decimal, high: Decimal, until_ms: int) -> list[int]:
        hit = self._rising.hit(low) | self._falling.hit(high)
        while self._below and -self._below[0][0] >= low:
            hit.add(heappop(self._below)[1])
        while self._above and self._above[0][0] <= high:
            hit.add(heappop(self._above)[1])
        while self._times and self._times[0][0] <= until_ms:
            hit.add(heappop(self._times)[1])
        self._settle()
        return sorted(hit & self._watches.keys()) if hit else []

    def _settle(self) -> None:
        """Drop stale entries from the tops and restore the law of `low` and `high`."""
        below, above, times = self._below, self._above, self._times
        while below and not self._stands(below[0][1], 0, -below[0][0]):
            heappop(below)
        while above and not self._stands(above[0][1], 1, above[0][0]):
            heappop(above)
        while times and not self._stands(times[0][1], 3, times[0][0]):
            heappop(times)
        self._next_ms = times[0][0] if times else NEVER_MS
        self._ground = max(-below[0][0] if below else _NEVER_BELOW, self._rising.nearest)
        self._ceiling = min(above[0][0] if above else _NEVER_ABOVE, self._falling.nearest)
        self._calm_low = max(self.run_low, self._ground)
        self._calm_high = min(self.run_high, self._ceiling)
        self._running = self.run_low <= self.run_high
        self.low, self.high = _NEVER_ABOVE, _NEVER_BELOW
        self._tell()

    def _rebuild(self) -> None:
        """Throw out the stale entries that lie too deep to surface."""
        watches = self._watches.items()
        self._below = [(-watch.below, trade_id) for trade_id, watch in watches]
        self._above = [(watch.above, trade_id) for trade_id, watch in watches]
        heapify(self._below)
        heapify(self._above)

    def _stands(self, trade_id: int, side: int, level: Decimal | int) -> bool:
        watch = self._watches.get(trade_id)
        return watch is not None and watch[side] == level

    def _followers(self, follower: Follower) -> Followers:
        return self._rising if follower.sign > 0 else self._falling

    def _forget_follower(self, trade_id: int) -> None:
        watch = self._watches.get(trade_id)
        if watch and watch.follower:
            self._followers(watch.follower).discard(trade_id)


def _like_a_print(level: Decimal) -> Decimal:
    """Write a level with eight decimals, as prints come: lined-up digits compare faster."""
    if not level.is_finite():
        return level
    lined_up = level.quantize(MONEY_UNIT)
    return lined_up if lined_up == level else level
