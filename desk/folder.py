"""A folder of signal files: each is read once it lies still, then moved, never deleted.

Promise: a file is moved only after its signals are on disk. A desk that is killed in between
reads the file again, and the signals' ids keep them from doubling.
"""

import asyncio
import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.intake import take_signals
from desk.session import Session
from desk.view import Notice
from engine.errors import Refused
from engine.text import clean
from signals.inbox.parse import MAX_FILE_BYTES
from store.errors import StoreError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
STILL_S = 1.0
"""For how long a file must not have changed before it is read."""
SUFFIXES = frozenset({".json", ".jsonl", ".csv"})
DONE, REFUSED = "done", "refused"

Stamp = tuple[int, int, int]
"""Tells a file from a changed one: its inode, size and time of change."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a file that was read."""

    folder: str
    """`DONE` or `REFUSED`."""
    why: tuple[str, ...] = ()
    """What was not taken, a sentence each."""


class _Unfit(Exception):
    """A file that is not to be read; the message is a sentence."""


async def keep_folder(session: Session, folder: Path, still_s: float = STILL_S) -> None:
    """Take the signal files that are put into *folder*, one after the other."""
    await session.rules_known.wait()
    watch = Watch(session, folder, still_s)
    told = False
    while True:
        try:
            await watch.look()
            told = False
        except OSError as exc:
            if not told:
                why = f"The signal folder {clean(str(folder))} cannot be used: {exc.strerror}."
                session.publish(Notice(why, "error"))
                told = True
        except StoreError as exc:
            log.warning("signal files wait, nothing can be stored: %s", exc)
        await asyncio.sleep(LOOK_EVERY_S)


class Watch:
    """Knows which files lie still, and which are settled."""

    def __init__(self, session: Session, folder: Path, still_s: float) -> None:
        self._still_s = still_s
        self._session = session
        self._folder = folder
        self._since: dict[str, tuple[Stamp, float]] = {}
        """By name: how a file looked, and since when, seconds."""
        self._settled: dict[str, Stamp] = {}
        """Files that could not be moved; they are not read again as they are."""

    async def look(self) -> None:
        """Take every file that has lain still for long enough.

        Raises:
            OSError: If the folder cannot be read.
            StoreError: If signals cannot be stored; the file stays where it is.
        """
        now_s = asyncio.get_running_loop().time()
        found = await asyncio.to_thread(_files, self._folder)
        for gone in self._since.keys() - found.keys():
            del self._since[gone]
        for name, stamp in sorted(found.items()):
            before, since_s = self._since.get(name, (None, now_s))
            if before != stamp:
                self._since[name] = (stamp, now_s)
            elif now_s - since_s >= self._still_s and self._settled.get(name) != stamp:
                await self._take(name, stamp)

    async def _take(self, name: str, stamp: Stamp) -> None:
        path = self._folder / name
        try:
            text = await asyncio.to_thread(_read, path)
            verdict = await self._judge(path, text)
        except FileNotFoundError:
            return
        except (_Unfit, OSError) as exc:
            why = str(exc) if isinstance(exc, _Unfit) else f"It cannot be read: {exc.strerror}."
            verdict = Verdict(REFUSED, (why,))
        if verdict is None:
            return
        try:
            moved = await asyncio.to_thread(_move, path, stamp, verdict)
        except FileNotFoundError:
            return
        except OSError as exc:
            self._settled[name] = stamp
            why = f"The signal file {clean(name)} cannot be moved: {exc.strerror}."
            self._session.publish(Notice(why, "error"))
        else:
            if moved:
                self._tell(name, verdict)

    async def _judge(self, path: Path, text: str) -> Verdict | None:
        """Store a file's signals; None if the desk cannot judge it yet."""
        form = "csv" if path.suffix.lower() == ".csv" else "json"
        try:
            answer = await take_signals(self._session, text, form)
        except Refused as exc:
            return None if exc.code == "no_rules" else Verdict(REFUSED, (str(exc),))
        why = tuple(map(_row, answer["refused"]))
        if answer["signals"]:
            return Verdict(DONE, why)
        return Verdict(REFUSED, why or ("There is no message.",))

    def _tell(self, name: str, verdict: Verdict) -> None:
        if verdict.why:
            count = len(verdict.why)
            what = verdict.why[0] if count == 1 else f"{count} of its messages were refused."
            self._session.publish(Notice(f"{clean(name, 60)}: {what}", "warning"))
        log.info("signal file %s is in %s", name, verdict.folder)


def _files(folder: Path) -> dict[str, Stamp]:
    """Return the signal files that lie in a folder; unfinished ones begin with a dot."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or Path(entry.name).suffix.lower() not in SUFFIXES:
                continue
            try:
                if not entry.is_dir(follow_symlinks=False):
                    found[entry.name] = _stamp(Path(entry.path))
            except FileNotFoundError:
                continue  # taken away since the folder was read
    return found


def _stamp(path: Path) -> Stamp:
    status = path.lstat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path) -> str:
    if path.is_symlink():
        raise _Unfit("It is a link; put the file itself here.")
    if not path.is_file():
        raise _Unfit("It is not a plain file.")
    # What is put in its place after the look must not be followed, nor waited for.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _Unfit("It is not a plain file.")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise _Unfit(f"It has more than {MAX_FILE_BYTES // 1_000_000} MB; send it in parts.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise _Unfit("It is not UTF-8 text.") from None


def _move(path: Path, stamp: Stamp, verdict: Verdict) -> bool:
    """Move a file out of the way; False if it is not the one that was read any more."""
    target = path.parent / verdict.folder
    target.mkdir(exist_ok=True)
    free = _free(target, path.name)
    if _stamp(path) != stamp:
        return False
    if verdict.why:
        # First the reason: a file without one would never get it.
        _write(free.with_name(free.name + ".why.txt"), verdict.why)
    path.rename(free)
    return True


def _free(folder: Path, name: str) -> Path:
    """Return a path that nothing stands at, for a file of this name."""
    free, number = folder / name, 1
    while os.path.lexists(free):
        number += 1
        free = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return free


def _write(path: Path, sentences: Iterable[str]) -> None:
    path.write_text("".join(f"{clean(one, 500)}\n" for one in sentences), encoding="utf-8")


def _row(refused: dict[str, Any]) -> str:
    return f"Line {refused['line']}: {refused['message']}"
