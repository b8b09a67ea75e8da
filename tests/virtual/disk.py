"""The database file without a thread, on a disk that can fail.

What the store does is real: SQLite, its transactions, its constraints. Only the thread is
replaced, by the event loop, and the moment at which a transaction fails is chosen.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from random import Random
from typing import TypeVar

import peewee
import pytest

import store.thread

T = TypeVar("T")


class Disk:
    """How the disk fares; switches that a fault turns."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.slow_s = 0.004
        """How long a job takes at most."""
        self.locked = False
        """Whether another program holds the database."""
        self.full = False
        """Whether commits fail and nothing of them is stored."""
        self.mute = False
        """Whether commits succeed but look as if they had failed."""
        self._strike: Callable[[], None] | None = None
        self._before = False
        self._fills: int | None = None

    def heal(self) -> None:
        """End all faults."""
        self.slow_s, self.locked, self.full, self.mute = 0.004, False, False, False
        self._strike = None

    def strike_at_fill(self, strike: Callable[[], None], *, before: bool) -> None:
        """Call *strike* when the next fill is committed, right *before* it or right after."""
        self._strike, self._before, self._fills = strike, before, None

    @staticmethod
    def _failure(code: int, text: str) -> peewee.OperationalError:
        cause = sqlite3.OperationalError(text)
        cause.sqlite_errorcode = code
        error = peewee.OperationalError(text)
        error.__cause__ = cause
        return error

    def executor(self, *_: object) -> "InlineExecutor":
        """Return what stands in for the store's thread."""
        return InlineExecutor(self)

    def put_under(self, patch: pytest.MonkeyPatch) -> None:
        """Let every database of this process lie on this disk."""
        real = peewee.SqliteDatabase
        begin, commit = real.begin, real.commit

        def begin_or_fail(database: peewee.SqliteDatabase, lock: str | None = None) -> None:
            if self.locked:
                raise self._failure(sqlite3.SQLITE_BUSY, "database is locked")
            begin(database, lock)

        def commit_or_fail(database: peewee.SqliteDatabase) -> None:
            if self.full:
                raise self._failure(sqlite3.SQLITE_FULL, "database or disk is full")
            strike = self._strike if self._strike and self._is_new_fill(database) else None
            if strike and self._before:
                strike()
                raise self._failure(sqlite3.SQLITE_IOERR, "nobody is there any more")
            commit(database)
            if strike:
                strike()
            if self.mute:
                raise self._failure(sqlite3.SQLITE_IOERR, "disk I/O error")

        patch.setattr(real, "begin", begin_or_fail)
        patch.setattr(real, "commit", commit_or_fail)
        patch.setattr(store.thread, "ThreadPoolExecutor", self.executor)

    def _is_new_fill(self, database: peewee.SqliteDatabase) -> bool:
        before = self._fills
        cursor: sqlite3.Cursor = database.cursor()  # type: ignore[no-untyped-call]  # Peewee's
        [[self._fills]] = cursor.execute("SELECT count(*) FROM fill").fetchall()
        return before is not None and self._fills > before


class InlineExecutor:
    """Runs jobs one after the other in the event loop, each at a moment of its own."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._free_s = 0.0

    def submit(self, job: Callable[..., T], *args: object) -> "Future[T]":
        """Carry out a job behind those that wait already."""
        loop, rng, slow_s = asyncio.get_running_loop(), self._disk.rng, self._disk.slow_s
        future: Future[T] = Future()
        begins_s = max(self._free_s, loop.time()) + rng.random() * slow_s
        self._free_s = ends_s = begins_s + rng.random() * slow_s

        def run() -> None:
            try:
                result = job(*args)
            except Exception as exc:
                loop.call_at(ends_s, future.set_exception, exc)
            else:
                loop.call_at(ends_s, future.set_result, result)

        loop.call_at(begins_s, run)
        return future

    def shutdown(self, *, wait: bool) -> None:
        """Nothing to end."""
