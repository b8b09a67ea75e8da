"""What other processes do to a database while a test looks on."""

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random

from engine.errors import DuplicateTrade
from store.ledger import Books, Ledger
from tests.engine.desk import signal
from tests.soak.trader import Trader
from tests.store.desk import Desk, load, renamed

OPENED = "opened"


def trade_until_killed(path: Path, seed: int, said: Pipe) -> None:
    """Trade without end; send each commit before it is made, and None when it is on disk."""

    async def work() -> None:
        ledger = await Ledger.open(path)
        trader = Trader(ledger, await load(ledger), Random(seed))
        while True:
            step = trader.plan()
            said.send(step.change)
            await step.write()
            said.send(None)

    asyncio.run(work())


@dataclass(frozen=True)
class Rival:
    """One of several processes that want a trade on the same signals."""

    path: Path
    number: int
    """0, 1, 2, …"""
    rounds: int
    barrier: Barrier
    """Lets all go at the same moment."""
    results: Pipe


def race(rival: Rival) -> None:
    """Open a trade on one signal after the other, as all rivals do; send what was said."""

    async def work() -> list[str]:
        ledger = await Ledger.open(rival.path)
        books = await load(ledger)
        said = [await _open(ledger, books, rival, number) for number in range(rival.rounds)]
        await ledger.close()
        return said

    rival.results.send(asyncio.run(work()))


async def _open(ledger: Ledger, books: Books, rival: Rival, number: int) -> str:
    symbol = f"{number}USDT"
    desk = Desk(ledger, books, [symbol])
    [event] = desk.book.submit(desk.buy(symbol, signal(name=f"s{number}", symbol=symbol)))
    # Every other time all have the same number in mind for their trade.
    own_id = 1 + 100 * number + (rival.number if number % 2 else 0)
    opened = renamed(event.trade, id=own_id, note=str(rival.number))
    rival.barrier.wait()
    try:
        await desk.record(opened)
    except DuplicateTrade as refused:
        return str(refused)
    return OPENED
