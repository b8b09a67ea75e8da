"""A desk that is killed goes on with every trade exactly as it stood."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from desk.settings import Settings
from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, OpenTrade, TargetOrder, TrailOrder
from engine.events import StopMoved, TradeClosed, TradeOpened
from engine.model import EntryMode, Tick, Trade, TradeStatus
from engine.stops import StopPolicy, StopReason
from tests.desk.desks import Desk, running_desk
from tests.engine.desk import D, order
from tests.feeds import START_MS

ORDER = order(stop="95", target="110", stake="1000")
LADDER = (
    TargetOrder(price=D("100.1"), fraction=D("0.5")),
    TargetOrder(price=D("104"), fraction=D("0.25")),
    TargetOrder(price=None, fraction=D("0.25")),
)


class Lives:
    """One desk after the other on one database; all see the same prints."""

    def __init__(self, database: Path, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._prints: list[Tick] = []
        self._life = AsyncExitStack()
        self.desk: Desk

    async def begin(self) -> Trade | None:
        """Start a desk; returns its one trade once it has seen what the last one saw."""
        running = running_desk(self._database, self._settings)
        self.desk = await self._life.enter_async_context(running)
        self.desk.feed.quote("BTCUSDT", "100", "100")
        self.desk.feed.deliver(self._prints)
        return await self.trade()

    async def kill(self) -> None:
        """End the desk; it does nothing about it."""
        await self._life.aclose()

    async def open(self, command: OpenTrade) -> None:
        await self.desk.session.submit(command)

    async def print(self, *prices: str) -> Trade | None:
        """Let BTCUSDT trade; returns the trade afterwards."""
        for price in prices:
            number = len(self._prints) + 1
            time_ms = START_MS + 1000 * number
            self._prints.append(Tick("BTCUSDT", D(price), D(1), 1000 + number, time_ms))
        self.desk.feed.deliver(self._prints[-len(prices) :])
        return await self.trade()

    async def trade(self) -> Trade | None:
        """Return the one active trade behind all prints, or None."""
        await self.desk.until(self.desk.session.catch_up.done.is_set)
        await self.desk.session.look_at_the_clock()
        return next(iter(self.desk.session.book.active()), None)

    def last(self) -> object:
        return self.desk.facts[-1]


@pytest.fixture
async def lives(tmp_path: Path, settings: Settings) -> AsyncIterator[Lives]:
    found = Lives(tmp_path / "paperdesk.db", settings)
    await found.begin()
    yield found
    await found.kill()


async def test_an_order_that_waits_is_entered_after_a_restart_with_its_whole_plan(
    lives: Lives,
) -> None:
    await lives.open(
        replace(
            ORDER,
            targets=LADDER,
            entry_mode=EntryMode.LIMIT,
            entry=D("99"),
            trailing=TrailOrder(distance=Offset(D("0.01"), Unit.FRACTION), activation=D("103")),
            break_even=BreakEvenOrder(trigger=Offset(D(1), Unit.R)),
            hold_ms=3_600_000,
        )
    )
    before = await lives.print("99.6", "99.1", "100")

    await lives.kill()
    after = await lives.begin()
    entered = await lives.print("98.9")

    assert before
    assert before.status is TradeStatus.PENDING
    assert after == before
    assert entered
    assert (entered.status, entered.entry_price) == (TradeStatus.OPEN, D("99"))
    assert (entered.trailing, entered.break_even) == (before.trailing, before.break_even)
    assert isinstance(lives.last(), TradeOpened)


async def test_a_break_even_that_is_due_behind_a_target_comes_after_a_restart(
    lives: Lives,
) -> None:
    await lives.open(replace(ORDER, targets=LADDER, after_target=StopPolicy.BREAK_EVEN))
    before = await lives.print("100.1", "100.05")

    await lives.kill()
    after = await lives.begin()
    moved = await lives.print("101")

    assert before
    assert before.break_even
    assert before.break_even.due
    assert after == before
    assert moved
    assert (moved.stop_reason, moved.stop > D(100)) == (StopReason.BREAK_EVEN, True)
    assert isinstance(lives.last(), StopMoved)


@pytest.mark.parametrize(
    ("policy", "prices"),
    [
        (StopPolicy.BREAK_EVEN, ("103.5", "103.4")),
        (StopPolicy.PREVIOUS_TARGET, ("103.5", "104.2", "104")),
    ],
)
async def test_a_stop_that_moved_behind_a_tighter_one_is_known_after_a_restart(
    lives: Lives, policy: StopPolicy, prices: tuple[str, ...]
) -> None:
    trailing = TrailOrder(distance=Offset(D("0.5"), Unit.PRICE))
    await lives.open(replace(ORDER, targets=LADDER, after_target=policy, trailing=trailing))
    before = await lives.print(*prices)

    await lives.kill()
    after = await lives.begin()

    assert before
    assert before.stop_reason is StopReason.TRAILING
    assert before.break_even
    assert after == before


@pytest.mark.parametrize("saved", [True, False])
async def test_a_trailing_stop_in_the_middle_of_a_step_finishes_it_after_a_restart(
    lives: Lives, *, saved: bool
) -> None:
    trailing = TrailOrder(distance=Offset(D(1), Unit.PRICE), step=Offset(D("0.5"), Unit.PRICE))
    await lives.open(replace(ORDER, trailing=trailing))
    before = await lives.print("100.5", "100.9", "100.8")
    if saved:
        await lives.desk.session.save_positions()

    await lives.kill()
    after = await lives.begin()
    almost = await lives.print("100.99")
    moved = await lives.print("101")
    closed = await lives.print("100.01", "100")

    assert before
    assert before.trailing
    assert (before.trailing.best, before.stop) == (D("100.9"), D("99.5"))
    assert after == before
    assert almost
    assert moved
    assert (almost.stop, moved.stop) == (D("99.5"), D(100))
    assert closed is None
    assert isinstance(lives.last(), TradeClosed)
