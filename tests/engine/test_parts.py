"""Closing a part: the cost pool, the fee pool and what is too small (rules PRT-1 to PRT-3)."""

from decimal import Decimal

import pytest

from engine.book import Book
from engine.commands import CloseTrade
from engine.costs import Costs
from engine.errors import Refused
from engine.events import Filled, TradeClosed, TradeReduced
from engine.instrument import Instrument
from engine.model import Direction, Market, TradeStatus
from engine.parts import expected
from engine.pnl import net_of_last, realised
from tests.engine.desk import LONG, SHORT, D, book, closed, filled, opened, order, quote, tick
from tests.feeds import instrument

FREE = Costs(maker=D(0), taker=D(0))


def close(
    desk: Book, at: str, *, fraction: str | None = None, quantity: str | None = None
) -> Filled:
    command = CloseTrade(
        trade_id=1,
        fraction=None if fraction is None else D(fraction),
        quantity=None if quantity is None else D(quantity),
        quote=quote(at),
    )
    [event] = filled(desk.submit(command))
    return event


def holding(instrument_: Instrument, *, stake: str = "1000") -> Book:
    """Return a book with a LONG of *stake* USDT at 100."""
    desk = book(instrument_, market=instrument_.market)
    opened(desk, order(stop="50", target="200", stake=stake))
    return desk


def test_parts_release_their_share_of_the_cost_and_add_up_exactly() -> None:
    desk = book(instrument(tick=D("0.00000001"), step=D(1), min_quantity=D(1)))
    entry = "10.06666667"
    opened(desk, order(stop="5", target="20", stake="30.3", last=entry, costs=FREE))

    parts = [close(desk, "11", quantity="1") for _ in range(2)]
    last = closed(desk, 1, quote("11"))

    assert [type(event) for event in parts] == [TradeReduced, TradeReduced]
    assert [event.fill.gross for event in parts] == [D("0.93333333"), D("0.93333333")]
    assert last.trade.gross == D("2.79999999") == 33 - D(entry) * 3
    assert last.trade.quantity == last.trade.cost == desk.reserved == 0


def test_a_share_that_does_not_come_out_even_leaves_the_rest_to_the_last_part() -> None:
    rate = D("0.0001")
    desk = book(instrument(tick=D("0.00000001"), step=D(1), min_quantity=D(1)))
    costs = Costs(maker=D(0), taker=rate)
    opened(desk, order(stop="5", target="20", stake="31", last="10.06666667", costs=costs))

    first, second = close(desk, "11", quantity="1"), close(desk, "11", quantity="1")
    last = closed(desk, 1, quote("11"))

    nets = [net_of_last(event.trade) for event in (first, second, last)]
    assert realised(first.trade) == nets[0]
    assert realised(second.trade) == nets[0] + nets[1]
    assert realised(last.trade) == sum(nets) == last.trade.net


@pytest.mark.parametrize(
    ("direction", "stop", "target"), [(LONG, "95", "110"), (SHORT, "105", "90")]
)
def test_after_a_part_the_target_closes_the_rest_and_the_whole_trade_is_one_win(
    direction: Direction, stop: str, target: str
) -> None:
    desk = book()
    trade = opened(desk, order(direction, stop=stop, target=target)).trade

    part = close(desk, "100", fraction="0.5")
    between = desk.account
    [last] = filled(desk.on_tick(tick(target)))

    assert isinstance(part, TradeReduced)
    assert part.trade.status is TradeStatus.OPEN
    assert part.trade.quantity == part.trade.targets[0].quantity == trade.quantity / 2
    assert part.trade.cost == trade.cost / 2
    assert (between.closed, between.wins, between.losses) == (0, 0, 0)
    assert between.fees == trade.fees + part.fill.fee
    assert isinstance(last, TradeClosed)
    assert last.trade.status is TradeStatus.CLOSED_TP
    assert last.fill.quantity == trade.quantity / 2
    assert (desk.account.closed, desk.account.wins) == (1, 1)
    assert desk.account.balance == desk.available == D(10_000) + last.trade.net


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"fraction": "0"}, "bad_fraction"),
        ({"fraction": "-0.5"}, "bad_fraction"),
        ({"fraction": "1.01"}, "bad_fraction"),
        ({"fraction": "NaN"}, "bad_fraction"),
        ({"quantity": "0"}, "bad_quantity"),
        ({"quantity": "Infinity"}, "bad_quantity"),
        ({"fraction": "0.5", "quantity": "1"}, "bad_part"),
        ({"quantity": "0.009"}, "quantity_too_small"),
        ({"quantity": "0.19"}, "quantity_too_small"),
        ({"quantity": "0.49"}, "below_notional"),
    ],
)
def test_what_is_no_part_or_too_small_for_an_order_is_refused_and_changes_nothing(
    asked: dict[str, str], code: str
) -> None:
    desk = holding(instrument(step=D("0.01"), min_quantity=D("0.2"), min_notional=D(50)))
    before, account = desk.active(), desk.account

    with pytest.raises(Refused) as refused:
        close(desk, "100", **asked)

    assert (refused.value.code, refused.value.trade_id) == (code, 1)
    assert (desk.active(), desk.account) == (before, account)


@pytest.mark.parametrize(
    ("asked", "market", "sold"),
    [
        ("0.5", Market.SPOT, "0.5"),
        ("0.509", Market.SPOT, "0.5"),
        ("9.5", Market.SPOT, "9.5"),
        ("9.51", Market.SPOT, "10"),
        ("9.51", Market.FUTURES, "9.51"),
        ("9.8", Market.FUTURES, "9.8"),
        ("9.81", Market.FUTURES, "10"),
        ("10", Market.SPOT, "10"),
        ("11", Market.SPOT, "10"),
    ],
)
def test_a_part_is_rounded_down_and_takes_a_rest_along_that_could_not_be_sold(
    asked: str, market: Market, sold: str
) -> None:
    step = D("0.5") if asked == "0.509" else D("0.01")
    rules = instrument(market=market, step=step, min_quantity=D("0.2"), min_notional=D(50))
    desk = holding(rules)

    event = close(desk, "100", quantity=asked)

    assert event.fill.quantity == D(sold)
    assert isinstance(event, TradeClosed if sold == "10" else TradeReduced)


def test_market_orders_round_by_their_own_step() -> None:
    desk = holding(instrument(step=D("0.01"), market_step=D("0.25")))

    event = close(desk, "100", fraction="0.33")

    assert event.fill.quantity == D("3.25")


def test_what_the_question_shows_is_what_the_book_does() -> None:
    desk = book()
    slipping = Costs(slippage=D("0.001"))
    trade = opened(desk, order(SHORT, stop="105", target="90", costs=slipping)).trade
    asked = CloseTrade(trade_id=1, fraction=D("0.25"))

    part = expected(trade, asked, D("97.77"), instrument())
    event = close(desk, "97.77", fraction="0.25")

    assert part == (event.fill.quantity, net_of_last(event.trade))


def test_a_stop_after_a_part_takes_only_what_is_left() -> None:
    desk = book()
    opened(desk, order(stop="95", target="110"))
    part = close(desk, "104", fraction="0.75")

    [last] = filled(desk.on_tick(tick("94")))

    assert last.fill.quantity == part.trade.quantity == D("2.5")
    assert last.trade.gross == Decimal("7.5") * 4 - Decimal("2.5") * 6
    assert not desk.active()
