"""A market that is followed for hours, whatever goes wrong, gives the ledger it should."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from engine.model import Direction, Trade, TradeStatus
from market.simulator import SimulatorServer
from market.simulator.orders import written
from market.simulator.script import FaultScript, play
from market.simulator.venue import Order
from tests.desk.world import SYMBOLS, World, place, same_as_watched
from tests.market.simulation import running_market
from tests.soak.conftest import Figures
from tests.whole.test_one_tape_three_ways import check, plain_trades, smart_trades

SPEED = 60
"""Exchange seconds in a real second: two hours in two minutes."""


MANY = (*SYMBOLS, "ETHUSDT", "BNBUSDT", "DOGEUSDT", "ADAUSDT", "LINKUSDT", "SUIUSDT")


async def troubled(folder: Path, seed: int, real_s: float, figures: Figures) -> None:
    """Follow a market through faults; compare the books with a run that had none."""
    chance, faults = Random(seed), Counter[str]()
    exchange, clock = running_market(seed % 1_000 + 1)

    def tell(order: Order) -> None:
        faults[written(order).split()[0]] += 1

    async with SimulatorServer(exchange, tell=tell) as server:
        world = World(exchange, clock, server, folder)
        async with world.desk() as session:
            opened: list[Trade] = []
            # Near levels are reached soon, far ones late: something is always about to happen.
            for symbol in MANY:
                for direction in Direction:
                    below, above = (f"{0.001 * 40 ** chance.random():.5f}" for _ in range(2))
                    opened.append(await place(session, symbol, direction, below, above))
            clock.run(SPEED)
            script = FaultScript(seed, every_s=(1.0, 4.0), symbols=MANY)
            playing = asyncio.create_task(play(script, server))
            await asyncio.sleep(real_s)
            playing.cancel()
            server.clear()
            clock.run(1)
            calm_s = time.monotonic()
            await world.until(
                lambda: (
                    session.catch_up.done.is_set()
                    and all(view.live for view in session.trade_views())
                    and session.feed.status.state == "LIVE"
                )
            )
            figures["seconds until live again"] = f"{time.monotonic() - calm_s:.1f}"
            await asyncio.sleep(1.0)
            # What is open still moves while it is looked at.
            closed = [trade for trade in opened if session.book.get(trade.id) is None]
            await same_as_watched(world, session, closed, totals=False)
        figures["exchange hours"] = f"{real_s * SPEED / 3600:.1f}"
        figures["faults"] = sum(faults.values())
        figures["kinds of fault"] = len(faults)
        figures["connection attempts"] = len(server.connects)
        figures["trades closed"] = len(closed)


async def test_a_market_full_of_faults_leaves_the_ledger_of_a_calm_one(
    tmp_path: Path, seed: int, figures: Figures
) -> None:
    await troubled(tmp_path, seed, 6.0, figures)


@pytest.mark.soak
async def test_two_hours_with_a_fault_every_few_seconds_leave_the_ledger_of_a_calm_market(
    tmp_path: Path, seed: int, figures: Figures
) -> None:
    await troubled(tmp_path, seed, 120.0, figures)


@pytest.mark.soak
async def test_many_tapes_leave_the_same_ledger_three_ways(
    tmp_path: Path, seed: int, figures: Figures
) -> None:
    statuses, tapes, minutes = Counter[str](), 16, 30
    for number in range(tapes):
        folder, own = tmp_path / str(number), seed + number
        folder.mkdir()
        one = smart_trades(own, minutes) if number % 4 else plain_trades(own)
        trades = await check(folder, own, minutes, one)
        statuses.update(trade.status.value for trade in trades)

    figures["tapes"] = tapes
    figures |= {f"trades {status}": count for status, count in sorted(statuses.items())}
    assert sum(statuses.values()) - statuses[TradeStatus.OPEN] > tapes
