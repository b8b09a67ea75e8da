"""A simulated exchange whose clock moves only when a test says so, and ways to ask it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from market.simulator import SimulatedExchange, SimulatorServer
from market.simulator.candles import DAY_MS

START_MS = 20_717 * DAY_MS + 10 * 3_600_000 + 30_000
"""Half past a minute, in the morning, a few hours into a block."""


@dataclass
class HandClock:
    """Exchange time that stands still until a test moves it."""

    ms: int = START_MS

    def __call__(self) -> int:
        return self.ms


class JumpingClock:
    """Exchange time that runs like the world's, jumps ahead or runs faster at a test's will."""

    def __init__(self) -> None:
        self._began_ms, self._began_ns, self._speed = START_MS, time.monotonic_ns(), 1

    def __call__(self) -> int:
        elapsed_ns = time.monotonic_ns() - self._began_ns
        return self._began_ms + elapsed_ns * self._speed // 1_000_000

    def jump(self, ms: int) -> None:
        self._began_ms += ms

    def run(self, speed: int) -> None:
        """Let so many seconds pass in each of the world's from now on."""
        now_ms, self._began_ns = self(), time.monotonic_ns()
        self._began_ms, self._speed = now_ms, speed


def running_market(seed: int = 1) -> tuple[SimulatedExchange, JumpingClock]:
    clock = JumpingClock()
    return SimulatedExchange(seed=seed, now_ms=clock), clock


def stopped_market(seed: int = 1) -> tuple[SimulatedExchange, HandClock]:
    clock = HandClock()
    return SimulatedExchange(seed=seed, now_ms=clock), clock


@asynccontextmanager
async def rest(server: SimulatorServer) -> AsyncIterator[httpx.AsyncClient]:
    base = server.rest_url + "/api/v3/"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        yield client


@asynccontextmanager
async def stream(server: SimulatorServer, path: str) -> AsyncIterator[ClientConnection]:
    async with connect(server.stream_url + path, proxy=None, close_timeout=0.2) as socket:
        yield socket


async def say(socket: ClientConnection, method: str, *params: object, id_: object = 1) -> Any:
    """Send a control message; return its reply, leaving out data before it."""
    await socket.send(json.dumps({"method": method, "params": params, "id": id_}))
    return await hear(socket, lambda frame: "id" in frame)


async def hear(socket: ClientConnection, wanted: Callable[[Any], bool]) -> Any:
    """Return the first frame that is *wanted*."""
    async with asyncio.timeout(3):
        while True:
            frame = json.loads(await socket.recv())
            if wanted(frame):
                return frame


async def collect(socket: ClientConnection, count: int) -> list[Any]:
    """Return the next frames."""
    async with asyncio.timeout(3):
        return [json.loads(await socket.recv()) for _ in range(count)]


async def close_of(socket: ClientConnection) -> tuple[int | None, str | None]:
    """Read until the connection is closed; return code and reason."""
    async with asyncio.timeout(3):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code, socket.close_reason
