"""Processes that die and processes that race: nothing lost, nothing doubled."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random

import pytest

from engine.account import Account
from engine.entries import duplicate_sentence
from store.ledger import Ledger
from tests.feeds import START_MS
from tests.soak.conftest import Figures
from tests.soak.trader import ALL, State, read
from tests.soak.workers import OPENED, Rival, race, trade_until_killed
from tests.store.desk import D

CYCLES_PER_DATABASE = 8
IN_THE_START_S, IN_A_COMMIT_S = 0.04, 0.004
"""How long a process lives on at most before it is killed, seconds."""
RIVALS = 4
EMPTY = State(
    account=Account(name="main", currency="USDT", deposits=D(1_000_000), session_ms=START_MS),
    trades={},
    signals={},
    checkpoints={},
)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Return a way to start processes that inherit nothing and start fast."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.soak.workers"])
    return context


# -- killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cycles", [12, pytest.param(1_000, marks=pytest.mark.soak)])
def test_a_desk_killed_at_any_moment_leaves_the_books_before_or_after_its_last_commit(
    tmp_path: Path, processes: ForkServerContext, cycles: int, seed: int, figures: Figures
) -> None:
    chance, counted, books = Random(seed), Counter[str](), EMPTY
    for cycle in range(cycles):
        path = tmp_path / f"{cycle // CYCLES_PER_DATABASE}.db"
        if cycle % CYCLES_PER_DATABASE == 0:
            books = EMPTY

        said = killed_trader(path, processes, chance)

        acknowledged, under_way = heard(books, said)
        books = asyncio.run(read(path))
        assert books in (acknowledged, under_way or acknowledged), f"cycle {cycle}"
        counted["acknowledged"] += said.count(None)
        counted["under way: all there"] += books == under_way
        counted["under way: nothing there"] += bool(under_way) and books == acknowledged
        books = replace(books, requests=())  # reading has taken them
    figures |= {"cycles": cycles, **counted}
    assert counted["acknowledged"] > cycles


def killed_trader(
    path: Path, processes: ForkServerContext, chance: Random
) -> list[State | None]:
    """Let a desk trade for a moment, kill it and return what it has said until then."""
    receiver, sender = processes.Pipe(duplex=False)
    trader = processes.Process(
        target=trade_until_killed, args=(path, chance.getrandbits(32), sender)
    )
    trader.start()
    sender.close()
    words = chance.choice((0, 0, 0, *range(1, 17)))
    said: list[State | None] = [receiver.recv() for _ in range(words)]
    time.sleep(chance.uniform(0, IN_A_COMMIT_S if words else IN_THE_START_S))
    trader.kill()
    trader.join()
    said += rest(receiver)
    return said


def rest(receiver: Pipe) -> Iterator[State | None]:
    """Yield what a dead process had sent; the last message may be cut off."""
    while True:
        try:
            yield receiver.recv()
        except (EOFError, OSError):
            receiver.close()
            return


def heard(books: State, said: Sequence[State | None]) -> tuple[State, State | None]:
    """Return the books with all that was acknowledged, and with the last commit under way."""
    under_way = None
    for word in said:
        if word is None:
            assert under_way
            books, under_way = under_way, None
        else:
            under_way = books.after(word)
    return books, under_way


# -- racing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("signals", [40, pytest.param(2_500, marks=pytest.mark.soak)])
async def test_of_all_who_race_for_a_signal_one_opens_and_the_others_hear_which_trade_it_is(
    tmp_path: Path, processes: ForkServerContext, signals: int, figures: Figures
) -> None:
    path = tmp_path / "books.db"

    said = raced(path, processes, signals)

    ledger = await Ledger.open(path)
    trades = {
        trade.signal.id: trade
        for trade in await ledger.trades("main", limit=ALL)
        if trade.signal
    }
    stored = len(await ledger.trades("main", limit=ALL))
    await ledger.close()
    wins = Counter(said_of_one.index(OPENED) for said_of_one in zip(*said, strict=True))
    figures |= {"signals": signals, "opens": signals * RIVALS, "trades": stored}
    figures |= {f"won by process {number}": wins[number] for number in range(RIVALS)}
    assert stored == len(trades) == signals
    for number, of_one in enumerate(zip(*said, strict=True)):
        trade = trades[f"s{number}"]
        expected = [duplicate_sentence(trade, same_signal=True)] * RIVALS
        expected[int(trade.note)] = OPENED
        assert list(of_one) == expected


def raced(path: Path, processes: ForkServerContext, rounds: int) -> list[list[str]]:
    """Return what each process was told, signal by signal."""
    barrier = processes.Barrier(RIVALS, timeout=60)
    pipes = [processes.Pipe(duplex=False) for _ in range(RIVALS)]
    started = [
        processes.Process(target=race, args=(Rival(path, number, rounds, barrier, sender),))
        for number, (_, sender) in enumerate(pipes)
    ]
    for process, (_, sender) in zip(started, pipes, strict=True):
        process.start()
        sender.close()
    said = [receiver.recv() for receiver, _ in pipes]
    for process in started:
        process.join()
    return said
