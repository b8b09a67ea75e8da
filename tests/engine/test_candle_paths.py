"""Moving stops, ladders, waiting orders and marks along a candle's path (rules §13).

Prices are written open, high, low, close.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import BreakEvenOrder, OpenTrade, TargetOrder, TrailOrder
from engine.costs import Costs
from engine.events import Event, StopMoved, TradeCancelled, TradeClosed, TradeOpened
from engine.model import (
    CancelReason,
    CloseReason,
    Direction,
    EntryMode,
    FillKind,
    Source,
)
from engine.stops import StopPolicy
from tests.engine.desk import LONG, SHORT, D, book, filled, opened, order
from tests.engine.test_candles import candle
from tests.feeds import START_MS

FREE = Costs(profile="free", maker=D(0), taker=D(0))
LIMIT, STOP = EntryMode.LIMIT, EntryMode.STOP
Prices = tuple[str, str, str, str]


def along(desk: Book, *candles: Prices) -> list[Event]:
    """Let candles come one after the other; return what happened."""
    happened: list[Event] = []
    for number, prices in enumerate(candles, 1):
        happened += desk.on_candle(candle(*prices, number=number), Source.BACKFILL)
    return happened


def fills(events: Sequence[Event]) -> list[tuple[FillKind, Decimal]]:
    return [(event.fill.kind, event.fill.price) for event in filled(events)]


def stopped_at(price: str | None, direction: Direction, around: int) -> list[object]:
    """Return the only fill that is expected, mirrored for a short; none for no price."""
    if price is None:
        return []
    level = D(price) if direction is LONG else 2 * around - D(price)
    return [(FillKind.STOP, level)]


def mirrored(prices: Prices, around: int) -> Prices:
    """Turn a candle upside down: what it does to a long, its mirror does to a short."""
    open_, high, low, close = (str(2 * around - D(price)) for price in prices)
    return open_, low, high, close


def plain(direction: Direction, entry: int, stop: int, target: int) -> OpenTrade:
    if direction is SHORT:
        stop, target = 2 * entry - stop, 2 * entry - target
    return order(direction, stop=str(stop), target=str(target), last=str(entry), costs=FREE)


# -- moving stops -----------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [LONG, SHORT])
@pytest.mark.parametrize(
    ("prices", "exit_price"),
    [
        (("200", "212.5", "197", "204.51"), None),
        (("200", "212.5", "197", "204.5"), "204.5"),
        (("200", "212.5", "197", "203"), "204.5"),
        (("200", "212.5", "192", "203"), "192"),
        (("200", "201", "192.01", "193.01"), None),
    ],
)
def test_a_stop_trailed_on_the_favourable_leg_is_tested_against_the_close_alone(
    direction: Direction, prices: Prices, exit_price: str | None
) -> None:
    desk = book()
    trailing = TrailOrder(distance=Offset(D(8), Unit.PRICE))
    opened(desk, replace(plain(direction, 200, 150, 300), trailing=trailing))
    if direction is SHORT:
        prices = mirrored(prices, 200)

    found = fills(along(desk, prices))

    assert found == stopped_at(exit_price, direction, 200)


@pytest.mark.parametrize("direction", [LONG, SHORT])
@pytest.mark.parametrize(
    ("prices", "moved", "exit_price"),
    [
        (("100", "110", "91", "100.01"), True, None),
        (("100", "110", "91", "100"), True, "100"),
        (("100", "110", "91", "95"), True, "100"),
        (("100", "109.99", "91", "95"), False, None),
        (("100", "110", "90", "109"), False, "90"),
    ],
)
def test_break_even_set_off_on_the_favourable_leg_is_tested_against_the_close_alone(
    direction: Direction, prices: Prices, moved: bool, exit_price: str | None
) -> None:
    desk = book()
    asked = BreakEvenOrder(trigger=Offset(D(1), Unit.R))
    opened(desk, replace(plain(direction, 100, 90, 150), break_even=asked))
    if direction is SHORT:
        prices = mirrored(prices, 100)

    events = along(desk, prices)

    assert any(isinstance(event, StopMoved) for event in events) is moved
    assert fills(events) == stopped_at(exit_price, direction, 100)


def test_a_trailing_stop_is_activated_on_the_way_and_follows_to_the_extreme() -> None:
    desk = book()
    trailing = TrailOrder(distance=Offset(D("0.05"), Unit.FRACTION), activation=D(110))
    opened(desk, replace(plain(LONG, 100, 90, 200), trailing=trailing))

    quiet = along(desk, ("100", "109.99", "91", "92"))
    before = desk.active()[0].stop
    along(desk, ("92", "120", "91", "119"))

    assert not quiet
    assert (before, desk.active()[0].stop) == (D(90), D(114))


def test_a_raised_stop_that_the_next_candle_jumps_over_fills_at_its_open() -> None:
    desk = book()
    trailing = TrailOrder(distance=Offset(D("0.04"), Unit.FRACTION))
    opened(desk, replace(plain(LONG, 200, 150, 400), trailing=trailing))

    events = along(desk, ("200", "212.5", "199", "210"), ("203.2", "215", "203", "214"))

    [closed] = events
    assert isinstance(closed, TradeClosed)
    assert closed.fill.price == D("203.2")
    assert closed.fill.time_ms == START_MS + 120_000
    assert closed.trade.close_reason is CloseReason.TRAILING_STOP


# -- ladders ----------------------------------------------------------------------------------


def ladder(policy: StopPolicy) -> OpenTrade:
    shares = (("105", "0.5"), ("110", "0.3"), ("120", "0.2"))
    targets = tuple(TargetOrder(price=D(p), fraction=D(share)) for p, share in shares)
    return replace(plain(LONG, 100, 90, 200), targets=targets, after_target=policy)


TARGET, STOPPED = FillKind.TARGET, FillKind.STOP


@pytest.mark.parametrize(
    ("policy", "candles", "expected"),
    [
        ("keep", [("100", "111", "99", "101")], [(TARGET, "105"), (TARGET, "110")]),
        (
            "break_even",
            [("100", "106", "99", "99.5")],
            [(TARGET, "105"), (STOPPED, "100")],
        ),
        (
            "previous_target",
            [("100", "112", "99", "104")],
            [(TARGET, "105"), (TARGET, "110"), (STOPPED, "105")],
        ),
        (
            "keep",
            [("113", "114", "112", "113")],
            [(TARGET, "105"), (TARGET, "110")],
        ),
        ("keep", [("100", "125", "90", "124")], [(STOPPED, "90")]),
        (
            "break_even",
            [("100", "106", "99", "105"), ("99", "125", "98", "120")],
            [(TARGET, "105"), (STOPPED, "99")],
        ),
        (
            "keep",
            [("100", "125", "99", "91")],
            [(TARGET, "105"), (TARGET, "110"), (TARGET, "120")],
        ),
    ],
)
def test_targets_fill_along_the_path_and_their_stop_works_behind_them(
    policy: str, candles: list[Prices], expected: list[tuple[FillKind, str]]
) -> None:
    desk = book()
    opened(desk, ladder(StopPolicy(policy)))

    found = fills(along(desk, *candles))

    assert found == [(kind, D(price)) for kind, price in expected]


# -- waiting orders ---------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [LONG, SHORT])
@pytest.mark.parametrize(
    ("mode", "entry", "prices", "expected"),
    [
        (LIMIT, 98, ("100", "101", "97", "99"), ["98"]),
        (LIMIT, 98, ("100", "101", "98.01", "99"), []),
        (LIMIT, 98, ("97", "101", "96", "99"), ["98"]),
        (LIMIT, 98, ("100", "101", "90", "99"), ["98", "90"]),
        (LIMIT, 98, ("100", "115", "97", "109.99"), ["98"]),
        (LIMIT, 98, ("100", "115", "97", "110"), ["98", "110"]),
        (LIMIT, 98, ("100", "111", "99", "105"), CancelReason.TARGET_FIRST),
        (LIMIT, 98, ("110", "111", "97", "105"), CancelReason.TARGET_FIRST),
        (STOP, 105, ("100", "105", "96", "104"), ["105"]),
        (STOP, 105, ("100", "104.99", "96", "104"), []),
        (STOP, 105, ("106", "107", "104", "105"), ["106"]),
        (STOP, 105, ("106", "107", "90", "105"), ["106", "90"]),
        (STOP, 105, ("100", "112", "96", "109"), ["105"]),
        (STOP, 105, ("100", "112", "96", "110"), ["105", "110"]),
        (STOP, 105, ("100", "106", "90", "104"), CancelReason.STOP_FIRST),
        (STOP, 105, ("110", "112", "109", "110"), CancelReason.TARGET_FIRST),
        (STOP, 105, ("90", "112", "89", "110"), CancelReason.STOP_FIRST),
    ],
)
def test_an_order_filled_inside_a_candle_is_given_the_stop_but_not_the_target(
    direction: Direction,
    mode: EntryMode,
    entry: int,
    prices: Prices,
    expected: list[str] | CancelReason,
) -> None:
    desk, price = book(), D(entry)
    if direction is SHORT:
        prices, price = mirrored(prices, 100), 200 - price
    command = plain(direction, 100, 90, 110)
    desk.submit(replace(command, entry_mode=mode, entry=price))

    events = along(desk, prices)

    if isinstance(expected, CancelReason):
        [event] = events
        assert isinstance(event, TradeCancelled)
        assert event.trade.cancel_reason is expected
    else:
        levels = [D(level) for level in expected]
        if direction is SHORT:
            levels = [200 - level for level in levels]
        assert [event.fill.price for event in filled(events)] == levels


def test_an_entry_out_of_a_candle_is_dated_by_its_open_for_a_jump_else_by_its_close() -> None:
    jumped, walked = book(), book()
    command = replace(plain(LONG, 100, 90, 110), entry_mode=LIMIT, entry=D(98))
    for desk in (jumped, walked):
        desk.submit(command)

    [early] = along(jumped, ("97", "99", "96", "99"))
    [late] = along(walked, ("100", "101", "97", "99"))

    assert isinstance(early, TradeOpened)
    assert isinstance(late, TradeOpened)
    assert early.trade.opened_ms == START_MS + 60_000
    assert late.trade.opened_ms == START_MS + 119_999
    assert early.fill.reconstructed
    assert early.fill.trade_id is None


@pytest.mark.parametrize(
    ("direction", "entry", "prices", "stopped"),
    [
        (LONG, "98", ("89", "99", "88", "97"), "89"),
        (LONG, "98", ("89", "99", "89", "97"), "89"),
        (LONG, "98", ("90", "99", "89", "97"), "90"),
        (SHORT, "102", ("111", "112", "101", "103"), "111"),
    ],
)
def test_an_open_beyond_entry_and_stop_fills_the_one_at_its_price_the_other_at_the_open(
    direction: Direction, entry: str, prices: tuple[str, ...], stopped: str
) -> None:
    desk = book()
    stop, target = ("90", "110") if direction is LONG else ("110", "90")
    command = order(direction, stop=stop, target=target, costs=FREE)
    desk.submit(replace(command, entry_mode=EntryMode.LIMIT, entry=D(entry)))

    events = desk.on_candle(candle(*prices), Source.BACKFILL)

    assert [event.fill.price for event in filled(events)] == [D(entry), D(stopped)]
