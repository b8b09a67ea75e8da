"""What can go wrong with the books on disk.

StoreError
├── StoreBusy           another program holds a lock for too long
├── StoreFull           no space is left
├── StoreReadOnly       the file or its folder cannot be written
├── StoreCorrupt        the file is damaged, or no database at all
├── StoreForeign        the database belongs to another program
├── StoreTooNew         a newer Paperdesk wrote it
├── StoreUnavailable    it cannot be opened, or it is no longer there
├── StoreUnsettled      it holds a write that was cut off, which only a writer can undo
├── StoreUnsound        its books do not add up
└── Unstorable          a number does not fit
    ├── TooPrecise      it has more than 8 decimals
    └── TooLarge        it is beyond 64 bits, or not a number

Every message is a sentence that says what to do. No error of the database library leaves this
room untranslated.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

D = TypeVar("D")
T = TypeVar("T")


class StoreError(Exception):
    """The books cannot be read or written; the message is a sentence."""


class StoreBusy(StoreError):
    """Another program holds a lock for too long."""


class StoreFull(StoreError):
    """No space is left."""


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written."""


class StoreCorrupt(StoreError):
    """The file is damaged, or no database at all."""


class StoreForeign(StoreError):
    """The database belongs to another program."""


class StoreTooNew(StoreError):
    """A newer Paperdesk wrote it."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, or it is no longer there."""


class StoreUnsettled(StoreError):
    """The database holds a write that was cut off, which only a writer can undo."""


class StoreUnsound(StoreError):
    """The books in the database do not add up."""


class Unstorable(StoreError):
    """A number does not fit."""


class TooPrecise(Unstorable):
    """The number has more than 8 decimals."""


class TooLarge(Unstorable):
    """The number is beyond 64 bits, or not a number."""


_BUSY = (StoreBusy, "is locked by another program. Close that program, or try again")
_FULL = (StoreFull, "has no room left. Free some disk space and try again")
_READ_ONLY = (
    StoreReadOnly,
    "cannot be written. Make the file and its folder writable, or set PAPERDESK_HOME to "
    "another folder",
)
_CORRUPT = (
    StoreCorrupt,
    "is damaged or is not a database. Nothing was changed; move the file away and put a good "
    "copy in its place",
)
_UNSETTLED = (
    StoreUnsettled,
    "holds a write that was cut off half-way. Nothing is lost: the next start of Paperdesk on "
    "it undoes that write",
)
_UNAVAILABLE = (
    StoreUnavailable,
    "cannot be opened or read. Check the disk, the folder and its permissions",
)

_BY_EXTENDED_CODE = {sqlite3.SQLITE_READONLY_ROLLBACK: _UNSETTLED}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CORRUPT: _CORRUPT,
    sqlite3.SQLITE_NOTADB: _CORRUPT,
    sqlite3.SQLITE_CANTOPEN: _UNAVAILABLE,
    sqlite3.SQLITE_IOERR: _UNAVAILABLE,
}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
}


def store_error(error: Exception, path: Path) -> StoreError:
    """Say what really happened to the database at *path*.

    A failed roll-back hides the error that caused it, so the whole chain behind *error* is
    searched for the first one with a known cause.
    """
    for cause in _chain(error):
        if isinstance(cause, sqlite3.Error):
            code = getattr(cause, "sqlite_errorcode", None) or 0
            known = _BY_EXTENDED_CODE.get(code) or _BY_SQLITE_CODE.get(code & 0xFF)
        elif isinstance(cause, OSError):
            known = _BY_ERRNO.get(cause.errno or 0, _UNAVAILABLE)
        elif isinstance(cause, UnicodeDecodeError):
            known = _CORRUPT  # SQLite quotes what it has found, whatever that is
        else:
            known = None
        if known:
            kind, what = known
            return kind(f"The database {path} {what} ({_reason(cause)}).")
    return StoreError(f"The database {path} refused the work ({_reason(error)}).")


def readable(job: Callable[[D], T], path: Path) -> Callable[[D], T]:
    """Let *job* read from the database at *path*; what makes no sense there is damage."""

    def read(db: D) -> T:
        try:
            return job(db)
        except (ValueError, TypeError, LookupError, ArithmeticError) as exc:
            raise StoreCorrupt(
                f"The database {path} is damaged: a stored value makes no sense ({exc!r}). "
                "Nothing was changed; `paperdesk doctor` tells more, and `paperdesk restore` "
                "puts a backup in its place."
            ) from exc

    return read


def foreign(path: Path) -> StoreForeign:
    """Say that another program made the database at *path*."""
    return StoreForeign(
        f"The database {path} belongs to another program. Nothing was changed; move the file "
        "away, or set PAPERDESK_HOME to another folder."
    )


def too_new(path: Path, version: int, known: int) -> StoreTooNew:
    """Say that the database at *path* has seen more migrations than are *known*."""
    return StoreTooNew(
        f"The database {path} was written by a newer Paperdesk (schema {version}, this one "
        f"knows {known}). Upgrade Paperdesk, or set PAPERDESK_HOME to another folder."
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__context__, cause.__cause__]


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
