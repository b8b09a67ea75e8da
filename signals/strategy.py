"""The contract of a strategy: closed candles in, now and then an idea out.

A strategy sees one symbol on one timeframe. It has no clock, no I/O, no orders and no view of
other markets, so the same candles give the same ideas live, after a restart and in tests.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple, Protocol

from engine.model import Direction, Market


class Bar(NamedTuple):
    """A closed candle as indicators want it: floats, prices in quote per base."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    """Base asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """Enter at the close of the bar just seen."""

    direction: Direction
    stop: float
    """Quote per base, not yet on the price grid."""
    target: float
    """Quote per base, not yet on the price grid."""
    score: float | None = None
    """0 to 100, or None."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a strategy instance watches."""

    symbol: str
    market: Market
    timeframe: str
    """Binance spelling."""
    tick: Decimal
    """Price grid, quote per base."""


class Strategy(Protocol):
    """One rule on one pair; made anew after every gap in the candles."""

    name: ClassVar[str]
    """Stable: it is the `source` of the signals and part of their ids."""
    warmup: ClassVar[int]
    """Bars that must have been seen before an idea counts."""

    def __init__(self, pair: Pair) -> None:
        """Begin without a past."""

    def update(self, bar: Bar) -> Idea | None:
        """Take the next bar, in order and without gaps."""
