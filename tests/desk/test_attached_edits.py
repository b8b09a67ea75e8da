"""Edits, parts, cancellations and undoing from windows that only look on: each told once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import pytest

from desk import door
from desk.settings import Settings
from engine.commands import (
    BreakEvenOrder,
    CancelTrade,
    CloseTrade,
    Command,
    EditTrade,
    TargetOrder,
    UndoEdit,
)
from engine.errors import Refused
from engine.events import (
    Event,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import EntryMode
from engine.stops import StopReason
from tests.desk.desks import Desk
from tests.desk.windows import Window, attached, background, until
from tests.engine.desk import D, order

ORDER = order(stop="95", target="110", stake="1000")
WAITING = replace(ORDER, entry_mode=EntryMode.LIMIT, entry=D(98))
ROUNDS = 12


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("desk.door.POLL_S", "desk.door.ASK_AGAIN_S", "desk.attach.POLL_S"):
        monkeypatch.setattr(name, 0.01)


@pytest.fixture
async def holder(start: Callable[[], Awaitable[Desk]]) -> AsyncIterator[Desk]:
    """A desk that runs, with prices and an open door."""
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    async with background(door.serve(desk.session)):
        yield desk


@pytest.fixture
async def windows(holder: Desk, settings: Settings) -> AsyncIterator[Sequence[Window]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(attached(holder.database, settings))
            for _ in range(2)
        ]


def events(facts: Sequence[object]) -> list[Event]:
    return [fact for fact in facts if isinstance(fact, Event)]


def has_told(window: Window, count: int) -> bool:
    return len(events(window.facts)) >= count


def gone(holder: Desk, number: int) -> bool:
    return holder.session.book.get(number) is None


async def everyone_told(holder: Desk, windows: Sequence[Window]) -> list[type[Event]]:
    """Wait until all windows have told what the holder told; return the kinds, in order."""
    wanted = [(type(e), e.trade.id, e.trade.stop) for e in events(holder.facts)]
    for window in windows:
        await until(partial(has_told, window, len(wanted)))
        for _ in range(3):
            await window.desk.look()
        told = [(type(e), e.trade.id, e.trade.stop) for e in events(window.facts)]
        assert told == wanted
    return [kind for kind, _, _ in wanted]


async def test_a_trade_is_edited_reduced_and_undone_from_two_windows(
    holder: Desk, windows: Sequence[Window]
) -> None:
    a, b = (window.desk for window in windows)

    await a.submit(replace(ORDER, targets=(TargetOrder(price=D(110)),)))
    [edit] = await b.submit(EditTrade(trade_id=1, stop=D(97)))
    [undo] = await a.submit(UndoEdit(trade_id=1))
    [even] = await b.submit(EditTrade(trade_id=1, break_even=BreakEvenOrder()))
    holder.feed.print_price("BTCUSDT", "101")
    [part] = await a.submit(CloseTrade(trade_id=1, fraction=D("0.5")))
    kinds = await everyone_told(holder, windows)

    assert isinstance(edit, TradeEdited)
    assert isinstance(undo, TradeEdited)
    assert (edit.trade.stop, undo.trade.stop) == (D(97), D(95))
    assert even.trade.break_even
    assert even.trade.break_even.due
    assert isinstance(part, TradeReduced)
    assert part.trade.stop_reason is StopReason.BREAK_EVEN
    assert kinds == [
        *(TradeOpened, TradeEdited, TradeEdited, TradeEdited, StopMoved, TradeReduced)
    ]
    for window in windows:
        [view] = window.desk.trade_views()
        assert view.trade == holder.session.book.get(1)


async def test_a_waiting_order_is_edited_and_cancelled_from_two_windows(
    holder: Desk, windows: Sequence[Window]
) -> None:
    a, b = (window.desk for window in windows)

    [placed] = await a.submit(WAITING)
    [edit] = await b.submit(EditTrade(trade_id=1, stop=D(94), hold_ms=60_000))
    [gone] = await a.submit(CancelTrade(trade_id=1))
    with pytest.raises(Refused, match="not open"):
        await b.submit(CancelTrade(trade_id=1))
    kinds = await everyone_told(holder, windows)

    assert isinstance(placed, TradePlaced)
    assert isinstance(edit, TradeEdited)
    assert isinstance(gone, TradeCancelled)
    assert kinds == [TradePlaced, TradeEdited, TradeCancelled]
    assert a.trade_views() == b.trade_views() == []


async def test_an_edit_is_refused_from_a_window_in_the_holders_words(
    holder: Desk, windows: Sequence[Window]
) -> None:
    a, b = (window.desk for window in windows)
    await a.submit(ORDER)
    refused: list[Command] = [
        EditTrade(trade_id=1, stop=D(90)),
        EditTrade(trade_id=1, stop=D(101)),
        UndoEdit(trade_id=1),
        CancelTrade(trade_id=1),
        EditTrade(trade_id=7, stop=D(90)),
    ]

    for command in refused:
        with pytest.raises(Refused) as there:
            await holder.session.submit(command)
        with pytest.raises(Refused) as here:
            await b.submit(command)
        assert (here.value.code, str(here.value)) == (there.value.code, str(there.value))

    assert await everyone_told(holder, windows) == [TradeOpened]


async def test_an_edit_that_races_with_the_stop_loses_and_says_so(
    holder: Desk, windows: Sequence[Window]
) -> None:
    outcomes: list[object] = []
    for number in range(1, ROUNDS + 1):
        holder.feed.quote("BTCUSDT", "100", "100", last="100")
        await windows[0].desk.submit(ORDER)
        edits = [
            asyncio.create_task(window.desk.submit(EditTrade(trade_id=number, stop=D(stop))))
            for window, stop in zip(windows, ("96", "97"), strict=True)
        ]
        await asyncio.sleep(0.004 * (number - 1))
        holder.feed.print_price("BTCUSDT", "94")
        outcomes += await asyncio.gather(*edits, return_exceptions=True)
        await until(partial(gone, holder, number))

        stored = await holder.ledger.trade("main", number)
        accepted = {e.trade.stop for e in events(holder.facts) if e.trade.id == number}
        assert stored
        assert stored.fills[-1].level == stored.stop
        assert stored.stop in accepted

    losers = [one for one in outcomes if isinstance(one, BaseException)]
    assert losers
    assert all(isinstance(one, Refused) for one in losers)
    kinds = await everyone_told(holder, windows)
    assert kinds.count(TradeClosed) == ROUNDS
    assert kinds.count(TradeEdited) == len(outcomes) - len(losers)
