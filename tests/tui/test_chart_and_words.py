"""Candles as glyphs, and facts as sentences."""

from dataclasses import replace
from decimal import Decimal

import pytest

from desk.view import Notice
from engine.events import TradeClosed
from engine.model import Candle, Fill, FillKind, PriceModel, Source
from tests.tui.fake_session import NOW_MS, FakeSession, a_signal, an_instrument
from tui.explain import why
from tui.told import Told, tell, toasts
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


A_FILL = Fill(
    kind=FillKind.STOP,
    price=D("94.9"),
    quantity=D(1),
    fee=D("0.1"),
    time_ms=NOW_MS,
    level=D("95"),
    print_price=D("94.9"),
    trade_id=7001,
    model=PriceModel.LAST,
    source=Source.STREAM,
)


def test_a_stop_fill_names_the_level_and_the_print() -> None:
    assert why(A_FILL, D("0.1")) == "first print at or beyond 95.0, print 94.9 no. 7001"


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (replace(A_FILL, kind=FillKind.TARGET), "target 95.0 was reached"),
        (replace(A_FILL, kind=FillKind.MANUAL, level=None), "at the last trade"),
        (
            replace(A_FILL, kind=FillKind.ENTRY, level=None, model=PriceModel.TOUCH),
            "at the best price on the other side",
        ),
        (
            replace(A_FILL, kind=FillKind.ENTRY, level=None, model=PriceModel.SIGNAL),
            "at the signal's own price",
        ),
        (replace(A_FILL, source=Source.BACKFILL), "found while catching up"),
        (replace(A_FILL, reconstructed=True), "rebuilt from candles"),
        (replace(A_FILL, ambiguous=True), "order of prints unknown"),
    ],
)
def test_every_kind_of_fill_explains_its_price(fill: Fill, words: str) -> None:
    assert words in why(fill, D("0.1"))
