"""The WebSocket connections of the simulated exchange: limits, pings, and sending.

An event is encoded once and shared by all its receivers. A receiver that falls far behind is
cut off, so that one slow client never holds up the others.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import ClientConnectionResetError, WSMessage, WSMsgType, web

from market.simulator.control import Subscriptions
from market.simulator.routes import Address, Route
from market.simulator.streams import Publisher

MOST_WAITING = 20_000
"""Frames that may wait for one receiver."""
LONGEST_MESSAGE = 8_192
"""Bytes of a control message."""
GOING_AWAY = 1_001
POLICY_VIOLATION = 1_008


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server allows."""

    weight_per_minute: int = 6_000
    """REST request weight in one minute, spot."""
    futures_weight_per_minute: int = 2_400
    messages_per_second: int = 5
    """Messages, pings and pongs that a connection may send."""
    connects: int = 300
    """Connections within `connects_window_s`."""
    connects_window_s: float = 300.0
    ping_every_s: float = 20.0
    pong_within_s: float = 60.0


class Connection:
    """One client's socket."""

    def __init__(
        self,
        number: int,
        request: web.BaseRequest,
        socket: web.WebSocketResponse,
        limits: Limits,
    ) -> None:
        self.number = number
        """Counts the connections of this server from 1."""
        self.opened_s = asyncio.get_running_loop().time()
        self.ends_s = float("inf")
        """When the server says goodbye, time of the loop."""
        self.muted = False
        """Whether data is thrown away although the socket is open."""
        self._request = request
        self._socket = socket
        self._limits = limits
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        self._messages: deque[float] = deque(maxlen=limits.messages_per_second)
        self._pings: dict[bytes, float] = {}
        self._ping_number = 0

    def send(self, frame: bytes) -> None:
        """Queue a text frame."""
        if self.muted:
            return
        self._waiting.append(frame)
        self._wake.set()
        if len(self._waiting) > MOST_WAITING:
            self.cut()

    def cut(self) -> None:
        """End the connection abnormally, without a close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def retire(self, most_age_s: float) -> None:
        """Cut the connection if it is too old; say goodbye if its end has come."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self.opened_s >= most_age_s:
            self.cut()
        elif now_s >= self.ends_s:
            self._wake.set()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection in order."""
        await self._socket.close(code=code, message=reason.encode())

    async def run(self, subscriptions: Subscriptions) -> None:
        """Serve the client until it is gone."""
        helpers = [
            asyncio.create_task(self._write()),
            asyncio.create_task(self._ping()),
        ]
        try:
            async for message in self._socket:
                if self._too_many():
                    await self.close(POLICY_VIOLATION, "Too many requests")
                    break
                await self._take(message, subscriptions)
        except ClientConnectionResetError:
            pass  # the client left while it was being answered
        finally:
            for helper in helpers:
                helper.cancel()
            for outcome in await asyncio.gather(*helpers, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def _take(self, message: WSMessage, subscriptions: Subscriptions) -> None:
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            self._pings.pop(bytes(message.data), None)
        elif message.type is WSMsgType.TEXT:
            reply = subscriptions.reply(message.data)
            self._waiting.append(msgspec.json.encode(reply))
            self._wake.set()

    def _too_many(self) -> bool:
        """Count a message; tell whether it is one too many within a second."""
        now, recent = asyncio.get_running_loop().time(), self._messages
        full = len(recent) == recent.maxlen and now - recent[0] < 1.0
        recent.append(now)
        return full

    async def _write(self) -> None:
        send, loop = self._socket.send_frame, asyncio.get_running_loop()
        with contextlib.suppress(ClientConnectionResetError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                frames, self._waiting = self._waiting, []
                for frame in frames:
                    await send(frame, WSMsgType.TEXT)
                if loop.time() >= self.ends_s:
                    await self.close(GOING_AWAY, "Server shutting down")
                    return

    async def _ping(self) -> None:
        limits, loop = self._limits, asyncio.get_running_loop()
        with contextlib.suppress(ClientConnectionResetError):
            while True:
                await asyncio.sleep(limits.ping_every_s)
                oldest = min(self._pings.values(), default=loop.time())
                if loop.time() - oldest >= limits.pong_within_s:
                    await self.close(POLICY_VIOLATION, "Pong timeout")
                    return
                self._ping_number += 1
                payload = str(self._ping_number).encode()
                self._pings[payload] = loop.time()
                await self._socket.ping(payload)


class Hub:
    """All connections, and which of them listen to which stream."""

    def __init__(self, publishers: Mapping[Route, Publisher], limits: Limits) -> None:
        self.connections: dict[Connection, Subscriptions] = {}
        self._publishers = publishers
        self._limits = limits
        self._listeners: dict[tuple[Route, str], set[Connection]] = {}
        self.connects: list[float] = []
        """When connections were asked for, refused ones included; seconds, monotonic."""
        self._admitted: deque[float] = deque(maxlen=limits.connects)
        self._opened = 0

    def note_attempt(self) -> None:
        """Remember that a connection was asked for."""
        self.connects.append(time.monotonic())

    def chosen(self, number: int | None = None) -> Iterator[Connection]:
        """Yield the connection of a number, or all without one."""
        for connection in list(self.connections):
            if number is None or connection.number == number:
                yield connection

    def admit(self) -> bool:
        """Count an attempt to connect; tell whether it is allowed."""
        now, recent = asyncio.get_running_loop().time(), self._admitted
        if len(recent) == recent.maxlen and now - recent[0] < self._limits.connects_window_s:
            return False
        recent.append(now)
        return True

    async def serve(
        self,
        request: web.BaseRequest,
        socket: web.WebSocketResponse,
        address: Address,
    ) -> None:
        """Serve one connection until it ends; at first it has the streams of its address."""
        self._opened += 1
        connection = Connection(self._opened, request, socket, self._limits)

        route, publisher = address.route, self._publishers.get(address.route)

        def added(name: str) -> None:
            self._listeners.setdefault((route, name), set()).add(connection)
            if publisher:
                publisher.watch(name)

        def removed(name: str) -> None:
            listeners = self._listeners[route, name]
            listeners.discard(connection)
            if not listeners:
                del self._listeners[route, name]
                if publisher:
                    publisher.unwatch(name)

        subscriptions = Subscriptions(combined=address.combined, added=added, removed=removed)
        self.connections[connection] = subscriptions
        try:
            if subscriptions.add(address.names):
                await connection.run(subscriptions)
            else:
                await connection.close(POLICY_VIOLATION, "Too many subscriptions")
        finally:
            del self.connections[connection]
            subscriptions.remove(list(subscriptions.names))

    def publish(self) -> None:
        """Send everything that is due to everyone who listens to it."""
        for route, publisher in self._publishers.items():
            for name, payload in publisher.due():
                self._send(self._listeners.get((route, name), ()), name, payload)

    def retire(self, most_age_s: float) -> None:
        """End every connection whose time has come."""
        for connection in self.chosen():
            connection.retire(most_age_s)

    def cut(self, number: int | None = None) -> None:
        """End one connection, or all, abnormally."""
        for connection in self.chosen(number):
            connection.cut()

    def mute(self, number: int | None = None, *, muted: bool = True) -> None:
        """Leave one connection, or all, half open: no more data, TCP and pongs work."""
        for connection in self.chosen(number):
            connection.muted = muted

    def send_raw(self, frame: bytes) -> None:
        """Send a text frame as it is over every connection."""
        for connection in self.chosen():
            connection.send(frame)

    def announce_shutdown(self, now_ms: int, close_after_s: float | None = None) -> None:
        """Say over every connection that it will end, and end it after so many seconds."""
        event = msgspec.json.encode({"e": "serverShutdown", "E": now_ms})
        self._send(self.connections, "!serverShutdown", event)
        if close_after_s is not None:
            for connection in self.chosen():
                connection.ends_s = asyncio.get_running_loop().time() + close_after_s

    def _send(self, listeners: Iterable[Connection], name: str, payload: bytes) -> None:
        wrapped = b'{"stream":' + msgspec.json.encode(name) + b',"data":' + payload + b"}"
        for connection in listeners:
            combined = self.connections[connection].combined
            connection.send(wrapped if combined else payload)
