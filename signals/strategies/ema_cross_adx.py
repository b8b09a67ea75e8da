"""Trend following: EMA20 crosses EMA50 while ADX14 says that there is a trend.

Indicators are TA-Lib streaming handles: constant time and memory per bar, equal to the last bit
to TA-Lib's batch functions over the same bars.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.model import Direction
from signals.strategy import Bar, Idea, Pair

FAST, SLOW, PERIOD = 20, 50, 14
MIN_ADX = 20.0
STOP_ATR, TARGET_ATR = 2.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The indicators on one bar; distances in quote per base, the rest 0 to 100."""

    close: float
    fast: float
    slow: float
    adx: float
    plus: float
    minus: float
    atr: float


class EmaCrossAdx:
    """LONG when EMA20 crosses above EMA50, ADX14 ≥ 20 and +DI > −DI; SHORT is the mirror."""

    name: ClassVar[str] = "ema_cross_adx"
    warmup: ClassVar[int] = 200

    def __init__(self, pair: Pair) -> None:
        self._past: list[Bar] = []
        self._handles: _Handles | None = None
        self._gap = 0.0
        """EMA20 minus EMA50 on the bar before."""

    def update(self, bar: Bar) -> Idea | None:
        """Take the next bar; return an idea when the averages cross in a trend."""
        if self._handles is None:
            self._open(bar)
            return None
        reading = self._handles.update(bar)
        before, self._gap = self._gap, reading.fast - reading.slow
        if reading.adx < MIN_ADX:
            return None
        if before <= 0 < self._gap and reading.plus > reading.minus:
            return _idea(Direction.LONG, reading)
        if before >= 0 > self._gap and reading.minus > reading.plus:
            return _idea(Direction.SHORT, reading)
        return None

    def _open(self, bar: Bar) -> None:
        """Collect bars until the slowest indicator can begin, then let go of them."""
        self._past.append(bar)
        if len(self._past) == SLOW:
            self._handles = _Handles(self._past)
            self._gap = self._handles.first_gap
            self._past = []


class _Handles:
    """The six running indicators."""

    def __init__(self, past: list[Bar]) -> None:
        # Loading TA-Lib takes longer than the rest of the desk's start; most commands do not
        # need it.
        import numpy as np
        from talib import stream

        high, low, close = (
            np.array(column)
            for column in zip(*((b.high, b.low, b.close) for b in past), strict=True)
        )
        bars = (high, low, close, PERIOD)
        self._fast: Any = stream.EMA(close, FAST)
        self._slow: Any = stream.EMA(close, SLOW)
        self._adx: Any = stream.ADX(*bars)
        self._plus: Any = stream.PLUS_DI(*bars)
        self._minus: Any = stream.MINUS_DI(*bars)
        self._atr: Any = stream.ATR(*bars)
        self.first_gap: float = self._fast.value - self._slow.value

    def update(self, bar: Bar) -> _Reading:
        prices = (bar.high, bar.low, bar.close)
        return _Reading(
            close=bar.close,
            fast=self._fast.update(bar.close),
            slow=self._slow.update(bar.close),
            adx=self._adx.update(*prices),
            plus=self._plus.update(*prices),
            minus=self._minus.update(*prices),
            atr=self._atr.update(*prices),
        )


def _idea(direction: Direction, now: _Reading) -> Idea:
    sign = direction.sign
    trend = 40 * _part(now.adx - MIN_ADX, 20)
    spread = 30 * _part(abs(now.plus - now.minus), 20)
    reach = sign * (now.close - now.slow) / now.atr if now.atr else 0.0
    push = 30 * _part(reach, 2)
    crossing = "above" if direction is Direction.LONG else "below"
    return Idea(
        direction=direction,
        stop=now.close - sign * STOP_ATR * now.atr,
        target=now.close + sign * TARGET_ATR * now.atr,
        score=trend + spread + push,
        reason=(
            f"EMA20 crossed {crossing} EMA50 · ADX {now.adx:.1f} ({trend:.0f}/40)"
            f" · +DI {now.plus:.1f} −DI {now.minus:.1f} ({spread:.0f}/30)"
            f" · close {reach:.1f} ATR past EMA50 ({push:.0f}/30)"
        ),
    )


def _part(value: float, full: float) -> float:
    return min(max(value / full, 0.0), 1.0)
