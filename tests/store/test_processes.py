"""Other processes, and processes that die: never two trades for one, never a lost one."""

import multiprocessing
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from store.ledger import Ledger
from tests.store.desk import load
from tests.store.workers import Rival, open_trades


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
