"""The one connection to the database file, as Peewee opens it.

Law: every transaction says when it begins whether it will write, so none can fail half-way
because another one was faster.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import peewee

from store.errors import StoreReadOnly, StoreUnavailable

Lock = Literal["IMMEDIATE", "DEFERRED"]
Value = str | int | None

WAIT_FOR_LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class Journal:
    """How SQLite keeps a commit through a power cut."""

    mode: str
    synchronous: str
    why: str


def journal_for(version: tuple[int, ...]) -> Journal:
    """Choose the fastest journal that never loses a commit with this SQLite.

    Libraries before 3.51.3 can spoil a write-ahead log when several processes use it; the fix
    was carried back to 3.50.7 and 3.44.6.
    """
    fixed = (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
    )
    name = ".".join(map(str, version))
    if fixed:
        return Journal("WAL", "FULL", f"SQLite {name} has the WAL-reset fix")
    return Journal("DELETE", "EXTRA", f"SQLite {name} lacks the WAL-reset fix")


def prepare(path: Path) -> None:
    """Make sure that a file stands at *path*; a new one is for its owner's eyes only.

    Raises:
        OSError: If the folder or the file cannot be made.
        StoreUnavailable: If something else stands there.
        StoreReadOnly: If the file or its folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return  # another process was faster
    if not path.is_file():
        raise StoreUnavailable(
            f"{path} is not a file. Move it away, or set PAPERDESK_HOME to another folder."
        )
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise StoreReadOnly(
            f"The database {path} cannot be written. Make the file and its folder writable, or "
            "set PAPERDESK_HOME to another folder."
        )


class Connection:
    """Thread-bound: only the thread that opened it may use it."""

    def __init__(self, path: Path, wait_s: float = WAIT_FOR_LOCK_S) -> None:
        """Prepare to open the file at *path*, waiting *wait_s* seconds for locks."""
        self.journal = journal_for(sqlite3.sqlite_version_info)
        self._database = peewee.SqliteDatabase(
            str(path),
            autoconnect=False,
            timeout=wait_s,
            pragmas=(
                ("foreign_keys", 1),
                ("trusted_schema", 0),
                ("synchronous", self.journal.synchronous),
            ),
        )

    def open(self) -> None:
        """Connect; the file must exist."""
        self._database.connect()

    def close(self) -> None:
        """Disconnect."""
        self._database.close()

    def use_journal(self) -> None:
        """Switch the file to this library's journal, unless it has it already."""
        if self.pragma("journal_mode").upper() != self.journal.mode:
            self.execute(f"PRAGMA journal_mode = {self.journal.mode}")

    def pragma(self, name: str) -> Any:
        """Return a setting of the database."""
        return self.execute(f"PRAGMA {name}").fetchone()[0]

    def execute(self, sql: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        # Peewee's stubs leave `execute_sql` and `cursor` without types.
        cursor: sqlite3.Cursor = self._database.execute_sql(sql, values)  # type: ignore[no-untyped-call]
        return cursor

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run one statement for each row; returns how many rows of the table it changed."""
        cursor: sqlite3.Cursor = self._database.cursor()  # type: ignore[no-untyped-call]
        return max(0, cursor.executemany(sql, rows).rowcount)

    def rows(self, query: "peewee.ModelSelect[Any]") -> list[dict[str, Any]]:
        """Run a Peewee query; returns each row as converted values by column."""
        return list(query.dicts().execute(self._database))

    @contextmanager
    def transaction(self, lock: Lock) -> Iterator[None]:
        """Commit at the end of the `with` block, or undo everything if it raises."""
        with self._database.atomic(lock):
            yield
