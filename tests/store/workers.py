"""What other processes do to a database while a test looks on."""

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from pathlib import Path

from engine.commands import CloseTrade
from engine.errors import DuplicateTrade
from store.ledger import Books, Ledger
from tests.engine.desk import quote, signal
from tests.store.desk import Desk, load, renamed


def open_and_close(folder: Path, rounds: int, barrier: Barrier) -> None:
    """Create one new database after the other, at the same moment as others do."""

    async def work() -> None:
        for number in range(rounds):
            barrier.wait()
            await (await Ledger.open(folder / f"{number}.db")).close()

    asyncio.run(work())


@dataclass(frozen=True)
class Rival:
    """One of two processes that want the same trades."""

    path: Path
    name: str
    rounds: int
    barrier: Barrier
    """Lets both go at the same moment."""
    results: Pipe


def open_trades(rival: Rival) -> None:
    """Open a trade in each round, as the other rival does; send what became of it.

    On even rounds the two have only the signal in common, on odd ones only the symbol and
    direction.
    """

    async def work() -> list[str]:
        ledger = await Ledger.open(rival.path)
        books = await load(ledger)
        said = [await _open_one(ledger, books, rival, n) for n in range(rival.rounds)]
        await ledger.close()
        return said

    rival.results.send(asyncio.run(work()))


async def _open_one(ledger: Ledger, books: Books, rival: Rival, number: int) -> str:
    on_signal = number % 2 == 0
    symbol = f"{rival.name if on_signal else ''}{number}USDT"
    desk = Desk(ledger, books, [symbol])
    idea = signal(name=f"s{number}", symbol=symbol) if on_signal else None
    [event] = desk.book.submit(desk.buy(symbol, idea))
    own_id = 2 * number + (1 if rival.name == "A" else 2)
    opened = renamed(event.trade, id=own_id, note=rival.name)
    rival.barrier.wait()
    try:
        await desk.record(opened)
    except DuplicateTrade as refused:
        return f"refused for {refused.trade_id}"
    return "opened"


def trade_until_killed(path: Path, acknowledged: Pipe) -> None:
    """Open and close trades without end, telling each time what is on disk for sure."""

    async def work() -> None:
        ledger = await Ledger.open(path)
        symbols = ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
        desk = Desk(ledger, await load(ledger), symbols)
        while True:
            held = {trade.symbol: trade.id for trade in desk.book.active()}
            for symbol in symbols:
                if symbol in held:
                    number = held[symbol]
                    await desk.submit(CloseTrade(trade_id=number, quote=quote("101")))
                    acknowledged.send(("closed", number))
                else:
                    event = await desk.open(symbol)
                    acknowledged.send(("opened", event.trade.id))

    asyncio.run(work())
