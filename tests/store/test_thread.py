import asyncio
import sqlite3
from pathlib import Path

import pytest

from store.connection import Connection, journal_for
from store.ledger import Ledger
from store.thread import DatabaseThread
from tests.engine.desk import signal
from tests.store.desk import desk, load


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "DELETE"),
        ((3, 44, 5), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"),
        ((3, 60, 0), "WAL"),
    ],
)
def test_the_write_ahead_log_is_used_only_where_it_is_safe(
    version: tuple[int, int, int], mode: str
) -> None:
    assert journal_for(version).mode == mode


@pytest.mark.parametrize(
    ("version", "said", "synchronous"),
    [((3, 40, 1), "DELETE, synchronous EXTRA", 3), ((3, 51, 3), "WAL, synchronous FULL", 2)],
)
async def test_a_file_gets_the_journal_that_suits_the_library_and_keeps_its_trades(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int, int],
    said: str,
    synchronous: int,
) -> None:
    other_way_round = (3, 51, 3) if version < (3, 51) else (3, 40, 1)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", other_way_round)
    ledger = await Ledger.open(path)
    opened = await (await desk(ledger)).open("BTCUSDT")
    await ledger.close()

    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    ledger = await Ledger.open(path)

    assert (await ledger.info())["journal"].startswith(said)
    assert (await load(ledger)).active == (opened.trade,)
    await ledger.close()
    thread = DatabaseThread(path)
    await thread.open()
    assert await thread.read(lambda db: db.pragma("synchronous")) == synchronous
    await thread.close()


async def test_the_connection_checks_references_and_trusts_no_schema(path: Path) -> None:
    thread = DatabaseThread(path)
    await thread.open()

    settings = await thread.read(
        lambda db: (db.pragma("foreign_keys"), db.pragma("trusted_schema"))
    )

    await thread.close()
    assert settings == (1, 0)


async def test_jobs_run_in_the_order_they_were_given(path: Path) -> None:
    thread = DatabaseThread(path)
    await thread.open()
    order: list[int] = []

    def job(number: int) -> None:
        order.append(number)

    await asyncio.gather(
        *(
            thread.write(lambda _, n=number: job(n))  # type: ignore[misc]  # binds the number now
            for number in range(50)
        )
    )

    await thread.close()
    assert order == list(range(50))


async def test_a_job_that_raises_leaves_nothing_behind_and_the_next_one_works(
    path: Path,
) -> None:
    thread = DatabaseThread(path)
    await thread.open()
    insert = "INSERT INTO command (kind, payload, status, created_ms) VALUES ('x', '', 'x', 0)"

    def fails(db: Connection) -> None:
        db.execute(insert)
        raise KeyError("a mistake in the job")

    with pytest.raises(KeyError):
        await thread.write(fails)
    await thread.write(lambda db: db.execute(insert))

    count = await thread.read(lambda db: db.execute("SELECT count(*) FROM command").fetchone())
    await thread.close()
    assert count == (1,)


async def test_cancelled_waiters_leave_whole_transactions_in_order(ledger: Ledger) -> None:
    """A cancelled commit is either wholly on disk or wholly absent; here, always on disk."""
    pairs = [(signal(name=f"{n}a"), signal(name=f"{n}b")) for n in range(300)]

    tasks = [asyncio.create_task(ledger.add_signals(pair)) for pair in pairs]
    await asyncio.sleep(0)
    for number, task in enumerate(tasks):
        if number % 3:
            task.cancel()
        if number % 50 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)

    stored = [found.id for found in await ledger.signals(limit=1000)]
    assert stored == [found.id for pair in pairs for found in pair]


async def test_closing_finishes_what_was_asked_for(path: Path) -> None:
    ledger = await Ledger.open(path)
    waiting = [
        asyncio.create_task(ledger.add_signals([signal(name=str(n))])) for n in range(20)
    ]
    await asyncio.sleep(0)

    await ledger.close()

    assert await asyncio.gather(*waiting) == [[True]] * 20
    ledger = await Ledger.open(path)
    assert len(await ledger.signals()) == 20
    await ledger.close()


async def test_a_cancelled_opening_lets_go_of_the_file(path: Path) -> None:
    opening = asyncio.create_task(Ledger.open(path))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    ledger = await Ledger.open(path, wait_s=0.05)

    assert (await load(ledger)).next_trade_id == 1
    await ledger.close()
