"""The log file: what a trader need not see and a developer will want to."""

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from desk.errors import DeskError

MAX_BYTES = 2_000_000
KEPT = 3


class _OneLine(logging.Formatter):
    """One record a line: text from outside can neither forge lines nor reach a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        trace = record.exc_text or ""
        head = text[: len(text) - len(trace)] if trace else text
        return ascii(head)[1:-1] + ("\n" + trace if trace else "")


def log_to_file(folder: Path) -> Path:
    """Send all log records to a rotating file in *folder*; returns its path.

    Raises:
        DeskError: If the folder cannot be written.
    """
    path = folder / "paperdesk.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        handler = RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8"
        )
    except OSError as exc:
        raise DeskError(f"Cannot write the log file {path}: {exc.strerror}.") from exc
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return path
