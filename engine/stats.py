"""What the header says about results (rules §14)."""

from dataclasses import dataclass
from decimal import Decimal

from engine.model import Trade
from engine.money import ZERO

DAY_MS = 86_400_000


def day_start(time_ms: int) -> int:
    """Return 00:00 UTC of the day that holds *time_ms*, milliseconds UTC."""
    return time_ms - time_ms % DAY_MS


@dataclass(frozen=True, slots=True)
class Today:
    """Net result of the trades closed on one UTC day."""

    start_ms: int
    net: Decimal = ZERO

    def at(self, now_ms: int) -> "Today":
        """Return this day, or an empty new one once *now_ms* lies behind it."""
        start = day_start(now_ms)
        return self if start <= self.start_ms else Today(start)

    def after(self, trade: Trade) -> "Today":
        """Return the day with a closed trade added, if it closed on it."""
        if trade.closed_ms is None:
            return self
        day = self.at(trade.closed_ms)
        if day_start(trade.closed_ms) != day.start_ms:
            return day
        return Today(day.start_ms, day.net + trade.net)
