"""How a database is brought up to date: numbered steps, forward only.

All missing steps run in one transaction that holds the write lock: a second starter waits and
finds the work done, and a process killed half-way has changed nothing.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from store.connection import Connection
from store.errors import StoreCorrupt, StoreForeign, StoreTooNew
from store.steps import STEPS, Step

APPLICATION_ID = 0x5044534B
"""Marks the file as ours: "PDSK"."""

__all__ = ["APPLICATION_ID", "STEPS", "check", "migrate"]


def migrate(connection: Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Bring the database at *path* up to the last step; an existing one is copied before.

    Raises:
        StoreForeign: If it belongs to another program.
        StoreTooNew: If it knows more steps than *steps*.
        StoreCorrupt: If it is damaged.
    """
    with connection.transaction("IMMEDIATE"):
        done = _steps_done(connection, path, len(steps))
        if done == len(steps):
            return
        if done:
            _back_up(path, done)
        for step in steps[done:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def check(connection: Connection, path: Path) -> None:
    """Look for damage.

    Raises:
        StoreCorrupt: If there is some.
    """
    finding = connection.pragma("quick_check(1)")
    if finding != "ok":
        raise StoreCorrupt(
            f"The database {path} is damaged ({finding}). Nothing was changed; move the file "
            "away and put a good copy in its place."
        )


def _steps_done(connection: Connection, path: Path, known: int) -> int:
    owner, version = connection.pragma("application_id"), connection.pragma("user_version")
    if owner == APPLICATION_ID:
        if version > known:
            raise StoreTooNew(
                f"The database {path} was written by a newer Paperdesk (schema {version}, this "
                f"one knows {known}). Upgrade Paperdesk, or set PAPERDESK_HOME to another "
                "folder."
            )
        return int(version)
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner or version or not empty:
        raise StoreForeign(
            f"The database {path} belongs to another program. Nothing was changed; move the "
            "file away, or set PAPERDESK_HOME to another folder."
        )
    return 0


def _back_up(path: Path, version: int) -> None:
    """Copy the committed state beside the file; the caller's lock keeps it still."""
    copy = path.with_name(f"{path.name}.schema-{version}.bak")
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(copy)
