"""Windows in processes of their own, as a test drives and hears them."""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest


class Window:
    """A window in a process of its own, and all that it has said."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._questions = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            said = json.loads(line)
            self.said.append(said)
            if "role" in said:
                self.state = said
            elif "answer" in said:
                assert said["answer"] not in self._answers
                self._answers[said["answer"]] = said

    async def until(self, condition: Callable[[], object], within_s: float = 15) -> None:
        """Wait until *condition* holds."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():  # noqa: ASYNC110 - any condition, not one event
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pytest.fail(f"never became true; the window said {self.said[-8:]}")

    async def until_role(self, role: str) -> None:
        """Wait until the window has this role and live prices."""
        await self.until(lambda: self.state.get("role") == role and self.state["live"])

    def shows(self, signal_id: str) -> bool:
        """Tell whether a signal is in the table."""
        return signal_id in self.state.get("signals", ())

    def ask(self, **what: Any) -> int:
        """Give an order; returns its number."""
        assert self.process.stdin
        self._questions += 1
        self.process.stdin.write(json.dumps(what | {"n": self._questions}).encode() + b"\n")
        return self._questions

    async def answer(self, number: int) -> dict[str, Any]:
        """Return what became of an order."""
        await self.until(lambda: number in self._answers, within_s=40)
        return self._answers[number]

    async def do(self, **what: Any) -> dict[str, Any]:
        """Give an order and wait for what becomes of it."""
        return await self.answer(self.ask(**what))

    def told(self, *kinds: str) -> list[tuple[str, int]]:
        """Return the openings and ends told, in order."""
        wanted = kinds or ("opened", "closed")
        return [(s["told"], s["id"]) for s in self.said if s.get("told") in wanted]

    def told_at(self, kind: str, trade_id: int) -> float:
        """Return when something was told, wall clock, seconds."""
        [when] = [
            s["wall_s"] for s in self.said if s.get("told") == kind and s["id"] == trade_id
        ]
        return float(when)

    def notices(self) -> list[str]:
        """Return the notices told."""
        return [said["text"] for said in self.said if said.get("told") == "notice"]

    async def kill(self) -> None:
        """End the process the hard way."""
        self.process.kill()
        await self.process.wait()

    async def close(self) -> None:
        """End the process in order."""
        if self.process.returncode is None:
            assert self.process.stdin
            self.process.stdin.close()
            async with asyncio.timeout(10):
                await self.process.wait()
        await self._reading


async def everyone(windows: Iterable[Window], condition: Callable[[Window], object]) -> None:
    """Wait until *condition* holds for each window."""
    for window in windows:
        await window.until(partial(condition, window))
