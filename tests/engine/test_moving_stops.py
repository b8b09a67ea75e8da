"""Break-even and trailing stops step by step, in numbers worked out by hand (rules §12)."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.asked import Level, Offset, Unit
from engine.book import Book
from engine.commands import BreakEvenOrder, OpenTrade, TargetOrder, TrailOrder
from engine.costs import Costs
from engine.events import Event, StopMoved, TradeClosed
from engine.model import CloseReason, Direction, Trade
from engine.stops import StopPolicy, StopReason
from tests.engine.desk import LONG, SHORT, D, book, opened, order, tick

FREE = Costs(profile="free", maker=D(0), taker=D(0))
PERMILLE = Costs(profile="permille", maker=D("0.001"), taker=D("0.001"))
BPS5 = Costs(profile="bps5", maker=D("0.0005"), taker=D("0.0005"))


def play(desk: Book, *prices: str) -> list[Event]:
    """Let prints come one after the other; return what happened."""
    return [event for price in prices for event in desk.on_tick(tick(price))]


def only(desk: Book) -> Trade:
    [trade] = desk.active()
    return trade


def last_close(events: Iterable[Event]) -> TradeClosed:
    [event] = [event for event in events if isinstance(event, TradeClosed)]
    return event


def far(direction: Direction, entry: str, costs: Costs = FREE) -> OpenTrade:
    """Return an order whose own stop and target are out of the way: 10 % and 50 % off."""
    stop, target = D(entry) * D("0.9"), D(entry) * D("1.5")
    if direction is SHORT:
        stop, target = D(entry) * D("1.1"), D(entry) * D("0.5")
    return order(direction, stop=str(stop), target=str(target), last=entry, costs=costs)


def trailed(
    direction: Direction,
    entry: str,
    amount: str,
    unit: Unit = Unit.FRACTION,
    activation: Level | None = None,
) -> OpenTrade:
    trailing = TrailOrder(distance=Offset(D(amount), unit), activation=activation)
    return replace(far(direction, entry), trailing=trailing, atr=D("1.5"))


# -- break-even -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "entry", "costs", "offset", "level"),
    [
        (LONG, "2500", BPS5, None, "2502.51"),
        (SHORT, "2500", BPS5, None, "2497.50"),
        (LONG, "100", PERMILLE, None, "100.21"),
        (SHORT, "100", PERMILLE, None, "99.80"),
        (LONG, "100", FREE, None, "100"),
        (SHORT, "100", FREE, None, "100"),
        (LONG, "100", PERMILLE, "0.5", "100.71"),
        (SHORT, "100", PERMILLE, "0.5", "99.30"),
        (LONG, "99.90", PERMILLE, None, "100.10"),
    ],
)
def test_a_break_even_stop_pays_both_fees_and_its_offset(
    direction: Direction, entry: str, costs: Costs, offset: str | None, level: str
) -> None:
    desk = book()
    extra = None if offset is None else Offset(D(offset), Unit.PRICE)
    asked = BreakEvenOrder(trigger=Offset(D("0.1"), Unit.FRACTION), offset=extra)
    opened(desk, replace(far(direction, entry, costs), break_even=asked))

    [moved] = play(desk, str(D(entry) * (1 + direction.sign * D("0.1"))))

    assert isinstance(moved, StopMoved)
    assert moved.trade.stop == D(level)
    assert moved.trade.stop_reason is StopReason.BREAK_EVEN


@given(st.sampled_from([LONG, SHORT]), st.integers(1_000, 99_999), st.integers(0, 40))
def test_on_break_even_nothing_is_lost_and_one_tick_worse_something_is(
    direction: Direction, cents: int, fee_bps: int
) -> None:
    desk, rate = book(), D(fee_bps) / 10_000
    costs = Costs(profile="any", maker=rate, taker=rate)
    entry = str(D(cents) / 100)
    stop, target = ("1", "900000") if direction is LONG else ("900000", "1")
    base = order(direction, stop=stop, target=target, last=entry, costs=costs)
    opened(desk, replace(base, break_even=BreakEvenOrder()))
    play(desk, str(D(entry) + direction.sign * max(D(5), D(entry) / 10)))

    def net(price: Fraction) -> Fraction:
        bought = Fraction(entry)
        return direction.sign * (price - bought) - Fraction(rate) * (price + bought)

    level = Fraction(only(desk).stop)
    assert net(level) >= 0
    assert net(level - direction.sign * Fraction("0.01")) < 0


@pytest.mark.parametrize(
    ("trigger", "before", "at"),
    [
        (Offset(D(1), Unit.R), "109.99", "110"),
        (Offset(D("1.5"), Unit.R), "114.99", "115"),
        (Offset(D("0.03"), Unit.FRACTION), "102.99", "103"),
        (Offset(D("2.5"), Unit.PRICE), "102.49", "102.5"),
        (D("107.77"), "107.76", "107.77"),
    ],
)
def test_break_even_is_set_off_at_its_trigger_and_not_a_tick_before(
    trigger: Level, before: str, at: str
) -> None:
    desk = book()
    asked = BreakEvenOrder(trigger=trigger)
    opened(desk, replace(far(LONG, "100", FREE), break_even=asked))

    early, late = play(desk, before), play(desk, at)

    assert not early
    assert [type(event) for event in late] == [StopMoved]


def test_break_even_stays_armed_until_it_is_strictly_behind_the_market_and_moves_once() -> None:
    desk = book()
    asked = BreakEvenOrder(trigger=D("100.1"))
    opened(desk, replace(far(LONG, "100", PERMILLE), break_even=asked))

    armed = play(desk, "100.15", "99", "100.21", "100.20")
    [moved] = play(desk, "100.22")
    later = play(desk, "120", "100.3")
    closed = last_close(play(desk, "100.21"))

    assert not armed
    assert isinstance(moved, StopMoved)
    assert moved.trade.stop == D("100.21")
    assert not later
    assert closed.trade.close_reason is CloseReason.BREAK_EVEN_STOP
    assert closed.trade.net >= 0


def test_a_short_break_even_stays_armed_at_equality_too() -> None:
    desk = book()
    asked = BreakEvenOrder(trigger=D("99.9"))
    opened(desk, replace(far(SHORT, "100", PERMILLE), break_even=asked))

    armed = play(desk, "99.85", "101", "99.80")
    [moved] = play(desk, "99.79")

    assert not armed
    assert isinstance(moved, StopMoved)
    assert moved.trade.stop == D("99.80")


def test_break_even_never_loosens_a_tighter_stop() -> None:
    desk = book()
    command = trailed(LONG, "100", "1", Unit.PRICE)
    opened(desk, replace(command, break_even=BreakEvenOrder(trigger=D(105))))

    events = play(desk, "106")

    assert not events
    assert (only(desk).stop, only(desk).stop_reason) == (D(105), StopReason.TRAILING)


def test_the_print_that_sets_break_even_off_is_judged_by_the_stop_before_it() -> None:
    desk = book()
    asked = BreakEvenOrder(trigger=D(102), offset=Offset(D("1.9"), Unit.PRICE))
    opened(desk, replace(far(LONG, "100", FREE), break_even=asked))

    moved, closed = play(desk, "102", "101.90")

    assert isinstance(moved, StopMoved)
    assert isinstance(closed, TradeClosed)
    assert closed.fill.price == D("101.90")


# -- behind targets ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "direction", "prices", "stops"),
    [
        (StopPolicy.KEEP, LONG, ("110", "120"), ("90", "90")),
        (StopPolicy.BREAK_EVEN, LONG, ("110", "120"), ("100.21", "100.21")),
        (StopPolicy.PREVIOUS_TARGET, LONG, ("110", "120"), ("100.21", "110")),
        (StopPolicy.KEEP, SHORT, ("90", "80"), ("110", "110")),
        (StopPolicy.BREAK_EVEN, SHORT, ("90", "80"), ("99.8", "99.8")),
        (StopPolicy.PREVIOUS_TARGET, SHORT, ("90", "80"), ("99.8", "90")),
    ],
)
def test_the_stop_goes_behind_three_targets_as_agreed(
    policy: StopPolicy, direction: Direction, prices: tuple[str, ...], stops: tuple[str, ...]
) -> None:
    desk, sign = book(), direction.sign
    ladder = tuple(
        TargetOrder(price=D(100 + sign * away), fraction=share)
        for away, share in ((10, D("0.5")), (20, D("0.3")), (30, D("0.2")))
    )
    base = far(direction, "100", PERMILLE)
    opened(desk, replace(base, targets=ladder, after_target=policy))

    seen = []
    for price in prices:
        play(desk, price)
        seen.append(only(desk).stop)

    assert seen == [D(stop) for stop in stops]


def test_two_targets_in_one_print_put_the_stop_on_the_first_of_them() -> None:
    desk = book()
    shares = (D("0.4"), D("0.4"), D("0.2"))
    ladder = tuple(
        TargetOrder(price=D(price), fraction=share)
        for price, share in zip((110, 120, 130), shares, strict=True)
    )
    base = far(LONG, "100", PERMILLE)
    opened(desk, replace(base, targets=ladder, after_target=StopPolicy.PREVIOUS_TARGET))

    play(desk, "125")
    stopped = last_close(play(desk, "109.5"))

    assert stopped.fill.level == D(110)
    assert stopped.fill.price == D("109.5")
    assert stopped.trade.close_reason is CloseReason.STOP


# -- trailing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "prices", "stops"),
    [
        (trailed(LONG, "200", "0.04"), ("206", "212.5", "207"), ("197.76", "204", "204")),
        (trailed(SHORT, "200", "0.04"), ("194", "187.5", "190"), ("201.76", "195", "195")),
        (trailed(LONG, "100", "0.033"), ("100.01", "103.37"), ("96.71", "99.96")),
        (trailed(SHORT, "100", "0.033"), ("99.99", "96.63"), ("103.28", "99.81")),
        (trailed(LONG, "100", "2.5", Unit.PRICE), ("101", "104.5"), ("98.5", "102")),
        (trailed(SHORT, "100", "2", Unit.ATR), ("99", "95"), ("102", "98")),
        (trailed(LONG, "100", "0.5", Unit.R), ("101", "109"), ("96", "104")),
    ],
)
def test_a_trailing_stop_follows_the_best_print_and_never_goes_back(
    command: OpenTrade, prices: tuple[str, ...], stops: tuple[str, ...]
) -> None:
    desk = book()
    opened(desk, command)

    seen = []
    for price in prices:
        assert not play(desk, price)
        seen.append(only(desk).stop)

    assert seen == [D(stop) for stop in stops]


def test_the_example_of_the_rules_page_ends_at_204() -> None:
    desk = book()
    opened(desk, trailed(LONG, "200", "0.04"))

    closed = last_close(play(desk, "206", "212.5", "207", "204"))

    assert closed.fill.price == D(204)
    assert closed.trade.close_reason is CloseReason.TRAILING_STOP


def test_the_print_that_activates_a_trailing_stop_is_its_first_extreme() -> None:
    desk = book()
    opened(desk, trailed(LONG, "100", "0.04", activation=D(105)))

    play(desk, "104.99", "101")
    before = only(desk).stop
    play(desk, "105")
    at = only(desk).stop
    play(desk, "107.5")

    assert (before, at, only(desk).stop) == (D(90), D("100.8"), D("103.2"))


def test_a_gap_over_the_activation_counts_from_where_it_landed() -> None:
    desk = book()
    opened(desk, trailed(SHORT, "100", "2", Unit.PRICE, activation=D(97)))

    play(desk, "93.5")

    assert only(desk).stop == D("95.5")
