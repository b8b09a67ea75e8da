import asyncio
import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import peewee
import pytest

from engine.model import Market
from engine.stops import StopReason
from store.connection import Connection
from store.errors import StoreError
from store.ledger import Ledger
from store.migrations import STEPS, migrate
from store.schema import TABLES
from store.thread import DatabaseThread
from tests.feeds import START_MS
from tests.store.desk import desk, load
from tests.store.files import content
from tests.store.workers import open_and_close

FIRST_RELEASE = Path(__file__).with_name("schema_1.sql")
"""What the first release wrote."""
NEXT_STEP = ("ALTER TABLE trade ADD COLUMN mood TEXT", "UPDATE trade SET mood = 'calm'")
BROKEN_STEP = (*NEXT_STEP, "INSERT INTO nowhere VALUES (1)")


async def books_with_a_trade(path: Path) -> None:
    ledger = await Ledger.open(path)
    await (await desk(ledger)).open("BTCUSDT")
    await ledger.close()


async def upgrade(path: Path, *steps: tuple[str, ...]) -> None:
    thread = DatabaseThread(path)
    await thread.open()
    try:
        await thread.outside_transaction(lambda db: migrate(db, path, (*STEPS, *steps)))
    finally:
        await thread.close()


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_the_models_name_exactly_the_columns_that_the_migrations_made(
    path: Path,
) -> None:
    await (await Ledger.open(path)).close()

    tables = rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")

    assert tables == sorted((table._meta.table_name,) for table in TABLES)
    for table in TABLES:
        made = {
            (name, not required)
            for _, name, _, required, *_ in rows(
                path, f"PRAGMA table_info({table._meta.table_name})"
            )
        }
        assert made == {(f.column_name, bool(f.null)) for f in table._meta.sorted_fields}


async def test_books_of_the_first_release_are_taken_over_whole(path: Path) -> None:
    """Closed by target, stop and hand; one open, one half closed."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST_RELEASE.read_text())

    ledger = await Ledger.open(path)
    books, trades = await load(ledger), await ledger.trades("main")
    paid_in, findings = await ledger.transfers("main"), await ledger.check(full=True)
    await ledger.close()

    assert findings == []
    assert [trade.id for trade in books.active] == [4, 5]
    assert [len(trade.fills) for trade in trades] == [2, 1, 2, 2, 2]
    assert {trade.session for trade in trades} == {1}
    assert all(trade.stop == trade.fixed_stop == trade.initial_stop for trade in trades)
    assert all(trade.stop_reason is StopReason.INITIAL for trade in trades)
    assert all(trade.placed_ms == trade.opened_ms for trade in trades)
    assert (books.account.market, books.account.session) == (Market.SPOT, 1)
    assert [transfer.amount for transfer in paid_in] == [books.account.deposits]
    assert paid_in[0].time_ms == books.account.session_ms == START_MS


async def test_an_upgrade_keeps_the_trades_and_leaves_a_copy_of_the_old_file(
    path: Path,
) -> None:
    await books_with_a_trade(path)

    await upgrade(path, NEXT_STEP)

    now = len(STEPS)
    copy = path.with_name(f"books.db.schema-{now}.bak")
    assert rows(path, "SELECT symbol, mood FROM trade") == [("BTCUSDT", "calm")]
    assert rows(path, "PRAGMA user_version") == [(now + 1,)]
    assert rows(copy, "SELECT symbol FROM trade") == [("BTCUSDT",)]
    assert rows(copy, "PRAGMA user_version") == [(now,)]
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_an_upgrade_that_fails_half_way_has_changed_nothing(path: Path) -> None:
    await books_with_a_trade(path)
    schema = "SELECT name, sql FROM sqlite_master"
    before = rows(path, schema)

    with pytest.raises(StoreError, match="nowhere"):
        await upgrade(path, BROKEN_STEP)

    assert rows(path, schema) == before
    assert rows(path, "PRAGMA user_version") == [(len(STEPS),)]


async def test_a_new_file_is_not_copied(path: Path) -> None:
    await (await Ledger.open(path)).close()

    assert [found.name for found in path.parent.iterdir()] == ["books.db"]


async def test_starting_again_changes_nothing(path: Path) -> None:
    await books_with_a_trade(path)
    before = content(path)

    await (await Ledger.open(path)).close()

    assert content(path) == before


def test_starters_at_the_same_moment_all_get_the_same_new_database(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workers"])
    rounds, starters = 20, 3
    barrier = context.Barrier(starters, timeout=30)
    processes = [
        context.Process(target=open_and_close, args=(tmp_path, rounds, barrier))
        for _ in range(starters)
    ]

    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * starters
    for number in range(rounds):
        assert rows(tmp_path / f"{number}.db", "PRAGMA user_version") == [(len(STEPS),)]


def test_the_duplicate_rule_is_two_partial_indexes(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    path.touch()
    connection = Connection(path)
    connection.open()
    migrate(connection, path)
    connection.execute(
        "INSERT INTO account (name, currency, deposits, gross, fees, funding, closed, wins, "
        "losses, created_ms) VALUES ('main', 'USDT', 0, 0, 0, 0, 0, 0, 0, 0)"
    )
    columns = [row[1] for row in connection.execute("PRAGMA table_info(trade)")]

    def insert(number: int, status: str, signal: str, side: str) -> None:
        values: dict[str, str | int] = dict.fromkeys(columns, 0)
        values |= {
            "id": number,
            "account": "main",
            "status": status,
            "signal_id": signal,
            "symbol": "BTCUSDT",
            "direction": side,
        }
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO trade VALUES ({marks})", [values[c] for c in columns])

    insert(1, "OPEN", "a", "LONG")
    insert(2, "CLOSED_TP", "a", "LONG")
    insert(3, "PENDING", "b", "SHORT")
    with pytest.raises(peewee.IntegrityError):
        insert(4, "PENDING", "a", "LONG+")
    with pytest.raises(peewee.IntegrityError):
        insert(5, "OPEN", "c", "SHORT")
    connection.close()


async def test_two_ledgers_in_one_process_may_use_different_files(tmp_path: Path) -> None:
    first, second = await asyncio.gather(
        Ledger.open(tmp_path / "a.db"), Ledger.open(tmp_path / "b.db")
    )
    await (await desk(first)).open("BTCUSDT")

    assert (await load(second)).active == ()
    await first.close()
    await second.close()
