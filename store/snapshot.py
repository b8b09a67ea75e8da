"""Reading a database while others use it: one committed state, copied through SQLite.

Law: the file is never opened past SQLite by a process that works on it; closing it again would
let go of that process's locks.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store.errors import store_error


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the database at *path* into a `StoreError`."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as exc:
        raise store_error(exc, path) from exc


def read_only(path: Path, wait_s: float, *, asleep: bool = False) -> sqlite3.Connection:
    """Open the database at *path* so that nothing can be written.

    Args:
        path: An existing file.
        wait_s: How long to wait for locks, seconds.
        asleep: Whether it is known that nobody writes to it.
    """
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if asleep else ''}"
    return sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None)


def copy_all(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy the committed state of one database into another, whoever writes meanwhile.

    The lock is taken first, because the copying itself would wait for it without end.
    """
    source.execute("PRAGMA trusted_schema = 0")
    source.execute("PRAGMA cell_size_check = 1")
    source.execute("BEGIN")
    try:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target)
    finally:
        source.execute("ROLLBACK")


@contextmanager
def snapshot(path: Path, wait_s: float, *, asleep: bool) -> Iterator[sqlite3.Connection]:
    """Give a private copy of the database at *path*; others wait only for the copying."""
    # A database without a name is a temporary file that nobody else can open.
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
        with closing(read_only(path, wait_s, asleep=asleep)) as source:
            copy_all(source, copy)
        copy.execute("PRAGMA trusted_schema = 0")
        yield copy


def is_asleep(path: Path) -> bool:
    """Tell whether the file has a write-ahead log that nobody uses at present.

    Even a reader would make one anew, and could not take it away again. To open the file past
    SQLite would cost this process its locks, had it any.
    """
    if path.with_name(path.name + "-wal").exists():
        return False
    try:
        with path.open("rb") as file:
            return file.read(20)[18:19] == b"\x02"
    except OSError:
        return False
