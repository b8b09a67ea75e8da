"""Mark-price candles beside those of last prices: which of the two comes first (rules CU-7).

Prices are written open, high, low, close.
"""

from dataclasses import replace

import pytest

from engine.book import Book
from engine.commands import OpenTrade
from engine.costs import Costs
from engine.events import TradeClosed
from engine.marks import FundingDue, MarkPrice
from engine.model import Fill, FillKind, Source
from engine.sizes import Quantity
from tests.engine.desk import SHORT, D, filled, opened, order
from tests.engine.perpetuals import futures_book, futures_instrument
from tests.engine.test_candles import candle
from tests.feeds import START_MS

FREE = Costs(profile="free", maker=D(0), taker=D(0))
Prices = tuple[str, str, str, str]


def leveraged(stop: str) -> Book:
    """Return a book long 10 at 100, 10x: liquidated at 900 / 9.96, about 90.36."""
    desk = futures_book(futures_instrument())
    command = order(stop=stop, target="150", size=Quantity(D(10)), costs=FREE)
    opened(desk, replace(command, leverage=10))
    return desk


def closed_by(desk: Book, prices: Prices, marks: Prices) -> Fill:
    mark = candle(*marks)
    [event] = desk.on_candle(candle(*prices), Source.BACKFILL, mark)
    assert isinstance(event, TradeClosed)
    return event.fill


@pytest.mark.parametrize(
    ("prices", "marks", "kind", "price", "jumped"),
    [
        (("91", "99", "90", "98"), ("90", "99", "90", "98"), "LIQUIDATION", "90", True),
        (("91", "99", "90", "98"), ("95", "99", "90", "98"), "STOP", "91", True),
        (("96", "99", "91", "98"), ("95", "99", "90", "98"), "STOP", "92", False),
        (("96", "99", "92.01", "98"), ("95", "99", "90", "98"), "LIQUIDATION", "90", False),
        (("96", "160", "92.01", "98"), ("95", "99", "90", "98"), "LIQUIDATION", "90", False),
        (("151", "160", "92.01", "98"), ("95", "99", "90", "98"), "TARGET", "150", True),
    ],
)
def test_the_mark_works_at_its_open_and_after_the_stop_on_the_adverse_leg(
    prices: Prices, marks: Prices, kind: str, price: str, jumped: bool
) -> None:
    fill = closed_by(leveraged("92"), prices, marks)

    assert (fill.kind, fill.price) == (FillKind(kind), D(price))
    assert fill.time_ms == START_MS + (60_000 if jumped else 119_999)


def test_a_stop_that_has_come_to_lie_behind_the_liquidation_is_never_reached_first() -> None:
    desk = leveraged("91")
    # Paying 10 leaves 90 in the wallet: liquidated at 910 / 9.96, about 91.37.
    desk.on_funding(FundingDue("BTCUSDT", START_MS + 1, D("0.01"), D(100)))

    fill = closed_by(desk, ("96", "99", "90.5", "98"), ("95", "99", "91", "98"))

    assert fill.kind is FillKind.LIQUIDATION
    assert fill.gross == D(-90)


def test_marks_that_liquidate_nobody_change_nothing() -> None:
    desk = leveraged("92")
    mark = candle("95", "99", "90.37", "98")

    events = desk.on_candle(candle("96", "99", "92.01", "98"), Source.BACKFILL, mark)

    assert not events


def futures_order() -> OpenTrade:
    command = order(stop="95", target="150", size=Quantity(D(10)), costs=FREE)
    return replace(command, leverage=10)


def test_a_mark_from_before_the_opening_liquidates_nothing() -> None:
    desk = futures_book(futures_instrument())
    opened(desk, futures_order())

    assert not desk.on_mark(MarkPrice("BTCUSDT", D(80), START_MS - 1), Source.STREAM)


def test_an_empty_candle_of_last_prices_stops_nobody_while_its_marks_liquidate() -> None:
    desk = futures_book(futures_instrument())
    opened(desk, futures_order())
    short = order(SHORT, stop="104", target="50", size=Quantity(D(10)), costs=FREE)
    opened(desk, replace(short, leverage=10))
    empty = candle("105", "105", "105", "105", trades=0)

    events = desk.on_candle(empty, Source.BACKFILL, candle("95", "96", "90", "95"))

    assert [event.trade.id for event in filled(events)] == [1]
