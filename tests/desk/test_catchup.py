"""What happened while no desk ran is booked as if one had run: real sockets, real files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from desk.view import CaughtUp, Notice, WhileAway
from engine.events import TradeClosed
from engine.model import Direction, Trade
from market.simulator import SimulatorServer
from tests.desk.world import DAY_MS, HOUR_MS, MINUTE_MS, SYMBOLS, World, place, same_as_watched
from tests.market.simulation import running_market


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    exchange, clock = running_market()
    async with SimulatorServer(exchange) as server:
        yield World(exchange, clock, server, tmp_path)


@pytest.mark.parametrize(
    ("away_ms", "reach"),
    [
        (90_000, "0.0004"),
        (40 * MINUTE_MS, "0.002"),
        (9 * HOUR_MS, "0.008"),
        (3 * DAY_MS, "0.02"),
    ],
    ids=["a minute", "forty minutes", "nine hours", "three days"],
)
async def test_a_restart_books_what_happened_at_its_true_time_and_price(
    world: World, away_ms: int, reach: str
) -> None:
    opened = []
    async with world.desk() as session:
        for symbol in SYMBOLS:
            opened += [
                await place(session, symbol, direction, reach, reach) for direction in Direction
            ]

    world.clock.jump(away_ms)

    async with world.desk() as session:
        await same_as_watched(world, session, opened)
        closed = [trade for trade in opened if session.book.get(trade.id) is None]
    assert len(closed) >= 4
    [*_, summary] = world.told(CaughtUp)
    assert isinstance(summary, CaughtUp)
    assert {trade.id for trade in summary.closed} == {trade.id for trade in closed}
    assert len(world.told(WhileAway)) == len(closed)
    assert not world.told(TradeClosed)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_and_started_again_it_ends_the_same(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    exchange, clock = running_market(seed + 1)
    async with SimulatorServer(exchange) as server:
        world = World(exchange, clock, server, tmp_path)
        opened: list[Trade] = []
        for _ in range(4):
            async with world.desk() as session:
                await same_as_watched(world, session, opened)
                for symbol in chance.sample(SYMBOLS, 2):
                    direction = chance.choice(list(Direction))
                    free = not any(
                        t.symbol == symbol and t.direction is direction
                        for t in session.book.active()
                    )
                    below, above = (f"{chance.uniform(0.0005, 0.01):.5f}" for _ in range(2))
                    if free:
                        opened.append(await place(session, symbol, direction, below, above))
                for _ in range(chance.randrange(20)):
                    clock.jump(chance.randrange(2_000))
                    await asyncio.sleep(0.005)
            clock.jump(chance.choice((3_000, 30_000, 700_000, 7 * HOUR_MS, 30 * HOUR_MS)))

        async with world.desk() as session:
            await same_as_watched(world, session, opened)


async def test_a_kill_in_the_middle_of_catching_up_costs_nothing(world: World) -> None:
    async with world.desk() as session:
        opened = [
            await place(session, symbol, Direction.LONG, "0.01", "0.01") for symbol in SYMBOLS
        ]
    world.clock.jump(2 * DAY_MS)

    for moments in range(2, 30, 4):
        async with world.starting():
            for _ in range(moments):
                await asyncio.sleep(0.01)

    async with world.desk() as session:
        await same_as_watched(world, session, opened)


async def test_nothing_is_guessed_while_history_cannot_be_read(world: World) -> None:
    async with world.desk() as session:
        trade = await place(session, "SOLUSDT", Direction.LONG, "0.001", "0.5")
    world.clock.jump(2 * HOUR_MS)
    world.exchange.delist("SOLUSDT")

    async with world.starting() as session:
        await world.until(lambda: bool(world.told(Notice)))
        [view] = session.trade_views()

        assert view.trade == trade
        assert view.catching_up
        assert not view.live
    [notice] = world.told(Notice)
    assert isinstance(notice, Notice)
    assert "SOLUSDT" in notice.text
    assert "not watched" in notice.text


async def test_a_week_away_with_many_symbols_costs_little_more_than_their_candles(
    world: World,
) -> None:
    symbols = [s for s in world.exchange.symbols if s.endswith("USDT")][:24]
    async with world.desk() as session:
        tradable = [s for s in symbols if session.instruments[s].trading]
        opened = [await place(session, s, Direction.LONG, "0.6", "0.6") for s in tradable]
    for _ in range(2):  # the second time all extremes of the hour of the cut are known
        world.clock.jump(7 * DAY_MS)
        before = dict(world.server.requests)
        async with world.desk() as session:
            assert len(session.book.active()) == len(opened)
        asked = {
            path: count - before.get(path, 0) for path, count in world.server.requests.items()
        }

    weight = 2 * asked["klines"] + 4 * asked.get("aggTrades", 0)
    assert weight <= 4 * len(opened)
