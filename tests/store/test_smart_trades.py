"""Pending entries, edits, moved stops, funding and ladders on disk."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import DuplicateTrade, NotOpen
from engine.events import Event
from engine.model import TradeStatus
from engine.stops import StopReason
from store.changes import ChangeKind
from store.errors import StoreError
from store.ledger import Ledger
from tests.feeds import START_MS
from tests.store.smart import (
    ACCOUNT,
    D,
    SmartDesk,
    cancelled,
    edited,
    entered,
    liquidated,
    load,
    paid,
    pending,
    smart_desk,
    stop_moved,
    stopped,
    story,
    target_hit,
    trailed,
)
from tests.store.test_ledger import die_at


async def everything(ledger: Ledger) -> object:
    """Return all that is stored about trading, the changes included."""
    trades = await ledger.trades(ACCOUNT)
    stories = [await ledger.story(ACCOUNT, trade.id) for trade in trades]
    return await load(ledger), stories


LIFE = range(1, 9)
"""How many events of the story have happened."""


@pytest.mark.parametrize("moments", LIFE)
async def test_every_event_of_a_life_is_stored_and_the_books_add_up(
    ledger: Ledger, moments: int
) -> None:
    desk = await smart_desk(ledger)
    events = story()[:moments]

    for event in events:
        await desk.record(event)

    assert await ledger.trades(ACCOUNT) == [events[-1].trade]
    assert (await load(ledger)).account == desk.account
    assert await ledger.check(full=True) == []


async def test_a_whole_life_may_be_one_commit_and_leaves_the_same(
    path: Path, tmp_path: Path
) -> None:
    by_steps = await Ledger.open(path)
    at_once = await Ledger.open(tmp_path / "other.db")
    desk = await smart_desk(by_steps)
    for event in story():
        await desk.record(event)
    other = await smart_desk(at_once)

    await other.record(*story())

    assert await everything(at_once) == await everything(by_steps)
    assert await at_once.check(full=True) == []
    await by_steps.close()
    await at_once.close()


@pytest.mark.parametrize("moments", LIFE)
async def test_whatever_was_stored_may_be_recorded_again(ledger: Ledger, moments: int) -> None:
    desk = await smart_desk(ledger)
    for event in story()[:moments]:
        await desk.record(event)
    before = await everything(ledger)

    for event in story()[:moments]:
        await desk.again(event)
    await desk.again(*story()[:moments])
    await desk.retry(*story()[:moments])

    assert await everything(ledger) == before


@pytest.mark.parametrize("statement", range(1, 7))
@pytest.mark.parametrize("moment", range(8))
async def test_an_event_that_dies_at_any_statement_leaves_nothing_and_can_be_repeated(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, moment: int, statement: int
) -> None:
    desk = await smart_desk(ledger)
    for event in story()[:moment]:
        await desk.record(event)
    before = await everything(ledger)

    with monkeypatch.context() as dying:
        die_at(dying, statement)
        died = await fails(desk, story()[moment])
    after = await everything(ledger)
    await desk.retry(story()[moment])

    assert after == before or not died
    assert await ledger.trades(ACCOUNT) == [story()[moment].trade]
    assert await ledger.check(full=True) == []


async def fails(desk: SmartDesk, event: Event) -> bool:
    """Tell whether recording failed; some events need fewer statements than others."""
    try:
        await desk.record(event)
    except StoreError:
        return True
    return False


async def test_the_cancelling_of_an_order_is_stored_once(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    order = pending()
    gone = cancelled(order.trade)
    await desk.record(order)
    await desk.record(gone)
    before = await everything(ledger)

    await desk.again(gone)
    await desk.again(order, gone)

    assert await everything(ledger) == before
    assert await ledger.trades(ACCOUNT) == [gone.trade]
    assert (await load(ledger)).active == ()
    assert await ledger.check(full=True) == []


# -- rivals -----------------------------------------------------------------------------------


async def test_a_pending_trade_forbids_another_on_its_side_until_it_is_cancelled(
    ledger: Ledger,
) -> None:
    desk = await smart_desk(ledger)
    order = pending()
    second = pending(2, symbol=order.trade.symbol)
    await desk.record(order)

    with pytest.raises(DuplicateTrade, match=r"#1 is already .*PENDING") as refused:
        await desk.record(second)
    await desk.record(cancelled(order.trade))
    await desk.record(second)

    assert refused.value.trade_id == 1
    assert [trade.id for trade in (await load(ledger)).active] == [2]


OPEN = story()[2].trade
Late = Callable[[], Sequence[Event]]
AFTER_THE_END: dict[str, Late] = {
    "a part": lambda: [target_hit(OPEN)],
    "an edit": lambda: [edited(OPEN, fixed_stop=D(96), fixed_reason=StopReason.MOVED)],
    "a moved stop": lambda: [stop_moved(OPEN)],
    "funding": lambda: [paid(OPEN)],
    "a liquidation": lambda: [liquidated(OPEN)],
}


@pytest.mark.parametrize("late", AFTER_THE_END.values(), ids=AFTER_THE_END)
async def test_nothing_can_happen_to_a_trade_that_another_process_has_closed(
    ledger: Ledger, late: Late
) -> None:
    desk = await smart_desk(ledger)
    for event in story()[:3]:
        await desk.record(event)
    await desk.record(stopped(OPEN))
    before = await everything(ledger)

    with pytest.raises(NotOpen, match="Trade #1 is not open"):
        await desk.again(*late())

    assert await everything(ledger) == before


@pytest.mark.parametrize("late", AFTER_THE_END.values(), ids=AFTER_THE_END)
async def test_who_does_not_know_of_a_part_can_change_nothing(
    ledger: Ledger, late: Late
) -> None:
    desk = await smart_desk(ledger)
    for event in story()[:3]:
        await desk.record(event)
    await desk.record(target_hit(OPEN, 35))
    before = await everything(ledger)

    with pytest.raises(NotOpen, match="closed a part of trade #1 meanwhile"):
        await desk.again(*late())

    assert await everything(ledger) == before


async def test_an_order_that_another_process_has_cancelled_cannot_be_entered(
    ledger: Ledger,
) -> None:
    desk = await smart_desk(ledger)
    order = pending()
    await desk.record(order, cancelled(order.trade))

    with pytest.raises(NotOpen, match="Trade #1 is not open"):
        await desk.again(entered(order.trade))

    [trade] = await ledger.trades(ACCOUNT)
    assert trade.status is TradeStatus.CANCELLED


async def test_an_order_that_another_process_has_entered_cannot_be_cancelled(
    ledger: Ledger,
) -> None:
    desk = await smart_desk(ledger)
    order = pending()
    opening = entered(order.trade)
    await desk.record(order, opening)

    with pytest.raises(NotOpen, match="Another process has changed trade #1"):
        await desk.again(cancelled(order.trade))

    assert await ledger.trades(ACCOUNT) == [opening.trade]


async def test_an_edit_of_an_unknown_trade_is_refused(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)

    with pytest.raises(NotOpen, match="Trade #1 is not open"):
        await desk.record(edited(OPEN))


# -- what prints move -------------------------------------------------------------------------


async def test_a_trailing_stop_is_kept_with_the_stop_in_force(
    ledger: Ledger, path: Path
) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story()[:3])
    moved = trailed(OPEN, "104")

    await desk.again(moved=[moved])

    assert await ledger.trades(ACCOUNT) == [moved]
    with closing(sqlite3.connect(path)) as db:
        in_force = db.execute("SELECT stop, stop_reason FROM trade").fetchone()
    assert in_force == (10_192_000_000, "trailing")
    assert await ledger.check(full=True) == []


async def test_fewer_targets_take_the_place_of_more(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story()[:3])
    runner = edited(OPEN, targets=())

    await desk.record(runner)

    assert await ledger.trades(ACCOUNT) == [runner.trade]


# -- what onlookers are told of ---------------------------------------------------------------


async def test_each_change_is_on_record_once_with_its_place_among_the_fills(
    ledger: Ledger,
) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story())
    await desk.again(*story())

    found = await ledger.story(ACCOUNT, 1)

    assert found is not None
    assert [(change.kind, change.fills) for change in found[1]] == [
        (ChangeKind.PLACED, 0),
        (ChangeKind.EDITED, 0),
        (ChangeKind.FUNDING, 1),
        (ChangeKind.STOP_MOVED, 2),
    ]
    assert found[1][-1].stop == D("101.92")
    assert found[1][-1].stop_reason is StopReason.TRAILING


async def test_an_edit_and_its_undoing_are_two_changes(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story()[:3])
    edit = edited(OPEN, hold_ms=5)

    for event in (edit, edited(OPEN), edit, edited(OPEN)):
        await desk.record(event)
        await desk.again(event)

    found = await ledger.story(ACCOUNT, 1)
    assert found is not None
    kinds = [change.kind for change in found[1]]
    assert kinds.count(ChangeKind.EDITED) == 5


async def test_changes_of_active_trades_are_never_forgotten(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story(1), *story(2)[:6])

    await ledger.forget_commands(START_MS + 60)
    early = await ledger.story(ACCOUNT, 1)
    await ledger.forget_commands(START_MS + 61)
    ended, active = await ledger.story(ACCOUNT, 1), await ledger.story(ACCOUNT, 2)

    assert [len(found[1]) for found in (early, ended, active) if found] == [4, 0, 4]
