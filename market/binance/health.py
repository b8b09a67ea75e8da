"""How a feed is doing, judged by what its connections bring and when.

Whole or not live: while one of a market's connections is silent, no price counts as live.
"""

import logging
import math
from collections.abc import Sequence

from market.binance.limits import Timings
from market.binance.venue import Route
from market.clock import ExchangeClock
from market.feed import FeedState, FeedStatus

log = logging.getLogger(__name__)

LATENCY_WEIGHT = 0.1


class Health:
    """State, silence and lateness of one feed."""

    def __init__(self, routes: Sequence[Route], timings: Timings, clock: ExchangeClock) -> None:
        self.state = FeedState.CONNECTING
        self.late_s = 0.0
        """How late the newest event was that named its time."""
        self._routes = routes
        self._timings = timings
        self._clock = clock
        self._detail = "Looking for a host that answers."
        self._since_ms = clock.now_ms()
        self._heard_s: dict[Route, float] = {}
        """When each connection brought market data last, monotonic."""
        self._latency_ms: float | None = None

    def status(self, host: str) -> FeedStatus:
        """Return all of it in words."""
        return FeedStatus(
            state=self.state,
            detail=self._detail,
            host=host,
            latency_ms=None if self._latency_ms is None else round(self._latency_ms),
            since_ms=self._since_ms,
        )

    def hear(self, route: Route, now_s: float) -> None:
        """Learn that a connection brought market data."""
        self._heard_s[route] = now_s

    def silent(self, now_s: float) -> bool:
        """Tell whether any of the connections brings nothing."""
        since_s = now_s - self._timings.stale_s
        return any(self._heard_s.get(route, -math.inf) <= since_s for route in self._routes)

    def time(self, event_ms: int) -> None:
        """Learn the event time of what came just now, milliseconds UTC."""
        newest_ms = self._clock.now_ms() - event_ms
        if self._latency_ms is None:
            self._latency_ms = newest_ms
        self._latency_ms += (newest_ms - self._latency_ms) * LATENCY_WEIGHT
        self.late_s = newest_ms / 1000

    def lose(self, why: str) -> None:
        """Learn that there is no connection (any more)."""
        self._latency_ms, self.late_s = None, 0.0
        self._heard_s.clear()
        lost = self.state in {FeedState.LIVE, FeedState.STALE}
        self.become(FeedState.CONNECTING if lost else FeedState.OFFLINE, why)

    def become(self, state: FeedState, detail: str) -> None:
        """Take a state, with a sentence that says why."""
        if state is not self.state:
            self._since_ms = self._clock.now_ms()
            log.info("feed is %s: %s", state, detail)
        self.state, self._detail = state, detail
