"""A `paperdesk watch` in a process of its own, and a reader of what it says."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.whole.home import environment

DESK = (sys.executable, "-m", "tui")


class Watch:
    """A running `paperdesk watch`, and a reader of what it says."""

    def __init__(
        self, process: asyncio.subprocess.Process, lines: asyncio.StreamReader
    ) -> None:
        self.process = process
        self._lines = lines

    async def line(self) -> str:
        """Return the next line of standard output."""
        async with asyncio.timeout(20):
            return (await self._lines.readline()).decode()

    async def event(self, name: str) -> dict[str, Any]:
        """Return the next event of a name, leaving out others before it."""
        while True:
            event: dict[str, Any] = json.loads(await self.line())
            if event["event"] == name:
                return event

    async def narrated(self, words: str) -> str:
        """Return the next line of standard error that has *words* in it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            while words not in (line := (await self.process.stderr.readline()).decode()):
                assert line, f"it ended without saying {words!r}"
        return line

    async def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and the rest of standard error."""
        assert self.process.stderr is not None
        async with asyncio.timeout(5):
            narrated = await self.process.stderr.read()
            return await self.process.wait(), narrated.decode()


@asynccontextmanager
async def watching(
    home: Path, *words: str, program: tuple[str, ...] = DESK, out: int | None = None
) -> AsyncIterator[Watch]:
    """Start a watch; it is killed at the end if it still runs.

    Args:
        home: Its folder.
        words: Options.
        program: What is run in front of the command.
        out: A descriptor to use as standard output instead of a pipe that is read.
    """
    process = await asyncio.create_subprocess_exec(
        *(*program, "watch", *words),
        env=environment(home),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if out is None else out,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Watch(process, process.stdout or asyncio.StreamReader())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
