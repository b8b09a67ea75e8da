"""Backup and restore of a desk's books: what may be replaced by what, and when.

Law: nothing is ever overwritten unasked, and what a restore replaces is kept.
"""

import json
import logging
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from desk.errors import DeskError
from desk.lease import Lease
from store.backup import COMPANIONS, back_up, restore
from store.errors import StoreError, StoreUnsound
from store.health import Examined, examine

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A backup that was made, or brought back."""

    file: Path
    """The backup."""
    trades: int
    active: int
    """How many of the trades are pending or open."""
    signals: int
    bytes: int
    """Size of the backup."""
    aside: Path | None = None
    """Where the books are that a restore has replaced; None where there were none."""


@dataclass(frozen=True, slots=True)
class LastBackup:
    """What is known of the newest backup."""

    file: str
    time_ms: int
    """By this machine's clock, milliseconds UTC."""


def make_backup(database: Path, file: Path, *, force: bool) -> Copied:
    """Copy the books to *file*, checked; a desk may go on trading meanwhile.

    Args:
        database: The desk's file.
        file: Where the copy goes.
        force: Whether a file that stands there may be replaced.

    Raises:
        DeskError: If *file* may not be written; nothing was done then.
        StoreError: If the books cannot be copied, or are not sound; *file* is as it was then.
    """
    file = file.absolute()
    _check_exists(database, "There are no books yet; the first start makes them")
    _check_apart(file, database)
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise DeskError(f"{file} is a link or no file. Name a file of your own.")
    if file.exists() and not force:
        raise DeskError(f"{file} exists. Choose another name, or replace it with --force.")
    if not file.parent.is_dir():
        raise DeskError(f"There is no folder {file.parent}.")
    examined = back_up(database, file)
    _remember(database, file)
    return _copied(file, examined)


def bring_back(file: Path, database: Path, *, force: bool) -> Copied:
    """Put a backup in the place of the desk's books, which are kept aside.

    Args:
        file: The backup.
        database: The desk's file.
        force: Whether the desk may go back behind trades that the backup does not know.

    Raises:
        DeskError: If that may not be done; nothing was done then.
        DeskBusy: If a desk is running on these books.
        StoreError: If the backup is not sound, or the disk fails; the books are as they were.
    """
    file = file.absolute()
    _check_exists(file, "There is no such file")
    _check_apart(file, database)
    examined = examine(file, alone=True)
    if examined.findings:
        raise StoreUnsound(f"{file} is not sound, so nothing was done. {examined.findings[0]}")
    with Lease(database):
        if not force:
            _check_not_behind(file, examined, database)
        aside = _aside(database) if database.exists() else None
        restored = restore(file, database, aside or _aside(database))
    return _copied(file, restored, aside)


def last_backup(database: Path) -> LastBackup | None:
    """Return what is known of the newest backup of *database*; None if nothing is."""
    try:
        note = json.loads(_note(database).read_text(encoding="utf-8"))
        return LastBackup(str(note["file"]), int(note["time_ms"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _copied(file: Path, examined: Examined, aside: Path | None = None) -> Copied:
    return Copied(
        file=file,
        trades=examined.trades,
        active=examined.active,
        signals=examined.signals,
        bytes=file.stat().st_size,
        aside=aside,
    )


def _check_exists(path: Path, otherwise: str) -> None:
    if not path.exists():
        raise DeskError(f"{otherwise}: {path}.")


def _check_apart(file: Path, database: Path) -> None:
    """Refuse the desk's own file, under whatever name, and what belongs to it."""
    own = [database.name + end for end in ("", ".lock", *COMPANIONS)]
    same_folder = file.parent.resolve() == database.parent.resolve()
    same_file = file.exists() and database.exists() and file.samefile(database)
    if same_file or (same_folder and file.name in own):
        raise DeskError(f"{file} is the desk's own file. Name another one.")


def _check_not_behind(file: Path, backup: Examined, database: Path) -> None:
    if not database.exists():
        return
    try:
        present = examine(database, full=False, alone=True)
    except StoreError as exc:
        # What cannot be read is what a restore is for; it is kept aside all the same.
        log.warning("the books that are restored over cannot be read: %s", exc)
        return
    if present.newest_ms > backup.newest_ms:
        raise DeskError(
            f"The desk's books are newer than {file}: they hold {present.trades} trades, the "
            f"backup {backup.trades}. Go back to it with --force; the present books are kept."
        )


def _aside(database: Path) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return database.with_name(f"{database.name}.before-restore-{now}")


def _note(database: Path) -> Path:
    return database.with_name(database.name + ".last-backup")


def _remember(database: Path, file: Path) -> None:
    """Note the backup for the doctor; one that cannot be noted is a backup all the same."""
    note = json.dumps({"file": str(file), "time_ms": time.time_ns() // 1_000_000})
    part = _note(database).with_suffix(".last-backup-part")
    try:
        handle = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as writer:
            writer.write(note)
        part.replace(_note(database))
    except OSError as exc:
        log.warning("the backup could not be noted: %s", exc)
