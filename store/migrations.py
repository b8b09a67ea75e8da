"""How the database became what it is: numbered steps, forward only.

A released step is never edited; a change is a new step at the end. All missing steps run in one
transaction that holds the write lock: a second starter waits and finds the work done, and a
process killed half-way has changed nothing.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from store.connection import Connection
from store.errors import StoreCorrupt, StoreForeign, StoreTooNew

APPLICATION_ID = 0x5044534B
"""Marks the file as ours: "PDSK"."""

Step = Sequence[str]
"""SQL statements in order."""

_BOOKS: Step = (
    """
    CREATE TABLE account (
        name TEXT NOT NULL PRIMARY KEY,
        currency TEXT NOT NULL,
        deposits BIGINT NOT NULL,
        gross BIGINT NOT NULL,
        fees BIGINT NOT NULL,
        funding BIGINT NOT NULL,
        closed BIGINT NOT NULL,
        wins BIGINT NOT NULL,
        losses BIGINT NOT NULL,
        created_ms BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE signal (
        arrival INTEGER NOT NULL PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        symbol TEXT NOT NULL,
        market TEXT NOT NULL,
        direction TEXT NOT NULL,
        entry BIGINT NOT NULL,
        stop BIGINT NOT NULL,
        targets TEXT NOT NULL,
        source TEXT NOT NULL,
        timeframe TEXT NOT NULL,
        score BIGINT,
        reason TEXT NOT NULL,
        created_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL,
        status TEXT NOT NULL
    )
    """,
    "CREATE INDEX signal_status ON signal (status, expires_ms)",
    """
    CREATE TABLE trade (
        id INTEGER NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (name),
        symbol TEXT NOT NULL,
        market TEXT NOT NULL,
        direction TEXT NOT NULL,
        status TEXT NOT NULL,
        close_reason TEXT,
        signal_id TEXT,
        signal TEXT,
        entry_mode TEXT NOT NULL,
        entry_price BIGINT NOT NULL,
        initial_quantity BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        stake BIGINT NOT NULL,
        leverage BIGINT NOT NULL,
        initial_stop BIGINT NOT NULL,
        stop BIGINT NOT NULL,
        stop_reason TEXT NOT NULL,
        costs_profile TEXT NOT NULL,
        costs_maker BIGINT NOT NULL,
        costs_taker BIGINT NOT NULL,
        costs_slippage BIGINT NOT NULL,
        costs_use_touch BOOL NOT NULL,
        costs_targets_at_print BOOL NOT NULL,
        costs_enter_at_signal BOOL NOT NULL,
        opened_ms BIGINT NOT NULL,
        closed_ms BIGINT,
        exit_price BIGINT,
        gross BIGINT NOT NULL,
        fees BIGINT NOT NULL,
        funding BIGINT NOT NULL,
        best BIGINT NOT NULL,
        worst BIGINT NOT NULL,
        note TEXT NOT NULL
    )
    """,
    # The duplicate rule: whoever writes, the database says no.
    """
    CREATE UNIQUE INDEX trade_one_per_signal ON trade (account, signal_id)
    WHERE status IN ('PENDING', 'OPEN')
    """,
    """
    CREATE UNIQUE INDEX trade_one_per_side ON trade (account, market, symbol, direction)
    WHERE status IN ('PENDING', 'OPEN')
    """,
    "CREATE INDEX trade_closed ON trade (account, closed_ms)",
    """
    CREATE TABLE target (
        trade BIGINT NOT NULL REFERENCES trade (id),
        position BIGINT NOT NULL,
        price BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        filled BOOL NOT NULL,
        PRIMARY KEY (trade, position)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE fill (
        trade BIGINT NOT NULL REFERENCES trade (id),
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        price BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        fee BIGINT NOT NULL,
        gross BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        level BIGINT,
        print_price BIGINT,
        print_id BIGINT,
        model TEXT NOT NULL,
        source TEXT NOT NULL,
        reconstructed BOOL NOT NULL,
        ambiguous BOOL NOT NULL,
        PRIMARY KEY (trade, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE checkpoint (
        account TEXT NOT NULL REFERENCES account (name),
        market TEXT NOT NULL,
        symbol TEXT NOT NULL,
        trade_id BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        PRIMARY KEY (account, market, symbol)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE command (
        id INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,
        status TEXT NOT NULL,
        reply TEXT,
        created_ms BIGINT NOT NULL
    )
    """,
    "CREATE INDEX command_pending ON command (id) WHERE status = 'PENDING'",
)

STEPS: Sequence[Step] = (_BOOKS,)


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
