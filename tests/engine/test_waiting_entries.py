"""Orders that wait: what fills them, at which price, and what ends the wait (rules §20)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.account import Account
from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import CancelTrade, CloseTrade, OpenTrade, TrailOrder
from engine.costs import Costs
from engine.errors import Refused
from engine.events import Event, TradeCancelled, TradeClosed, TradeOpened, TradePlaced
from engine.model import (
    CancelReason,
    Direction,
    EntryMode,
    Fill,
    Market,
    PriceModel,
    Tick,
    TradeStatus,
)
from engine.sizes import Quantity
from tests.engine.desk import LONG, SHORT, D, book, order, quote, tick
from tests.engine.perpetuals import futures_book, futures_instrument
from tests.feeds import START_MS, instrument

LIMIT, STOP = EntryMode.LIMIT, EntryMode.STOP
HOUR_MS = 3_600_000
UNEQUAL = Costs(profile="unequal", maker=D("0.0002"), taker=D("0.0005"))
SLIPPING = Costs(profile="slip", maker=D("0.0002"), taker=D("0.0005"), slippage=D("0.0005"))


def waiting(
    mode: EntryMode,
    direction: Direction,
    entry: str,
    *,
    costs: Costs = UNEQUAL,
    lives_ms: int | None = None,
) -> OpenTrade:
    """Return an order for 2 pieces with its stop 10 and its target 20 away from its entry."""
    sign = direction.sign
    base = order(
        direction,
        stop=str(D(entry) - sign * 10),
        target=str(D(entry) + sign * 20),
        size=Quantity(D(2)),
        costs=costs,
    )
    return replace(base, entry_mode=mode, entry=D(entry), lives_ms=lives_ms)


def placed(command: OpenTrade) -> Book:
    desk = book()
    [event] = desk.submit(command)
    assert isinstance(event, TradePlaced)
    return desk


def entry_of(events: Sequence[Event]) -> Fill:
    [event] = events
    assert isinstance(event, TradeOpened)
    return event.fill


def reason_of(events: Sequence[Event]) -> CancelReason | None:
    [event] = events
    assert isinstance(event, TradeCancelled)
    assert event.trade.status is TradeStatus.CANCELLED
    return event.trade.cancel_reason


@pytest.mark.parametrize(
    ("mode", "direction", "entry", "quiet", "hit", "price", "fee"),
    [
        (LIMIT, LONG, "98", "98.01", "98", "98", "0.0392"),
        (LIMIT, LONG, "98", "99", "96.5", "98", "0.0392"),
        (LIMIT, SHORT, "102", "101.99", "102", "102", "0.0408"),
        (LIMIT, SHORT, "102", "101", "103.5", "102", "0.0408"),
        (STOP, LONG, "102", "101.99", "102", "102", "0.102"),
        (STOP, LONG, "102", "101", "103.5", "103.5", "0.1035"),
        (STOP, SHORT, "98", "98.01", "98", "98", "0.098"),
        (STOP, SHORT, "98", "99", "96.5", "96.5", "0.0965"),
    ],
)
def test_a_limit_fills_at_its_price_as_maker_and_a_breakout_at_the_print_as_taker(
    mode: EntryMode,
    direction: Direction,
    entry: str,
    quiet: str,
    hit: str,
    price: str,
    fee: str,
) -> None:
    desk = placed(waiting(mode, direction, entry))

    before = desk.on_tick(tick(quiet))
    fill = entry_of(desk.on_tick(tick(hit, trade_id=1007, after_ms=70)))

    assert not before
    assert (fill.price, fill.fee) == (D(price), D(fee))
    assert fill.model is (PriceModel.LEVEL if mode is LIMIT else PriceModel.LAST)
    assert (fill.level, fill.print_price, fill.trade_id) == (D(entry), D(hit), 1007)
    assert desk.active()[0].opened_ms == START_MS + 70


@pytest.mark.parametrize(
    ("mode", "direction", "entry", "hit", "price"),
    [
        (STOP, LONG, "102", "103.5", "103.56"),
        (STOP, SHORT, "98", "96.5", "96.45"),
        (LIMIT, LONG, "98", "96.5", "98"),
    ],
)
def test_slippage_is_paid_by_breakouts_and_not_by_limits(
    mode: EntryMode, direction: Direction, entry: str, hit: str, price: str
) -> None:
    desk = placed(waiting(mode, direction, entry, costs=SLIPPING))

    fill = entry_of(desk.on_tick(tick(hit)))

    assert fill.price == D(price)


@pytest.mark.parametrize(
    ("mode", "direction", "entry", "hit", "reason"),
    [
        (LIMIT, LONG, "98", "118", CancelReason.TARGET_FIRST),
        (LIMIT, SHORT, "102", "82", CancelReason.TARGET_FIRST),
        (STOP, LONG, "102", "122", CancelReason.TARGET_FIRST),
        (STOP, LONG, "102", "92", CancelReason.STOP_FIRST),
        (STOP, LONG, "102", "80", CancelReason.STOP_FIRST),
        (STOP, SHORT, "98", "108", CancelReason.STOP_FIRST),
        (STOP, SHORT, "98", "78", CancelReason.TARGET_FIRST),
    ],
)
def test_a_level_touched_before_the_entry_ends_the_wait_equality_included(
    mode: EntryMode, direction: Direction, entry: str, hit: str, reason: CancelReason
) -> None:
    desk = placed(waiting(mode, direction, entry))
    held = desk.reserved

    found = reason_of(desk.on_tick(tick(hit)))

    assert found is reason
    assert held > 0
    assert not desk.reserved
    assert desk.account.balance == D(10_000)
    assert not desk.symbols


def test_the_stop_does_not_end_the_wait_of_a_limit_it_fills_it_and_then_stops_it() -> None:
    desk = placed(waiting(LIMIT, LONG, "98"))

    fill = entry_of(desk.on_tick(tick("87")))
    [closed] = desk.on_tick(tick("86.5", trade_id=1002, after_ms=2))

    assert fill.price == D(98)
    assert isinstance(closed, TradeClosed)
    assert closed.fill.price == D("86.5")


@pytest.mark.parametrize(
    ("lives_ms", "end_ms"), [(None, 4 * HOUR_MS), (60_000, 60_000), (1, 1)]
)
def test_an_order_lives_until_a_millisecond_before_its_end(
    lives_ms: int | None, end_ms: int
) -> None:
    early = placed(waiting(LIMIT, LONG, "98", lives_ms=lives_ms))
    late = placed(waiting(LIMIT, LONG, "98", lives_ms=lives_ms))

    fill = entry_of(early.on_tick(tick("98", after_ms=end_ms - 1)))
    reason = reason_of(late.on_tick(tick("98", after_ms=end_ms)))

    assert fill.price == D(98)
    assert reason is CancelReason.EXPIRED


def test_an_order_ends_at_its_time_though_nothing_is_traded() -> None:
    desk = placed(waiting(STOP, SHORT, "98", lives_ms=1_000))

    early = desk.on_time("BTCUSDT", START_MS + 999)
    [event] = desk.on_time("BTCUSDT", START_MS + 5_000)

    assert not early
    assert isinstance(event, TradeCancelled)
    assert event.trade.closed_ms == START_MS + 1_000


def test_margin_and_fee_are_held_while_waiting_and_become_cost_and_fee() -> None:
    desk = placed(waiting(LIMIT, LONG, "98"))
    held = desk.available

    desk.on_tick(tick("97"))

    # 2·98 = 196 and 0.02 % of it.
    assert held == D(10_000) - D(196) - D("0.0392")
    assert desk.available == held
    assert desk.account.fees == D("0.0392")
    assert desk.reserved == D(196)


def test_on_futures_a_breakout_sets_the_margin_of_its_own_fill_aside() -> None:
    known = futures_instrument()
    desk = futures_book(known)
    command = replace(waiting(STOP, LONG, "102"), leverage=8)
    desk.submit(command)
    held = desk.reserved

    desk.on_tick(tick("104"))

    assert held == D(204) / 8 + D("0.102")
    assert desk.reserved == D(208) / 8
    assert desk.available == D(10_000) - D(26) - D("0.104")


def test_a_breakout_that_opens_too_dear_for_the_account_is_cancelled_and_books_nothing() -> (
    None
):
    account = Account(name="main", currency="USDT", market=Market.SPOT, deposits=D("204.2"))
    desk = Book(account, {"BTCUSDT": instrument()})
    desk.submit(waiting(STOP, LONG, "102"))

    reason = reason_of(desk.on_tick(tick("103")))

    assert reason is CancelReason.UNAFFORDABLE
    assert desk.available == D("204.2")


def test_a_trailing_stop_of_a_breakout_begins_where_it_was_filled() -> None:
    command = waiting(STOP, LONG, "102")
    trailing = TrailOrder(distance=Offset(D("0.04"), Unit.FRACTION))
    desk = placed(replace(command, trailing=trailing))

    desk.on_tick(tick("105"))

    assert desk.active()[0].stop == D("100.8")


def test_waiting_orders_are_taken_back_not_closed() -> None:
    desk = placed(waiting(LIMIT, LONG, "98"))

    with pytest.raises(Refused, match="cancel it instead"):
        desk.submit(CloseTrade(trade_id=1, quote=quote("100")))
    [event] = desk.submit(CancelTrade(trade_id=1, now_ms=START_MS + 9))

    assert isinstance(event, TradeCancelled)
    assert event.trade.cancel_reason is CancelReason.TRADER
    assert event.trade.closed_ms == START_MS + 9
    assert desk.account.closed == 0


def test_a_print_from_before_the_order_neither_fills_nor_ends_it() -> None:
    desk = placed(waiting(LIMIT, LONG, "98"))

    fell = desk.on_tick(Tick("BTCUSDT", D(97), D(1), 990, START_MS - 5))
    rose = desk.on_tick(Tick("BTCUSDT", D(130), D(1), 991, START_MS - 4))

    assert not fell
    assert not rose
    assert desk.active()[0].status is TradeStatus.PENDING
