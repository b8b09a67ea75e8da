"""The store's own connection, with every change to its files written down on the way.

The write path under test is the product's: its `Connection`, Peewee and SQL. Only the SQLite
library below is another build, because the one in Python lets nobody between it and the disk.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw
import peewee

from store.connection import Connection, Journal
from tests.soak.disk import Disk

Change = Callable[[Disk], None]
"""One thing that SQLite asked of the disk."""
Log = list[Change]

CHECKPOINT_EVERY_PAGES = 25
"""Makes a write-ahead log flow back into the database often enough to be met half-way."""


class RecordingVFS(apsw.VFS):
    """Passes everything on to the real files, except syncs, and keeps the changes in a log."""

    def __init__(self, name: str, log: Log) -> None:
        """Make the file system known to SQLite as *name*."""
        self._log = log
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # SQLite's name
        """Open a file; what has no name is gone after a power cut anyway."""
        if name is None:
            return apsw.VFSFile("", name, flags)
        return _RecordingFile(name, flags, self._log)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  # SQLite's name
        """Delete a file."""
        super().xDelete(filename, False)
        name = Path(filename).name
        self._log.append(lambda disk: disk.delete(name))
        if syncdir:
            self._log.append(Disk.sync_folder)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename, flags: list[int], log: Log) -> None:
        super().__init__("", name, flags)
        path = name if isinstance(name, str) else name.filename()
        self._name = short = Path(path).name
        self._log = log
        log.append(lambda disk: disk.open(short))

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  # SQLite's name
        super().xWrite(data, offset)
        name, kept = self._name, bytes(data)
        self._log.append(lambda disk: disk.write(name, offset, kept))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  # SQLite's name
        super().xTruncate(newsize)
        name = self._name
        self._log.append(lambda disk: disk.truncate(name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802  # SQLite's name
        name = self._name
        self._log.append(lambda disk: disk.sync(name))


class RecordedConnection(Connection):
    """The store's connection on a recording file system, with the journal a test chooses."""

    def __init__(self, path: Path, wait_s: float, *, journal: Journal, vfs: str) -> None:
        """Prepare to open the file at *path*; see `store.connection.Connection`."""
        super().__init__(path, wait_s)
        own = self._database
        settings: dict[str, Any] = dict(own._pragmas)  # type: ignore[attr-defined]  # no stub
        if "synchronous" in settings:
            settings["synchronous"] = journal.synchronous
        settings["wal_autocheckpoint"] = CHECKPOINT_EVERY_PAGES
        self.journal = journal
        self._database = _Database(
            own.database,
            autoconnect=False,
            timeout=wait_s,
            pragmas=tuple(settings.items()),
            vfs=vfs,
        )


class _Database(peewee.SqliteDatabase):
    def _connect(self) -> "_Driver":
        driver = _Driver(apsw.Connection(self.database, **self.connect_params))
        self._set_pragmas(driver)  # type: ignore[attr-defined]  # no stub
        return driver


class _Driver:
    """As much of Python's own driver as Peewee and the store use."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def cursor(self) -> "_Cursor":
        return _Cursor(self._connection)

    def close(self) -> None:
        self._connection.close()


class _Cursor:
    def __init__(self, connection: apsw.Connection) -> None:
        self.description: Sequence[tuple[Any, ...]] = ()
        self.rowcount = -1
        self.lastrowid = 0
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, values: Sequence[Any] = ()) -> "_Cursor":
        return self._run(lambda cursor: cursor.execute(sql, tuple(values)))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> "_Cursor":
        return self._run(lambda cursor: cursor.executemany(sql, map(tuple, rows)))

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        self._rows.clear()

    def _run(self, work: Callable[[apsw.Cursor], Iterable[Any]]) -> "_Cursor":
        cursor = self._connection.cursor()
        cursor.exec_trace = self._describe
        changed = self._connection.total_changes()
        self._rows = list(work(cursor))
        self.rowcount = self._connection.total_changes() - changed
        self.lastrowid = self._connection.last_insert_rowid()
        return self

    def _describe(self, cursor: apsw.Cursor, _: str, __: Any) -> bool:
        # APSW tells the columns only while a statement runs.
        self.description = cursor.get_description()
        return True
