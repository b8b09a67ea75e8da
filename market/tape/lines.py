"""The lines of a tape's file, plain, gzipped or in a zip, one after the other.

A file may be larger than memory and larger than it looks: it is unpacked piece by piece, and
neither a line nor the whole may grow without end.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import Final, cast

from engine.text import clean
from market.errors import TapeError

PIECE: Final = 1 << 18
"""Bytes read at a time."""
MAX_LINE: Final = 1 << 24
"""Bytes; the largest frame that a feed takes is half of it."""
MAX_UNPACKED: Final = 1 << 35
"""Bytes that one packed file may unpack to; a month of the busiest symbol stays below."""

Line = tuple[int, str]
"""A line without its end, and its number counted from 1."""


class TapeFile:
    """One file of a tape; iterating reads it anew from its beginning."""

    def __init__(self, path: Path) -> None:
        """Prepare to read the file at *path*; nothing is opened yet."""
        self.path = path
        self.name = clean(path.name, 80)
        self.cut = False
        """Whether the packed data ended in the middle; known once all lines were read."""
        self.read = 0
        """Bytes of the file behind us."""

    def error(self, line: int, what: str) -> TapeError:
        """Return the error that says *what* is wrong with a line."""
        return TapeError(f"{self.name} line {line}: {clean(what, 300)}.")

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines; bytes that are no UTF-8 become surrogates.

        Raises:
            TapeError: If the file cannot be read or unpacked.
        """
        self.cut, self.read = False, 0
        number, rest = 1, b""
        for piece in self._pieces():
            *whole, rest = (rest + piece).rsplit(b"\n", 1)
            if whole:
                lines = whole[0].decode("utf-8", "surrogateescape").split("\n")
                if number == 1:
                    lines[0] = lines[0].removeprefix("\ufeff")
                yield from enumerate(lines, number)
                number += len(lines)
            if len(rest) > MAX_LINE:
                raise self.error(number, "the line has no end; this is no tape")
        if rest:
            yield number, rest.decode("utf-8", "surrogateescape").removeprefix("\ufeff")

    def _pieces(self) -> Iterator[bytes]:
        total = 0
        try:
            with self.path.open("rb") as raw, _unpacked(raw) as data:
                while piece := self._piece(data):
                    total += len(piece)
                    if data is not raw and total > MAX_UNPACKED:
                        raise TapeError(
                            f"{self.name} unpacks to more than {MAX_UNPACKED >> 30} GiB; "
                            "nothing that large is played."
                        )
                    self.read = raw.tell()
                    yield piece
        except _Unusable as exc:
            raise TapeError(f"{self.name} {exc}.") from exc
        except OSError as exc:
            reason = exc.strerror or str(exc)
            raise TapeError(f"{self.name} cannot be read: {reason}.") from exc
        except (zipfile.BadZipFile, zlib.error, NotImplementedError) as exc:
            # zipfile says "not implemented" of a packing that it cannot read.
            raise TapeError(f"{self.name} cannot be unpacked: {clean(str(exc))}.") from exc

    def _piece(self, data: BufferedIOBase) -> bytes:
        try:
            return data.read1(PIECE)  # `read` would lose what stands in front of a sudden end
        except EOFError:
            self.cut = True
            return b""


class _Unusable(Exception):
    """An archive that cannot be a tape's; says what it does, without a subject."""


@contextmanager
def _unpacked(raw: BufferedReader) -> Iterator[BufferedIOBase]:
    """Look at the first bytes, not at the name, to find out how a file is packed."""
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        with gzip.open(raw) as data:
            yield data
    elif magic == b"PK\x03\x04":
        with zipfile.ZipFile(raw) as archive, archive.open(_only_member(archive)) as member:
            yield cast("BufferedIOBase", member)
    else:
        yield raw


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise _Unusable(f"holds {len(members)} files; the archive of a tape holds one")
    if members[0].flag_bits & 1:
        raise _Unusable("is encrypted")
    return members[0]
