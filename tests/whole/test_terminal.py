"""The desk in a real terminal: however it ends, terminal and books are in order."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from market.simulator import SimulatorServer
from tests.whole.home import environment, idea, paperdesk

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
MOUSE_OFF = b"\x1b[?1000l"


class Terminal:
    """A pseudo-terminal with the desk in it."""

    def __init__(self, process: asyncio.subprocess.Process, leader: int) -> None:
        self.process = process
        self._leader = leader
        self.written = b""
        asyncio.get_running_loop().add_reader(leader, self._read)

    def _read(self) -> None:
        try:
            self.written += os.read(self._leader, 65536)
        except OSError:
            self.close()

    def close(self) -> None:
        """Take the terminal away."""
        if self._leader >= 0:
            asyncio.get_running_loop().remove_reader(self._leader)
            os.close(self._leader)
            self._leader = -1

    async def until(self, text: str) -> None:
        """Wait until the desk has written *text*."""
        async with asyncio.timeout(20):
            while text.encode() not in self.written:  # noqa: ASYNC110 - bytes, not an event
                await asyncio.sleep(0.02)


@asynccontextmanager
async def desk_in_terminal(home: Path) -> AsyncIterator[Terminal]:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui", "--theme", "desk-dark"),
        env=environment(home),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    terminal = Terminal(process, leader)
    try:
        await terminal.until("live")
        yield terminal
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_from_outside_gives_the_terminal_back(
    home: Path, number: signal.Signals
) -> None:
    async with desk_in_terminal(home) as terminal:
        terminal.process.send_signal(number)
        async with asyncio.timeout(5):
            code = await terminal.process.wait()
        await asyncio.sleep(0.1)

        assert code == 0
        assert LEAVE_ALTERNATE_SCREEN in terminal.written
        assert MOUSE_OFF in terminal.written
        assert b"Traceback" not in terminal.written


async def test_a_terminal_that_goes_away_ends_the_desk_quietly(home: Path) -> None:
    async with desk_in_terminal(home) as terminal:
        terminal.close()
        terminal.process.send_signal(signal.SIGHUP)

        async with asyncio.timeout(5):
            await terminal.process.wait()

    said = await paperdesk(home, "trades", "--json")
    assert (said.code, said.json) == (0, [])


async def test_after_a_kill_the_books_are_as_they_were_and_the_desk_starts_again(
    home: Path, exchange: SimulatorServer
) -> None:
    async with desk_in_terminal(home) as terminal:
        added = await paperdesk(home, "signals", "add", idea(exchange), "--json")
        opened = await paperdesk(home, "open", added.json["id"], "--json")
        terminal.process.kill()
        await terminal.process.wait()

    async with desk_in_terminal(home) as again:
        await again.until("Open trades 1")
        [trade] = (await paperdesk(home, "trades", "--open", "--json")).json

    assert trade["fills"] == opened.json["fills"]
