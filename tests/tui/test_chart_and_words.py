"""Candles as glyphs, and facts as sentences."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from desk.view import Fact, Notice
from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, CancelTrade, TargetOrder, TrailOrder
from engine.events import FundingPaid, TradeClosed, TradeEdited
from engine.model import CancelReason, Candle, CloseReason, EntryMode, Payment
from tests.tui.fake_session import NOW_MS, FakeSession, a_signal, an_instrument, futures_desk
from tui.told import Toast, Told, tell, toasts
from tui.widgets.chart_follower import levels_of
from tui.widgets.plot import Level, Plot, plot

D = Decimal
MINUTE_MS = 60_000


def a_candle(number: int, opened: str, high: str, low: str, closed: str) -> Candle:
    return Candle(
        symbol="X",
        timeframe="1m",
        open_ms=NOW_MS + number * MINUTE_MS,
        open=D(opened),
        high=D(high),
        low=D(low),
        close=D(closed),
        volume=D(1),
        close_ms=NOW_MS + (number + 1) * MINUTE_MS - 1,
        trades=1,
        closed=True,
    )


def picture(
    candles: list[Candle],
    levels: tuple[Level, ...] = (),
    last: str | None = None,
    size: tuple[int, int] = (30, 11),
) -> Plot:
    return Plot(
        candles=tuple(candles),
        levels=levels,
        last=None if last is None else D(last),
        tick=D("0.1"),
        width=size[0],
        height=size[1],
    )


def rows(drawing: Plot) -> list[str]:
    return ["".join(part for part, _ in row) for row in plot(drawing)]


def test_every_row_is_as_wide_as_the_picture() -> None:
    candles = [a_candle(i, "10", "12", "9", "11") for i in range(50)]

    drawn = rows(picture(candles, (Level("TP", D("13"), "profit"),)))

    assert {len(row) for row in drawn} == {30}
    assert len(drawn) == 11


def test_a_candle_has_its_body_between_thin_wicks() -> None:
    drawn = rows(picture([a_candle(0, "12", "20", "0", "8")]))
    column = "".join(row[next(i for i, c in enumerate(drawn[0]) if c in "╷│")] for row in drawn)

    assert column.strip(" ") == column.rstrip("0123456789: ").strip()
    assert column.startswith(("╷", "│"))
    assert "┃" in column
    assert column.index("│") < column.index("┃")


def test_rising_and_falling_candles_differ_in_role() -> None:
    rising = plot(picture([a_candle(0, "8", "12", "7", "11")]))
    falling = plot(picture([a_candle(0, "11", "12", "7", "8")]))

    assert any(role == "profit" for row in rising for _, role in row)
    assert any(role == "loss" for row in falling for _, role in row)


def test_levels_are_lines_with_a_tag_at_their_price() -> None:
    levels = (Level("TP", D("14"), "profit"), Level("IN", D("10"), "entry", "─"))

    drawn = rows(picture([a_candle(0, "10", "12", "9", "11")], levels))

    [target] = [row for row in drawn if "◄TP 14.0" in row]
    [entry] = [row for row in drawn if "◄IN 10.0" in row]
    assert "┄┄┄" in target
    assert "───" in entry
    assert drawn.index(target) < drawn.index(entry)


def test_a_level_with_a_longer_name_keeps_its_distance_from_the_price() -> None:
    levels = (Level("TP10", D("14"), "profit"), Level("SL", D("9"), "loss"))

    drawn = rows(picture([a_candle(0, "10", "12", "9", "11")], levels))

    assert any("◄TP10 14.0" in row for row in drawn)
    assert any("◄SL   9.0" in row for row in drawn)
    assert {len(row) for row in drawn} == {30}


def test_a_level_far_outside_is_named_at_the_edge_without_a_line() -> None:
    levels = (Level("SL", D("1"), "loss"),)

    drawn = rows(picture([a_candle(0, "100", "101", "99", "100")], levels))

    assert "▼SL 1.0" in drawn[-2]
    assert "┄" not in "".join(drawn)


def test_the_open_candle_follows_the_newest_price() -> None:
    candles = [a_candle(0, "10", "10.5", "9.5", "10"), a_candle(1, "10", "10", "10", "10")]
    candles[1] = candles[1]._replace(closed=False)

    still = rows(picture(candles))
    moved = rows(picture(candles, last="14"))

    assert still != moved
    assert "◄   14.0" in moved[0]


@pytest.mark.parametrize("size", [(12, 4), (13, 5), (200, 50), (30, 2)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    drawn = rows(picture([a_candle(0, "10", "10", "10", "10")], size=size))

    assert {len(row) for row in drawn} == {size[0]}


def test_axis_prices_are_round() -> None:
    candles = [a_candle(i, str(100 + i), str(101 + i), str(99 + i), "100.5") for i in range(10)]

    labels = [row[-6:].strip() for row in rows(picture(candles, size=(40, 20)))]

    assert "100.0" in labels
    assert "105.0" in labels


def test_an_axis_price_longer_than_the_last_one_is_whole() -> None:
    candles = [
        a_candle(0, "990", "1050", "980", "1040"),
        a_candle(1, "985", "990", "950", "960"),
    ]

    drawn = rows(picture(candles, last="960", size=(40, 12)))

    assert any(row.rstrip().endswith("1,000.0") for row in drawn)
    assert {len(row) for row in drawn} == {40}


def closed_trades(*prices: str) -> list[TradeClosed]:
    names = [f"C{number}USDT" for number in range(len(prices))]
    session = FakeSession([an_instrument(name, "0.01") for name in names])
    events: list[TradeClosed] = []
    session.subscribe(
        lambda fact: events.append(fact) if isinstance(fact, TradeClosed) else None
    )
    for name, price in zip(names, prices, strict=True):
        session.price(name, "100")
        session.open(a_signal(name, "100", "95", "110"))
        session.print(name, price)
    return events


def told_of(*prices: str) -> list[Told]:
    return [tell(event, lambda _: D("0.01"), NOW_MS) for event in closed_trades(*prices)]


def test_a_close_is_told_with_price_result_and_r() -> None:
    [told] = told_of("110")

    assert told.sign == "▲ TP hit"
    assert told.toast is not None
    assert told.toast.title == "▲ Take profit"
    assert told.toast.message == "C0USDT LONG closed at 110.00\n+48.95 (+2.0R)"


def test_three_closes_have_their_own_toasts_and_four_share_one() -> None:
    three, four = toasts(told_of("110", "110", "94")), toasts(told_of("110", "110", "94", "94"))

    assert len(three) == 3
    assert [toast.title for toast in four] == ["4 trades closed"]
    assert "▲ 2 take profit, ▼ 2 stop loss" in four[0].message


def test_many_notices_share_one_toast_that_shows_the_last() -> None:
    told = [tell(Notice(f"notice {i}"), lambda _: None, NOW_MS) for i in range(9)]

    [toast] = toasts(told)

    assert toast.title == "9 notices, the last of them"
    assert toast.message == "notice 8"


def story(*prices: str, last: str = "100", **order: Any) -> list[Told]:
    """Tell all that happens to a LONG from 100, stop 95, target 110, as prices are printed."""
    session = FakeSession([an_instrument("SOLUSDT", "0.01", "0.01")])
    facts: list[Fact] = []
    session.subscribe(facts.append)
    session.price("SOLUSDT", last)
    session.announce(session.open(a_signal("SOLUSDT", "100", "95", "110"), **order))
    for price in prices:
        session.print("SOLUSDT", price)
    return [tell(fact, lambda _: D("0.01"), NOW_MS) for fact in facts]


def toast_of(told: Told) -> Toast:
    assert told.toast is not None
    return told.toast


HALVES = (
    TargetOrder(price=D(110), fraction=D("0.5")),
    TargetOrder(price=D(120), fraction=D("0.5")),
)
TRAIL = TrailOrder(distance=Offset(D("0.02"), Unit.FRACTION))


def test_an_order_is_told_when_it_is_placed_and_when_it_is_filled() -> None:
    placed, filled = story("100", last="101", entry_mode=EntryMode.LIMIT)

    assert placed.sign == "◌ placed"
    assert placed.words == "SOLUSDT LONG 5 limit @ 100.00, until 07:03Z"
    assert toast_of(placed).title == "◌ Order placed #1"
    assert toast_of(filled).title == "● Order filled #1"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (CancelReason.EXPIRED, "its time was up"),
        (CancelReason.TARGET_FIRST, "its target was reached before the entry"),
        (CancelReason.STOP_FIRST, "its stop was reached before the entry"),
        (CancelReason.HALTED, "the symbol does not trade any more"),
        (CancelReason.UNAFFORDABLE, "the account could not pay for it any more"),
        (CancelReason.SESSION_END, "the session has ended"),
        (CancelReason.TRADER, "cancelled by hand"),
    ],
)
def test_an_order_that_ends_without_an_entry_says_why(reason: CancelReason, words: str) -> None:
    session = FakeSession([an_instrument("SOLUSDT", "0.01", "0.01")])
    session.price("SOLUSDT", "101")
    session.open(a_signal("SOLUSDT", "100", "95", "110"), entry_mode=EntryMode.LIMIT)
    [event] = session.book.submit(CancelTrade(trade_id=1, reason=reason, now_ms=NOW_MS))

    told = tell(event, lambda _: D("0.01"), NOW_MS)

    assert told.words == f"SOLUSDT LONG limit @ 100.00: {words}"
    assert told.ended is not None


def test_each_target_of_a_ladder_is_counted_and_the_stop_that_follows_is_told() -> None:
    _, hit, moved = story("110", targets=HALVES)

    assert hit.sign == "▲ TP1 hit"
    assert toast_of(hit).title == "▲ Target 1 of 2"
    assert toast_of(hit).message.endswith("2.5 stays open")
    assert toast_of(moved).message == "Stop of SOLUSDT to break-even 100.21"


@pytest.mark.parametrize(
    ("prices", "title", "role"),
    [(("108", "105"), "▲ Trailing stop", "profit"), (("97",), "▼ Trailing stop", "loss")],
)
def test_the_sign_of_a_trailing_stop_is_that_of_its_result(
    prices: tuple[str, ...], title: str, role: str
) -> None:
    *_, closed = story(*prices, trailing=TRAIL)

    assert toast_of(closed).title == title
    assert closed.role == role


def test_a_break_even_stop_is_no_stop_loss() -> None:
    *_, closed = story("105", "100.21", break_even=BreakEvenOrder(trigger=D(105)))

    assert toast_of(closed).title == "▲ Break-even stop"


def test_a_time_stop_is_told_as_one() -> None:
    *_, closed = story("101", hold_ms=500)

    assert toast_of(closed).title == "■ Time stop"


@pytest.mark.parametrize("reason", list(CloseReason))
def test_every_way_to_end_has_its_words_alone_and_among_many(reason: CloseReason) -> None:
    [event] = closed_trades("110")
    trade = replace(event.trade, close_reason=reason, status=reason.status)

    told = tell(TradeClosed(trade, event.fill), lambda _: None, NOW_MS)

    assert toast_of(told).title[0] in "▲▼■"
    [together] = toasts([told] * 4)
    assert together.message.startswith(("▲ 4", "▼ 4", "■ 4", "4 "))


def test_edits_and_funding_are_told_without_a_toast() -> None:
    [event] = closed_trades("110")
    payment = Payment(time_ms=NOW_MS, rate=D("0.0001"), mark=D(100), amount=D("-0.05"))

    edited = tell(TradeEdited(event.trade), lambda _: D("0.01"), NOW_MS)
    paid = tell(FundingPaid(event.trade, payment), lambda _: D("0.01"), NOW_MS)

    assert edited.minor
    assert edited.toast is None
    assert paid.minor
    assert paid.words == "C0USDT LONG -0.05"


def chart_of(session: FakeSession) -> list[str]:
    [view] = session.trade_views()
    return [f"{level.name} {level.price:f} {level.role}" for level in levels_of(view)]


def test_the_chart_has_a_line_for_every_target_ahead_and_for_the_stop_in_force() -> None:
    session = FakeSession([an_instrument("SOLUSDT", "0.01", "0.01")])
    session.price("SOLUSDT", "100")
    session.open(a_signal("SOLUSDT", "100", "95", "110"), targets=HALVES)
    fresh = chart_of(session)

    session.print("SOLUSDT", "110")

    assert fresh == ["TP1 110 profit", "TP2 120 profit", "SL 95 loss", "IN 100 entry"]
    assert chart_of(session) == ["TP2 120 profit", "BE 100.21 profit", "IN 100 entry"]


def test_the_chart_of_a_futures_trade_shows_where_it_is_liquidated() -> None:
    session = futures_desk()
    session.open(session.signals[0], leverage=10)

    assert any(line.startswith("LQ 9") for line in chart_of(session))
