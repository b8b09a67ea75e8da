"""Candle intervals as Binance spells and aligns them.

All start at UTC boundaries: weeks on Monday, months on the first, everything else at multiples
of its length since 1970.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

DAY_MS = 86_400_000
INTERVALS = {
    "1s": 1_000,
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 30 * DAY_MS,
}
"""Length in milliseconds; of a month only about."""

_MONDAY_MS = 4 * DAY_MS
"""The first Monday after 1970 began on a Thursday."""


def open_ms(interval: str, time_ms: int) -> int:
    """Return when the candle that holds *time_ms* opened, milliseconds UTC."""
    if interval == "1M":
        month = datetime.fromtimestamp(time_ms / 1_000, UTC).replace(day=1)
        midnight = month.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(midnight.timestamp()) * 1_000
    shift = _MONDAY_MS if interval == "1w" else 0
    length = INTERVALS[interval]
    return (time_ms - shift) // length * length + shift


def next_open_ms(interval: str, opened_ms: int) -> int:
    """Return when the candle behind the one opened at *opened_ms* opens."""
    if interval == "1M":
        return open_ms(interval, opened_ms + 31 * DAY_MS)
    return opened_ms + INTERVALS[interval]


def forwards(interval: str, first_ms: int) -> Iterator[tuple[int, int]]:
    """Yield open times and ends of candles, the first one open at *first_ms* or later."""
    start = open_ms(interval, first_ms)
    if start < first_ms:
        start = next_open_ms(interval, start)
    while True:
        end = next_open_ms(interval, start)
        yield start, end
        start = end


def backwards(interval: str, last_ms: int) -> Iterator[tuple[int, int]]:
    """Yield open times and ends of candles, newest first, from the one holding *last_ms*."""
    end = next_open_ms(interval, open_ms(interval, last_ms))
    while True:
        start = open_ms(interval, end - 1)
        yield start, end
        end = start
