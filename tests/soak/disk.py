"""A disk that loses power: what may be found on it afterwards.

The model is as unkind as SQLite allows a disk to be. What was not synced may be there, or not,
or in part, in any order: each sector holds one of the contents it had since the last sync, or
the beginning of a newer and the end of an older one. A file may end where it ended at any
moment since then. A folder may have forgotten its newest changes.
"""

from itertools import pairwise
from random import Random

SECTOR = 512
"""Bytes that a disk writes in one go; it may be cut off even within them."""


class File:
    """One file's content: what is on the disk for sure, and what may be."""

    def __init__(self) -> None:
        self.content = bytearray()
        """As every program sees it until the power fails."""
        self.settled = False
        """Whether it was ever synced."""
        self._sizes = [0]
        """Where the file ended since the last sync, bytes."""
        self._versions: dict[int, list[bytes | None]] = {}
        """What each changed sector held since the last sync; None before there was one."""

    def write(self, offset: int, data: bytes) -> None:
        """Put *data* at *offset*, bytes from the beginning."""
        end = offset + len(data)
        touched = range(offset // SECTOR, (end - 1) // SECTOR + 1)
        self._remember(touched)
        if end > len(self.content):
            self._resize(end)
        self.content[offset:end] = data
        self._add_versions(touched)

    def truncate(self, size: int) -> None:
        """End the file at *size* bytes."""
        cut = range(size // SECTOR, len(self.content) // SECTOR + 1)
        self._remember(cut)
        self._resize(size)
        self._add_versions(cut)

    def sync(self) -> None:
        """Bring everything to the disk for sure."""
        self.settled = True
        self._versions.clear()
        self._sizes = [len(self.content)]

    def after_power_loss(self, chance: Random, kept: float) -> bytes:
        """Return what may be found; each sector is the newest one with probability *kept*."""
        size = self._sizes[-1] if chance.random() < kept else chance.choice(self._sizes)
        found = bytearray(self.content[:size].ljust(size, b"\0"))
        for number, versions in self._versions.items():
            at = number * SECTOR
            if at < size:
                newest = chance.random() < kept
                sector = _shown(versions[-1], chance) if newest else _any(versions, chance)
                found[at : at + SECTOR] = sector[: size - at]
        return bytes(found)

    def _resize(self, size: int) -> None:
        self.content = self.content[:size].ljust(size, b"\0")
        self._sizes.append(size)

    def _remember(self, sectors: range) -> None:
        for number in sectors:
            if number not in self._versions:
                self._versions[number] = [self._sector(number)]

    def _add_versions(self, sectors: range) -> None:
        for number in sectors:
            self._versions[number].append(self._sector(number))

    def _sector(self, number: int) -> bytes | None:
        at = number * SECTOR
        return bytes(self.content[at : at + SECTOR]) or None


def _any(versions: list[bytes | None], chance: Random) -> bytes:
    older, newer = chance.choice(list(pairwise(versions)))
    cut = chance.choice((0, SECTOR, chance.randrange(SECTOR)))
    return _shown(newer, chance)[:cut] + _shown(older, chance)[cut:]


def _shown(sector: bytes | None, chance: Random) -> bytes:
    """Space that was given to a file but never written holds zeros, or somebody's old data."""
    if sector is None:
        return chance.choice((bytes(SECTOR), chance.randbytes(SECTOR)))
    return sector.ljust(SECTOR, b"\0")


class Disk:
    """The files of one folder, by name."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._settled: dict[str, File] = {}
        self._changes: list[tuple[str, File | None]] = []
        """Creations and deletions (None) since the folder was synced."""

    def open(self, name: str) -> None:
        """Create a file unless it exists."""
        if name not in self._files:
            self._change(name, File())

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Put *data* into a file at *offset*, bytes from the beginning."""
        self._files[name].write(offset, data)

    def truncate(self, name: str, size: int) -> None:
        """End a file at *size* bytes."""
        self._files[name].truncate(size)

    def sync(self, name: str) -> None:
        """Sync a file; with a new one SQLite syncs the folder too."""
        file = self._files[name]
        if not file.settled:
            self.sync_folder()
        file.sync()

    def delete(self, name: str) -> None:
        """Delete a file; it may come back until the folder is synced."""
        self._change(name, None)

    def sync_folder(self) -> None:
        """Bring creations and deletions to the disk for sure."""
        self._settled = dict(self._files)
        self._changes.clear()

    def after_power_loss(self, chance: Random) -> dict[str, bytes]:
        """Return the files that may be found if the power fails now."""
        found = dict(self._settled)
        for name, file in self._changes[: chance.randint(0, len(self._changes))]:
            _put(found, name, file)
        kept = chance.choice((0.0, 0.5, 0.9, 1.0))
        return {name: file.after_power_loss(chance, kept) for name, file in found.items()}

    def _change(self, name: str, file: File | None) -> None:
        _put(self._files, name, file)
        self._changes.append((name, file))


def _put(files: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        files.pop(name, None)
    else:
        files[name] = file
