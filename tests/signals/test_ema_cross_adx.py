"""The bundled strategy computes what TA-Lib computes, and is blind to direction and scale."""

from decimal import Decimal

import numpy as np
import pytest
import talib

from engine.model import Direction, Market
from signals.strategies.ema_cross_adx import EmaCrossAdx
from signals.strategy import Bar, Idea, Pair
from tests.signals.candles import walk

PAIR = Pair(symbol="BTCUSDT", market=Market.SPOT, timeframe="1h", tick=Decimal("0.01"))


def ideas(bars: list[Bar]) -> dict[int, Idea]:
    """Return the strategy's ideas by the number of their bar."""
    strategy = EmaCrossAdx(PAIR)
    found = {number: strategy.update(bar) for number, bar in enumerate(bars)}
    return {number: idea for number, idea in found.items() if idea}


def by_the_book(bars: list[Bar]) -> dict[int, tuple[Direction, float, float]]:
    """Return the same rule written over TA-Lib's batch functions: direction, stop, target."""
    high, low, close = (np.array([getattr(b, name) for b in bars]) for name in Bar._fields[2:5])
    gap = talib.EMA(close, 20) - talib.EMA(close, 50)
    adx, atr = talib.ADX(high, low, close, 14), talib.ATR(high, low, close, 14)
    spread = talib.PLUS_DI(high, low, close, 14) - talib.MINUS_DI(high, low, close, 14)
    found = {}
    for n in range(50, len(bars)):
        if adx[n] < 20:
            continue
        if gap[n - 1] <= 0 < gap[n] and spread[n] > 0:
            found[n] = (Direction.LONG, close[n] - 2 * atr[n], close[n] + 4 * atr[n])
        if gap[n - 1] >= 0 > gap[n] and spread[n] < 0:
            found[n] = (Direction.SHORT, close[n] + 2 * atr[n], close[n] - 4 * atr[n])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_ideas_are_equal_to_the_last_bit_to_the_rule_over_batch_indicators(seed: int) -> None:
    bars = walk(seed, 2000)

    found = ideas(bars)

    assert len(found) > 5
    assert {n: (i.direction, i.stop, i.target) for n, i in found.items()} == by_the_book(bars)


def test_a_market_upside_down_gives_the_opposite_ideas() -> None:
    bars = walk(7, 2000)
    mirrored = [
        b._replace(open=1e3 - b.open, high=1e3 - b.low, low=1e3 - b.high, close=1e3 - b.close)
        for b in bars
    ]

    straight, upside_down = ideas(bars), ideas(mirrored)

    assert straight.keys() == upside_down.keys()
    for number, idea in straight.items():
        mirror = upside_down[number]
        assert mirror.direction.sign == -idea.direction.sign
        assert mirror.stop == pytest.approx(1e3 - idea.stop)
        assert mirror.target == pytest.approx(1e3 - idea.target)
        assert mirror.score == pytest.approx(idea.score)


def test_a_coin_of_another_price_gives_the_same_ideas_at_its_own_scale() -> None:
    scale = 2.0**-20  # A power of two keeps floats exact.
    bars = walk(8, 2000)
    scaled = [
        b._replace(
            open=b.open * scale, high=b.high * scale, low=b.low * scale, close=b.close * scale
        )
        for b in bars
    ]

    large, small = ideas(bars), ideas(scaled)

    assert large.keys() == small.keys()
    for number, idea in large.items():
        assert small[number].direction is idea.direction
        assert small[number].stop == pytest.approx(idea.stop * scale)
        assert small[number].score == pytest.approx(idea.score)


def test_a_market_that_does_not_move_gives_no_ideas() -> None:
    flat = [Bar(n * 60_000, 5.0, 5.0, 5.0, 5.0, 0.0) for n in range(500)]

    assert ideas(flat) == {}


def test_every_score_lies_between_0_and_100_and_its_reason_shows_the_parts() -> None:
    found = [idea for seed in range(5) for idea in ideas(walk(seed, 1000)).values()]

    assert all(idea.score is not None and 0 <= idea.score <= 100 for idea in found)
    assert all("ADX" in idea.reason and "/40)" in idea.reason for idea in found)
