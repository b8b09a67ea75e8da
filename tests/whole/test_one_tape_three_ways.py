"""One tape, three ways: live, replayed, and killed half-way and caught up. One ledger.

The same open trades go three ways through the same hour of the same market; afterwards every
figure in the three ledgers is the same. Only how the desk learned of a fill may differ.
"""

import asyncio
import shutil
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from desk.replay.run import replay
from desk.settings import load_settings
from engine.model import Direction, Trade, TradeStatus
from market.simulator import SimulatedExchange, SimulatorServer
from store.ledger import Ledger
from tests.desk.world import SYMBOLS, World, place, without_sources
from tests.market.simulation import running_market

SPEED = 90


async def three_ways(folder: Path, seed: int, minutes: int) -> list[list[Trade]]:
    """Return the trades as each way leaves them, the first one live."""
    chance = Random(seed)
    exchange, clock = running_market(seed)
    async with SimulatorServer(exchange) as server:
        start = World(exchange, clock, server, folder, "start")
        async with start.desk() as session:
            for symbol in SYMBOLS:
                for direction in Direction:
                    below, above = (f"{chance.uniform(0.0005, 0.006):.5f}" for _ in range(2))
                    await place(session, symbol, direction, below, above)
            await session.save_positions()
        live, killed, replayed = (_copy(start, name) for name in ("live", "killed", "tape"))

        async with live.desk():
            clock.run(SPEED)
            async with killed.starting():
                await asyncio.sleep(minutes * 60 / SPEED / 2)
            await asyncio.sleep(minutes * 60 / SPEED / 2)
            clock.run(1)
            end_ms = exchange.now_ms()
            await asyncio.sleep(1.0)  # what was sent until then is also taken in
        async with killed.desk():
            pass
        await _replay(exchange, replayed, folder, end_ms)
    return [await _ended_by(world.database, end_ms) for world in (live, killed, replayed)]


def _copy(start: World, name: str) -> World:
    copy = replace(start, name=name, facts=[])
    shutil.copy(start.database, copy.database)
    return copy


async def _replay(exchange: SimulatedExchange, books: World, folder: Path, end_ms: int) -> None:
    """Write the market down as the exchange's archive does, and play that."""
    tapes = []
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
        await replay(tapes, settings=settings, ledger=ledger)
    finally:
        await ledger.close()


def _decimal(units: int, places: int) -> str:
    return f"{Decimal(units).scaleb(-places):.{places}f}"


async def _ended_by(database: Path, end_ms: int) -> list[Trade]:
    """Return the stored trades; what closed later counts as open, whose extremes still move."""
    ledger = await Ledger.open(database)
    try:
        trades = await ledger.trades("main")
    finally:
        await ledger.close()
    return [
        plain if plain.closed_ms and plain.closed_ms <= end_ms else _opening(plain)
        for trade in trades
        if (plain := without_sources(trade))
    ]


def _opening(trade: Trade) -> Trade:
    return replace(
        trade,
        status=TradeStatus.OPEN,
        close_reason=None,
        closed_ms=None,
        exit_price=None,
        quantity=trade.initial_quantity,
        cost=trade.entry_price,
        targets=tuple(replace(target, filled=False) for target in trade.targets),
        gross=trade.gross * 0,
        fees=trade.fills[0].fee,
        best=trade.entry_price,
        worst=trade.entry_price,
        fills=trade.fills[:1],
    )


async def check(folder: Path, seed: int, minutes: int) -> int:
    live, killed, replayed = await three_ways(folder, seed, minutes)
    assert killed == live, f"seed {seed}"
    assert replayed == live, f"seed {seed}"
    return sum(trade.status is not TradeStatus.OPEN for trade in live)


@pytest.mark.parametrize("seed", [1, 2])
async def test_live_replayed_and_caught_up_leave_the_same_ledger(
    tmp_path: Path, seed: int
) -> None:
    closed = await check(tmp_path, seed, minutes=8)

    assert closed
