"""What a desk stands on: its books, its files, the disk, and who holds it.

Law: it only looks. No file is made, changed, or locked for longer than a glance.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from desk.backup import last_backup
from desk.doctor.looks import Area, Look, Verdict
from desk.errors import SettingsError
from desk.lease import holder_of
from desk.settings import Home, load_settings
from store.backup import COMPANIONS
from store.errors import StoreError, StoreUnsettled
from store.health import Examined, examine, library

LOCK_WAIT_S = 3.0
FEW_BYTES, LOW_BYTES = 10_000_000, 100_000_000
"""Free space with which nothing goes on for long, and which is worth a word."""
OLD_BACKUP_S = 30 * 86_400
NETWORK_DRIVES = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs"})
MOUNTS = Path("/proc/self/mounts")
"""Linux only; elsewhere nothing is said about network drives."""


# -- the books --------------------------------------------------------------------------------


def look_at_books(database: Path) -> Iterator[Look]:
    """Look at the database file, what it holds and where it lies."""
    yield _library()
    if not database.exists():
        yield _books(f"There are no books at {database} yet; the first start makes them.")
    else:
        yield from _file(database)
    yield from _disk(database.parent)


def _books(text: str, verdict: Verdict = Verdict.GOOD, **facts: object) -> Look:
    return Look(area=Area.BOOKS, name="books", verdict=verdict, text=text, facts=facts)


def _library() -> Look:
    version, journal = library()
    return Look(
        area=Area.BOOKS,
        name="sqlite",
        text=(
            f"{journal.why}, so commits go through journal {journal.mode} with synchronous "
            f"{journal.synchronous}: none is lost in a power cut."
        ),
        facts={"sqlite": version, "journal": journal.mode, "synchronous": journal.synchronous},
    )


def _file(database: Path) -> Iterator[Look]:
    try:
        examined = examine(database, alone=True, wait_s=LOCK_WAIT_S)
    except StoreUnsettled as exc:
        yield _books(str(exc), Verdict.WARNING, path=str(database))
    except StoreError as exc:
        yield _books(str(exc), Verdict.BAD, path=str(database))
    else:
        yield from _examined(database, examined)
    yield from _permissions(database)
    yield _last_backup(database)


def _examined(database: Path, examined: Examined) -> Iterator[Look]:
    size = database.stat().st_size
    yield _books(
        f"{database}: schema {examined.schema}, trades {examined.trades} ({examined.active} "
        f"active), signals {examined.signals}, {size / 1e6:.1f} MB.",
        path=str(database),
        schema=examined.schema,
        trades=examined.trades,
        active=examined.active,
        signals=examined.signals,
        bytes=size,
    )
    text = "Every page is in order, and every total is the sum of its fills."
    if examined.findings:
        text = " ".join(examined.findings)
    yield Look(
        area=Area.BOOKS,
        name="audit",
        verdict=Verdict.BAD if examined.findings else Verdict.GOOD,
        text=text,
        facts={"findings": list(examined.findings)},
    )


def _permissions(database: Path) -> Iterator[Look]:
    files = [database, *(database.with_name(database.name + end) for end in COMPANIONS)]
    wanted = [(file, 0o600) for file in files if file.exists()] + [(database.parent, 0o700)]
    loose = [path for path, most in wanted if path.stat().st_mode & 0o777 & ~most]
    text = "Only you can read the books."
    if loose:
        which = ", ".join(f"chmod {'700' if p.is_dir() else '600'} {p}" for p in loose)
        text = f"Others may look at the books. To keep them to yourself: {which}"
    yield Look(
        area=Area.BOOKS,
        name="permissions",
        verdict=Verdict.WARNING if loose else Verdict.GOOD,
        text=text,
        facts={"loose": [str(path) for path in loose]},
    )


def _last_backup(database: Path) -> Look:
    last = last_backup(database)
    if last is None:
        text = "No backup is known of; `paperdesk backup FILE` makes one."
        return Look(area=Area.BOOKS, name="backup", text=text, facts={"file": None})
    when = datetime.fromtimestamp(last.time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    old = time.time() - last.time_ms / 1000 > OLD_BACKUP_S
    gone = not Path(last.file).exists()
    text = f"The last one was made {when}: {last.file}"
    return Look(
        area=Area.BOOKS,
        name="backup",
        verdict=Verdict.WARNING if old or gone else Verdict.GOOD,
        text=f"{text}, which is gone." if gone else f"{text}.",
        facts={"file": last.file, "time_ms": last.time_ms},
    )


def _disk(folder: Path) -> Iterator[Look]:
    there = _existing(folder)
    free = shutil.disk_usage(there).free
    verdict = Verdict.GOOD
    if free < LOW_BYTES:
        verdict = Verdict.BAD if free < FEW_BYTES else Verdict.WARNING
    yield Look(
        area=Area.BOOKS,
        name="disk",
        verdict=verdict,
        text=f"{free / 1e6:,.0f} MB are free at {there}.",
        facts={"free_bytes": free},
    )
    kind = drive_kind(there)
    if kind in NETWORK_DRIVES:
        yield Look(
            area=Area.BOOKS,
            name="drive",
            verdict=Verdict.WARNING,
            text=f"{there} is on a network drive ({kind}), whose locks may fail. Keep the "
            "books on a disk of this machine: set PAPERDESK_HOME.",
            facts={"drive": kind},
        )


def drive_kind(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that holds *folder*; empty where that is not known."""
    kind, longest = "", -1
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return kind
    place = folder.resolve()
    for line in lines:
        _, mounted, found, *_ = [*line.split(" "), "", "", ""]
        point = Path(mounted.replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) > longest:
            kind, longest = found, len(point.parts)
    return kind


# -- files and processes ----------------------------------------------------------------------


def look_at_files(home: Home, database: Path) -> Iterator[Look]:
    """Look at the settings file, the log file and the process that holds the desk."""
    yield _settings(home.config)
    yield _log(home.logs / "paperdesk.log")
    yield _holder(database)


def _settings(path: Path) -> Look:
    try:
        load_settings(path)
    except SettingsError as exc:
        return Look(area=Area.FILES, name="settings", verdict=Verdict.BAD, text=str(exc))
    text = f"{path} is valid." if path.exists() else f"No {path}; the defaults hold."
    return Look(area=Area.FILES, name="settings", text=text, facts={"path": str(path)})


def _log(path: Path) -> Look:
    writable = os.access(path if path.exists() else _existing(path.parent), os.W_OK)
    return Look(
        area=Area.FILES,
        name="log",
        verdict=Verdict.GOOD if writable else Verdict.BAD,
        text=f"{path} can{'' if writable else 'not'} be written.",
        facts={"path": str(path)},
    )


def _holder(database: Path) -> Look:
    holder = holder_of(database)
    if holder is None or not _runs(holder.pid) or _is_free(database):
        text = "No desk is running on these books."
        return Look(area=Area.FILES, name="desk", text=text, facts={"pid": None})
    text = f"Process {holder.pid} runs the desk on these books."
    return Look(area=Area.FILES, name="desk", text=text, facts={"pid": holder.pid})


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def _is_free(database: Path) -> bool:
    """Tell whether the desk's lock can be had, by taking it for a moment.

    Only asked when its last holder seems alive: then the process number may be another's.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        handle = os.open(database.with_name(database.name + ".lock"), os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _existing(folder: Path) -> Path:
    """Return *folder*, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
