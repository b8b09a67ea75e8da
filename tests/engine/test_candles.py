"""What a candle does to open trades where its prints cannot be had (rules §13)."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import Book
from engine.costs import CLASSIC, REALISTIC, Costs
from engine.events import Event, TradeClosed
from engine.model import Candle, CloseReason, Direction, Source
from tests.engine.desk import LONG, SHORT, D, book, opened, order, tick
from tests.feeds import START_MS

FREE = Costs(profile="free", maker=D(0), taker=D(0))
MINUTE_MS = 60_000


def candle(*prices: str | Decimal, trades: int = 10, number: int = 1) -> Candle:
    """Return open, high, low, close as one minute candle."""
    open_, high, low, close = (D(price) for price in prices)
    open_ms = START_MS + number * MINUTE_MS
    return Candle(
        symbol="BTCUSDT",
        timeframe="1m",
        open_ms=open_ms,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=D(1),
        close_ms=open_ms + MINUTE_MS - 1,
        trades=trades,
        closed=True,
    )


def closing(events: Sequence[Event]) -> TradeClosed:
    [event] = events
    assert isinstance(event, TradeClosed)
    return event


@pytest.mark.parametrize(
    ("direction", "stop", "target", "prices", "reason", "exit_price", "jumped", "ambiguous"),
    [
        (LONG, "95", "110", ("100", "105", "95", "96"), CloseReason.STOP, "95", False, False),
        (
            LONG,
            "95",
            "110",
            ("100", "110", "96", "99"),
            CloseReason.TARGET,
            "110",
            False,
            False,
        ),
        (LONG, "95", "110", ("100", "111", "94", "99"), CloseReason.STOP, "95", False, True),
        (LONG, "95", "110", ("94", "111", "90", "99"), CloseReason.STOP, "94", True, False),
        (LONG, "95", "110", ("112", "115", "90", "99"), CloseReason.TARGET, "110", True, False),
        (SHORT, "105", "90", ("100", "105", "95", "96"), CloseReason.STOP, "105", False, False),
        (
            SHORT,
            "105",
            "90",
            ("100", "104", "89", "96"),
            CloseReason.TARGET,
            "90",
            False,
            False,
        ),
        (SHORT, "105", "90", ("100", "106", "88", "96"), CloseReason.STOP, "105", False, True),
        (SHORT, "105", "90", ("107", "109", "80", "96"), CloseReason.STOP, "107", True, False),
        (SHORT, "105", "90", ("89", "109", "80", "96"), CloseReason.TARGET, "90", True, False),
    ],
)
def test_the_path_is_open_adverse_favourable_close(
    direction: Direction,
    stop: str,
    target: str,
    prices: tuple[str, ...],
    reason: CloseReason,
    exit_price: str,
    jumped: bool,
    ambiguous: bool,
) -> None:
    desk = book()
    opened(desk, order(direction, stop=stop, target=target, costs=FREE))
    one = candle(*prices)

    event = closing(desk.on_candle(one, Source.BACKFILL))

    assert event.trade.close_reason is reason
    assert event.fill.price == D(exit_price)
    assert event.fill.time_ms == (one.open_ms if jumped else one.close_ms)
    assert event.fill.reconstructed
    assert event.fill.ambiguous is ambiguous
    assert event.fill.trade_id is None
    assert event.fill.source is Source.BACKFILL


def test_a_jump_over_the_stop_is_paid_in_full() -> None:
    desk = book()
    opened(desk, order(SHORT, stop="52", target="46", last="50", costs=FREE))

    assert not desk.on_candle(candle("51", "51.5", "49", "50"), Source.REPLAY)
    event = closing(desk.on_candle(candle("52.4", "53", "45", "46", number=2), Source.REPLAY))

    assert event.fill.price == D("52.4")


def test_a_stop_on_the_way_pays_slippage_and_a_target_does_not() -> None:
    slipping = Costs(profile="slip", maker=D(0), taker=D(0), slippage=D("0.01"))
    stopped, earned = book(), book()
    opened(stopped, order(stop="95", target="110", costs=slipping))
    opened(earned, order(stop="95", target="110", costs=slipping))

    down = closing(stopped.on_candle(candle("100", "100", "90", "95"), Source.REPLAY))
    up = closing(earned.on_candle(candle("100", "120", "99", "115"), Source.REPLAY))

    assert down.fill.price == D("94.05")
    assert up.fill.price == D(110)


def test_the_classic_profile_fills_a_jumped_target_at_the_observed_open() -> None:
    desk = book()
    opened(desk, order(stop="95", target="110", costs=CLASSIC))

    event = closing(desk.on_candle(candle("112", "113", "111", "111"), Source.REPLAY))

    assert event.fill.price == D(112)


@pytest.mark.parametrize(
    ("prices", "best", "worst"),
    [
        (("100", "111", "94", "99"), "100", "95"),
        (("101", "112", "96", "111"), "110", "96"),
        (("90", "120", "80", "100"), "100", "90"),
    ],
    ids=["stopped", "earned", "jumped"],
)
def test_extremes_end_where_the_trade_ends(
    prices: tuple[str, ...], best: str, worst: str
) -> None:
    desk = book()
    opened(desk, order(stop="95", target="110", costs=FREE))

    trade = closing(desk.on_candle(candle(*prices), Source.REPLAY)).trade

    assert (trade.best, trade.worst) == (D(best), D(worst))


def test_a_candle_without_trades_does_nothing() -> None:
    desk = book()
    opened(desk, order(stop="95", target="110"))
    empty = candle("90", "120", "80", "100", trades=0)

    assert desk.quiet(empty)
    assert not desk.on_candle(empty, Source.BACKFILL)


def test_one_candle_may_close_some_trades_and_widen_the_others() -> None:
    desk = book()
    opened(desk, order(LONG, stop="95", target="110", costs=FREE))
    opened(desk, order(SHORT, stop="130", target="70", costs=FREE))

    event = closing(desk.on_candle(candle("100", "120", "96", "99"), Source.BACKFILL))

    [left] = desk.active()
    assert event.trade.direction is LONG
    assert (left.best, left.worst) == (D(96), D(120))


PRICES = st.lists(
    st.decimals(min_value="60", max_value="140", places=2), min_size=1, max_size=30
)


def two_books() -> tuple[Book, Book]:
    both = book(), book()
    for desk in both:
        opened(desk, order(LONG, stop="80", target="120", costs=REALISTIC))
        opened(desk, order(SHORT, stop="125", target="75", costs=REALISTIC))
    return both


@given(PRICES)
def test_a_quiet_candle_says_the_same_as_its_prints(prices: list[Decimal]) -> None:
    by_print, by_candle = two_books()
    one = candle(prices[0], max(prices), min(prices), prices[-1], trades=len(prices))
    quiet = by_candle.quiet(one)

    happened = [event for price in prices for event in by_print.on_tick(tick(str(price)))]

    assert quiet is not bool(happened)
    if quiet:
        assert not by_candle.on_candle(one, Source.BACKFILL)
        assert by_candle.active() == by_print.active()


@given(PRICES, PRICES)
def test_an_indifferent_candle_may_be_seen_twice(
    before: list[Decimal], again: list[Decimal]
) -> None:
    desk, _ = two_books()
    for price in before:
        desk.on_tick(tick(str(price)))
    known = desk.active()
    one = candle(again[0], max(again), min(again), again[-1], trades=len(again))

    if desk.indifferent(one):
        assert not [event for price in again for event in desk.on_tick(tick(str(price)))]
        assert desk.active() == known


@given(PRICES)
def test_a_candle_never_makes_a_winner_of_what_its_prints_would_not(
    prices: list[Decimal],
) -> None:
    by_print, by_candle = two_books()
    one = candle(prices[0], max(prices), min(prices), prices[-1], trades=len(prices))

    for price in prices:
        by_print.on_tick(tick(str(price)))
    by_candle.on_candle(one, Source.BACKFILL)

    assert by_candle.account.wins <= by_print.account.wins
