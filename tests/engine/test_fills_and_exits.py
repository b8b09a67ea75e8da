"""Tables from the definitions: which print closes a trade, and at which price."""

from dataclasses import replace

import pytest

from engine.costs import CLASSIC, REALISTIC, Costs
from engine.events import TradeClosed
from engine.fills import slipped
from engine.model import CloseReason, Direction, TradeStatus
from tests.engine.desk import (
    LONG,
    SHORT,
    D,
    book,
    closed,
    filled,
    opened,
    order,
    quote,
    signal,
    tick,
)
from tests.feeds import instrument

FREE = Costs(profile="free", maker=D(0), taker=D(0))


@pytest.mark.parametrize(
    ("direction", "stop", "target", "print_price", "reason", "fill"),
    [
        (LONG, "95", "110", "95", CloseReason.STOP, "95"),
        (LONG, "95", "110", "90", CloseReason.STOP, "90"),
        (LONG, "95", "110", "110", CloseReason.TARGET, "110"),
        (LONG, "95", "110", "117.5", CloseReason.TARGET, "110"),
        (SHORT, "105", "90", "105", CloseReason.STOP, "105"),
        (SHORT, "105", "90", "111.11", CloseReason.STOP, "111.11"),
        (SHORT, "105", "90", "90", CloseReason.TARGET, "90"),
        (SHORT, "105", "90", "80", CloseReason.TARGET, "90"),
    ],
)
def test_equality_reaches_a_level_a_stop_pays_the_gap_and_a_target_pays_its_own_price(
    direction: Direction,
    stop: str,
    target: str,
    print_price: str,
    reason: CloseReason,
    fill: str,
) -> None:
    desk = book()
    opened(desk, order(direction, stop=stop, target=target, costs=FREE))

    [event] = filled(desk.on_tick(tick(print_price)))

    assert isinstance(event, TradeClosed)
    assert event.trade.close_reason is reason
    assert event.trade.status is reason.status
    assert event.fill.price == D(fill)
    assert event.fill.print_price == D(print_price)
    assert event.trade.quantity == 0
    assert event.trade.cost == 0


@pytest.mark.parametrize("price", ["95.01", "100", "109.99"])
def test_a_print_between_the_levels_does_nothing(price: str) -> None:
    desk = book()
    opened(desk, order(stop="95", target="110"))

    assert not desk.on_tick(tick(price))
    assert len(desk.active()) == 1


def test_a_stop_with_slippage_fills_worse_on_the_grid() -> None:
    desk = book()
    costs = Costs(maker=D(0), taker=D(0), slippage=D("0.0005"))
    opened(desk, order(SHORT, stop="41.20", target="30", last="40", costs=costs))

    assert not desk.on_tick(tick("41.19"))
    [event] = filled(desk.on_tick(tick("41.63", trade_id=1002)))

    assert event.fill.price == D("41.66")


@pytest.mark.parametrize(
    ("reference", "buying", "rate", "price"),
    [
        ("100", True, "0", "100"),
        ("100", True, "0.0001", "100.01"),
        ("100", True, "0.00001", "100.01"),
        ("100", False, "0.00001", "99.99"),
        ("100", False, "0.0005", "99.95"),
        ("0.01", False, "0.5", "0.01"),
    ],
)
def test_slippage_is_at_least_one_tick_against_the_trader_and_never_below_one(
    reference: str, buying: bool, rate: str, price: str
) -> None:
    costs = Costs(slippage=D(rate))

    found = slipped(D(reference), buying=buying, costs=costs, instrument=instrument())

    assert found == D(price)


@pytest.mark.parametrize(("buying", "price"), [(True, "100.13"), (False, "99.87")])
def test_slippage_may_be_a_part_of_the_price_and_an_amount_together(
    buying: bool, price: str
) -> None:
    costs = Costs(slippage=D("0.0005"), slippage_amount=D("0.075"))

    found = slipped(D(100), buying=buying, costs=costs, instrument=instrument())

    assert found == D(price)


def test_spot_long_of_the_rules_page_nets_to_the_last_digit() -> None:
    desk = book(deposit="100000")
    opened(desk, order(stop="50000", target="52480", stake="4096", last="51200"))

    [event] = filled(desk.on_tick(tick("52480")))

    assert event.trade.initial_quantity == D("0.08")
    assert event.trade.gross == D("102.4")
    assert event.trade.fees == D("4.096") + D("4.1984")
    assert event.trade.net == D("94.1056")


def test_entries_by_hand_fill_at_the_touch() -> None:
    at = quote("100", bid="99.90", ask="100.10")

    long_price = opened(book(), order(LONG, stop="95", target="110", at=at)).fill.price
    short_price = opened(book(), order(SHORT, stop="105", target="90", at=at)).fill.price

    assert (long_price, short_price) == (D("100.10"), D("99.90"))


def test_a_close_by_hand_fills_at_the_other_side_of_the_touch() -> None:
    desk = book()
    trade = opened(desk, order(stop="95", target="110", costs=FREE)).trade

    event = closed(desk, trade.id, quote("104", bid="103.5", ask="104.5"))

    assert event.fill.price == D("103.5")
    assert event.trade.status is TradeStatus.CLOSED_MANUAL
    assert event.trade.gross == D("3.5") * trade.quantity


def test_classic_enters_at_the_signal_and_exits_at_the_observed_price_without_fees() -> None:
    desk = book()
    idea = signal(entry="100", stop="95", target="110")
    trade = opened(
        desk, order(stop="95", target="110", last="103", costs=CLASSIC, signal=idea)
    ).trade

    [event] = filled(desk.on_tick(tick("112.5")))

    assert trade.entry_price == D(100)
    assert trade.entry_mode == "classic"
    assert event.fill.price == D("112.5")
    assert event.trade.net == D("12.5") * D(10)


def test_the_exit_remembers_what_explains_its_price() -> None:
    desk = book()
    opened(desk, order(stop="95", target="110"))

    [event] = filled(desk.on_tick(tick("94.2", trade_id=1007, after_ms=55)))

    assert event.fill.level == D(95)
    assert event.fill.print_price == D("94.2")
    assert event.fill.trade_id == 1007
    assert event.fill.model == "last"
    assert event.fill.fee == D("94.2") * event.fill.quantity * REALISTIC.taker


def test_the_best_and_worst_price_belong_to_the_trade_that_lived_through_them() -> None:
    desk = book()
    first = opened(desk, order(LONG, stop="50", target="150")).trade
    desk.on_tick(tick("120"))
    desk.on_tick(tick("90"))
    second = opened(desk, order(SHORT, stop="150", target="50", last="95")).trade
    desk.on_tick(tick("96"))
    desk.on_tick(tick("94"))

    extremes = {trade.id: (trade.best, trade.worst) for trade in desk.active()}

    assert extremes[first.id] == (D(120), D(90))
    assert extremes[second.id] == (D(94), D(96))


def test_a_realised_stop_out_is_slightly_worse_than_minus_one_r() -> None:
    from engine.pnl import r_multiple

    desk = book()
    opened(desk, order(stop="95", target="110"))

    [event] = filled(desk.on_tick(tick("95")))

    r = r_multiple(event.trade, event.trade.net)
    assert r is not None
    assert D("-1.05") < r < -1


def test_a_print_from_before_an_opening_works_on_older_trades_only() -> None:
    desk = book()
    older = opened(desk, order(LONG, stop="95", target="110", costs=FREE)).trade
    late = order(SHORT, stop="105", target="94", costs=FREE, at=quote("100"))
    assert late.quote is not None
    moment = replace(late.quote, time_ms=late.quote.time_ms + 50, last_trade_id=1000)
    newer = opened(desk, replace(late, quote=moment)).trade

    [event] = filled(desk.on_tick(tick("94", after_ms=20)))

    [left] = desk.active()
    assert isinstance(event, TradeClosed)
    assert event.trade.id == older.id
    assert (left.id, left.best, left.worst) == (newer.id, D(100), D(100))
