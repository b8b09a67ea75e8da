"""Lines for standard output and standard error that never hold up the desk.

Law: nothing here waits for a reader. A thread of its own writes, on the bare descriptors; a
reader that stops reading (ctrl+s, a full pipe) costs lines once too many wait, never a trade.
"""

import errno
import fcntl
import logging
import os
import queue
import select
import stat
import threading
from collections.abc import Callable
from typing import TextIO

log = logging.getLogger(__name__)

LIMIT = 10_000
"""Lines that may wait for a slow reader."""
LAST_WORDS_S = 1.0
"""How long the end waits for what is still to be written."""

_LEFT = {errno.EPIPE, errno.EIO}
"""The reader has gone: a pipe without a reader, a terminal that was closed."""


class Outlet:
    """The way out for lines, for one thread; close it when all is said."""

    def __init__(
        self, out: TextIO | None, err: TextIO | None, on_end: Callable[[], object]
    ) -> None:
        """Start the thread.

        Args:
            out: Where data goes; None (as Python has it for a closed stream) swallows it.
            err: Where narration goes, the same way.
            on_end: Called from the writing thread when data cannot be written any more.
        """
        self.failure: OSError | None = None
        """Why standard output cannot be written; None while it can, or if its reader left."""
        self._on_end = on_end
        self._closed = False
        self._out, self._err = _Sink(out), _Sink(err)
        self._waiting: queue.Queue[tuple[_Sink, str] | None] = queue.Queue(LIMIT)
        self._thread = threading.Thread(target=self._write, name="paperdesk-out", daemon=True)
        self._thread.start()

    @property
    def pipe(self) -> int | None:
        """Standard output's descriptor if it is a pipe that only we write; None otherwise."""
        return self._out.descriptor if self._out.is_pipe else None

    def data(self, text: str) -> None:
        """Write a line to standard output; never waits."""
        self._put(self._out, text)

    def narrate(self, text: str) -> None:
        """Write a line to standard error; never waits."""
        self._put(self._err, text)

    def close(self) -> None:
        """Write what waits, if it is taken soon."""
        self._put_nowait(None)
        self._thread.join(LAST_WORDS_S)
        self._closed = True

    def _put(self, sink: "_Sink", text: str) -> None:
        if not self._put_nowait((sink, text)):
            log.warning("nobody reads the output; a line was left out")

    def _put_nowait(self, item: "tuple[_Sink, str] | None") -> bool:
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            return False
        return True

    def _write(self) -> None:
        while (item := self._waiting.get()) is not None:
            sink, text = item
            if sink.broken:
                continue
            try:
                sink.write(text + "\n")
            except OSError as exc:
                sink.broken = True
                if sink is self._out and not self._closed:
                    self.failure = None if exc.errno in _LEFT else exc
                    self._on_end()


class _Sink:
    """One of the standard streams, without Python's buffer and its lock."""

    def __init__(self, stream: TextIO | None) -> None:
        # A stream that was closed before we started is None, and its number may by now
        # belong to the database.
        self.descriptor = (
            os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()
        )
        self.broken = False
        """Whether a line could not be written; the later ones are not tried."""
        self._encoding = (stream and stream.encoding) or "utf-8"

    @property
    def is_pipe(self) -> bool:
        how = fcntl.fcntl(self.descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        return stat.S_ISFIFO(os.fstat(self.descriptor).st_mode) and how == os.O_WRONLY

    def write(self, text: str) -> None:
        left = text.encode(self._encoding, "backslashreplace")
        while left:
            try:
                left = left[os.write(self.descriptor, left) :]
            except BlockingIOError:  # somebody who shares the stream made it non-blocking
                select.select([], [self.descriptor], [])
