"""Ladders, moving stops, time stops, waiting orders and edits: a restart goes on with all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from engine.errors import Refused
from engine.model import Direction, Trade
from market.simulator import SimulatorServer
from tests.desk.plans import Planner, place_smart
from tests.desk.world import DAY_MS, HOUR_MS, MINUTE_MS, SYMBOLS, World, same_as_watched
from tests.market.simulation import running_market


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    exchange, clock = running_market(5)
    async with SimulatorServer(exchange) as server:
        yield World(exchange, clock, server, tmp_path)


@pytest.mark.parametrize(
    ("away_ms", "reach"),
    [
        (90_000, 0.002),
        (40 * MINUTE_MS, 0.008),
        (9 * HOUR_MS, 0.02),
        (30 * HOUR_MS, 0.04),
    ],
    ids=["a minute", "forty minutes", "nine hours", "thirty hours"],
)
async def test_what_smart_trades_did_meanwhile_is_booked_as_if_watched(
    world: World, away_ms: int, reach: float
) -> None:
    planner = Planner(Random(away_ms), reach=reach, within_ms=away_ms)
    async with world.desk() as session:
        placed = [
            await place_smart(session, symbol, direction, planner)
            for symbol in SYMBOLS
            for direction in Direction
        ]

    world.clock.jump(away_ms)

    async with world.desk() as session:
        await same_as_watched(world, session, placed)
        stored = [await session.ledger.trade("main", trade.id) for trade in placed]
    happened = Counter(fill.kind for trade in stored if trade for fill in trade.fills)
    assert sum(happened.values()) > 8
    assert len(happened) > 2


@pytest.mark.parametrize("seed", range(3))
async def test_killed_between_orders_and_edits_it_ends_as_if_watched(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    planner = Planner(chance, reach=0.01, within_ms=HOUR_MS)
    exchange, clock = running_market(seed + 1)
    async with SimulatorServer(exchange) as server:
        world = World(exchange, clock, server, tmp_path)
        for _ in range(4):
            async with world.desk() as session:
                await same_as_watched(world, session, everything(world))
                for symbol in chance.sample(SYMBOLS, 2):
                    for direction in Direction:
                        with suppress(Refused):
                            await place_smart(session, symbol, direction, planner)
                for _ in range(12):
                    clock.jump(chance.randrange(2_000))
                    active = session.book.active()
                    with suppress(Refused):
                        await session.submit(planner.change(chance.choice(active)))
                    await asyncio.sleep(0.005)
            clock.jump(chance.choice((3_000, 30_000, 700_000, 2 * HOUR_MS, 30 * HOUR_MS)))

        async with world.desk() as session:
            await same_as_watched(world, session, everything(world))


def everything(world: World) -> list[Trade]:
    return [known.trade for known in world.known.values()]


async def test_killed_while_it_catches_up_with_smart_trades_it_ends_as_if_watched(
    world: World,
) -> None:
    planner = Planner(Random(7), reach=0.03, within_ms=DAY_MS)
    async with world.desk() as session:
        placed = [
            await place_smart(session, symbol, direction, planner)
            for symbol in SYMBOLS
            for direction in Direction
        ]
    world.clock.jump(DAY_MS)

    for moments in range(2, 30, 4):
        async with world.starting():
            for _ in range(moments):
                await asyncio.sleep(0.01)

    async with world.desk() as session:
        await same_as_watched(world, session, placed)
