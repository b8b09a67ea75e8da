"""One tape, three ways: live, replayed, and killed half-way and caught up. One ledger.

The same trades go three ways through the same minutes of the same market; when it stands still,
every figure in the three ledgers is the same, of what is open, waits and has ended. Only how
the desk learned of a fill may differ.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from desk.replay.run import replay
from desk.session import Session
from desk.settings import load_settings
from engine.account import Account
from engine.model import Direction, Trade, TradeStatus
from market.simulator import SimulatedExchange, SimulatorServer
from store.ledger import Ledger
from tests.desk.plans import Planner, place_smart
from tests.desk.world import MINUTE_MS, SYMBOLS, World, place, without_sources
from tests.market.simulation import running_market
from tests.whole.home import write_settings
from tests.whole.watching import watching

SPEED = 90

Place = Callable[[Session, str, Direction], Awaitable[Trade]]


@dataclass(frozen=True, slots=True)
class Books:
    """What one of the ways has left."""

    account: Account
    trades: Sequence[Trade]
    """Newest first."""


def plain_trades(seed: int) -> Place:
    """Return a way to open trades with one stop and one target."""
    chance = Random(seed)

    async def one(session: Session, symbol: str, direction: Direction) -> Trade:
        below, above = (f"{chance.uniform(0.0005, 0.006):.5f}" for _ in range(2))
        return await place(session, symbol, direction, below, above)

    return one


def smart_trades(seed: int, minutes: int) -> Place:
    """Return a way to place trades with everything that there is."""
    planner = Planner(Random(seed), reach=0.006, within_ms=minutes * MINUTE_MS)

    async def one(session: Session, symbol: str, direction: Direction) -> Trade:
        return await place_smart(session, symbol, direction, planner)

    return one


async def three_ways(folder: Path, seed: int, minutes: int, one: Place) -> list[Books]:
    """Return the books as each way leaves them: live, killed, replayed."""
    exchange, clock = running_market(seed)
    async with SimulatorServer(exchange) as server:
        start = World(exchange, clock, server, folder, "start")
        async with start.desk() as session:
            for symbol in SYMBOLS:
                for direction in Direction:
                    await one(session, symbol, direction)
            await session.save_positions()
        live, killed, replayed = (_copy(start, name) for name in ("live", "killed", "tape"))

        async with live.desk() as watched:
            clock.run(SPEED)
            ends_s = asyncio.get_running_loop().time() + minutes * 60 / SPEED
            await _killed_early(killed, server, Random(seed))
            await asyncio.sleep(ends_s - asyncio.get_running_loop().time())
            clock.run(1)
            async with killed.desk() as restarted:
                clock.run(0)
                told = await _replayed(exchange, replayed, folder)
                both = [await _settled(session, told) for session in (watched, restarted)]
    return [*both, told]


def _copy(start: World, name: str) -> World:
    home = start.home / name
    home.mkdir()
    copy = replace(start, name="paperdesk", home=home, facts=[])
    shutil.copy(start.database, copy.database)
    return copy


async def _killed_early(world: World, server: SimulatorServer, chance: Random) -> None:
    """Run the desk in a process of its own and kill it at some moment of its work."""
    write_settings(world.home, server)
    async with watching(world.home, "--json") as watch:
        await watch.event("FeedState")
        await asyncio.sleep(chance.uniform(0, 1.5))
        watch.process.kill()
        await watch.process.wait()


async def _replayed(exchange: SimulatedExchange, books: World, folder: Path) -> Books:
    """Write the market down as the exchange's archive does, play that and return the books."""
    tapes, end_ms = [], exchange.now_ms()
    for symbol in SYMBOLS:
        tape = exchange.tape(symbol)
        first = tape.first_id_since(end_ms - 7_200_000)
        price = partial(_decimal, places=tape.listing.tick_decimals)
        quantity = partial(_decimal, places=tape.listing.step_decimals)
        tapes.append(folder / f"{symbol}-aggTrades-2026-09-21.csv")
        tapes[-1].write_text(
            "".join(
                f"{one.trade_id},{price(one.price)},{quantity(one.quantity)},{one.trade_id},"
                f"{one.trade_id},{one.time_ms},{one.sold},True\n"
                for one in tape.prints(first, tape.last_id(end_ms))
            )
        )
    settings, _ = load_settings(folder / "config.toml")
    ledger = await Ledger.open(books.database)
    try:
        result = await replay(tapes, settings=settings, ledger=ledger)
        return await _books(ledger, result.account)
    finally:
        await ledger.close()


def _decimal(units: int, places: int) -> str:
    return f"{Decimal(units).scaleb(-places):.{places}f}"


async def _settled(session: Session, wanted: Books) -> Books:
    """Return a desk's books once the prints under way have worked on them."""
    for _ in range(100):
        await session.save_positions()
        books = await _books(session.ledger, session.book.account)
        if books == wanted:
            break
        await asyncio.sleep(0.05)
    return books


async def _books(ledger: Ledger, account: Account) -> Books:
    trades = await ledger.trades(account.name)
    return Books(account, [plain for trade in trades if (plain := without_sources(trade))])


async def check(folder: Path, seed: int, minutes: int, one: Place) -> Sequence[Trade]:
    """Compare the three ways; returns the trades as all of them left them."""
    live, killed, replayed = await three_ways(folder, seed, minutes, one)
    assert live == replayed, f"seed {seed}"
    assert killed == replayed, f"seed {seed}"
    return live.trades


@pytest.mark.parametrize("seed", [1, 2])
async def test_live_replayed_and_caught_up_leave_the_same_ledger(
    tmp_path: Path, seed: int
) -> None:
    trades = await check(tmp_path, seed, 8, plain_trades(seed))

    assert any(trade.status is not TradeStatus.OPEN for trade in trades)


@pytest.mark.parametrize("seed", [3, 4])
async def test_smart_trades_too_leave_the_same_ledger_three_ways(
    tmp_path: Path, seed: int
) -> None:
    trades = await check(tmp_path, seed, 8, smart_trades(seed, 8))

    assert len({trade.status for trade in trades}) > 1
    assert any(len(trade.fills) > 2 for trade in trades)
