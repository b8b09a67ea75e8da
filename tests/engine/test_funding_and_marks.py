"""Funding and mark prices through the book, to the last digit of the account (rules §§8–10)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.book import Book
from engine.brackets import table
from engine.commands import CloseTrade, EditTrade, OpenTrade
from engine.costs import Costs
from engine.events import FundingPaid, TradeClosed
from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import (
    CloseReason,
    Direction,
    EntryMode,
    Market,
    PriceModel,
    Source,
    TradeStatus,
)
from engine.pnl import r_multiple
from engine.sizes import Quantity
from tests.engine.desk import LONG, SHORT, D, opened, order, quote, tick
from tests.engine.perpetuals import futures_book
from tests.feeds import START_MS, instrument

FREE = Costs(profile="free", maker=D(0), taker=D(0))
BPS5 = Costs(profile="bps5", maker=D("0.0002"), taker=D("0.0005"))
BRACKETS = table(
    [
        (D(0), D(20_000), D("0.01"), 50),
        (D(20_000), D(100_000), D("0.02"), 25),
        (D(100_000), D(1_000_000), D("0.04"), 10),
    ]
)


def known() -> Instrument:
    return instrument(market=Market.FUTURES, step=D("0.1"), brackets=BRACKETS)


def desk_of(deposit: str = "100000") -> Book:
    return futures_book(known(), deposit)


def leveraged(
    direction: Direction = LONG,
    *,
    quantity: str = "52",
    entry: str = "2000",
    stop: str = "1900",
    leverage: int = 8,
    costs: Costs = BPS5,
) -> OpenTrade:
    target = "9000" if direction is LONG else "1"
    base = order(
        direction,
        stop=stop,
        target=target,
        size=Quantity(D(quantity)),
        last=entry,
        costs=costs,
        equity="100000",
    )
    return replace(base, leverage=leverage)


def mark(desk: Book, price: str, after_ms: int = 5) -> list[TradeClosed]:
    events = desk.on_mark(MarkPrice("BTCUSDT", D(price), START_MS + after_ms), Source.STREAM)
    return [event for event in events if isinstance(event, TradeClosed)]


def settle(
    desk: Book, rate: str, price: str, after_ms: int = 60_000
) -> list[tuple[Decimal, Decimal]]:
    """Settle funding; return each payment with the wallet after it."""
    due = FundingDue("BTCUSDT", START_MS + after_ms, D(rate), D(price))
    return [
        (event.payment.amount, event.trade.margin)
        for event in desk.on_funding(due)
        if isinstance(event, FundingPaid)
    ]


# -- liquidation ------------------------------------------------------------------------------


def test_the_example_of_the_rules_page_is_liquidated_at_its_price_and_not_a_cent_above() -> (
    None
):
    desk = desk_of()
    opened(desk, leveraged())
    before = desk.account.balance

    safe = mark(desk, "1781.79")
    [gone] = mark(desk, "1781.78")

    # The wallet is 104,000 / 8 and the bankruptcy price 2000 − 13000/52.
    assert not safe
    assert gone.fill.price == D(1750)
    assert gone.fill.model is PriceModel.BANKRUPTCY
    assert gone.fill.print_price == D("1781.78")
    assert gone.fill.fee == 0
    assert before - desk.account.balance == D(13_000)
    assert gone.trade.status is TradeStatus.CLOSED_SL
    assert gone.trade.close_reason is CloseReason.LIQUIDATION
    assert not desk.reserved


def test_equality_of_equity_and_maintenance_liquidates() -> None:
    # 10 long at 99, 10x: 99 + 10·(P − 99) = 0.1·P at P = 891/9.9 = 90 exactly.
    desk = desk_of()
    opened(desk, leveraged(quantity="10", entry="99", stop="95", leverage=10, costs=FREE))

    safe = mark(desk, "90.01")
    gone = mark(desk, "90")

    assert not safe
    assert len(gone) == 1


def test_last_prices_never_liquidate_and_marks_never_stop() -> None:
    desk = desk_of()
    opened(desk, leveraged(stop="1790"))

    by_mark = mark(desk, "1785")
    [stopped] = desk.on_tick(tick("1700"))

    assert not by_mark
    assert isinstance(stopped, TradeClosed)
    assert stopped.trade.close_reason is CloseReason.STOP
    assert stopped.fill.price == D(1700)


def test_a_short_is_liquidated_above_its_entry() -> None:
    # 10 short at 100, 10x: 100 − 10·(P − 100) = 0.1·P at P = 1100/10.1 = 108.9108…
    desk = desk_of()
    command = leveraged(SHORT, quantity="10", entry="100", stop="105", leverage=10, costs=FREE)
    opened(desk, command)

    safe = mark(desk, "108.91")
    [gone] = mark(desk, "108.92")

    assert not safe
    assert gone.fill.price == D(110)
    assert desk.account.balance == D(99_900)
    assert r_multiple(gone.trade, gone.trade.net) == D(-2)


def test_after_a_part_only_the_rest_of_the_wallet_is_lost() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="10", entry="100", stop="95", leverage=10, costs=FREE))
    part = CloseTrade(trade_id=1, quantity=D(4), quote=quote("100"))
    desk.submit(part)

    [gone] = mark(desk, "90")

    assert gone.fill.gross == D(-60)
    assert gone.fill.quantity == D(6)
    assert desk.account.balance == D(99_940)


def test_added_margin_is_what_a_liquidation_takes_too() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="10", entry="100", stop="95", leverage=10, costs=FREE))
    desk.submit(EditTrade(trade_id=1, add_margin=D(50), quote=quote("100")))

    # 150 + 10·(P − 100) = 0.1·P at P = 850/9.9 = 85.858…
    safe = mark(desk, "85.86")
    [gone] = mark(desk, "85.85")

    assert not safe
    assert gone.fill.gross == D(-150)
    assert gone.fill.price == D(85)


def test_an_order_that_waits_is_not_liquidated() -> None:
    desk = desk_of()
    command = leveraged(entry="2000")
    desk.submit(replace(command, entry_mode=EntryMode.LIMIT, entry=D(1950)))

    assert not mark(desk, "1")


# -- funding ----------------------------------------------------------------------------------


def test_the_example_of_the_rules_page_receives_funding_to_eight_decimals() -> None:
    desk = desk_of()
    opened(desk, leveraged(SHORT, quantity="1.2", entry="2500", stop="2600", leverage=7))

    [(amount, wallet)] = settle(desk, "0.0001", "2481.33333333")

    # 1.2 · 2481.33333333 · 0.0001, and 3000/7 with it.
    assert amount == D("0.29776")
    assert wallet == D("428.57142857") + D("0.29776")


@pytest.mark.parametrize(
    ("direction", "rate", "amount"),
    [
        (LONG, "0.0001", "-0.2"),
        (LONG, "-0.0001", "0.2"),
        (SHORT, "0.0001", "0.2"),
        (SHORT, "-0.0001", "-0.2"),
        (LONG, "0.00000333", "-0.00666"),
    ],
)
def test_funding_moves_the_balance_and_the_wallet_but_not_what_is_available(
    direction: Direction, rate: str, amount: str
) -> None:
    desk = desk_of()
    stop = "1900" if direction is LONG else "2100"
    opened(desk, leveraged(direction, quantity="1", stop=stop, costs=FREE))
    available = desk.available

    [(paid, _)] = settle(desk, rate, "2000")

    assert paid == D(amount)
    assert desk.account.balance == D(100_000) + paid
    assert desk.available == available


@pytest.mark.parametrize(("after_ms", "payments"), [(0, 0), (-1, 0), (1, 1)])
def test_a_trade_opened_at_the_settlement_pays_nothing(after_ms: int, payments: int) -> None:
    desk = desk_of()
    opened(desk, leveraged())

    assert len(settle(desk, "0.0001", "2000", after_ms)) == payments


def test_a_trade_that_ends_at_the_settlement_pays_first() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="1", costs=FREE))

    [(paid, _)] = settle(desk, "0.0001", "2000")
    [closed] = desk.on_tick(tick("1900", after_ms=60_000))
    late = settle(desk, "0.0001", "2000", 120_000)

    assert isinstance(closed, TradeClosed)
    assert closed.trade.net == D(-100) + paid
    assert not late


def test_the_same_settlement_is_booked_once_and_the_next_one_again() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="1", costs=FREE))

    counts = [len(settle(desk, "0.0001", "2000", ms)) for ms in (60_000, 60_000, 120_000)]

    assert counts == [1, 0, 1]
    assert desk.account.funding == D("-0.4")


def test_a_part_takes_its_share_of_the_funded_wallet_along() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="10", entry="100", stop="95", leverage=10, costs=FREE))
    settle(desk, "0.003", "100")

    desk.submit(CloseTrade(trade_id=1, fraction=D("0.5"), quote=quote("100")))
    again = settle(desk, "0.003", "100", 120_000)

    # 100 − 3 in the wallet, halved; then half the quantity pays half.
    assert again == [(D("-1.5"), D("47"))]
    assert desk.account.balance == D("99995.5")
    assert desk.available == D("99995.5") - D(47)


def test_funding_can_bring_the_liquidation_to_where_the_mark_is() -> None:
    desk = desk_of()
    opened(desk, leveraged(quantity="10", entry="100", stop="95", leverage=10, costs=FREE))

    safe = mark(desk, "91")
    settle(desk, "0.01", "91")
    [gone] = mark(desk, "91", after_ms=60_001)

    # Paying 9.1 leaves 90.9: 90.9 + 10·(91 − 100) = 0.9 is below 910·1 %.
    assert not safe
    assert gone.fill.gross == D("-90.9")
    assert gone.trade.net == D(-100)
