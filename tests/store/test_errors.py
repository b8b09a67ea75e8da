"""Every way in which a database can fail ends in a sentence with the path in it."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.connection import Connection
from store.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreTooNew,
    StoreUnavailable,
    TooPrecise,
)
from store.ledger import Ledger
from store.thread import DatabaseThread
from tests.engine.desk import signal
from tests.store.desk import desk, load
from tests.store.files import (
    content,
    cut_in_half,
    delete,
    permit,
    put,
    replace_by_a_copy,
    run_sql,
    spoil_a_page,
)


async def opened_and_closed(path: Path) -> None:
    ledger = await Ledger.open(path)
    await (await desk(ledger)).open("BTCUSDT")
    await ledger.add_signals([signal(name=f"s{number}") for number in range(200)])
    await ledger.close()


async def refusal(path: Path, kind: type[StoreError], *, wait_s: float = 10.0) -> str:
    with pytest.raises(kind) as refused:
        await Ledger.open(path, wait_s=wait_s)
    assert str(path) in str(refused.value)
    return str(refused.value)


# -- at the start -----------------------------------------------------------------------------


async def test_a_folder_at_the_path_is_refused_with_its_name(path: Path) -> None:
    folder = path.parent

    assert "is not a file" in await refusal(folder, StoreUnavailable)


async def test_a_folder_that_cannot_be_made_is_refused(path: Path) -> None:
    put(path, b"a file where the folder should be")

    await refusal(path / "books.db", StoreUnavailable)


async def test_a_missing_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "books.db"

    await (await Ledger.open(path)).close()

    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    text = b"this is a diary, not a database; " * 100
    put(path, text)

    message = await refusal(path, StoreCorrupt)

    assert "not a database" in message
    assert content(path) == text


async def test_an_empty_file_becomes_a_new_database(path: Path) -> None:
    put(path, b"")

    ledger = await Ledger.open(path)

    assert (await load(ledger)).next_trade_id == 1
    await ledger.close()


async def test_a_truncated_database_is_refused_and_left_alone(path: Path) -> None:
    await opened_and_closed(path)
    cut_in_half(path)
    before = content(path)

    await refusal(path, StoreCorrupt)

    assert content(path) == before


async def test_a_damaged_page_is_noticed_before_trading(path: Path) -> None:
    await opened_and_closed(path)
    spoil_a_page(path)

    assert "damaged" in await refusal(path, StoreCorrupt)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE cookies (id INTEGER)"],
        ["PRAGMA application_id = 252006674"],
        ["CREATE TABLE trade (id INTEGER)", "PRAGMA user_version = 1"],
    ],
)
async def test_another_programs_database_is_refused_and_left_alone(
    path: Path, statements: list[str]
) -> None:
    run_sql(path, *statements)
    before = content(path)

    message = await refusal(path, StoreForeign)

    assert "another program" in message
    assert content(path) == before


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await opened_and_closed(path)
    run_sql(path, "PRAGMA user_version = 99")
    before = content(path)

    message = await refusal(path, StoreTooNew)

    assert "schema 99" in message
    assert "Upgrade" in message
    assert content(path) == before


async def test_a_lock_held_elsewhere_is_named_at_the_start(path: Path) -> None:
    await opened_and_closed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert "locked" in await refusal(path, StoreBusy, wait_s=0.05)


# -- while in use -----------------------------------------------------------------------------


async def test_a_lock_held_elsewhere_fails_the_commit_and_a_retry_succeeds(path: Path) -> None:
    ledger = await Ledger.open(path, wait_s=0.05)
    trading = await desk(ledger)
    [event] = trading.book.submit(trading.buy("BTCUSDT"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy, match="locked"):
            await trading.record(event)

    await trading.record(event)

    assert await ledger.trades("main") == [event.trade]
    await ledger.close()


async def test_a_reader_elsewhere_that_blocks_the_commit_itself_loses_nothing(
    path: Path,
) -> None:
    ledger = await Ledger.open(path, wait_s=0.05)
    trading = await desk(ledger)
    [event] = trading.book.submit(trading.buy("BTCUSDT"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM trade").fetchall()
        with pytest.raises(StoreBusy):
            await trading.record(event)

    await trading.record(event)

    assert await ledger.trades("main") == [event.trade]
    await ledger.close()


async def test_a_full_disk_is_named_though_the_roll_back_hides_it(path: Path) -> None:
    thread = DatabaseThread(path)
    await thread.open()

    def fill_up(db: Connection) -> None:
        db.execute("CREATE TABLE ballast (text TEXT)")
        while True:
            db.execute("INSERT INTO ballast VALUES (?)", ("x" * 10_000,))

    await thread.outside_transaction(lambda db: db.execute("PRAGMA max_page_count = 60"))
    with pytest.raises(StoreFull, match="no room left") as failure:
        await thread.write(fill_up)

    assert str(path) in str(failure.value)
    left = await thread.read(
        lambda db: db.execute("SELECT 1 FROM sqlite_master WHERE name = 'ballast'").fetchall()
    )
    await thread.close()
    assert left == []


@pytest.mark.parametrize("spoil", [delete, replace_by_a_copy])
async def test_a_file_that_is_gone_or_replaced_takes_no_writes(
    path: Path, spoil: Callable[[Path], None]
) -> None:
    ledger = await Ledger.open(path)
    spoil(path)

    with pytest.raises(StoreUnavailable, match="deleted or replaced"):
        await load(ledger)
    await ledger.close()


async def test_a_number_that_does_not_fit_stores_nothing_of_its_batch(ledger: Ledger) -> None:
    fine, odd = signal(name="fine"), signal(name="odd", entry="100.000000001")

    with pytest.raises(TooPrecise, match=r"100\.000000001"):
        await ledger.add_signals([fine, odd])

    assert await ledger.signals() == []


# -- without permission -----------------------------------------------------------------------

OPEN_AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
from store.errors import StoreError
from store.ledger import Ledger

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)

async def main():
    try:
        ledger = await Ledger.open(Path(sys.argv[1]))
    except StoreError as exc:
        print(type(exc).__name__, exc)
    else:
        await ledger.close()
        print("opened")

asyncio.run(main())
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user can reach, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def open_without_rights(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AS_NOBODY, str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_file_that_may_not_be_written_is_refused(public_folder: Path) -> None:
    path = public_folder / "books.db"
    await opened_and_closed(path)
    permit(path, 0o444)
    permit(public_folder, 0o777)

    said = open_without_rights(path)

    assert said.startswith("StoreReadOnly")
    assert str(path) in said


async def test_a_folder_that_may_not_be_written_is_refused(public_folder: Path) -> None:
    path = public_folder / "books.db"
    await opened_and_closed(path)
    permit(path, 0o666)
    permit(public_folder, 0o555)

    assert open_without_rights(path).startswith("StoreReadOnly")


def test_a_new_file_in_a_folder_that_may_not_be_written_is_refused(public_folder: Path) -> None:
    permit(public_folder, 0o555)

    assert open_without_rights(public_folder / "new.db").startswith("StoreReadOnly")
