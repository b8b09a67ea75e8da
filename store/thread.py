"""The one thread that owns the one connection.

Jobs are plain functions; they run one after the other in the order they were given, each in its
own transaction. A job that has been given is carried out to its end: cancelling the coroutine
that waits for it cuts nothing.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import peewee

from engine.money import install_exact_context
from store.connection import WAIT_FOR_LOCK_S, Connection, Lock, prepare
from store.errors import StoreUnavailable, store_error
from store.migrations import check, migrate

T = TypeVar("T")
Job = Callable[[Connection], T]

LOOK_EVERY_S = 1.0
"""How often a write makes sure that the file is still the one that was opened."""


class DatabaseThread:
    """Runs jobs on the database; every error it raises is a `StoreError` or the job's own."""

    def __init__(self, path: Path, wait_s: float = WAIT_FOR_LOCK_S) -> None:
        """Prepare to work on *path*, waiting *wait_s* seconds for other programs' locks."""
        self._path = path
        self._thread = ThreadPoolExecutor(1, "paperdesk-store", install_exact_context)
        self._connection = Connection(path, wait_s)
        self._file: tuple[int, int] | None = None
        self._looked_s = 0.0

    async def open(self) -> None:
        """Check the file, create or migrate it, and connect.

        Raises:
            StoreError: If it cannot be used; nothing was changed then.
        """
        try:
            await self._run(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the jobs that were given, then disconnect and end the thread."""
        try:
            await self._run(self._connection.close)
        finally:
            self._thread.shutdown(wait=False)

    async def write(self, job: Job[T]) -> T:
        """Run *job* in a transaction that may write; it is on disk when this returns.

        Raises:
            StoreError: If the database fails; nothing of the job was stored, unless the
                failure hit the commit itself.
        """
        return await self._run(lambda: self._write(job))

    async def read(self, job: Job[T]) -> T:
        """Run *job* on one consistent state of the database.

        Raises:
            StoreError: If the database fails.
        """
        return await self._run(lambda: self._in_transaction(job, "DEFERRED"))

    async def outside_transaction(self, job: Job[T]) -> T:
        """Run *job* as it is; for settings of the connection.

        Raises:
            StoreError: If the database fails.
        """
        return await self._run(lambda: job(self._connection))

    # -- in the thread ------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        def translated() -> T:
            with self._translating():
                return work()

        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, translated))

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (peewee.PeeweeException, sqlite3.Error, OSError, UnicodeDecodeError) as exc:
            raise store_error(exc, self._path) from exc

    def _open(self) -> None:
        prepare(self._path)
        self._connection.open()
        migrate(self._connection, self._path)
        check(self._connection, self._path)
        self._connection.use_journal()
        self._file = self._identity()

    def _write(self, job: Job[T]) -> T:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._check_still_there()
            self._looked_s = now_s
        return self._in_transaction(job, "IMMEDIATE")

    def _in_transaction(self, job: Job[T], lock: Lock) -> T:
        with self._connection.transaction(lock):
            return job(self._connection)

    def _check_still_there(self) -> None:
        """SQLite would go on writing into a deleted file, for nobody."""
        if self._identity() != self._file:
            raise StoreUnavailable(
                f"The database {self._path} was deleted or replaced while it was in use. "
                "Put it back, or start Paperdesk again."
            )

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino
