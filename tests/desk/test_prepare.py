"""What an order in ATR or a Kelly size needs is fetched before it reaches the book."""

from dataclasses import replace
from pathlib import Path

import pytest

from desk.prepare import needs_atr, prepared, record_of
from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, Command, EditTrade, TrailOrder, one_target
from engine.errors import Refused
from engine.model import Candle, Direction
from engine.results import Result
from engine.sizes import AtrUnit, Kelly
from store.ledger import Ledger
from tests.engine.desk import D, book, order
from tests.feeds import START_MS, ScriptedFeed

TWO_ATR = Offset(D(2), Unit.ATR)
ORDER = order(stop="95", target="110")
HOUR_MS = 3_600_000


def candle(number: int, *, closed: bool = True) -> Candle:
    """Return one of a row of hours that each span exactly 3."""
    open_ms = START_MS + number * HOUR_MS
    return Candle(
        *("BTCUSDT", "1h", open_ms, D(100), D(102), D(99), D(100), D(1)),
        *(open_ms + HOUR_MS - 1, 5, closed),
    )


def result(number: int, net: str) -> Result:
    """Return a closed trade that risked 10."""
    return Result(
        id=number,
        symbol="BTCUSDT",
        source="",
        direction=Direction.LONG,
        opened_ms=0,
        closed_ms=1,
        entry_price=D(100),
        initial_stop=D(90),
        quantity=D(1),
        gross=D(net),
        fees=D(0),
        funding=D(0),
        best=D(100),
        worst=D(100),
    )


async def after_preparing(tmp_path: Path, feed: ScriptedFeed, command: Command) -> Command:
    ledger = await Ledger.open(tmp_path / "paperdesk.db")
    try:
        return await prepared(command, feed=feed, ledger=ledger, book=book())
    finally:
        await ledger.close()


@pytest.mark.parametrize(
    "command",
    [
        replace(ORDER, stop=TWO_ATR),
        replace(ORDER, targets=one_target(TWO_ATR)),
        replace(ORDER, size=AtrUnit(D("0.01"))),
        replace(ORDER, trailing=TrailOrder(distance=TWO_ATR)),
        EditTrade(trade_id=1, trailing=TrailOrder(distance=Offset(D(1), Unit.R), step=TWO_ATR)),
        EditTrade(trade_id=1, break_even=BreakEvenOrder(trigger=TWO_ATR)),
    ],
)
def test_anything_in_atr_needs_candles(command: Command) -> None:
    assert needs_atr(command)
    assert not needs_atr(ORDER)


async def test_the_atr_is_that_of_closed_candles(tmp_path: Path) -> None:
    feed = ScriptedFeed()
    wild = candle(20, closed=False)._replace(high=D(500))
    feed.history["BTCUSDT"] = [*map(candle, range(20)), wild]

    ready = await after_preparing(tmp_path, feed, replace(ORDER, stop=TWO_ATR))

    assert ready == replace(ORDER, stop=TWO_ATR, atr=D(3))


async def test_too_few_candles_are_said(tmp_path: Path) -> None:
    feed = ScriptedFeed()
    feed.history["BTCUSDT"] = [*map(candle, range(13))]

    with pytest.raises(Refused, match="too few 1h candles of BTCUSDT for an ATR: 13 of 14"):
        await after_preparing(tmp_path, feed, replace(ORDER, stop=TWO_ATR))


async def test_what_needs_nothing_is_left_as_it_is(tmp_path: Path) -> None:
    assert await after_preparing(tmp_path, ScriptedFeed(), ORDER) is ORDER


async def test_a_kelly_size_without_a_past_has_no_sample(tmp_path: Path) -> None:
    kelly = Kelly(D("0.5"), D("0.02"))

    ready = await after_preparing(tmp_path, ScriptedFeed(), replace(ORDER, size=kelly))

    assert ready == replace(ORDER, size=kelly)


def test_the_record_is_the_win_rate_and_the_payoff_in_r() -> None:
    results = [result(1, "20"), result(2, "40"), result(3, "-10"), result(4, "0")]

    assert record_of(results) == (D("0.5"), D(3), 4)
    assert record_of(results[:2]) == (D(1), None, 2)
    assert record_of([]) == (None, None, 0)
