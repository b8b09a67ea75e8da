"""Closed trades for statistics, in short words."""

from collections.abc import Iterable
from decimal import Decimal

from engine.model import Direction
from engine.results import Result
from engine.statistics import Statistics
from engine.stats import DAY_MS

D = Decimal
MONDAY_MS = 1_767_571_200_000
"""2026-01-05 00:00 UTC."""


def closed(
    net: str | Decimal,
    *,
    fees: str = "0",
    day: int = 0,
    opened_ms: int | None = None,
    closed_ms: int | None = None,
    symbol: str = "BTCUSDT",
    source: str = "test",
    direction: Direction = Direction.LONG,
    stop: str = "90",
    best: str = "100",
    worst: str = "100",
    quantity: str = "1",
) -> Result:
    """Return a trade from 100 with a *net* result, closed on a *day* counted from a Monday."""
    end = MONDAY_MS + day * DAY_MS + 1000 if closed_ms is None else closed_ms
    return Result(
        id=1,
        symbol=symbol,
        source=source,
        direction=direction,
        opened_ms=end - 1000 if opened_ms is None else opened_ms,
        closed_ms=end,
        entry_price=D(100),
        initial_stop=D(stop),
        quantity=D(quantity),
        gross=D(net) + D(fees),
        fees=D(fees),
        funding=D(0),
        best=D(best),
        worst=D(worst),
    )


def added(results: Iterable[Result], start: str | None = "1000") -> Statistics:
    statistics = Statistics(None if start is None else D(start))
    for result in results:
        statistics.add(result)
    return statistics.finish()
