"""A program in a real pseudo-terminal, whose output somebody reads as fast as it comes."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal's side of a running program."""

    process: "subprocess.Popen[bytes]"
    master: int

    def read(self) -> bytes:
        """Return what the program has written since; empty when it has ended.

        Raises:
            TimeoutError: If nothing comes for a minute.
        """
        if not select.select([self.master], [], [], PATIENCE_S)[0]:
            raise TimeoutError("the program in the terminal says nothing")
        try:
            return os.read(self.master, 65_536)
        except OSError:  # Linux: nobody holds the other end any more
            return b""

    def read_until(self, words: bytes) -> None:
        """Read until *words* were painted.

        Raises:
            EOFError: If the program ends before.
        """
        seen = b""
        while words not in seen:
            if not (more := self.read()):
                raise EOFError(f"ended before it wrote {words!r}: {seen[-500:]!r}")
            seen += more

    def read_to_end(self) -> None:
        """Read until the program ends."""
        while self.read():
            pass


@contextlib.contextmanager
def terminal(
    command: Sequence[str],
    *,
    size: tuple[int, int] = (120, 40),
    env: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """Run *command* in a terminal of its own; it ends with the block at the latest.

    Args:
        command: Program and arguments.
        size: Columns and lines.
        env: What to change in the environment.
    """
    columns, lines = size
    master, own = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command,
        stdin=own,
        stdout=own,
        stderr=own,
        start_new_session=True,
        env={**environment, **(env or {})},
    )
    os.close(own)
    try:
        yield Terminal(process, master)
    finally:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            Terminal(process, master).read_to_end()
        process.wait()
        os.close(master)
