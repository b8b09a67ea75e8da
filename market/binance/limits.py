"""What the client grants itself: request weight, messages, connects, pauses between tries.

Binance bans addresses that ignore its limits, so every limit here is stricter than Binance's
own and is waited for, never run into.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

WEIGHT_SHARE = 0.5
"""The part of the address's weight that one desk plans for; other programs share it."""
WEIGHT_WINDOW_S = 60.0
DEFAULT_WEIGHT_PER_MINUTE = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the client waits for what; seconds."""

    request_s: float = 10.0
    """Whole REST request, from the first byte sent to the last byte read."""
    retry_s: float = 0.5
    """Pause before a failed request is tried again; doubles each time."""
    connect_s: float = 10.0
    """Opening a stream, handshake included."""
    silence_s: float = 9.0
    """A stream without a data frame for so long is dead, whatever its socket says."""
    stale_s: float = 1.75
    """Prices silent for so long are called stale; looking takes another quarter second."""
    late_s: float = 2.0
    """Prices that arrive so long after their event are not called live."""
    too_late_s: float = 5.0
    """A stream whose prices are so late is given up: REST and a new one are quicker."""
    asleep_s: float = 5.0
    """By so much must the clock on the wall outrun the monotonic one to mean a sleep."""
    rotate_s: float = 23 * 3600.0
    """Age at which a stream is replaced; Binance cuts it at 24 hours."""
    message_gap_s: float = 0.5
    """Least time between two messages on one stream; Binance closes at 5 a second."""
    reorder_s: float = 0.25
    """How long a print waits for the ones before it."""
    repair_wait_s: float = 1.5
    """Pause before REST, which lags the stream, is asked again for the same prints."""
    ready_s: float = 5.0
    """How long an order by hand waits for a fresh price."""
    backoff_min_s: float = 0.5
    backoff_max_s: float = 30.0
    probe_s: float = 3.0
    """Longest pause before it is asked again whether any host answers."""
    healthy_s: float = 60.0
    """A stream that lived so long ends the back-off."""
    connects: int = 60
    """Most connects within `connects_window_s`; Binance allows 300."""
    connects_window_s: float = 300.0


class WeightBudget:
    """Request weight of one host, as the host itself counts it."""

    def __init__(self, per_minute: int = DEFAULT_WEIGHT_PER_MINUTE) -> None:
        self.per_minute = per_minute
        self._used = 0
        self._in_flight = 0
        self._window_ends = 0.0

    def observe(self, used: int) -> None:
        """Learn what the host says was used in the present minute: its word is the truth."""
        now = time.monotonic()
        if used < self._used or now >= self._window_ends:
            self._window_ends = now + WEIGHT_WINDOW_S
        self._used = used

    def pause_s(self, weight: int) -> float:
        """Return how long to wait before asking something of *weight*; 0 is go ahead."""
        now = time.monotonic()
        if now >= self._window_ends:
            self._used = 0
            self._window_ends = now + WEIGHT_WINDOW_S
        spent = self._used + self._in_flight
        if not spent or spent + weight <= self.per_minute * WEIGHT_SHARE:
            return 0.0
        return self._window_ends - now

    @contextmanager
    def spending(self, weight: int) -> Iterator[None]:
        """Count *weight* while its request is under way, and afterwards until told better."""
        self._in_flight += weight
        try:
            yield
        finally:
            self._in_flight -= weight

    def spent(self, weight: int) -> None:
        """Count *weight* of a request whose answer named no figure."""
        self._used += weight


class MessageLimiter:
    """Spaces messages on one stream without ever allowing a burst."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next message may be sent; for one sender."""
        await asyncio.sleep(self._next - time.monotonic())
        self._next = time.monotonic() + self._gap_s


class ConnectBudget:
    """Caps connects over a sliding window, whatever the reason for connecting."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._times: deque[float] = deque()

    def pause_s(self) -> float:
        """Return how long to wait before the next connect."""
        now = time.monotonic()
        while self._times and now - self._times[0] >= self._timings.connects_window_s:
            self._times.popleft()
        if len(self._times) < self._timings.connects:
            return 0.0
        return self._times[0] + self._timings.connects_window_s - now

    def note(self) -> None:
        """Count one connect."""
        self._times.append(time.monotonic())


class Backoff:
    """Growing, jittered pauses between tries; a success resets them only if it lasted."""

    def __init__(self, timings: Timings, rng: random.Random) -> None:
        self._timings = timings
        self._rng = rng
        self._ceiling_s = timings.backoff_min_s

    def next_s(self) -> float:
        """Return the next pause: somewhere below a ceiling that doubles each time."""
        ceiling = self._ceiling_s
        self._ceiling_s = min(ceiling * 2, self._timings.backoff_max_s)
        return self._rng.uniform(self._timings.backoff_min_s / 2, ceiling)

    def lived(self, seconds: float) -> None:
        """Learn how long the last connection lived; only a healthy life counts as success."""
        if seconds >= self._timings.healthy_s:
            self._ceiling_s = self._timings.backoff_min_s
