"""The exchange's time, read off its own messages.

The desk never trusts the machine's clock against the exchange's: what the exchange stamped
last is the floor, and between two stamps the monotonic clock carries on.
"""

import time


class ExchangeClock:
    """Milliseconds UTC as the exchange counts them; never runs backwards."""

    def __init__(self) -> None:
        self._stamp_ms = time.time_ns() // 1_000_000
        self._seen_ns = time.monotonic_ns()
        self._synced = False

    @property
    def synced(self) -> bool:
        """Whether the exchange has been heard at least once."""
        return self._synced

    def observe(self, exchange_ms: int) -> None:
        """Learn that the exchange's clock stood at *exchange_ms* or later just now."""
        if not self._synced or exchange_ms > self.now_ms():
            self._stamp_ms = exchange_ms
            self._seen_ns = time.monotonic_ns()
            self._synced = True

    def now_ms(self) -> int:
        """Return the exchange's present time, milliseconds UTC."""
        return self._stamp_ms + (time.monotonic_ns() - self._seen_ns) // 1_000_000
