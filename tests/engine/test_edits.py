"""What a trader may change on an active trade, and what is refused (rules §21)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import (
    REMOVED,
    BreakEvenOrder,
    CloseTrade,
    EditTrade,
    TargetOrder,
    TrailOrder,
    UndoEdit,
    one_target,
)
from engine.costs import Costs
from engine.errors import Refused
from engine.events import TradeClosed, TradeEdited
from engine.model import CloseReason, Direction, EntryMode, Quote, Trade
from engine.pnl import r_multiple
from engine.sizes import Quantity
from engine.stops import StopReason
from tests.engine.desk import LONG, SHORT, D, book, opened, order, quote, tick
from tests.engine.perpetuals import futures_book, futures_instrument

FREE = Costs(profile="free", maker=D(0), taker=D(0))
FOUR_PERCENT = TrailOrder(distance=Offset(D("0.04"), Unit.FRACTION))


def desk_with(direction: Direction = LONG) -> Book:
    """Return a book with one piece bought or sold at 100, stop 10 and target 20 away."""
    desk, sign = book(), direction.sign
    command = order(
        direction,
        stop=str(100 - sign * 10),
        target=str(100 + sign * 20),
        size=Quantity(D(1)),
        costs=FREE,
    )
    opened(desk, command)
    return desk


def only(desk: Book) -> Trade:
    [trade] = desk.active()
    return trade


def edit(desk: Book, **changes: object) -> Trade:
    changes.setdefault("quote", quote("100"))
    order = EditTrade(trade_id=1, **changes)  # type: ignore[arg-type]  # each test names its own
    [event] = desk.submit(order)
    assert isinstance(event, TradeEdited)
    return event.trade


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_a_stop_moved_by_hand_works_from_the_next_print_and_r_stays() -> None:
    desk = desk_with()
    trade = edit(desk, stop=D(97))

    quiet = desk.on_tick(tick("97.01"))
    [closed] = desk.on_tick(tick("97"))

    assert (trade.stop, trade.stop_reason) == (D(97), StopReason.MOVED)
    assert trade.initial_stop == D(90)
    assert not quiet
    assert isinstance(closed, TradeClosed)
    assert closed.trade.close_reason is CloseReason.STOP
    assert r_multiple(closed.trade, closed.trade.net) == D("-0.3")


@pytest.mark.parametrize(("direction", "wider"), [(LONG, "85"), (SHORT, "115")])
def test_a_stop_is_widened_only_by_explicit_choice(direction: Direction, wider: str) -> None:
    desk = desk_with(direction)

    code = refusal(lambda: edit(desk, stop=D(wider)))
    kept = only(desk).stop
    edit(desk, stop=D(wider), widen=True)

    assert code == "stop_wider"
    assert kept == D(100 - direction.sign * 10)
    assert only(desk).stop == D(wider)


@pytest.mark.parametrize(
    ("direction", "last", "changes"),
    [
        (LONG, "100", {"stop": D(100)}),
        (LONG, "100", {"stop": D(101)}),
        (SHORT, "100", {"stop": D(100)}),
        (SHORT, "100", {"stop": D(99)}),
        (LONG, "110", {"targets": one_target(D(110))}),
        (LONG, "110", {"targets": one_target(D(108))}),
        (SHORT, "90", {"targets": one_target(D(90))}),
        (SHORT, "90", {"targets": one_target(D(92))}),
    ],
)
def test_an_edit_that_would_close_at_once_is_refused_and_changes_nothing(
    direction: Direction, last: str, changes: dict[str, object]
) -> None:
    desk = desk_with(direction)
    before = only(desk)

    code = refusal(lambda: edit(desk, **changes, quote=quote(last)))

    assert code == "would_close"
    assert only(desk) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "nothing_to_change"),
        ({"stop": D("95.005")}, "price_off_tick"),
        ({"stop": D(-1)}, "price_out_of_range"),
        ({"stop": D(95), "quote": Quote()}, "no_price"),
        ({"add_margin": D(5)}, "no_margin"),
        (
            {
                "targets": (
                    TargetOrder(price=D(110), fraction=D("0.6")),
                    TargetOrder(price=D(120), fraction=D("0.5")),
                )
            },
            "bad_fractions",
        ),
        (
            {
                "targets": (
                    TargetOrder(price=D(120), fraction=D("0.5")),
                    TargetOrder(price=D(110), fraction=D("0.5")),
                )
            },
            "bad_ladder",
        ),
        (
            {"trailing": TrailOrder(distance=Offset(D(1), Unit.FRACTION))},
            "trail_too_wide",
        ),
        ({"break_even": BreakEvenOrder(trigger=D(99))}, "trigger_on_wrong_side"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_and_changes_nothing(
    changes: dict[str, object], code: str
) -> None:
    desk = desk_with()
    before = only(desk)

    found = refusal(lambda: edit(desk, **changes))

    assert found == code
    assert only(desk) == before


def test_new_targets_share_what_is_open_and_filled_ones_stay_on_record() -> None:
    desk = desk_with()
    halves = tuple(TargetOrder(price=D(price), fraction=D("0.5")) for price in (110, 120))
    edit(desk, targets=halves)
    desk.on_tick(tick("110"))

    thirds = (
        TargetOrder(price=D(115), fraction=D("0.4")),
        TargetOrder(price=D(130), fraction=D("0.6")),
    )
    trade = edit(desk, targets=thirds, quote=quote("110"))

    assert [(t.price, t.quantity, t.filled) for t in trade.targets] == [
        (D(110), D("0.5"), True),
        (D(115), D("0.2"), False),
        (D(130), D("0.3"), False),
    ]


def test_a_trailing_stop_added_later_follows_from_the_market_of_that_moment() -> None:
    desk = desk_with()
    desk.on_tick(tick("115"))

    trade = edit(desk, trailing=FOUR_PERCENT, quote=quote("110"))
    desk.on_tick(tick("112.5"))

    assert trade.stop == D("105.6")
    assert only(desk).stop == D(108)


def test_a_tighter_trailing_stop_stays_in_force_against_a_stop_by_hand() -> None:
    desk = desk_with()
    edit(desk, trailing=FOUR_PERCENT)

    code = refusal(lambda: edit(desk, stop=D(95)))
    widening = refusal(lambda: edit(desk, trailing=REMOVED))
    trade = edit(desk, trailing=REMOVED, widen=True)

    assert (code, widening) == ("tighter_stop", "stop_wider")
    assert trade.stop == D(90)


def test_break_even_by_key_moves_at_once_only_where_it_lies_behind_the_market() -> None:
    desk, armed = desk_with(), desk_with()

    moved = edit(desk, break_even=BreakEvenOrder(), quote=quote("105"))
    waits = edit(armed, break_even=BreakEvenOrder(), quote=quote("99"))
    equal = armed.on_tick(tick("100"))
    armed.on_tick(tick("100.01"))

    assert (moved.stop, moved.stop_reason) == (D(100), StopReason.BREAK_EVEN)
    assert waits.stop == D(90)
    assert not equal
    assert only(armed).stop == D(100)


def test_undo_puts_every_exit_back_once() -> None:
    desk = desk_with()
    before = only(desk)
    edit(desk, stop=D(97), trailing=FOUR_PERCENT, targets=one_target(D(140)))

    desk.submit(UndoEdit(trade_id=1, quote=quote("100")))
    again = refusal(lambda: desk.submit(UndoEdit(trade_id=1, quote=quote("100"))))

    assert only(desk) == before
    assert again == "nothing_to_undo"


def test_undo_is_refused_where_the_old_stop_would_close_at_once() -> None:
    desk = desk_with()
    edit(desk, stop=D(80), widen=True)
    desk.on_tick(tick("85"))

    code = refusal(lambda: desk.submit(UndoEdit(trade_id=1, quote=quote("85"))))

    assert code == "would_close"
    assert only(desk).stop == D(80)


def test_after_a_fill_there_is_nothing_to_undo() -> None:
    desk = desk_with()
    edit(desk, stop=D(95))
    desk.submit(CloseTrade(trade_id=1, fraction=D("0.5"), quote=quote("100")))

    code = refusal(lambda: desk.submit(UndoEdit(trade_id=1, quote=quote("100"))))

    assert code == "nothing_to_undo"


def test_a_close_wins_the_race_against_an_edit() -> None:
    desk = desk_with()
    desk.on_tick(tick("90"))

    code = refusal(lambda: edit(desk, stop=D(95)))

    assert code == "not_open"


def test_the_first_stop_of_a_waiting_trade_moves_its_r_too() -> None:
    desk = book()
    command = order(stop="90", target="120", size=Quantity(D(1)), costs=FREE)
    desk.submit(replace(command, entry_mode=EntryMode.LIMIT, entry=D(98)))

    wrong = refusal(lambda: edit(desk, stop=D(98)))
    trade = edit(desk, stop=D(93))

    assert wrong == "stop_on_wrong_side"
    assert (trade.initial_stop, trade.stop) == (D(93), D(93))


def test_margin_can_be_added_up_to_what_is_available_and_taken_back_to_what_is_needed() -> None:
    desk = futures_book(futures_instrument())
    command = order(stop="95", target="120", size=Quantity(D(10)), costs=FREE)
    opened(desk, replace(command, leverage=10))

    more = refusal(lambda: edit(desk, add_margin=D("9900.01")))
    edit(desk, add_margin=D(50))
    held = desk.reserved
    less = refusal(lambda: edit(desk, add_margin=D("-50.01")))
    edit(desk, add_margin=D(-50))

    assert (more, less) == ("insufficient", "insufficient")
    assert (held, desk.reserved) == (D(150), D(100))
