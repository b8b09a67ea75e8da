"""Copies of the books that can be trusted, and the way back to one.

Law: a copy is made through SQLite, of one committed state, while others trade on. It gets its
name only after it was checked from end to end and is on disk; until then nothing has changed.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store.connection import WAIT_FOR_LOCK_S
from store.errors import StoreBusy, StoreCorrupt, StoreUnsound, store_error
from store.health import Examined, examine
from store.snapshot import copy_all, read_only, translating

COMPANIONS = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a file. Beside another file of that name they would spoil it."""

_OF_THE_TARGET = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}


def back_up(database: Path, file: Path, *, wait_s: float = WAIT_FOR_LOCK_S) -> Examined:
    """Put a checked copy of *database* at *file*, in place of whatever stands there.

    Args:
        database: The books; they may be in use.
        file: Where the copy goes; its folder must exist.
        wait_s: How long to wait for other programs' locks, seconds.

    Returns:
        What the copy holds.

    Raises:
        StoreError: If that cannot be done; *file* is as it was then.
    """
    with _part(file) as part:
        examined = _checked_copy(database, part, file, wait_s)
        _put(part, file)
    return examined


def restore(
    file: Path, database: Path, aside: Path, *, wait_s: float = WAIT_FOR_LOCK_S
) -> Examined:
    """Put a checked copy of *file* in the place of *database*; the caller holds the desk.

    Args:
        file: A backup.
        database: The desk's file; it need not exist.
        aside: Where the present books are kept from now on, if there are any.
        wait_s: How long to wait for other programs' locks, seconds.

    Returns:
        What the restored books hold.

    Raises:
        StoreError: If that cannot be done; *database* is as it was then.
    """
    with _part(database) as part:
        examined = _checked_copy(file, part, database, wait_s)
        with translating(database), _kept_aside(database, aside, wait_s):
            _put(part, database)
    return examined


@contextmanager
def _part(file: Path) -> Iterator[Path]:
    """Give a new file beside *file*, for its owner's eyes only; it is gone afterwards."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    with translating(file):
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield part
    finally:
        for name in (part.name, *(part.name + end for end in COMPANIONS)):
            part.with_name(name).unlink(missing_ok=True)


def _checked_copy(source: Path, part: Path, file: Path, wait_s: float) -> Examined:
    _copy(source, part, file, wait_s)
    examined = examine(part, alone=True)
    if examined.findings:
        more = len(examined.findings) - 1
        raise StoreUnsound(
            f"The books in {source} are not sound, so nothing was done. "
            f"{examined.findings[0]}{f' And {more} more.' if more else ''}"
        )
    return examined


def _copy(source: Path, part: Path, file: Path, wait_s: float) -> None:
    # To be read, a write that was cut off may have to be undone first: hence not read-only.
    address = f"{source.absolute().as_uri()}?mode=rw"
    try:
        with (
            closing(
                sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None)
            ) as old,
            closing(sqlite3.connect(part, isolation_level=None)) as new,
        ):
            new.execute("PRAGMA synchronous = OFF")  # it is brought to disk as a whole
            copy_all(old, new)
            new.execute("PRAGMA journal_mode = DELETE")  # so that one file is all there is
    except (sqlite3.Error, OSError, UnicodeDecodeError) as exc:
        full = getattr(exc, "sqlite_errorcode", 0) & 0xFF in _OF_THE_TARGET
        raise store_error(exc, file if full else source) from exc


def _put(part: Path, file: Path) -> None:
    with translating(file):
        _to_disk(part)
        part.replace(file)
        _to_disk(file.parent)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# -- the books that are replaced --------------------------------------------------------------


@contextmanager
def _kept_aside(database: Path, aside: Path, wait_s: float) -> Iterator[None]:
    """Keep the present books at *aside*; nobody can write to them inside the block."""
    with contextlib.ExitStack() as held:
        if database.exists():
            try:
                held.enter_context(_copied_aside(database, aside, wait_s))
            except StoreCorrupt:
                os.link(database, aside)  # it cannot be read, so it is kept as it is
        for end in COMPANIONS:
            companion = database.with_name(database.name + end)
            if companion.exists():
                companion.replace(aside.with_name(aside.name + end))
        yield


@contextmanager
def _copied_aside(database: Path, aside: Path, wait_s: float) -> Iterator[None]:
    address = f"{database.absolute().as_uri()}?mode=rw"
    with closing(
        sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None)
    ) as old:
        with translating(database):
            [journal] = old.execute("PRAGMA journal_mode = DELETE").fetchone()
            if journal != "delete":
                raise StoreBusy(
                    f"The database {database} is in use. Close the windows that show it."
                )
            old.execute("BEGIN IMMEDIATE")
        with _part(aside) as part:
            with (
                translating(database),
                closing(read_only(database, wait_s)) as source,
                closing(sqlite3.connect(part, isolation_level=None)) as copy,
            ):
                copy_all(source, copy)
            _put(part, aside)
        yield
