"""The wire: what the desk's network clients see of the venue, with delays and faults.

The desk's own code runs down to the two libraries: in place of a WebSocket connection it gets
one of ours, and httpx, which is real, gets a transport of ours.
"""

import asyncio
from collections.abc import AsyncIterator
from contextvars import copy_context
from random import Random
from typing import Any, cast

import httpx
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.http11 import Response

from market.binance.socket import FrameConnection
from tests.virtual.loop import PROCESS, Process
from tests.virtual.venue import Answer, Line, Venue

PREFIX = "/api/v3/"


class Network:
    """Between the desk and the venue; switches that a fault turns."""

    def __init__(self, venue: Venue, rng: Random) -> None:
        self.venue = venue
        self._rng = rng
        self.sockets: list[Socket] = []
        self.heal()
        self.questions = 0
        self.connects = 0

    def heal(self) -> None:
        """End all faults; what was half open stays so."""
        self.unreachable = False
        """Whether nothing can be reached at all."""
        self.blocked_host = ""
        """Host that refuses this country."""
        self.hanging = False
        """Whether opening a stream never comes to an end."""
        self.closes_at_once = False
        """Whether streams are accepted and closed."""
        self.handshake: Answer | None = None
        """Refusal of every stream."""
        self.rest: Answer | None = None
        """Answer to every question in place of the right one."""
        self.rest_failure = ""
        """``hang``, ``cut`` or ``drip``: how every answer fails."""
        self.rest_delay_s = 0.05
        self.delay_s = 0.05
        """How long a frame travels at most."""
        self.stalled_until_s = 0.0
        """Until when frames pile up on their way."""

    # -- streams ------------------------------------------------------------------------------

    async def connect(self, uri: str, *, open_timeout: float, **_: object) -> "Socket":
        """Stand in for `websockets.asyncio.client.connect`."""
        process = PROCESS.get()
        self.connects += 1
        host = uri.removeprefix("ws://").partition("/")[0]
        self.venue.note_question(process, host, asyncio.get_running_loop().time())
        await asyncio.sleep(self._rng.random() * self.delay_s)
        if self.hanging:
            await asyncio.sleep(open_timeout)
            raise TimeoutError("timed out during opening handshake")
        if self.unreachable:
            raise ConnectionRefusedError(111, "Connect call failed")
        line = self.venue.connect(process, asyncio.get_running_loop().time())
        if refusal := self._refusal_of(host, self.handshake):
            self.venue.hang_up(line)
            self._note_silence(process, host, refusal)
            headers = Headers(refusal.headers)
            raise InvalidStatus(Response(refusal.status, "", headers, refusal.body))
        socket = Socket(self, line)
        self.sockets.append(socket)
        if self.closes_at_once:
            socket.lose()
        return socket

    def deliver(self) -> None:
        """Send on their way all frames that the venue has put on its lines."""
        for socket in self.sockets:
            socket.collect(self._rng.random() * self.delay_s, self.stalled_until_s)

    def drop_process(self, process: Process) -> None:
        """Let the peer's system close all that a dead process had open."""
        for socket in [s for s in self.sockets if s.line.process is process]:
            socket.abort()

    # -- REST ---------------------------------------------------------------------------------

    async def ask(self, request: httpx.Request) -> httpx.Response:
        """Answer a request after a while."""
        self.questions += 1
        loop, process = asyncio.get_running_loop(), PROCESS.get()
        host = request.url.netloc.decode()
        self.venue.note_question(process, host, loop.time())
        await asyncio.sleep(self._rng.random() * self.rest_delay_s)
        if self.unreachable:
            raise httpx.ConnectError("[Errno 111] Connect call failed", request=request)
        if self.rest_failure == "hang":
            await asyncio.sleep(3_600)
        if refusal := self._refusal_of(host, self.rest):
            self._note_silence(process, host, refusal)
            return httpx.Response(
                refusal.status, headers=refusal.headers, content=refusal.body, request=request
            )
        path = request.url.path.removeprefix(PREFIX)
        answer = self.venue.answer(path, dict(request.url.params))
        content: bytes | AsyncIterator[bytes] = answer.body
        if self.rest_failure:
            content = self._failing(answer.body, self.rest_failure)
        return httpx.Response(
            answer.status, headers=answer.headers, content=content, request=request
        )

    async def _failing(self, body: bytes, how: str) -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        if how == "drip":
            for byte in body[len(body) // 2 :]:
                await asyncio.sleep(2.0)
                yield bytes((byte,))
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body")

    def _refusal_of(self, host: str, refusal: Answer | None) -> Answer | None:
        return Answer(451, b"") if host == self.blocked_host else refusal

    def _note_silence(self, process: Process | None, host: str, refusal: Answer) -> None:
        if seconds := refusal.headers.get("retry-after"):
            now_s = asyncio.get_running_loop().time()
            self.venue.silence(process, host, now_s + float(seconds))


class Transport(httpx.AsyncBaseTransport):
    """What httpx sends its requests through."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on."""
        return await self._network.ask(request)


class Socket(FrameConnection):
    """The client's end of one stream, as far as the desk uses it."""

    def __init__(self, network: Network, line: Line) -> None:
        # Not the library's constructor: there is no protocol underneath.
        self.line = line
        self.transport = cast(Any, self)
        self._network = network
        self._context = copy_context()
        self._arrived_s = 0.0
        self._lost = False
        self._news = asyncio.Event()
        self._frames: list[bytes] = []

    def collect(self, delay_s: float, not_before_s: float) -> None:
        """Take what is on the line; it arrives after a while, never out of order."""
        if not self.line.waiting:
            return
        loop = asyncio.get_running_loop()
        frames, self.line.waiting = self.line.waiting, []
        self._arrived_s = max(self._arrived_s, loop.time() + delay_s, not_before_s)
        loop.call_at(self._arrived_s, self._arrive, frames, context=self._context)

    def lose(self) -> None:
        """End the connection from the other side, behind what is on its way."""
        self._gone()
        loop = asyncio.get_running_loop()
        when_s = max(self._arrived_s, loop.time())
        loop.call_at(when_s, self._break, context=self._context)

    def _arrive(self, frames: list[bytes]) -> None:
        take = self.on_frame
        for frame in frames if not self._lost else ():
            if take:
                take(frame)
            else:
                self._frames.append(frame)
                self._news.set()

    def _break(self) -> None:
        self._lost = True
        self._news.set()

    def _gone(self) -> None:
        self._network.venue.hang_up(self.line)
        if self in self._network.sockets:
            self._network.sockets.remove(self)

    # -- what the desk calls ------------------------------------------------------------------

    async def recv(self, decode: bool | None = None) -> Any:
        """Return a frame that came before somebody took frames directly."""
        while not self._frames:
            if self._lost:
                raise ConnectionClosedError(None, None)
            self._news.clear()
            await self._news.wait()
        return self._frames.pop(0)

    async def send(self, message: Any, text: bool | None = None) -> None:
        """Send a control message."""
        if self._lost:
            raise ConnectionClosedError(None, None)
        if not self.line.muted:
            self._network.venue.take(self.line, message, asyncio.get_running_loop().time())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close; a peer that is not there any more lets one wait."""
        if self.line.muted and not self._lost:
            await asyncio.sleep(1.0)
        self.abort()

    def abort(self) -> None:
        """End the connection from this side at once."""
        self._gone()
        self._break()
