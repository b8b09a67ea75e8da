"""Edits that would leave a trade that cannot go on are refused."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.book import Book
from engine.commands import EditTrade, OpenTrade, UndoEdit, one_target
from engine.costs import Costs
from engine.errors import Refused
from engine.model import EntryMode
from engine.sizes import Quantity
from tests.engine.desk import D, book, opened, order, quote
from tests.engine.perpetuals import futures_book, futures_instrument

FREE = Costs(profile="free", maker=D(0), taker=D(0))


def breakout() -> Book:
    """Return a book that waits to buy at 105, the market being at 100."""
    desk = book()
    command = order(stop="95", target="120", costs=FREE)
    desk.submit(replace(command, entry_mode=EntryMode.STOP, entry=D(105)))
    return desk


@pytest.mark.parametrize("stop", ["100", "102"])
def test_a_stop_that_would_end_the_wait_of_a_breakout_at_once_is_refused(stop: str) -> None:
    desk = breakout()

    with pytest.raises(Refused):
        desk.submit(EditTrade(trade_id=1, stop=D(stop), quote=quote("100")))


def test_a_target_on_the_wrong_side_of_a_waiting_entry_is_refused() -> None:
    desk = breakout()

    with pytest.raises(Refused):
        desk.submit(EditTrade(trade_id=1, targets=one_target(D(103)), quote=quote("100")))


@pytest.mark.parametrize("hold_ms", [0, -1, 10**18])
def test_a_time_stop_of_no_sensible_length_is_refused_on_a_waiting_order(hold_ms: int) -> None:
    desk = breakout()

    with pytest.raises(Refused):
        desk.submit(EditTrade(trade_id=1, hold_ms=hold_ms, quote=quote("100")))


def leveraged() -> OpenTrade:
    command = order(stop="95", target="150", size=Quantity(D(10)), costs=FREE)
    return replace(command, leverage=10)


def with_margin(added: str) -> Book:
    desk = futures_book(futures_instrument())
    opened(desk, leveraged())
    desk.submit(EditTrade(trade_id=1, add_margin=Decimal(added), quote=quote("100")))
    return desk


def test_undo_takes_added_margin_back() -> None:
    desk = with_margin("50")

    desk.submit(UndoEdit(trade_id=1, quote=quote("100")))

    assert desk.reserved == D(100)


def test_margin_with_more_decimals_than_money_has_is_refused() -> None:
    with pytest.raises(Refused):
        with_margin("50.123456789")


def test_taking_back_margin_that_keeps_the_trade_alive_is_refused() -> None:
    desk = with_margin("500")
    stop = EditTrade(trade_id=1, stop=D(60), widen=True, quote=quote("100"))
    desk.submit(stop)

    with pytest.raises(Refused):
        # Without it the wallet of 100 is gone at 90; the market is at 80.
        desk.submit(EditTrade(trade_id=1, add_margin=D(-500), quote=quote("80")))


def test_margin_is_not_taken_back_so_far_that_the_stop_lies_behind_the_liquidation() -> None:
    desk = with_margin("500")
    desk.submit(EditTrade(trade_id=1, stop=D(60), widen=True, quote=quote("100")))

    with pytest.raises(Refused):
        desk.submit(EditTrade(trade_id=1, add_margin=D(-500), quote=quote("100")))
