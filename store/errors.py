"""What can go wrong with the books on disk.

StoreError
├── StoreBusy           another program holds a lock for too long
├── StoreFull           no space is left
├── StoreReadOnly       the file or its folder cannot be written
├── StoreCorrupt        the file is damaged, or no database at all
├── StoreForeign        the database belongs to another program
├── StoreTooNew         a newer Paperdesk wrote it
├── StoreUnavailable    it cannot be opened, or it is no longer there
└── Unstorable          a number does not fit
    ├── TooPrecise      it has more than 8 decimals
    └── TooLarge        it is beyond 64 bits, or not a number

Every message is a sentence that says what to do. No error of the database library leaves this
room untranslated.
"""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path


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
_UNAVAILABLE = (
    StoreUnavailable,
    "cannot be opened or read. Check the disk, the folder and its permissions",
)

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
            primary_code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
            known = _BY_SQLITE_CODE.get(primary_code)
        elif isinstance(cause, OSError):
            known = _BY_ERRNO.get(cause.errno or 0, _UNAVAILABLE)
        else:
            known = None
        if known:
            kind, what = known
            return kind(f"The database {path} {what} ({_reason(cause)}).")
    return StoreError(f"The database {path} refused the work ({_reason(error)}).")


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
