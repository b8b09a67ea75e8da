"""A desk that is watched: everything is told, in order, and a bug is not swallowed."""

import asyncio
import logging
from decimal import Decimal

import pytest

from desk.view import CaughtUp, Notice, WhileAway
from desk.watch import Happening, watch
from engine.events import TradeClosed, TradeOpened
from engine.model import Tick
from market.feed import FeedState, FeedStatus
from tests.tui.fake_session import NOW_MS, FakeSession, a_signal, an_instrument


class Watched:
    """A watch over a desk of a page."""

    def __init__(self, desk: FakeSession) -> None:
        self.desk = desk
        self.heard: list[tuple[Happening, int]] = []
        self.over = asyncio.Event()

    def tell(self, happening: Happening, time_ms: int) -> None:
        self.heard.append((happening, time_ms))

    async def until(self, kind: type, count: int = 1) -> None:
        async with asyncio.timeout(5):
            while sum(isinstance(happening, kind) for happening, _ in self.heard) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def run(self) -> None:
        await watch(self.desk, self.tell, self.over.wait())


def a_desk() -> FakeSession:
    desk = FakeSession([an_instrument("BTCUSDT", "0.01")])
    desk.price("BTCUSDT", "100")
    return desk


async def test_the_state_of_prices_is_told_first_and_whenever_it_changes() -> None:
    watched = Watched(a_desk())
    watching = asyncio.create_task(watched.run())

    await watched.until(FeedStatus)
    watched.desk.feed = FeedStatus(state=FeedState.STALE, since_ms=NOW_MS)
    await watched.until(FeedStatus, 2)
    watched.over.set()
    await watching

    states = [
        happening.state for happening, _ in watched.heard if isinstance(happening, FeedStatus)
    ]
    assert states == [FeedState.LIVE, FeedState.STALE]
    assert watched.heard[-1][1] == NOW_MS


async def test_facts_carry_the_time_at_which_the_market_made_them() -> None:
    watched = Watched(a_desk())
    watching = asyncio.create_task(watched.run())
    await watched.until(FeedStatus)

    watched.desk.announce(watched.desk.open(a_signal("BTCUSDT", "100", "95", "110")))
    watched.desk.print("BTCUSDT", "111")
    watched.desk.announce([Notice("All is well.")])
    watched.over.set()
    await watching

    kinds = [(type(happening), time_ms - NOW_MS) for happening, time_ms in watched.heard[1:]]
    assert kinds == [(TradeOpened, 0), (TradeClosed, 1000), (Notice, 1000)]


async def test_a_close_from_the_past_keeps_its_own_time() -> None:
    watched = Watched(a_desk())
    watched.desk.open(a_signal("BTCUSDT", "100", "95", "110"))
    watched.desk.now_ms += 1000
    now = watched.desk.now_ms
    [closed] = watched.desk.book.on_tick(Tick("BTCUSDT", Decimal(94), Decimal(1), now, now))
    assert isinstance(closed, TradeClosed)
    watching = asyncio.create_task(watched.run())
    await watched.until(FeedStatus)

    watched.desk.now_ms += 60_000
    watched.desk.announce(
        [
            WhileAway(closed),
            CaughtUp(since_ms=NOW_MS, symbols=1, closed=(closed.trade,)),
        ]
    )
    watched.over.set()
    await watching

    assert [time_ms - NOW_MS for _, time_ms in watched.heard[1:]] == [1000, 61_000]


async def test_a_desk_that_fails_ends_the_watch_with_its_failure() -> None:
    watched = Watched(a_desk())
    watched.desk.failure = ZeroDivisionError("a bug")
    watched.desk.stop.set()

    with pytest.raises(ZeroDivisionError, match="a bug"):
        await watched.run()

    assert watched.desk.listeners == []


async def test_a_listener_that_fails_is_a_bug_of_the_desk_not_of_silence() -> None:
    desk = a_desk()

    def broken(happening: Happening, time_ms: int) -> None:
        raise ValueError(f"cannot tell {happening} at {time_ms}")

    with pytest.raises(ValueError, match="cannot tell"):
        await watch(desk, broken, asyncio.Event().wait())


async def test_the_log_says_regularly_that_the_desk_is_alive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = a_desk()
    desk.open(a_signal("BTCUSDT", "100", "95", "110"))
    desk.halted = "The disk is full."

    def beats() -> list[str]:
        return [m for m in caplog.messages if m.startswith("alive: process")]

    async def two_beats() -> None:
        async with asyncio.timeout(5):
            while len(beats()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    with caplog.at_level(logging.INFO):
        await watch(desk, lambda happening, time_ms: None, two_beats(), heartbeat_s=0.01)

    assert beats()[0].endswith("1 open trades, prices LIVE, halted: The disk is full.")
