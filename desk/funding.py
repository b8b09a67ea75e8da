"""When funding of each watched symbol is due; prints from then on wait until it is settled.

What the stream names wins over the usual interval, as long as it was named in time: behind a
settlement that was missed it names the one after it.
"""

from desk.watermarks import Watermarks
from engine.funding import due_times
from engine.stats import DAY_MS
from market.feed import Feed

USUAL_H = 8
"""Hours between settlements of funding where the exchange says nothing else."""
IN_TIME_MS = 10_000
"""What the stream names so long before a settlement was not said after it."""


class FundingTimes:
    """The next settlement of each watched symbol."""

    def __init__(self, feed: Feed, watermarks: Watermarks) -> None:
        self.hours: dict[str, int] = {}
        """By symbol, hours between settlements where they are not `USUAL_H`."""
        self._feed = feed
        self._watermarks = watermarks

    def expect(self, symbol: str, after_ms: int) -> None:
        """Work out when funding is due next after a moment, and let prints wait for it."""
        [due_ms, *_] = self._usual(symbol, after_ms, after_ms + DAY_MS)
        told_ms = self._feed.board[symbol].next_funding_ms
        if told_ms is not None and told_ms > after_ms:
            due_ms = told_ms if self._in_time(due_ms) else min(due_ms, told_ms)
        self._watermarks.set_due(symbol, due_ms)

    def heed(self, symbol: str, time_ms: int) -> None:
        """Learn at a mark price whether the stream names another time than is waited for."""
        told_ms, due_ms = self._feed.board[symbol].next_funding_ms, self.due(symbol)
        if told_ms not in {None, due_ms} and due_ms is not None and self._in_time(due_ms):
            self.expect(symbol, time_ms)

    def due(self, symbol: str) -> int | None:
        """Return when funding is due next, milliseconds UTC; None where nobody waits."""
        return self._watermarks.due_ms(symbol)

    def last(self, symbol: str, after_ms: int, until_ms: int) -> int | None:
        """Return the last time in (after, until] at which funding must have been due."""
        times = [*self._usual(symbol, max(after_ms, until_ms - DAY_MS), until_ms)]
        due_ms = self.due(symbol)
        if due_ms is not None and after_ms < due_ms <= until_ms:
            times.append(due_ms)
        return max(times, default=None)

    def _usual(self, symbol: str, after_ms: int, until_ms: int) -> range:
        return due_times(self.hours.get(symbol, USUAL_H), after_ms, until_ms)

    def _in_time(self, due_ms: int) -> bool:
        return self._feed.clock.now_ms() < due_ms - IN_TIME_MS
