"""Other processes, and processes that die: never two trades for one, never a lost one."""

import multiprocessing
import random
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from store.ledger import Ledger
from tests.store.desk import check_balance, load
from tests.store.workers import Rival, open_trades, trade_until_killed


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Return a way to start processes that inherit nothing and start fast."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workers"])
    return context


async def test_two_processes_racing_for_a_signal_or_side_open_exactly_one_trade(
    path: Path, processes: ForkServerContext
) -> None:
    rounds = 200
    barrier = processes.Barrier(2, timeout=30)
    pipes = [processes.Pipe(duplex=False) for _ in "AB"]
    started = [
        processes.Process(
            target=open_trades, args=(Rival(path, name, rounds, barrier, sender),)
        )
        for name, (_, sender) in zip("AB", pipes, strict=True)
    ]

    for process, (_, sender) in zip(started, pipes, strict=True):
        process.start()
        sender.close()
    said = [receiver.recv() for receiver, _ in pipes]
    for process in started:
        process.join()

    for number, (by_a, by_b) in enumerate(zip(*said, strict=True)):
        winner = 2 * number + (1 if by_a == "opened" else 2)
        assert sorted([by_a, by_b]) == ["opened", f"refused for {winner}"]
    ledger = await Ledger.open(path)
    active = (await load(ledger)).active
    await ledger.close()
    assert len(active) == rounds


async def killed_cycles(path: Path, processes: ForkServerContext, cycles: int) -> None:
    chance = random.Random(7)
    for _ in range(cycles):
        receiver, sender = processes.Pipe(duplex=False)
        writer = processes.Process(target=trade_until_killed, args=(path, sender))
        writer.start()
        sender.close()
        acknowledged = [receiver.recv() for _ in range(chance.randint(1, 20))]
        writer.kill()
        writer.join()
        while receiver.poll():
            try:
                acknowledged.append(receiver.recv())
            except EOFError:
                break
        await check_nothing_lost(path, acknowledged)


async def check_nothing_lost(path: Path, acknowledged: list[tuple[str, int]]) -> None:
    ledger = await Ledger.open(path)
    books, trades = await load(ledger), await ledger.trades("main", limit=1_000_000)
    await ledger.close()
    known = {trade.id: trade for trade in trades}
    for what, number in acknowledged:
        assert number in known
        assert what == "opened" or not known[number].status.active
    check_balance(books, trades)


async def test_a_killed_writer_loses_nothing_that_was_acknowledged_and_books_balance(
    path: Path, processes: ForkServerContext
) -> None:
    await killed_cycles(path, processes, cycles=20)


@pytest.mark.soak
async def test_hundreds_of_killed_writers_lose_nothing(
    path: Path, processes: ForkServerContext
) -> None:
    await killed_cycles(path, processes, cycles=400)
