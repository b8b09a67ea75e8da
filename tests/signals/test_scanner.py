"""The scanner turns closed candles into signals: once, and the same after a restart."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import pytest

from engine.model import Candle, Direction, Signal
from signals.scanner import Scanner
from signals.strategies.ema_cross_adx import EmaCrossAdx
from signals.strategy import Bar, Idea, Pair
from tests.feeds import START_MS, instrument
from tests.signals.candles import HOUR_MS, candle, candles, walk

BTC = instrument()
FEE = Decimal("0.001")
FOREVER_AGO = 0
"""A `now` at which nothing has expired."""


class Scripted:
    """Has an idea where a test puts one: at closes of 100 (LONG) and 200 (SHORT)."""

    name: ClassVar[str] = "scripted"
    warmup: ClassVar[int] = 2
    ideas: ClassVar[dict[float, Idea]] = {
        100.0: Idea(direction=Direction.LONG, stop=95.001, target=110.009, score=71.26),
        200.0: Idea(direction=Direction.SHORT, stop=209.999, target=180.001),
        300.0: Idea(direction=Direction.LONG, stop=299.0, target=310.0),
        400.0: Idea(direction=Direction.LONG, stop=410.0, target=420.0),
        500.0: Idea(direction=Direction.LONG, stop=float("nan"), target=600.0),
    }

    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    def update(self, bar: Bar) -> Idea | None:
        if bar.close == 13.0:
            raise ZeroDivisionError("a strategy's own mistake")
        return self.ideas.get(bar.close)


def scanner(strategy: type[Scripted] | type[EmaCrossAdx] = Scripted) -> Scanner:
    return Scanner([strategy], ["1h"], FEE)


def series(*closes: str, start: int = 0) -> list[Candle]:
    return [
        candle(START_MS + (start + n) * HOUR_MS, close=close) for n, close in enumerate(closes)
    ]


def feed(desk: Scanner, past: Iterable[Candle], now_ms: int = FOREVER_AGO) -> list[Signal]:
    return [signal for one in past for signal in desk.on_candle(BTC, one, now_ms)]


def warmed(*closes: str) -> Scanner:
    """Return a scanner that has seen enough candles, then those of *closes*."""
    desk = scanner()
    desk.warm_up(BTC, "1h", series("101", "101", *closes), FOREVER_AGO)
    return desk


def test_an_idea_becomes_a_signal_at_the_close_with_levels_on_the_grid() -> None:
    [signal] = feed(warmed(), series("100", start=2))

    assert signal.source == "scripted"
    assert (signal.symbol, signal.timeframe, signal.direction) == ("BTCUSDT", "1h", "LONG")
    assert signal.entry == Decimal(100)
    assert signal.stop == Decimal("95.00")
    assert signal.targets == (Decimal("110.00"),)
    assert signal.score == Decimal("71.3")
    assert signal.created_ms == START_MS + 3 * HOUR_MS
    assert signal.expires_ms == START_MS + 6 * HOUR_MS


def test_a_shorts_stop_is_rounded_up_and_its_target_towards_the_entry() -> None:
    [signal] = feed(warmed(), series("200", start=2))

    assert signal.stop == Decimal("210.00")
    assert signal.targets == (Decimal("180.01"),)


def test_ideas_of_the_warm_up_do_not_count() -> None:
    assert scanner().warm_up(BTC, "1h", series("101", "100"), FOREVER_AGO) == []


def test_the_open_last_row_of_history_is_never_used() -> None:
    forming = candle(START_MS + 2 * HOUR_MS, close="100", closed=False)
    desk = scanner()

    found = desk.warm_up(BTC, "1h", [*series("101", "101"), forming], FOREVER_AGO)

    assert found == []
    assert desk.on_candle(BTC, forming, FOREVER_AGO) == []
    assert not desk.needs_warm_up("BTCUSDT", "1h", forming.open_ms)
    assert len(feed(desk, series("100", start=2))) == 1


def test_a_gap_makes_the_pair_ask_for_a_warm_up_and_stay_silent_until_then() -> None:
    desk = warmed()
    [behind_the_gap] = series("100", start=3)

    asked = desk.needs_warm_up("BTCUSDT", "1h", behind_the_gap.open_ms)
    found = desk.on_candle(BTC, behind_the_gap, FOREVER_AGO)

    assert asked
    assert found == []
    assert feed(desk, series("100", start=4)) == []
    assert desk.needs_warm_up("BTCUSDT", "1h", behind_the_gap.open_ms + HOUR_MS)


def test_a_gap_inside_the_history_starts_the_warm_up_anew() -> None:
    past = [*series("101", "101", "101"), *series("101", "100", start=5)]

    assert scanner().warm_up(BTC, "1h", past, FOREVER_AGO) == []


def test_an_unknown_pair_needs_a_warm_up_and_other_timeframes_do_not_help() -> None:
    desk = warmed()

    assert desk.needs_warm_up("BTCUSDT", "4h", START_MS)
    assert desk.needs_warm_up("ETHUSDT", "1h", START_MS)


def test_a_candle_delivered_twice_counts_once() -> None:
    desk = warmed()
    [once] = series("100", start=2)

    assert len(feed(desk, [once])) == 1
    assert feed(desk, [once, *series("101", start=0)]) == []
    assert not desk.needs_warm_up("BTCUSDT", "1h", once.open_ms)


def test_one_signal_per_direction_stands_at_a_time() -> None:
    desk = warmed()

    found = feed(desk, series("100", "100", "100", "100", start=2))

    assert [s.created_ms for s in found] == [START_MS + 3 * HOUR_MS, START_MS + 6 * HOUR_MS]
    assert desk.dropped["repeat"] == 2


@pytest.mark.parametrize(
    ("past", "standing"),
    [
        (["100"], 1),
        (["100", "101", "102"], 1),
        (["100", "101", "102", "101"], 0),
        (["100", "95", "101"], 0),
        (["100", "110", "101"], 0),
    ],
    ids=["fresh", "third candle", "expired", "stop met", "target met"],
)
def test_a_warm_up_returns_the_signals_that_still_stand(past: list[str], standing: int) -> None:
    history = series("101", "101", *past)

    found = scanner().warm_up(BTC, "1h", history, now_ms=history[-1].close_ms + 1)

    assert len(found) == standing


def test_a_signal_that_met_its_stop_makes_room_for_the_next_one() -> None:
    found = feed(warmed(), series("100", "95", "100", start=2))

    assert len(found) == 2


def test_a_late_candle_gives_no_signal_that_is_already_over() -> None:
    [late] = series("100", start=2)

    assert warmed().on_candle(BTC, late, now_ms=late.close_ms + 1 + 3 * HOUR_MS) == []


@pytest.mark.parametrize(
    ("close", "reason"), [("300", "cost"), ("400", "levels"), ("500", "levels")]
)
def test_an_idea_that_cannot_pay_or_makes_no_sense_is_dropped_and_counted(
    close: str, reason: str
) -> None:
    desk = warmed()

    assert feed(desk, series(close, start=2)) == []
    assert desk.dropped == {reason: 1}


def test_the_cost_gate_lets_an_idea_pass_that_costs_exactly_its_limit() -> None:
    at_limit = Scanner([Scripted], ["1h"], Decimal("0.00375"))  # 2 · fee · 100 / 5 = 0.15
    above = Scanner([Scripted], ["1h"], Decimal("0.003751"))
    past = series("101", "101", "100")

    assert len(at_limit.warm_up(BTC, "1h", past, FOREVER_AGO)) == 1
    assert above.warm_up(BTC, "1h", past, FOREVER_AGO) == []


def test_a_strategy_that_fails_three_times_in_a_row_stops_on_that_pair_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = warmed()
    ether = replace(BTC, symbol="ETHUSDT")
    desk.warm_up(ether, "1h", candles(walk(1, 3), "ETHUSDT"), FOREVER_AGO)

    with caplog.at_level(logging.ERROR):
        found = feed(desk, series("13", "13", "13", "13", "100", start=2))

    assert found == []
    assert desk.dropped == {"error": 3}
    assert len(caplog.records) == 3
    last = candle(START_MS + 3 * HOUR_MS, close="100", symbol="ETHUSDT")
    assert len(desk.on_candle(ether, last, FOREVER_AGO)) == 1


def test_a_strategy_that_recovers_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        found = feed(warmed(), series("13", "13", "101", "13", "13", "100", start=2))

    assert len(found) == 1


def test_incremental_restarted_and_whole_runs_find_the_same_signals() -> None:
    past = candles(walk(3, 1500))
    live, whole = scanner(EmaCrossAdx), scanner(EmaCrossAdx)
    live.warm_up(BTC, "1h", past[:499], FOREVER_AGO)
    whole.warm_up(BTC, "1h", past[:1], FOREVER_AGO)

    from_start = {s.created_ms: s for s in feed(whole, past[1:])}
    found = {s.created_ms: s for s in feed(live, past[499:])}
    restarted = {
        number: scanner(EmaCrossAdx).warm_up(BTC, "1h", past[number - 498 : number + 1], now)
        for number, one in enumerate(past)
        if (now := one.close_ms + 1) in found
    }

    assert len(found) > 3
    assert found == {k: s for k, s in from_start.items() if k > past[499].open_ms}
    for number, standing in restarted.items():
        assert found[past[number].close_ms + 1].id in {signal.id for signal in standing}


def test_a_signal_keeps_its_id_in_the_candles_after_it_was_born() -> None:
    desk = warmed()
    [born] = feed(desk, series("100", start=2))
    history = series("101", "101", "100", "101")

    [again] = scanner().warm_up(BTC, "1h", history, now_ms=history[-1].close_ms + 1)

    assert again == born
