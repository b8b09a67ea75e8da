"""A window on a desk that another process runs shows what the holder shows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from desk import attach, door
from desk.errors import DeskError
from desk.news import News
from desk.settings import Settings
from engine.commands import CloseTrade, one_target
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import (
    Event,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import Market, SignalStatus, Trade, TradeStatus
from engine.stops import StopReason
from store.changes import Change, ChangeKind
from store.errors import StoreBusy
from store.ledger import Ledger
from tests.desk.desks import Desk
from tests.desk.windows import Window, attached, background, told, until
from tests.engine.desk import D, order, signal
from tests.feeds import START_MS
from tests.store.smart import ACCOUNT as SMART_ACCOUNT
from tests.store.smart import SmartDesk, cancelled, pending, smart_desk, story

Start = Callable[[], Awaitable[Desk]]
ORDER = order(stop="95", target="110", stake="1000")
HALF = CloseTrade(trade_id=1, fraction=D("0.5"))
ETHER = replace(ORDER, symbol="ETHUSDT")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("desk.door.POLL_S", "desk.door.ASK_AGAIN_S", "desk.attach.POLL_S"):
        monkeypatch.setattr(name, 0.01)


@pytest.fixture
async def holder(start: Start) -> AsyncIterator[Desk]:
    """A desk that runs, with prices and an open door."""
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    async with background(door.serve(desk.session)):
        yield desk


@pytest.fixture
async def window(holder: Desk, settings: Settings) -> AsyncIterator[Window]:
    async with attached(holder.database, settings) as found:
        yield found


# -- showing ----------------------------------------------------------------------------------


async def test_what_was_open_before_is_shown_and_not_told_as_news(
    holder: Desk, settings: Settings
) -> None:
    await holder.session.signals.add([signal()])
    await holder.session.submit(replace(ORDER, signal=signal()))
    [closed] = await holder.session.submit(CloseTrade(trade_id=1))
    await holder.session.submit(ORDER)

    async with attached(holder.database, settings) as window:
        [view] = window.desk.trade_views()
        [idea] = window.desk.signal_views()
        facts = list(window.facts)

    assert view == holder.session.trade_views()[0]
    assert idea.signal.status is SignalStatus.TAKEN
    assert facts == []
    assert closed.trade.id == 1


async def test_every_opening_and_end_is_told_once_exactly_as_the_holder_told_it(
    holder: Desk, window: Window
) -> None:
    holder.feed.quote("ETHUSDT", "100", "100")
    await holder.session.submit(ORDER)
    await holder.session.submit(ETHER)
    holder.feed.clock.observe(START_MS + 1)
    holder.feed.print_price("BTCUSDT", "104", "111")
    await holder.session.submit(CloseTrade(trade_id=2))
    await until(lambda: len(window.facts) == 4)
    await asyncio.sleep(0.1)

    assert told(window.facts) == ["opened 1", "opened 2", "closed 1", "closed 2"]
    assert window.facts == holder.facts


async def test_a_trade_that_opened_and_ended_between_two_looks_is_told_both_ways(
    holder: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    async with attached(holder.database, settings) as window:
        await holder.session.submit(ORDER)
        await holder.session.submit(CloseTrade(trade_id=1))
        await holder.session.submit(ORDER)

        await window.desk.look()
        await window.desk.look()

    assert window.facts == holder.facts
    assert told(window.facts) == ["opened 1", "closed 1", "opened 2"]


async def test_parts_between_two_looks_are_told_once_each_as_they_happened(
    holder: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    async with attached(holder.database, settings) as window:
        await holder.session.submit(ORDER)
        await window.desk.look()
        await holder.session.submit(HALF)
        await window.desk.look()
        await holder.session.submit(HALF)
        await holder.session.submit(HALF)
        await holder.session.submit(CloseTrade(trade_id=1))

        await window.desk.look()
        await window.desk.look()

    assert told(window.facts) == ["opened 1", *["reduced 1"] * 3, "closed 1"]
    assert window.facts == holder.facts


async def test_a_part_closed_from_a_window_is_answered_and_told_once(
    holder: Desk, window: Window
) -> None:
    await holder.session.submit(ORDER)
    await until(lambda: len(window.facts) == 1)

    [part] = await window.desk.submit(HALF)
    [view] = window.desk.trade_views()
    await asyncio.sleep(0.1)

    assert isinstance(part, TradeReduced)
    assert part.fill.quantity == part.trade.quantity == D(5)
    assert view.trade == part.trade
    assert told(window.facts) == ["opened 1", "reduced 1"]
    assert window.facts == holder.facts


# -- smart trades -----------------------------------------------------------------------------


@pytest.fixture
async def smart(settings: Settings, tmp_path: Path) -> AsyncIterator[tuple[SmartDesk, Window]]:
    """A futures account whose events are written by hand, and a window on it."""
    database = tmp_path / "smart.db"
    ledger = await Ledger.open(database)
    desk = await smart_desk(ledger)
    async with attached(
        database, replace(settings, account=SMART_ACCOUNT, market=Market.FUTURES)
    ) as window:
        yield desk, window
    await ledger.close()


async def test_every_event_of_a_smart_trade_is_told_once_as_it_was(
    smart: tuple[SmartDesk, Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    desk, window = smart

    for event in story():
        await desk.record(event)
        await window.desk.look()
        await window.desk.look()

    assert [replace(f, trade=extremes_aside(f.trade)) for f in events_of(window)] == [
        replace(e, trade=extremes_aside(e.trade)) for e in story()
    ]


async def test_a_whole_life_between_two_looks_is_told_in_order_with_its_stops_and_money(
    smart: tuple[SmartDesk, Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    desk, window = smart

    await desk.record(*story())
    await desk.record(pending(2), cancelled(pending(2).trade))
    await window.desk.look()
    await window.desk.look()

    found = [fact for fact in events_of(window) if fact.trade.id == 1]
    assert found[-1] == story()[-1]
    for fact, event in zip(found, story(), strict=True):
        then, now = event.trade, fact.trade
        assert type(fact) is type(event)
        assert (now.status, now.quantity, now.cost) == (then.status, then.quantity, then.cost)
        assert (now.entry_price, now.opened_ms) == (then.entry_price, then.opened_ms)
        assert (now.net, now.funding, now.payments) == (then.net, then.funding, then.payments)
        assert now.fills == then.fills
        assert [t.filled for t in now.targets] == [t.filled for t in then.targets]
    assert [(type(f), f.trade.status) for f in events_of(window) if f.trade.id == 2] == [
        (TradePlaced, TradeStatus.PENDING),
        (TradeCancelled, TradeStatus.CANCELLED),
    ]


async def test_a_moved_stop_is_told_with_the_stop_of_then(
    smart: tuple[SmartDesk, Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    desk, window = smart
    await desk.record(*story()[:3])
    await window.desk.look()
    open_trade = story()[2].trade

    for stop in ("96", "97", "98"):
        moved = replace(open_trade, fixed_stop=D(stop), fixed_reason=StopReason.MOVED)
        await desk.record(TradeEdited(moved))
    await window.desk.look()

    stops = [fact.trade.stop for fact in events_of(window) if isinstance(fact, TradeEdited)]
    assert stops == [D(95), D(96), D(97), D(98)]


@pytest.mark.parametrize("seen", range(9))
async def test_a_window_that_comes_later_tells_only_what_comes_after_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: int
) -> None:
    monkeypatch.setattr(attach, "POLL_S", 60)
    ledger = await Ledger.open(tmp_path / "smart.db")
    desk = await smart_desk(ledger)
    for event in story()[:seen]:
        await desk.record(event)

    async with attached(
        tmp_path / "smart.db", replace(settings, account=SMART_ACCOUNT, market=Market.FUTURES)
    ) as window:
        for event in story()[seen:]:
            await desk.record(event)
        await window.desk.look()
    await ledger.close()

    assert [type(fact) for fact in events_of(window)] == [type(e) for e in story()[seen:]]


def test_what_was_told_as_holder_is_not_told_again_as_onlooker() -> None:
    news, events = News(), story()
    news.begin(0, [])
    for event in events[:-1]:
        news.hear(event)
    noted = [
        Change(kind=kind, fills=fills, time_ms=0, stop=D(95), stop_reason=StopReason.INITIAL)
        for kind, fills in (
            (ChangeKind.PLACED, 0),
            (ChangeKind.EDITED, 0),
            (ChangeKind.FUNDING, 1),
            (ChangeKind.STOP_MOVED, 2),
        )
    ]

    assert news.of([events[-2].trade], {1: noted}) == []
    assert news.of([events[-1].trade], {1: noted}) == [events[-1]]


def test_changes_before_an_unknown_beginning_are_old_news() -> None:
    news, events = News(), story()
    news.begin(1, [events[2].trade])
    edit = Change(
        kind=ChangeKind.EDITED,
        fills=1,
        time_ms=0,
        stop=D(95),
        stop_reason=StopReason.INITIAL,
    )

    first = news.of([events[2].trade], {1: [edit]})
    second = news.of([events[2].trade], {1: [edit, edit]})

    assert first == []
    assert [type(event) for event in second] == [TradeEdited]


def events_of(window: Window) -> list[Event]:
    return [fact for fact in window.facts if isinstance(fact, Event)]


def extremes_aside(trade: Trade) -> Trade:
    """Return a trade without what is told as of now: only the newest prints are known."""
    return replace(trade, best=trade.entry_price, worst=trade.entry_price)


async def test_both_ends_count_the_same_money(holder: Desk, window: Window) -> None:
    await holder.session.submit(ORDER)
    await holder.session.submit(CloseTrade(trade_id=1))
    holder.feed.quote("BTCUSDT", "103", "103")
    window.feed.quote("BTCUSDT", "103", "103")
    await holder.session.submit(replace(ORDER, targets=one_target(D(120))))
    await until(lambda: len(window.facts) == 3)

    here, there = window.desk.header(), holder.session.header()

    assert here.attached == "attached to process 4711"
    assert replace(here, attached="") == there
    assert there.today < 0


async def test_signals_arrive_once_become_taken_and_leave_in_time(
    holder: Desk, window: Window
) -> None:
    await holder.session.signals.add([signal(name="s1"), signal(name="s2", lives_ms=1000)])
    await holder.session.submit(replace(ORDER, signal=signal(name="s1")))
    await until(lambda: len(window.facts) == 2)
    before = [(v.signal.id, v.signal.status, v.trade_id) for v in window.desk.signal_views()]

    window.feed.clock.observe(START_MS + 1000)
    after = [view.signal.id for view in window.desk.signal_views()]

    assert told(window.facts) == ["signal s1", "signal s2", "opened 1"]
    assert before == [("s1", SignalStatus.TAKEN, 1), ("s2", SignalStatus.ACTIVE, None)]
    assert after == ["s1"]


async def test_prices_are_for_the_eye_alone(holder: Desk, window: Window) -> None:
    window.desk.look_at(["ETHUSDT"])
    await holder.session.submit(ORDER)
    await until(window.desk.trade_views)

    # The stop is hit here first; only the holder may act on it.
    window.feed.quote("BTCUSDT", "90", "90", last="90")
    window.feed.print_price("BTCUSDT", "90")
    await asyncio.sleep(0.05)

    assert window.feed.active == frozenset()
    assert window.feed.visible == {"BTCUSDT", "ETHUSDT"}
    [view] = window.desk.trade_views()
    assert (view.last, view.trade.status.active) == (D(90), True)


async def test_looking_on_writes_nothing(holder: Desk, settings: Settings) -> None:
    await holder.session.submit(ORDER)
    await holder.ledger.changed()

    async with attached(holder.database, settings) as window:
        await window.desk.look()
        window.desk.look_at(["ETHUSDT"])
        window.desk.header()

    assert not await holder.ledger.changed()


# -- asking -----------------------------------------------------------------------------------


async def test_an_order_from_here_is_carried_out_there_and_shown_when_it_returns(
    holder: Desk, window: Window
) -> None:
    await holder.session.signals.add([signal()])

    [opened] = await window.desk.submit(replace(ORDER, signal=signal(), note="from afar"))
    shown = [view.trade.id for view in window.desk.trade_views()]
    [closed] = await window.desk.submit(CloseTrade(trade_id=1))

    assert isinstance(opened, TradeOpened)
    assert isinstance(closed, TradeClosed)
    assert holder.facts[1:] == [opened, closed]
    assert (shown, opened.trade.note) == ([1], "from afar")
    assert window.desk.trade_views() == []
    assert told(window.facts) == ["signal s1", "opened 1", "closed 1"]


async def test_a_refusal_there_is_the_same_refusal_here(holder: Desk, window: Window) -> None:
    await window.desk.submit(ORDER)

    with pytest.raises(DuplicateTrade, match="Duplicate trade: #1 is already open") as again:
        await window.desk.submit(ORDER)
    with pytest.raises(NotOpen, match="Trade #7 is not open"):
        await window.desk.submit(CloseTrade(trade_id=7))
    with pytest.raises(Refused, match="no fresh price for ETHUSDT"):
        await window.desk.submit(ETHER)

    assert again.value.trade_id == 1


async def test_a_preview_here_is_the_preview_there(holder: Desk, window: Window) -> None:
    assert window.desk.preview(ORDER) == holder.session.preview(ORDER)
    await window.desk.submit(ORDER)

    with pytest.raises(DuplicateTrade):
        window.desk.preview(ORDER)


async def test_without_an_answer_the_order_is_withdrawn_in_a_sentence(
    start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "ANSWER_WITHIN_S", 0.05)
    deaf = await start()

    async with attached(deaf.database, settings) as window:
        with pytest.raises(DeskError, match="did not answer; the request was withdrawn"):
            await window.desk.submit(ORDER)


# -- trouble ----------------------------------------------------------------------------------


async def test_books_that_cannot_be_read_are_a_banner_until_they_can(
    holder: Desk, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = window.desk.ledger.standing

    async def locked(*_: object) -> None:
        raise StoreBusy("The database is locked.")

    monkeypatch.setattr(window.desk.ledger, "standing", locked)
    await holder.session.submit(ORDER)
    await until(lambda: window.desk.header().halted)
    said = window.desk.header().halted
    monkeypatch.setattr(window.desk.ledger, "standing", looks)
    await until(lambda: not window.desk.header().halted)

    assert said == "The books cannot be read. The database is locked."
    assert told(window.facts) == ["opened 1"]


async def test_a_holder_without_a_sign_of_life_is_named(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = window.desk.header().halted
    monkeypatch.setattr(attach, "SILENT_S", 0.1)
    await until(lambda: window.desk.header().halted)
    silent = window.desk.header().halted
    window.desk.holder_lives()

    assert alive == window.desk.header().halted == ""
    assert "process 4711 gives no sign of life" in silent
