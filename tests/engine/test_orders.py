"""What an order comes to: its entry, its exits as prices, and its figures."""

from dataclasses import replace

import pytest

from engine.asked import Level, Offset, Unit
from engine.book import Book
from engine.commands import BreakEvenOrder, OpenTrade, TargetOrder, TrailOrder, one_target
from engine.costs import CLASSIC, Costs
from engine.entries import entered
from engine.events import TradeOpened, TradePlaced
from engine.model import Direction, EntryMode, PriceModel, Target, Trade, TradeStatus
from engine.money import money
from engine.sizes import Quantity
from engine.stops import BreakEven, StopPolicy, Trailing
from tests.engine.desk import LONG, SHORT, D, book, opened, order, quote, signal
from tests.engine.perpetuals import futures_book, futures_instrument
from tests.feeds import START_MS, instrument

GOOD = order(stop="95", target="110")
FOUR_HOURS_MS = 14_400_000


def away(amount: str, unit: Unit) -> Offset:
    return Offset(D(amount), unit)


def waiting(mode: EntryMode, entry: str, command: OpenTrade = GOOD) -> OpenTrade:
    return replace(command, entry_mode=mode, entry=D(entry))


def placed(desk: Book, command: OpenTrade) -> Trade:
    [event] = desk.submit(command)
    assert isinstance(event, TradePlaced)
    return event.trade


# -- entries ----------------------------------------------------------------------------------


def test_a_limit_below_the_market_waits_and_sets_its_money_aside() -> None:
    desk = book()
    command = waiting(EntryMode.LIMIT, "98", replace(GOOD, costs=Costs(maker=D("0.0005"))))

    trade = placed(desk, command)

    assert (trade.status, trade.entry_mode) == (TradeStatus.PENDING, EntryMode.LIMIT)
    assert (trade.entry_price, trade.quantity) == (D(98), D("10.20408"))
    assert (trade.cost, trade.fees) == (D(0), D(0))
    assert not trade.fills
    assert trade.margin == D("999.99984") + D("0.49999992")
    assert trade.opened_ms == trade.placed_ms == START_MS
    assert trade.expires_ms == START_MS + FOUR_HOURS_MS
    assert desk.account.balance == D(10_000)
    assert desk.available == D(10_000) - trade.margin


@pytest.mark.parametrize(
    ("direction", "stop", "target", "entry"),
    [(LONG, "95", "110", "100.02"), (LONG, "95", "110", "101"), (SHORT, "105", "90", "99.98")],
)
def test_a_limit_that_the_touch_has_reached_fills_there_as_taker(
    direction: Direction, stop: str, target: str, entry: str
) -> None:
    touch = quote("100", bid="99.98", ask="100.02")

    event = opened(
        book(),
        waiting(EntryMode.LIMIT, entry, order(direction, stop=stop, target=target, at=touch)),
    )

    assert event.fill.price == (touch.ask if direction is LONG else touch.bid)
    assert event.fill.model is PriceModel.TOUCH
    assert event.trade.entry_mode is EntryMode.MARKET
    assert event.trade.expires_ms is None


def test_slippage_never_takes_a_limit_beyond_its_price() -> None:
    command = replace(GOOD, costs=Costs(slippage=D("0.01")))

    free = book().preview(waiting(EntryMode.LIMIT, "105", command))
    bound = book().preview(waiting(EntryMode.LIMIT, "100.5", command))

    assert (free.reference, free.price) == (D(100), D(101))
    assert (bound.reference, bound.price) == (D(100), D("100.5"))


def test_a_breakout_waits_beyond_the_market_with_slippage_planned() -> None:
    desk = book()
    command = waiting(EntryMode.STOP, "102", replace(GOOD, costs=Costs(slippage=D("0.001"))))

    plan = desk.preview(command)
    trade = placed(desk, command)

    assert (plan.waits, plan.waits_for, plan.price) == (True, D(102), D("102.11"))
    assert plan.entry_fee == money(D("0.001") * plan.notional)
    assert (trade.entry_price, trade.entry_mode) == (D(102), EntryMode.STOP)


def test_a_waiting_order_takes_its_price_from_the_signal_where_none_is_typed() -> None:
    idea = replace(signal(), entry=D(99))
    command = replace(GOOD, signal=idea, entry_mode=EntryMode.LIMIT)

    trade = placed(book(), command)

    assert trade.entry_price == D(99)


@pytest.mark.parametrize(
    ("lives_ms", "has_signal", "expected_ms"),
    [(60_000, True, 60_000), (None, True, 3_600_000), (None, False, FOUR_HOURS_MS)],
)
def test_a_waiting_order_ends_as_asked_else_with_its_signal_else_after_four_hours(
    lives_ms: int | None, has_signal: bool, expected_ms: int
) -> None:
    command = replace(
        waiting(EntryMode.LIMIT, "99"),
        lives_ms=lives_ms,
        signal=signal() if has_signal else None,
    )

    trade = placed(book(), command)

    assert trade.expires_ms == START_MS + expected_ms


def test_limit_orders_keep_the_limit_grid_and_market_orders_the_market_grid() -> None:
    known = instrument(
        step=D("0.001"), market_step=D("0.1"), market_max_quantity=D(5), min_notional=D(5)
    )
    command = order(stop="95", target="110", size=None, stake="333.4")

    now = book(known).preview(command)
    later = book(known).preview(waiting(EntryMode.LIMIT, "99", command))
    breakout = book(known).preview(waiting(EntryMode.STOP, "101", command))
    large = book(known).preview(waiting(EntryMode.LIMIT, "99", order(stop="95", target="110")))

    assert (now.quantity, later.quantity) == (D("3.3"), D("3.367"))
    assert breakout.quantity == D("3.3")
    assert large.quantity == D("10.101")


def test_the_classic_profile_enters_at_the_signals_price_unless_asked_to_wait() -> None:
    command = replace(GOOD, signal=signal(), costs=CLASSIC, quote=quote("103"))

    now = book().preview(command)
    later = book().preview(waiting(EntryMode.LIMIT, "99", command))

    assert (now.entry_mode, now.price, now.model) == (
        EntryMode.CLASSIC,
        D(100),
        PriceModel.SIGNAL,
    )
    assert later.waits_for == D(99)


def test_a_taker_fill_tells_the_price_before_slippage() -> None:
    touch = quote("100", ask="100.02")
    command = order(stop="95", target="110", at=touch, costs=Costs(slippage=D("0.001")))

    fill = opened(book(), command).fill

    assert (fill.reference, fill.price) == (D("100.02"), D("100.13"))


# -- exits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "stop", "target", "expected"),
    [
        (LONG, away("0.05", Unit.FRACTION), away("2", Unit.R), ("96.95", "112.25")),
        (SHORT, away("0.05", Unit.FRACTION), away("2", Unit.R), ("107.15", "91.85")),
        (LONG, away("1.5", Unit.ATR), away("3", Unit.ATR), ("97.55", "111.05")),
        (SHORT, away("1.5", Unit.ATR), away("3", Unit.ATR), ("106.55", "93.05")),
        (LONG, away("7.125", Unit.PRICE), away("0.0333", Unit.FRACTION), ("94.93", "105.45")),
        (SHORT, away("7.125", Unit.PRICE), away("0.0333", Unit.FRACTION), ("109.17", "98.65")),
        (LONG, D(96), away("1", Unit.R), ("96", "108.1")),
    ],
)
def test_distances_become_prices_rounded_in_the_traders_favour(
    direction: Direction, stop: Level, target: Level, expected: tuple[str, str]
) -> None:
    command = replace(
        order(direction, stop="1", target="1", last="102.05"),
        stop=stop,
        targets=one_target(target),
        atr=D(3),
    )

    plan = book().preview(command)

    assert (plan.stop, plan.targets[0].price) == (D(expected[0]), D(expected[1]))


def test_the_ladder_of_an_order_is_on_its_trade() -> None:
    command = replace(
        GOOD,
        targets=(
            TargetOrder(price=away("1", Unit.R), fraction=D("0.5")),
            TargetOrder(price=D(110), fraction=D("0.3")),
            TargetOrder(price=None, fraction=D("0.2")),
        ),
    )

    trade = opened(book(), command).trade

    assert trade.targets == (
        Target(price=D(105), quantity=D(5)),
        Target(price=D(110), quantity=D(3)),
    )
    assert trade.after_target is StopPolicy.BREAK_EVEN


def test_targets_that_the_market_has_passed_give_their_shares_to_the_next() -> None:
    desk = book(instrument(step=D("0.01")))
    asked = tuple(
        TargetOrder(price=D(price), fraction=D(share))
        for price, share in (("99", "0.25"), ("105", "0.25"), ("110", "0.5"))
    )
    command = replace(GOOD, targets=asked, size=Quantity(D(8)))

    plan = desk.preview(command)
    trade = opened(desk, command).trade

    assert [(t.price, t.quantity) for t in trade.targets] == [(D(105), D(4)), (D(110), D(4))]
    assert "passed the target at 99" in plan.warnings[0]


def test_a_trailing_percentage_stays_one_and_starts_at_the_entry() -> None:
    command = replace(GOOD, trailing=TrailOrder(distance=away("0.04", Unit.FRACTION)))

    trade = opened(book(), command).trade

    assert trade.trailing == Trailing(
        distance=D("0.04"), relative=True, tick=D("0.01"), best=D(100), stop=D(96)
    )
    assert trade.stop == D(96)


def test_a_trailing_distance_in_atr_is_frozen_and_waits_for_its_activation() -> None:
    asked = TrailOrder(
        distance=away("2", Unit.ATR),
        activation=away("1", Unit.R),
        step=away("0.001", Unit.FRACTION),
    )

    trade = opened(book(), replace(GOOD, trailing=asked, atr=D("1.5"))).trade

    assert trade.trailing == Trailing(
        distance=D(3), relative=False, step=D("0.1"), tick=D("0.01"), activation=D(105)
    )
    assert trade.stop == D(95)


def test_a_break_even_order_without_a_trigger_is_due_at_once() -> None:
    at_once = replace(GOOD, break_even=BreakEvenOrder())
    later = replace(
        GOOD,
        break_even=BreakEvenOrder(
            trigger=away("1.5", Unit.R), offset=away("0.001", Unit.FRACTION)
        ),
    )

    assert opened(book(), at_once).trade.break_even == BreakEven(due=True)
    assert opened(book(), later).trade.break_even == BreakEven(
        trigger=D("107.5"), offset=D("0.1")
    )


def test_a_pending_trades_trailing_stop_starts_with_its_entry_fill() -> None:
    desk = book()
    command = replace(
        waiting(EntryMode.STOP, "102"),
        trailing=TrailOrder(distance=away("1", Unit.PRICE)),
        hold_ms=60_000,
    )
    trade = placed(desk, command)
    fill = replace(
        opened(book(), GOOD).fill, price=D("102.5"), quantity=trade.quantity, fee=D(1)
    )

    after = entered(trade, replace(fill, time_ms=START_MS + 5))

    assert trade.trailing is not None
    assert (trade.trailing.best, trade.stop, trade.deadline_ms) == (None, D(95), None)
    assert (after.status, after.entry_price) == (TradeStatus.OPEN, D("102.5"))
    assert (after.stop, after.deadline_ms) == (D("101.5"), START_MS + 60_005)
    assert (after.cost, after.margin, after.fees) == (D("102.5") * trade.quantity, D(0), D(1))
    assert (after.best, after.worst) == (D("102.5"), D("102.5"))


# -- figures ----------------------------------------------------------------------------------


def test_the_figures_of_a_ladder_are_weighted_and_its_runner_counts_at_the_last_target() -> (
    None
):
    command = replace(
        GOOD,
        targets=(
            TargetOrder(price=D(105), fraction=D("0.5")),
            TargetOrder(price=D(110), fraction=D("0.3")),
            TargetOrder(price=None, fraction=D("0.2")),
        ),
    )

    plan = book().preview(command)

    assert plan.risk == D(50)
    assert plan.reward_risk == D("1.5")
    assert plan.net_at_stop == D("-50") - 1 - D("0.95")
    assert plan.net_at_targets == D(75) - 1 - D("1.075")
    assert plan.reward_risk_net == D("72.925") / D("51.95")
    assert plan.break_even_win_rate == D("51.95") / (D("51.95") + D("72.925"))
    assert plan.break_even_price == D("100.21")


def test_a_target_that_does_not_pay_the_fees_has_no_win_rate() -> None:
    plan = book().preview(order(stop="95", target="100.1"))

    assert plan.net_at_targets < 0
    assert plan.break_even_win_rate is None


def test_a_target_nearer_than_the_stop_is_a_warning() -> None:
    plan = book().preview(order(stop="95", target="104"))

    assert plan.warnings == ("The target is nearer than the stop.",)


def test_a_level_too_small_for_an_order_is_a_warning() -> None:
    command = replace(
        order(stop="95", target="110", stake="100"),
        targets=(
            TargetOrder(price=D(105), fraction=D("0.01")),
            TargetOrder(price=D(110), fraction=D("0.99")),
        ),
    )

    plan = book().preview(command)

    assert plan.warnings == (
        "The target at 105 is too small for an order of its own and goes with the next one.",
    )


def test_a_futures_plan_tells_margin_and_liquidation() -> None:
    command = replace(order(stop="95", target="110", stake="1000"), leverage=10)

    plan = futures_book(futures_instrument(estimated=False)).preview(command)

    assert (plan.leverage, plan.margin) == (10, D(100))
    assert plan.liquidation == D("90.37")
    assert not plan.liquidation_estimated


def test_a_spot_plan_has_no_liquidation_and_takes_its_whole_value() -> None:
    plan = book().preview(GOOD)

    assert (plan.margin, plan.liquidation, plan.leverage) == (D(1000), None, 1)


def test_a_futures_trade_sets_its_margin_aside_and_pays_the_fee_beside_it() -> None:
    desk = futures_book(futures_instrument())
    command = replace(order(stop="95", target="110", stake="1000"), leverage=7)

    trade = opened(desk, command).trade

    assert trade.margin == D("142.85714286")
    assert desk.available == D(10_000) - 1 - trade.margin


def test_the_same_order_is_planned_the_same_way_again() -> None:
    desk = book()

    plans = [desk.preview(waiting(EntryMode.LIMIT, "99")) for _ in range(2)]
    [event] = desk.submit(waiting(EntryMode.LIMIT, "99"))

    assert plans[0] == plans[1]
    assert not isinstance(event, TradeOpened)
    assert event.trade.quantity == plans[0].quantity
