"""Time stops: due at equality, at the market, and only where nothing else fills (TIM-1)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import REMOVED, EditTrade, OpenTrade, TargetOrder, TrailOrder
from engine.costs import CLASSIC, Costs
from engine.errors import Refused
from engine.events import Event, TradeClosed, TradeOpened, TradeReduced
from engine.model import CloseReason, Direction, EntryMode, FillKind, Source, TradeStatus
from engine.stops import StopPolicy
from tests.engine.desk import LONG, SHORT, D, book, opened, order, quote, tick
from tests.engine.test_candles import candle
from tests.feeds import START_MS

FREE = Costs(profile="free", maker=D(0), taker=D(0))
HOLD_MS = 90_000
"""From the opening: in the middle of the first minute candle after it."""


def held(direction: Direction = LONG, costs: Costs = FREE) -> OpenTrade:
    stop, target = ("90", "120") if direction is LONG else ("110", "80")
    return replace(order(direction, stop=stop, target=target, costs=costs), hold_ms=HOLD_MS)


def with_open(command: OpenTrade) -> Book:
    desk = book()
    opened(desk, command)
    return desk


def closing(events: Sequence[Event]) -> TradeClosed:
    [event] = events
    assert isinstance(event, TradeClosed)
    return event


def test_the_first_print_at_the_deadline_closes_at_its_price_as_taker() -> None:
    costs = Costs(profile="x", maker=D("0.0002"), taker=D("0.0005"), slippage=D("0.0005"))
    desk = with_open(held(costs=costs))

    early = desk.on_tick(tick("101", after_ms=HOLD_MS - 1))
    event = closing(desk.on_tick(tick("101", after_ms=HOLD_MS)))

    # 101·(1 − 0.0005) = 100.9495, sold on the grid below.
    assert not early
    assert event.fill.kind is FillKind.TIME
    assert event.fill.price == D("100.94")
    assert event.fill.fee == event.fill.quantity * D("100.94") * D("0.0005")
    assert event.trade.status is TradeStatus.CLOSED_MANUAL
    assert event.trade.close_reason is CloseReason.TIME_STOP


@pytest.mark.parametrize(
    ("direction", "price", "reason"),
    [
        (LONG, "90", CloseReason.STOP),
        (LONG, "120", CloseReason.TARGET),
        (SHORT, "110", CloseReason.STOP),
        (SHORT, "80", CloseReason.TARGET),
        (LONG, "90.01", CloseReason.TIME_STOP),
        (SHORT, "80.01", CloseReason.TIME_STOP),
    ],
)
def test_a_stop_or_target_on_the_deadlines_print_comes_before_the_time_stop(
    direction: Direction, price: str, reason: CloseReason
) -> None:
    desk = with_open(held(direction))

    event = closing(desk.on_tick(tick(price, after_ms=HOLD_MS + 5_000)))

    assert event.trade.close_reason is reason


def test_where_a_part_fills_at_the_deadline_the_rest_goes_with_the_next_print() -> None:
    ladder = tuple(TargetOrder(price=D(price), fraction=D("0.5")) for price in (105, 120))
    command = replace(held(), targets=ladder, after_target=StopPolicy.KEEP)
    desk = with_open(command)

    [part] = desk.on_tick(tick("105", after_ms=HOLD_MS))
    event = closing(desk.on_tick(tick("104", after_ms=HOLD_MS)))

    assert isinstance(part, TradeReduced)
    assert event.fill.price == D(104)
    assert event.trade.close_reason is CloseReason.TIME_STOP


def test_the_deadlines_print_is_no_new_extreme_for_the_trailing_stop() -> None:
    trailing = TrailOrder(distance=Offset(D("0.04"), Unit.FRACTION))
    desk = with_open(replace(held(), trailing=trailing))

    event = closing(desk.on_tick(tick("110", after_ms=HOLD_MS)))

    assert event.trade.close_reason is CloseReason.TIME_STOP
    assert event.trade.stop == D(96)


def test_a_waiting_order_is_held_from_its_entry_on() -> None:
    desk = book()
    command = replace(held(), entry_mode=EntryMode.LIMIT, entry=D(98))
    desk.submit(command)

    [entry] = desk.on_tick(tick("98", after_ms=HOLD_MS))
    early = desk.on_tick(tick("99", after_ms=2 * HOLD_MS - 1))
    event = closing(desk.on_tick(tick("99", after_ms=2 * HOLD_MS)))

    assert isinstance(entry, TradeOpened)
    assert not early
    assert event.trade.close_reason is CloseReason.TIME_STOP


def test_in_candles_the_open_of_the_first_one_at_or_after_the_deadline_counts() -> None:
    desk = with_open(replace(held(), hold_ms=120_000))

    before = desk.on_candle(candle("100", "104", "97", "103"), Source.BACKFILL)
    event = closing(desk.on_candle(candle("102", "119", "91", "99", number=2), Source.BACKFILL))

    assert not before
    assert event.fill.price == D(102)
    assert event.fill.time_ms == START_MS + 120_000
    assert event.fill.reconstructed


def test_a_candle_that_opens_beyond_the_stop_stops_before_its_time_is_up() -> None:
    desk = with_open(replace(held(costs=CLASSIC), hold_ms=60_000))

    event = closing(desk.on_candle(candle("89", "95", "88", "94"), Source.BACKFILL))

    assert event.trade.close_reason is CloseReason.STOP
    assert event.fill.price == D(89)


def test_a_time_stop_can_be_set_removed_and_not_be_set_into_the_past() -> None:
    desk = with_open(held())
    later = replace(quote("100"), time_ms=START_MS + 30_000)

    with pytest.raises(Refused) as refusal:
        desk.submit(EditTrade(trade_id=1, hold_ms=30_000, quote=later))
    desk.submit(EditTrade(trade_id=1, hold_ms=REMOVED, quote=later))
    quiet = desk.on_tick(tick("101", after_ms=10 * HOLD_MS))

    assert refusal.value.code == "would_close"
    assert not quiet
    assert desk.active()[0].deadline_ms is None


@pytest.mark.parametrize("direction", [LONG, SHORT])
def test_a_deadline_inside_a_candle_waits_for_the_open_of_the_next_one(
    direction: Direction,
) -> None:
    desk = book()
    stop, target = ("80", "130") if direction is LONG else ("130", "80")
    command = order(direction, stop=stop, target=target, costs=FREE)
    opened(desk, replace(command, hold_ms=90_000))

    inside = desk.on_candle(candle("100", "108", "92", "105"), Source.BACKFILL)
    [event] = desk.on_candle(candle("104", "109", "91", "99", number=2), Source.BACKFILL)

    assert not inside
    assert isinstance(event, TradeClosed)
    assert event.trade.close_reason is CloseReason.TIME_STOP
    assert event.fill.price == D(104)
    assert event.fill.time_ms == START_MS + 120_000


def test_a_target_inside_the_candle_of_the_deadline_still_fills() -> None:
    desk = book()
    opened(desk, replace(order(stop="90", target="108", costs=FREE), hold_ms=90_000))

    [event] = desk.on_candle(candle("100", "109", "95", "101"), Source.BACKFILL)

    assert isinstance(event, TradeClosed)
    assert event.trade.close_reason is CloseReason.TARGET
