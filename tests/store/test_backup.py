"""A backup is whole and checked or it is not there; a restore loses nothing that was there."""

import asyncio
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.backup import back_up, restore
from store.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnsound
from store.health import examine
from store.ledger import Ledger
from tests.store.desk import desk, load
from tests.store.files import content, cut_in_half, delete, put, run_sql, spoil_a_page
from tests.store.sound import beside, sound_books, trade_a_little
from tests.store.test_health import leave_a_hot_journal
from tests.store.workers import trade_until_killed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "backup.db"


def aside_of(path: Path) -> Path:
    return path.with_name(path.name + ".before")


# -- back up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 3)])
async def test_a_backup_of_books_in_use_is_one_private_file_with_every_commit(
    path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    """With the newer library the commits are in the write-ahead log, not in the file."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    ledger = await Ledger.open(path)
    await trade_a_little(ledger)

    made = back_up(path, file)

    trades = await ledger.trades("main")
    await ledger.close()
    assert (made.trades, made.active, made.findings) == (5, 2, ())
    assert list(beside(file)) == ["backup.db"]
    assert mode(file) == 0o600
    assert content(file)[18:20] == b"\x01\x01"  # no write-ahead log is missing
    ledger = await Ledger.open(file)
    assert await ledger.trades("main") == trades
    await ledger.close()


async def test_backups_made_while_trading_each_hold_one_sound_state(
    path: Path, file: Path
) -> None:
    ledger = await Ledger.open(path)
    trading = await desk(ledger)
    held: list[int] = []

    async def trade() -> None:
        while len(held) < 5:
            opened = await trading.open("BTCUSDT")
            await trading.close(opened.trade.id)

    async def keep_backing_up() -> None:
        while len(held) < 5:
            made = await asyncio.to_thread(back_up, path, file)
            held.append(made.trades)

    await asyncio.gather(trade(), keep_backing_up())

    assert held == sorted(held)
    assert held[-1] > held[0]
    assert await ledger.check(full=True) == []
    await ledger.close()


async def test_only_what_is_committed_is_backed_up(path: Path, file: Path) -> None:
    await sound_books(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE account SET fees = 1")

        made = back_up(path, file)

    assert made.findings == ()


async def test_a_write_that_was_cut_off_is_undone_before_it_is_backed_up(
    path: Path, file: Path
) -> None:
    await sound_books(path)
    leave_a_hot_journal(path)

    made = back_up(path, file)

    assert (made.trades, made.findings) == (5, ())


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda path: run_sql(path, "UPDATE account SET fees = 0"), StoreUnsound),
        (spoil_a_page, StoreError),
        (cut_in_half, StoreCorrupt),
        (lambda path: put(path, b"no database" * 1000), StoreCorrupt),
    ],
)
async def test_books_that_are_not_sound_leave_the_earlier_backup_as_it_is(
    path: Path, file: Path, damage: Callable[[Path], None], kind: type[StoreError]
) -> None:
    await sound_books(path)
    back_up(path, file)
    before = beside(file)
    damage(path)

    with pytest.raises(kind):
        back_up(path, file)

    assert beside(file) == before


async def test_missing_books_leave_nothing_behind(path: Path, file: Path) -> None:
    with pytest.raises(StoreError, match=str(path)):
        back_up(path, file)

    assert beside(file) == beside(path) == {}


async def test_a_backup_waits_for_a_lock_only_so_long(path: Path, file: Path) -> None:
    await sound_books(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StoreBusy, match="locked"):
            back_up(path, file, wait_s=0.05)

    assert beside(file) == {}


@pytest.mark.soak
async def test_a_hundred_backups_under_another_process_that_trades_are_all_sound(
    path: Path, file: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=trade_until_killed, args=(path, sender))
    writer.start()
    sender.close()
    receiver.recv()
    held = []

    for _ in range(100):
        made = back_up(path, file)  # it is checked from end to end, or this raises
        held.append(made.trades)
        while receiver.poll():
            receiver.recv()
    writer.kill()
    writer.join()

    assert held == sorted(held)
    assert held[-1] > held[0]


# -- restore ----------------------------------------------------------------------------------


async def backed_up(path: Path, file: Path) -> None:
    """Make a backup of a little trading, and trade on: trade 6 is not in it."""
    await sound_books(path)
    back_up(path, file)
    ledger = await Ledger.open(path)
    await (await desk(ledger, "EUSDT")).open("EUSDT")
    await ledger.close()


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
async def test_a_restore_goes_back_to_the_backup_and_keeps_what_was_there(
    path: Path, file: Path, journal: str
) -> None:
    await backed_up(path, file)
    run_sql(path, f"PRAGMA journal_mode = {journal}")

    restored = restore(file, path, aside_of(path))

    assert restored.trades == 5
    assert examine(path).trades == 5
    kept = examine(aside_of(path))
    assert (kept.trades, kept.findings) == (6, ())
    assert sorted(beside(path)) == [path.name, path.name + ".before"]
    assert {mode(path), mode(aside_of(path))} == {0o600}


async def test_restored_books_are_traded_on(path: Path, file: Path) -> None:
    await backed_up(path, file)
    restore(file, path, aside_of(path))

    ledger = await Ledger.open(path)
    books = await load(ledger)
    opened = await (await desk(ledger, "FUSDT")).open("FUSDT")

    assert [trade.id for trade in books.active] == [4, 5]
    assert opened.trade.id == 6
    assert await ledger.check(full=True) == []
    await ledger.close()


async def test_books_that_are_missing_are_restored(path: Path, file: Path) -> None:
    await backed_up(path, file)
    delete(path)

    restore(file, path, aside_of(path))

    assert examine(path).trades == 5
    assert list(beside(path)) == [path.name]


@pytest.mark.parametrize("damage", [cut_in_half, lambda path: put(path, b"ruin" * 9999)])
async def test_damaged_books_are_restored_and_the_ruin_is_kept(
    path: Path, file: Path, damage: Callable[[Path], None]
) -> None:
    await backed_up(path, file)
    damage(path)
    ruin = content(path)

    restore(file, path, aside_of(path))

    assert examine(path).findings == ()
    assert content(aside_of(path)) == ruin


async def test_a_journal_left_by_the_old_books_does_not_spoil_the_restored_ones(
    path: Path, file: Path
) -> None:
    await backed_up(path, file)
    leave_a_hot_journal(path)
    delete(path)  # as somebody does who has read that he should

    restore(file, path, aside_of(path))

    ledger = await Ledger.open(path)
    assert await ledger.check(full=True) == []
    assert len(await ledger.trades("main")) == 5
    await ledger.close()


async def test_a_write_that_was_cut_off_is_undone_in_the_books_that_are_kept(
    path: Path, file: Path
) -> None:
    await backed_up(path, file)
    leave_a_hot_journal(path)

    restore(file, path, aside_of(path))

    assert examine(aside_of(path)).findings == ()
    assert examine(path).findings == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: run_sql(file, "UPDATE account SET fees = 0"),
        lambda file: run_sql(file, "CREATE VIEW trades AS SELECT * FROM trade"),
        lambda file: run_sql(file, "PRAGMA user_version = 99"),
        lambda file: run_sql(file, "PRAGMA application_id = 99"),
        lambda file: put(file, b"no database" * 1000),
        spoil_a_page,
        cut_in_half,
    ],
)
async def test_a_backup_that_is_not_sound_or_not_ours_changes_nothing(
    path: Path, file: Path, damage: Callable[[Path], None]
) -> None:
    await backed_up(path, file)
    damage(file)
    before = beside(path)

    with pytest.raises(StoreError):
        restore(file, path, aside_of(path))

    assert beside(path) == before


async def test_books_that_somebody_writes_to_are_not_replaced(path: Path, file: Path) -> None:
    await backed_up(path, file)
    before = beside(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusy):
            restore(file, path, aside_of(path), wait_s=0.05)

    assert beside(path) == before


# -- without room -----------------------------------------------------------------------------

ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from store.backup import back_up
from store.errors import StoreError

database, folder = map(Path, sys.argv[1:])
try:
    back_up(database, folder / "backup.db")
except StoreError as exc:
    print(type(exc).__name__, exc)
print(sorted(file.name for file in folder.iterdir()))
"""


async def test_a_backup_without_room_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    await sound_books(path)
    small = tmp_path / "small"
    small.mkdir()

    said = on_a_small_disk(small, 40, ON_A_SMALL_DISK, path, small)

    assert said.splitlines()[0].startswith("StoreFull")
    assert str(small / "backup.db") in said
    assert said.splitlines()[1] == "[]"


def on_a_small_disk(folder: Path, kilobytes: int, code: str, *words: object) -> str:
    """Run a program to which *folder* is a disk of its own; returns what it prints."""
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs `unshare`, which is not here")
    mount = f"mount -t tmpfs -o size={kilobytes}k none {folder}"
    command = ["unshare", "-rm", "sh", "-c", f'{mount} || exit 77; exec "$@"', "sh"]
    done = subprocess.run(
        [*command, sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("a small disk needs user namespaces, which are not allowed here")
    assert done.returncode == 0, done.stderr
    return done.stdout


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
