"""A small exchange in a process of its own, so that its work is not counted as the desk's.

It speaks just enough of the protocol for a desk to trade on it. What it sends is said over its
standard input: `blast` sends the prepared prints as fast as they are taken, `pace N` sends N
prints a second from now on.
"""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

FIRST_ID = 700_000_001
"""Id of each symbol's first print."""
CHUNK = 1_000
"""Prints written at a time; whole ones, since others may be sent between two chunks."""
AHEAD = 1 << 22
"""Bytes that may wait for the receiver."""
CLOSING_PRICE = "200.00000000"
"""Price of a blast's last print: beyond the target of every long."""
WAKE_S = 0.001


def names(symbols: int) -> list[str]:
    """Return the names of so many symbols."""
    return [f"S{number}USDT" for number in range(symbols)]


FRESH_MS = 1_500
"""How far ahead of its time a blast is dated, since it is sent a little later."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A running exchange, as its user sees it."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def rest_url(self) -> str:
        """Where it answers questions."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where it streams."""
        return f"ws://127.0.0.1:{self.port}"

    def say(self, order: str) -> None:
        """Give it an order; see the module's own words."""
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def exchange(symbols: int, blast: int = 0) -> Iterator[Exchange]:
    """Run an exchange for the length of a `with` block.

    Args:
        symbols: How many markets it has.
        blast: How many prints one blast consists of.
    """
    command = [sys.executable, "-m", "bench.exchange", str(symbols), str(blast)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Exchange(process, int(process.stdout.readline()))
        finally:
            process.terminate()


class Tape:
    """Prints of all symbols in turn: prices walk, sizes are anything, ids have no holes."""

    def __init__(self, symbols: int, ahead_ms: int = 0) -> None:
        self._ahead_ms = ahead_ms
        self._names = names(symbols)
        self._rng = random.Random(1)
        self._cents = [9_600 + 800 * n // symbols for n in range(symbols)]
        self._ids = [FIRST_ID] * symbols
        self._turn = 0

    def frame(self, price: str = "") -> bytes:
        """Return the next print as a WebSocket frame, at its own price or at *price*."""
        at = self._turn
        self._turn = (at + 1) % len(self._names)
        self._cents[at] = min(10_400, max(9_600, self._cents[at] + self._rng.randint(-2, 2)))
        number, name = self._ids[at], self._names[at]
        self._ids[at] += 1
        now = time.time_ns() // 1_000_000 + self._ahead_ms
        price = price or f"{self._cents[at] / 100:.8f}"
        payload = (
            f'{{"stream":"{name.lower()}@aggTrade","data":{{"e":"aggTrade","E":{now},'
            f'"s":"{name}","a":{number},"p":"{price}",'
            f'"q":"{self._rng.randint(1, 500_000) / 100_000:.8f}","f":{2 * number},'
            f'"l":{2 * number + 1},"T":{now},"m":false,"M":true}}}}'
        )
        return framed(payload.encode())


def framed(payload: bytes) -> bytes:
    """Return one unmasked text frame of 126 to 65,535 bytes."""
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


class Server:
    """The exchange's side."""

    def __init__(self, symbols: int, blast: int) -> None:
        self._names = names(symbols)
        self._tape = Tape(symbols)
        self._size = blast
        self._blast: list[bytes] = []
        self._rate = 0
        self._sockets: list[asyncio.Transport] = []

    async def run(self) -> None:
        """Serve until the standard input ends."""
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/api/v3/{path:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(self._pace()), tasks.create_task(self._say_alive())]
            await self._obey()
            for task in work:
                task.cancel()
        await runner.cleanup()

    async def _obey(self) -> None:
        orders = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
        )
        async for line in orders:
            match line.split():
                case [b"blast"]:
                    await self._send_blast()
                case [b"pace", rate]:
                    self._rate = int(rate)

    def _load_blast(self) -> None:
        """Make the prints of a blast ahead of time, but not so long that they come late."""
        own, size = Tape(len(self._names), FRESH_MS), self._size
        frames = [own.frame() for _ in range(size - 1)] + [own.frame(CLOSING_PRICE)]
        self._blast = [b"".join(frames[at : at + CHUNK]) for at in range(0, size, CHUNK)]

    async def _send_blast(self) -> None:
        socket = self._sockets[-1]
        for chunk in self._blast:
            socket.write(chunk)
            while socket.get_write_buffer_size() > AHEAD:  # noqa: ASYNC110 - a plain transport
                await asyncio.sleep(WAKE_S)

    async def _pace(self) -> None:
        """Send each print on its own, when it is due."""
        due, before = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(WAKE_S)
            now = time.monotonic()
            due, before = due + (now - before) * self._rate, now
            for _ in range(int(due)):
                frame = self._tape.frame()
                for socket in self._sockets:
                    socket.write(frame)
            due -= int(due)

    async def _say_alive(self) -> None:
        """Let a market that nobody follows trade once a second: silence means a dead line."""
        while True:
            await asyncio.sleep(1)
            for socket in self._sockets:
                socket.write(_canary())

    async def _stream(self, request: Any) -> Any:
        from aiohttp import web

        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        transport = request.transport
        self._sockets.append(transport)
        if self._size:
            self._load_blast()
        try:
            async for message in socket:
                await socket.send_json({"result": None, "id": json.loads(message.data)["id"]})
                transport.write(_canary())
        finally:
            self._sockets.remove(transport)
        return socket

    async def _rest(self, request: Any) -> Any:
        from aiohttp import web

        path = request.match_info["path"]
        answers: dict[str, Callable[[], object]] = {
            "ping": lambda: {},
            "time": lambda: {"serverTime": time.time_ns() // 1_000_000},
            "exchangeInfo": lambda: {"symbols": [_rules(name) for name in self._names]},
            "ticker/24hr": lambda: [_day(s) for s in json.loads(request.query["symbols"])],
            "aggTrades": lambda: [],
            "klines": lambda: _candles(int(request.query["limit"])),
        }
        return web.json_response(answers[path]())


def _canary() -> bytes:
    now = time.time_ns() // 1_000_000
    data = {"e": "aggTrade", "E": now, "s": "BTCUSDT", "a": now, "p": "64250.01"}
    data |= {"q": "0.01", "T": now, "m": False, "M": True}
    return framed(json.dumps({"stream": "btcusdt@aggTrade", "data": data}).encode())


def _day(symbol: str) -> dict[str, object]:
    prices = {"openPrice": "98", "lastPrice": "100", "bidPrice": "99.99", "askPrice": "100.01"}
    return {"symbol": symbol, "quoteVolume": "5000", **prices}


def _rules(symbol: str) -> dict[str, object]:
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01",
                "maxPrice": "1000000",
                "tickSize": "0.01",
            },
            {"filterType": "LOT_SIZE", "minQty": "0.01", "maxQty": "9000", "stepSize": "0.01"},
        ],
    }


def _candles(limit: int) -> list[list[object]]:
    minute = time.time_ns() // 60_000_000_000
    return [
        [at * 60_000, "99", "102", "98", "100", "5", at * 60_000 + 59_999, "500", 9, "2", "200"]
        for at in range(minute - limit + 1, minute + 1)
    ]


if __name__ == "__main__":
    asyncio.run(Server(int(sys.argv[1]), int(sys.argv[2])).run())
