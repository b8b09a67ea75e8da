"""The log file: what a trader need not see and a developer will want to.

Law: one record is one line. Text from outside can neither forge a line nor carry an escape
sequence to the terminal of whoever reads the file; a traceback stands indented under its line.
"""

import logging
import os
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from desk.errors import DeskError

MAX_BYTES = 2_000_000
KEPT = 3
MAX_LINE = 500
"""Most characters of a record, or of one line of a traceback."""
MAX_TRACE_LINES = 200


class OneLine(logging.Formatter):
    """Writes records as ASCII lines with a UTC time in front."""

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, and its traceback if it has one."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        lines = [_escaped(self.formatMessage(record))]
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            # What failed stands at the end.
            lines += ["    " + _escaped(line) for line in trace[-MAX_TRACE_LINES:]]
        return "\n".join(lines)


class _SharedFile(RotatingFileHandler):
    """A rotating file for its owner's eyes, written by several desks at a time."""

    def _open(self) -> TextIOWrapper:
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.fdopen(os.open(self.baseFilename, how, 0o600), "a", encoding="ascii")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, into the new file if another process has rotated the old one."""
        if self.stream is not None and not self._in_place(self.stream):
            self.stream.close()
            self.stream = None  # opened again by what follows
        super().emit(record)

    def _in_place(self, stream: TextIOWrapper) -> bool:
        try:
            return os.path.samestat(os.fstat(stream.fileno()), Path(self.baseFilename).stat())
        except OSError:
            return False


def log_to_file(folder: Path) -> Path:
    """Send all log records to a rotating file in *folder*, once; returns its path.

    Raises:
        DeskError: If the folder cannot be written.
    """
    path = folder / "paperdesk.log"
    root = logging.getLogger()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _has_file(root, path):
            return path
        handler = _SharedFile(path, maxBytes=MAX_BYTES, backupCount=KEPT)
    except OSError as exc:
        raise DeskError(f"Cannot write the log file {path}: {exc.strerror}.") from exc
    handler.setFormatter(OneLine())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # A log that cannot be written (disk full) must not write tracebacks over the screen.
    logging.raiseExceptions = False
    return path


def _has_file(root: logging.Logger, path: Path) -> bool:
    own = [one for one in root.handlers if isinstance(one, _SharedFile)]
    return any(Path(one.baseFilename) == path.absolute() for one in own)


def _escaped(text: str) -> str:
    line = ascii(text)[1:-1]
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 3] + "..."
