"""A database file that is open, and the one way to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from store.connection import WAIT_FOR_LOCK_S, Connection
from store.errors import readable
from store.thread import DatabaseThread

T = TypeVar("T")


class Opened:
    """The base of all that reads and writes the books, for coroutines of one event loop.

    Law: what a method has written is on disk when it returns. A method that raises a
    `StoreError` may be called again with the same arguments.
    """

    def __init__(self, path: Path, *, wait_s: float = WAIT_FOR_LOCK_S) -> None:
        """Prepare for the file at *path*, waiting *wait_s* seconds for locks; see `open`."""
        self._path = path.absolute()
        self._thread = DatabaseThread(self._path, wait_s)
        self._data_version: int | None = None
        self.guard: Callable[[], None] = lambda: None
        """Called inside each transaction that trades or takes requests; may raise to forbid it.

        No other process can write between the guard and the commit.
        """

    @classmethod
    async def open(cls, path: Path, *, wait_s: float = WAIT_FOR_LOCK_S) -> Self:
        """Open the books at *path*; a missing file is created, an older one is upgraded.

        Args:
            path: The database file.
            wait_s: How long to wait for other programs' locks, seconds.

        Raises:
            StoreError: If they cannot be used.
        """
        opened = cls(path, wait_s=wait_s)
        await opened._thread.open()
        return opened

    async def close(self) -> None:
        """Finish what was asked for, then close the file."""
        await self._thread.close()

    async def _read(self, job: Callable[[Connection], T]) -> T:
        return await self._thread.read(readable(job, self._path))
