"""One process holds a desk at a time: an operating-system lock beside the database.

The lock goes with the process, however it ends; no stale lock can stay behind.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

from desk.errors import DeskBusy, DeskError


class Lease:
    """The right to run the book of one database; a context manager."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lease.

        Raises:
            DeskBusy: If another process holds it.
            DeskError: If the folder cannot be written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise DeskError(f"Cannot write {self._path}: {exc.strerror}.") from exc
        try:
            _lock(handle)
        except OSError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise DeskBusy(
                f"Another Paperdesk (process {holder}) has this desk open. Close it first, or "
                "set PAPERDESK_HOME to another folder."
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode("ascii"))
        self._file = handle

    def release(self) -> None:
        """Give the lease back; doing so twice is harmless."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> "Lease":
        """Acquire."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release."""
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        # Byte 64 lies behind the process id, which must stay readable for others.
        os.lseek(handle, 64, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
