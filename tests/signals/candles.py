"""Candles for strategy tests: seeded walks, and candles made by hand."""

import random
from collections.abc import Sequence
from decimal import Decimal

from engine.model import Candle
from signals.strategy import Bar
from tests.feeds import START_MS

HOUR_MS = 3_600_000


def walk(seed: int, count: int, start: float = 100.0) -> list[Bar]:
    """Return bars of a random walk with changing trends, two decimals."""
    chance = random.Random(seed)
    bars, price, trend = [], start, 0.0
    for number in range(count):
        if number % 40 == 0:
            trend = chance.gauss(0, 0.003)
        opened = price
        path = [opened]
        for _ in range(8):
            path.append(path[-1] * (1 + chance.gauss(trend / 8, 0.004)))
        price = round(path[-1], 2)
        high, low = max(*path, price), min(*path, price)
        bars.append(
            Bar(
                open_ms=START_MS + number * HOUR_MS,
                open=opened,
                high=round(high + 0.005, 2),
                low=round(low - 0.005, 2),
                close=price,
                volume=chance.uniform(1, 100),
            )
        )
    return bars


def candles(bars: Sequence[Bar], symbol: str = "BTCUSDT") -> list[Candle]:
    """Return the same bars as closed hourly candles of the exchange."""
    return [
        candle(
            bar.open_ms,
            opened=str(bar.open),
            high=str(bar.high),
            low=str(bar.low),
            close=str(bar.close),
            symbol=symbol,
        )
        for bar in bars
    ]


def candle(
    open_ms: int,
    *,
    close: str = "100",
    opened: str | None = None,
    high: str | None = None,
    low: str | None = None,
    symbol: str = "BTCUSDT",
    closed: bool = True,
) -> Candle:
    return Candle(
        symbol=symbol,
        timeframe="1h",
        open_ms=open_ms,
        open=Decimal(opened or close),
        high=Decimal(high or close),
        low=Decimal(low or close),
        close=Decimal(close),
        volume=Decimal(1),
        close_ms=open_ms + HOUR_MS - 1,
        trades=1,
        closed=closed,
    )
