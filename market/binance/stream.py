"""One WebSocket connection's life: subscribe, hand over frames in batches, notice silence.

Connected is not live and acknowledged is not live: only a data frame is. A stream ends with an
`Unreachable` that says why; opening the next one is its owner's business.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from market.binance.hosts import Host, is_loopback
from market.binance.limits import MessageLimiter, Timings
from market.binance.rest import QUIET_S, quiet_s
from market.binance.venue import SPOT, Route
from market.errors import Blocked, Limited, MarketError, Unreachable

if TYPE_CHECKING:
    from websockets.exceptions import InvalidStatus

    from market.binance.socket import FrameConnection

log = logging.getLogger(__name__)

MAX_FRAME = 8 * 1024 * 1024
"""Bytes; whole-market frames come near the library's default of one million."""
MAX_STREAMS = 1024
"""Binance's limit of names on one connection."""
BATCH = 200
"""Names in one message: longer messages are cut off by Binance."""

OnFrames = Callable[["Stream", Sequence[bytes]], bool]
"""Takes all frames that arrived together; returns whether there was market data among them."""


class Stream:
    """A connection that is open until it is stopped, lost or found silent."""

    def __init__(
        self,
        host: Host,
        route: Route,
        socket: "FrameConnection",
        timings: Timings,
        on_frames: OnFrames,
    ) -> None:
        self.host = host
        self.route = route
        """Which of the market's streams may come over this connection."""
        self.live = asyncio.Event()
        """Set by the first market data."""
        self.worn = asyncio.Event()
        """Set when a replacement should be opened: the server asked for it, or it is old."""
        self.settled = asyncio.Event()
        """Set once everything wanted at first was asked for."""
        self.opened_s = time.monotonic()
        self._socket = socket
        self._timings = timings
        self._on_frames = on_frames
        self._limiter = MessageLimiter(timings.message_gap_s)
        self._frames: list[bytes] = []
        self._arrived = asyncio.Event()
        self._wanted: dict[str, None] = {}
        self._subscribed: dict[str, None] = {}
        self._wanted_changed = asyncio.Event()
        self._message_id = 0
        self._heard_s = self.opened_s
        self._abandoned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name=f"stream {host.name}")

    @property
    def age_s(self) -> float:
        """How long the connection has been open, seconds."""
        return time.monotonic() - self.opened_s

    def want(self, names: Sequence[str]) -> None:
        """Say which streams are needed from now on, the most important first.

        Those that belong on another connection are left out.
        """
        names = [name for name in names if self.route.carries(name)]
        if len(names) > MAX_STREAMS:
            log.warning("%d streams wanted, only %d possible", len(names), MAX_STREAMS)
        self._wanted = dict.fromkeys(names[:MAX_STREAMS])
        self._wanted_changed.set()

    def abandon(self, why: str) -> None:
        """Let the connection end at once; what has not been handed over is thrown away."""
        if not self._abandoned.done():
            self._abandoned.set_exception(Unreachable(why))

    async def until(self, event: asyncio.Event) -> None:
        """Wait for `live`, `settled` or `worn`.

        Raises:
            MarketError: If the connection ended first.
        """
        waiter = asyncio.create_task(event.wait())
        try:
            await asyncio.wait({waiter, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Close the connection; errors of the market end with it, bugs are raised."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._task.cancelled():
            return
        if (error := self._task.exception()) and not isinstance(error, MarketError):
            raise error

    async def _run(self) -> None:
        # When several end together the first tells why: a connection that was given up also
        # breaks, which says less.
        work = (
            self._until_abandoned(),
            self._watch(),
            self._hand_over(),
            self._subscribe(),
            self._receive(),
        )
        tasks = [asyncio.create_task(part) for part in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not self._abandoned.done():
                self._flush()
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._leave()

    async def _leave(self) -> None:
        # A peer that went away quietly must not hold up the next connection.
        try:
            async with asyncio.timeout(0.2):
                await self._socket.close()
        except TimeoutError:
            pass
        finally:
            self._socket.transport.abort()

    async def _receive(self) -> None:
        """Collect whole frames as they are parsed; `recv` brings the first and fragments."""
        from websockets.exceptions import ConnectionClosed

        self._socket.on_frame = self._collect
        try:
            while True:
                self._collect(await self._socket.recv(decode=False))
        except ConnectionClosed as exc:
            raise Unreachable(f"{self.host.name} ended the stream: {exc}.") from exc

    async def _until_abandoned(self) -> None:
        await self._abandoned

    def _collect(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._arrived.set()

    async def _hand_over(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self._flush()

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if frames and self._on_frames(self, frames):
            self._heard_s = time.monotonic()
            self.live.set()

    async def _subscribe(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                await self._wanted_changed.wait()
                self._wanted_changed.clear()
                while self._next_change():
                    await self._limiter.turn()
                    # What is wanted may have changed meanwhile.
                    if change := self._next_change():
                        await self._send(*change)
                self.settled.set()
        except ConnectionClosed as exc:
            raise Unreachable(f"{self.host.name} ended the stream: {exc}.") from exc

    def _next_change(self) -> tuple[str, list[str]] | None:
        extra = [name for name in self._subscribed if name not in self._wanted]
        missing = [name for name in self._wanted if name not in self._subscribed]
        room = MAX_STREAMS - len(self._subscribed)
        if missing and room:
            return "SUBSCRIBE", missing[: min(BATCH, room)]
        return ("UNSUBSCRIBE", extra[:BATCH]) if extra else None

    async def _send(self, method: str, names: list[str]) -> None:
        self._message_id += 1
        message = {"method": method, "params": names, "id": self._message_id}
        if method == "SUBSCRIBE":
            self._subscribed |= dict.fromkeys(names)
        else:
            for name in names:
                del self._subscribed[name]
        await self._socket.send(msgspec.json.encode(message).decode())

    async def _watch(self) -> None:
        """End the stream when no data comes, and call it worn when it is old."""
        while True:
            silent_s = time.monotonic() - self._heard_s
            if silent_s >= self._timings.silence_s:
                self._socket.transport.abort()
                raise Unreachable(f"{self.host.name} sent no prices for {silent_s:.0f} s.")
            left_s = self._timings.rotate_s - self.age_s
            if left_s <= 0:
                self.worn.set()
                left_s = self._timings.silence_s
            await asyncio.sleep(min(left_s, self._timings.silence_s - silent_s))


async def open_stream(
    host: Host, timings: Timings, on_frames: OnFrames, route: Route = SPOT.routes[0]
) -> Stream:
    """Connect to *host*, by one of its market's routes.

    Raises:
        Blocked: If the host refuses this location.
        Limited: If the host asks for silence.
        Unreachable: If there is no connection for any other reason.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus, WebSocketException

    from market.binance.socket import FrameConnection

    try:
        socket = await connect(
            host.stream_url.rstrip("/") + route.path,
            proxy=None if is_loopback(host.stream_url) else True,
            open_timeout=timings.connect_s,
            close_timeout=1.0,
            ping_interval=20.0,
            ping_timeout=20.0,
            max_size=MAX_FRAME,
            create_connection=FrameConnection,
            compression=None,  # small frames: it would cost more than it saves
            user_agent_header="paperdesk",
        )
    except InvalidStatus as exc:
        raise _refused(host, exc) from exc
    except (OSError, EOFError, WebSocketException, ImportError) as exc:
        # ImportError: a SOCKS proxy is set in the environment, its package is not installed.
        reason = str(exc) or type(exc).__name__
        raise Unreachable(f"The stream of {host.name} cannot be opened: {reason}.") from exc
    assert isinstance(socket, FrameConnection)
    return Stream(host, route, socket, timings, on_frames)


def _refused(host: Host, error: "InvalidStatus") -> MarketError:
    status = error.response.status_code
    if status == 451:
        return Blocked(f"{host.name} is not open in this country (HTTP 451).")
    if status in QUIET_S:
        seconds = quiet_s(status, error.response.headers)
        return Limited(f"{host.name} asked for silence (HTTP {status}).", seconds)
    return Unreachable(f"The stream of {host.name} was refused (HTTP {status}).")
