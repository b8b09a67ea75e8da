"""Ladders and parts while the market runs: order, prices, fees, sums (rules §§3, 11)."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from engine.book import Book
from engine.commands import CloseTrade, OpenTrade, TargetOrder
from engine.costs import CLASSIC, Costs
from engine.events import Event, TradeClosed, TradeReduced
from engine.model import CloseReason, Direction, FillKind, PriceModel, TradeStatus
from engine.pnl import net_of_last, r_multiple, realised
from engine.sizes import Quantity
from engine.stops import StopPolicy
from tests.engine.desk import LONG, SHORT, D, book, filled, opened, order, quote, tick
from tests.feeds import instrument

FREE = Costs(profile="free", maker=D(0), taker=D(0))
UNEQUAL = Costs(profile="unequal", maker=D("0.0002"), taker=D("0.0005"))


def ladder(
    direction: Direction,
    *levels: tuple[str | None, str],
    quantity: str = "1",
    stop: str = "",
    costs: Costs = FREE,
    policy: StopPolicy = StopPolicy.KEEP,
) -> OpenTrade:
    base = order(
        direction,
        stop=stop or ("90" if direction is LONG else "110"),
        target="1000" if direction is LONG else "1",
        size=Quantity(D(quantity)),
        costs=costs,
    )
    targets = tuple(
        TargetOrder(price=None if price is None else D(price), fraction=D(share))
        for price, share in levels
    )
    return replace(base, targets=targets, after_target=policy)


def play(desk: Book, *prices: str) -> list[Event]:
    return [event for price in prices for event in desk.on_tick(tick(price))]


def fills(events: Sequence[Event]) -> list[tuple[FillKind, Decimal, Decimal]]:
    return [(e.fill.kind, e.fill.price, e.fill.quantity) for e in filled(events)]


THREE = (("105", "0.5"), ("110", "0.3"), ("120", "0.2"))
THREE_DOWN = (("95", "0.5"), ("90", "0.3"), ("80", "0.2"))


def test_one_print_fills_every_target_it_reaches_nearest_first_each_at_its_own_price() -> None:
    desk = book()
    opened(desk, ladder(LONG, *THREE))

    events = play(desk, "115")

    assert fills(events) == [
        (FillKind.TARGET, D(105), D("0.5")),
        (FillKind.TARGET, D(110), D("0.3")),
    ]
    assert [event.fill.model for event in filled(events)] == [PriceModel.LEVEL] * 2
    assert desk.active()[0].quantity == D("0.2")


@pytest.mark.parametrize(
    ("direction", "levels", "beyond", "gross"),
    [(LONG, THREE, "125", "9.5"), (SHORT, THREE_DOWN, "75", "9.5")],
)
def test_a_print_beyond_the_last_target_finishes_the_trade_with_targets_alone(
    direction: Direction, levels: tuple[tuple[str, str], ...], beyond: str, gross: str
) -> None:
    desk = book()
    opened(desk, ladder(direction, *levels))

    events = play(desk, beyond)

    assert [type(event) for event in events] == [TradeReduced, TradeReduced, TradeClosed]
    trade = filled(events)[-1].trade
    assert trade.status is TradeStatus.CLOSED_TP
    assert trade.gross == D(gross)
    assert not desk.active()


@pytest.mark.parametrize("policy", StopPolicy)
@pytest.mark.parametrize("price", ["90", "110", "100", "104.99", "105", "115", "120", "89"])
def test_no_print_ever_fills_a_stop_and_a_target_together(
    policy: StopPolicy, price: str
) -> None:
    desk = book()
    opened(desk, ladder(LONG, *THREE, policy=policy))

    kinds = {kind for kind, _, _ in fills(play(desk, price))}

    assert len(kinds) <= 1


def test_the_stop_takes_what_the_targets_left_at_the_price_of_the_gap() -> None:
    desk = book()
    opened(desk, ladder(LONG, *THREE, costs=UNEQUAL))

    [reduced] = play(desk, "105")
    [closed] = play(desk, "88")

    assert isinstance(reduced, TradeReduced)
    assert isinstance(closed, TradeClosed)
    assert fills([closed]) == [(FillKind.STOP, D(88), D("0.5"))]
    assert closed.trade.status is TradeStatus.CLOSED_SL
    # Entry 100·1·0.05 %, target 105·0.5·0.02 %, stop 88·0.5·0.05 %.
    assert closed.trade.fees == D("0.05") + D("0.0105") + D("0.022")
    assert closed.trade.gross == D("2.5") - D(6)


def test_each_part_pays_its_own_exit_fee_and_its_share_of_the_entry_fee() -> None:
    desk = book()
    opened(desk, ladder(LONG, ("105", "0.4"), ("110", "0.6"), costs=UNEQUAL))

    [reduced] = play(desk, "105")
    [closed] = play(desk, "110")

    assert isinstance(reduced, TradeReduced)
    assert isinstance(closed, TradeClosed)
    assert net_of_last(reduced.trade) == D(2) - D("0.0084") - D("0.02")
    assert realised(reduced.trade) == net_of_last(reduced.trade)
    assert net_of_last(closed.trade) == D(6) - D("0.0132") - D("0.03")
    assert closed.trade.net == net_of_last(reduced.trade) + net_of_last(closed.trade)
    assert desk.account.balance == D(10_000) + closed.trade.net


def test_the_classic_profile_fills_each_target_of_a_print_at_that_print() -> None:
    desk = book()
    opened(desk, ladder(LONG, *THREE, costs=CLASSIC))

    events = play(desk, "115")

    assert {price for _, price, _ in fills(events)} == {D(115)}


def test_a_runner_outlives_the_last_target_and_ends_at_its_stop() -> None:
    desk = book()
    opened(
        desk,
        ladder(LONG, ("105", "0.5"), (None, "0.5"), policy=StopPolicy.BREAK_EVEN),
    )

    play(desk, "105", "500")
    [trade] = desk.active()
    [closed] = play(desk, "100")

    assert (trade.next_target, trade.quantity, trade.stop) == (None, D("0.5"), D(100))
    assert isinstance(closed, TradeClosed)
    assert closed.trade.close_reason is CloseReason.BREAK_EVEN_STOP


@pytest.mark.parametrize(
    ("step", "quantity", "shares", "parts"),
    [
        ("1", "7", ("0.40", "0.35", "0.25"), ("2", "3", "2")),
        ("0.1", "1", ("0.33", "0.33", "0.34"), ("0.3", "0.3", "0.4")),
        ("0.01", "0.05", ("0.5", "0.25", "0.25"), ("0.02", "0.01", "0.02")),
        ("0.001", "0.007", ("0.1", "0.2", "0.7"), ("0.002", "0.005")),
    ],
)
def test_a_ladder_fills_the_parts_that_cumulative_shares_give(
    step: str, quantity: str, shares: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    desk = book(instrument(step=D(step), min_quantity=D(step), min_notional=D(0)))
    prices = ("105", "110", "120")
    opened(desk, ladder(LONG, *zip(prices, shares, strict=True), quantity=quantity))

    events = play(desk, "130")

    assert [part for _, _, part in fills(events)] == [D(part) for part in parts]


def test_three_equal_sales_release_the_pool_to_the_last_digit() -> None:
    desk = book(instrument(step=D(1), min_quantity=D(1), tick=D("0.0001")))
    price = "10.0667"
    command = order(
        stop="5",
        target="20",
        size=Quantity(D(3)),
        last=price,
        costs=Costs(profile="odd", maker=D("0.00075"), taker=D("0.00033")),
    )
    trade = opened(desk, command).trade

    pools = [trade.cost]
    for _ in range(3):
        part = CloseTrade(trade_id=1, quantity=D(1), quote=quote("11"))
        [event] = desk.submit(part)
        assert isinstance(event, TradeReduced | TradeClosed)
        pools.append(event.trade.cost)

    released = [before - after for before, after in pairwise(pools)]
    assert released == [D("10.0667")] * 3
    assert not desk.reserved
    # 3·(11 − 10.0667) less 3·10.0667·0.033 % and three times 11·0.033 %.
    assert desk.account.balance - 10_000 == D("2.7999") - D("0.00996603") - 3 * D("0.00363")


def test_a_moved_stop_does_not_change_what_one_r_is() -> None:
    desk = book()
    opened(desk, ladder(LONG, *THREE, stop="95", policy=StopPolicy.PREVIOUS_TARGET))

    play(desk, "105", "110")
    [closed] = play(desk, "105")

    assert isinstance(closed, TradeClosed)
    # 0.5·5 + 0.3·10 + 0.2·5 = 6.5; R is 5.
    assert r_multiple(closed.trade, closed.trade.net) == D("1.3")


def test_a_request_for_more_than_is_open_closes_it_and_never_reverses() -> None:
    desk = book()
    opened(desk, ladder(SHORT, *THREE_DOWN))
    play(desk, "95")

    [closed] = desk.submit(CloseTrade(trade_id=1, quantity=D(50), quote=quote("96")))

    assert isinstance(closed, TradeClosed)
    assert closed.fill.quantity == D("0.5")
    assert closed.trade.status is TradeStatus.CLOSED_MANUAL
    assert not desk.active()
