"""One process holds a desk at a time: an operating-system lock beside the database.

The lock goes with the process, however it ends; no stale lock can stay behind. What is written
in the locked file tells other processes who holds the desk. The lock counts only as long as the
file in its place is the one that is locked, so a deleted file cannot make two holders of one.
"""

import json
import logging
import os
import re
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from desk.errors import DeskBusy, DeskError, LeaseLost
from market.binance.hosts import is_loopback

log = logging.getLogger(__name__)

MAX_FACTS = 1_000
"""Bytes of a lock file that are read."""
BEAT_S = 1.0
"""How often a holder that runs touches its lock file."""
_LOCKED_BYTE = 4_096
"""On Windows the lock is on one byte, behind the facts: those must stay readable."""
_TRIES = 10
_WORD = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who runs a desk, as its lock file tells everyone."""

    pid: int
    started_ms: int
    """When it took the desk, by its own clock, milliseconds UTC."""
    account: str = ""
    """Which account it runs; empty where it says nothing."""
    rest_url: str = ""
    """Of the simulated exchange that it runs; empty without one, or while it is starting."""
    stream_url: str = ""


def holder_of(database: Path) -> Holder | None:
    """Read who holds a desk, or held it last; None where that cannot be read."""
    try:
        with _lock_file(database).open("rb") as file:
            return _holder(json.loads(file.readline(MAX_FACTS)))
    except (OSError, ValueError, RecursionError):
        return None


def heartbeat_of(database: Path) -> int:
    """Return a number that keeps changing while a desk's holder is not only there, but runs."""
    try:
        return _lock_file(database).stat().st_mtime_ns
    except OSError:
        return 0


class Lease:
    """The right to run the book of one database; a context manager."""

    def __init__(self, database: Path, account: str = "") -> None:
        self._path = _lock_file(database)
        self._file: int | None = None
        self._facts = Holder(pid=os.getpid(), started_ms=0, account=account)
        self._beat_s = 0.0

    def acquire(self) -> None:
        """Take the lease.

        Raises:
            DeskBusy: If another process holds it.
            DeskError: If the folder cannot be written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._locked()
            started_ms = time.time_ns() // 1_000_000
            account = self._facts.account
            self._facts = Holder(pid=os.getpid(), started_ms=started_ms, account=account)
            self._write()
        except BlockingIOError:
            raise DeskBusy(
                f"Another Paperdesk (process {_name(self._path)}) has this desk open. Close it "
                "first, or set PAPERDESK_HOME to another folder."
            ) from None
        except OSError as exc:
            self.release()
            raise DeskError(f"Cannot write {self._path}: {exc.strerror}.") from exc

    def announce(self, rest_url: str, stream_url: str) -> None:
        """Tell other processes where the simulated exchange of this desk is.

        Raises:
            DeskError: If that cannot be written.
        """
        self._facts = replace(self._facts, rest_url=rest_url, stream_url=stream_url)
        try:
            self._write()
        except OSError as exc:
            raise DeskError(f"Cannot write {self._path}: {exc.strerror}.") from exc

    def check(self) -> None:
        """Make sure that the desk is still this process's; a deleted lock file is put back.

        To be called often: it also shows others that this process runs.

        Raises:
            LeaseLost: If another process holds the desk now.
            OSError: If the lock file is gone and cannot be put back.
        """
        if self._file is None:
            raise LeaseLost("This process has given the desk back.")
        if not _in_place(self._file, self._path):
            self._put_back(self._file)
        now_s = time.monotonic()
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            os.utime(self._path)

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

    def _locked(self) -> int:
        """Open and lock the file that stands in its place; it is created where none does."""
        for _ in range(_TRIES):
            # Python opens files so that no program started from here inherits the lock.
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock(handle)
                # It may have been deleted between the two; then the lock would be worthless.
                if _in_place(handle, self._path):
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        raise OSError(0, "the lock file does not stay in its place")

    def _put_back(self, lost: int) -> None:
        try:
            put_back = self._locked()
        except BlockingIOError:
            raise LeaseLost(
                f"The desk's lock file was deleted, and process {_name(self._path)} has taken "
                "the desk over."
            ) from None
        os.close(lost)
        self._file = put_back
        self._write()
        log.warning("the lock file %s was deleted; it is in its place again", self._path)

    def _write(self) -> None:
        assert self._file is not None  # facts are told by holders only
        line = json.dumps(asdict(self._facts)).encode("ascii") + b"\n"
        os.lseek(self._file, 0, os.SEEK_SET)
        # The old line is cut off last, so that at any time there is a whole one to read.
        os.write(self._file, line)
        os.ftruncate(self._file, len(line))


def _lock_file(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _holder(facts: Any) -> Holder | None:
    """Take what a lock file says only if all of it makes sense."""
    if not isinstance(facts, dict):
        return None
    pid, started_ms = facts.get("pid"), facts.get("started_ms")
    urls = facts.get("rest_url", ""), facts.get("stream_url", "")
    account = facts.get("account", "")
    if type(pid) is not int or type(started_ms) is not int:
        return None
    if not all(isinstance(url, str) and (not url or is_loopback(url)) for url in urls):
        return None
    if not isinstance(account, str) or (account and not _WORD.fullmatch(account)):
        return None
    return Holder(
        pid=pid,
        started_ms=started_ms,
        account=account,
        rest_url=urls[0],
        stream_url=urls[1],
    )


def _name(lock_file: Path) -> str:
    holder = holder_of(lock_file.with_suffix(""))
    return str(holder.pid) if holder else "unknown"


def _in_place(handle: int, path: Path) -> bool:
    """Tell whether the open file is the one that others find at *path*."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as exc:
            raise BlockingIOError(exc.errno, exc.strerror) from exc

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
