"""The simulated exchange on a socket: Binance's spot REST paths and streams.

Any client that lets its base address be changed can be pointed here, with any prefix before
the paths.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import msgspec
from aiohttp import web

from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults, Refusal
from market.simulator.query import Refused
from market.simulator.rest import RestApi
from market.simulator.sockets import LONGEST_MESSAGE, Hub, Limits
from market.simulator.streams import Publisher

log = logging.getLogger(__name__)

GOING_AWAY = 1_001
PUBLISH_EVERY_S = 0.02
"""How often it is looked what is due: far below what an eye or a strategy notices."""
WORTH_PACKING = 2_048
"""Bytes; smaller answers are not compressed."""

_REST = re.compile(r".*?/api/v3/(?P<path>.*)")
_FUTURES_INFO = re.compile(r".*/[fd]api/v\d/exchangeInfo")
_STREAM = re.compile(r".*?/(?P<form>ws|stream)(?:/(?P<names>.*))?")


class SimulatorServer:
    """Serves one exchange until it is stopped."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Faults | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Prepare to serve.

        Args:
            exchange: What is served.
            host: Address to listen on.
            port: Port to listen on; 0 takes a free one.
            faults: What goes wrong; may be changed while the server runs.
            limits: What clients are allowed.
        """
        self.exchange = exchange
        self.faults = faults or Faults()
        self.port = port
        self._host = host
        self._limits = limits or Limits()
        self._rest = RestApi(exchange, self._limits.weight_per_minute)
        self._hub = Hub(Publisher(exchange, self.faults), self._limits)
        self._minute = 0
        self._used_weight = 0
        self._runner: web.ServerRunner | None = None
        self._publishing: asyncio.Task[None] | None = None

    @property
    def rest_url(self) -> str:
        """Base address of the REST interface."""
        return f"http://{self._host}:{self.port}"

    @property
    def stream_url(self) -> str:
        """Base address of the streams."""
        return f"ws://{self._host}:{self.port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: If the port is taken.
        """
        runner = web.ServerRunner(
            web.Server(self._handle, access_log=None), shutdown_timeout=0.5
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self.port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self.port = runner.addresses[0][1]
        self._runner = runner
        self._publishing = asyncio.create_task(self._publish(), name="simulator")

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._publishing is None or self._runner is None:
            return
        self._publishing.cancel()
        closing = [
            asyncio.create_task(connection.close(GOING_AWAY, "Going away"))
            for connection in self._hub.connections
        ]
        if closing:
            await asyncio.wait(closing, timeout=0.2)
        self.cut_sockets()
        await asyncio.gather(*closing, return_exceptions=True)
        await self._runner.cleanup()
        with contextlib.suppress(asyncio.CancelledError):
            await self._publishing

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    # -- faults that happen once --------------------------------------------------------------

    @property
    def connections(self) -> int:
        """Number of open stream connections."""
        return len(self._hub.connections)

    def cut_sockets(self) -> None:
        """End all stream connections abnormally."""
        for connection in list(self._hub.connections):
            connection.cut()

    def mute_sockets(self) -> None:
        """Leave all present stream connections half open: no more data, TCP and pongs work."""
        for connection in self._hub.connections:
            connection.muted = True

    def send_raw(self, text: str) -> None:
        """Send a text frame as it is over every stream connection."""
        for connection in self._hub.connections:
            connection.send(text.encode())

    def announce_shutdown(self) -> None:
        """Say over every stream connection that it will be cut."""
        event = {"e": "serverShutdown", "E": self.exchange.now_ms()}
        self._hub.announce(msgspec.json.encode(event))

    # -- serving ------------------------------------------------------------------------------

    async def _publish(self) -> None:
        try:
            while True:
                self._hub.publish()
                await asyncio.sleep(PUBLISH_EVERY_S)
        except Exception:
            # Clients find silence; the reason is here, and raised once more by `stop`.
            log.exception("the simulated market stopped")
            raise

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(request.path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_stream(request, path)
        return await self._serve_rest(request, path)

    async def _serve_stream(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if self.faults.handshake:
            return _refusal(self.faults.handshake)
        match = _STREAM.fullmatch(path)
        if not match:
            return web.Response(status=404)
        if not self._hub.admit():
            return web.Response(status=429, headers={"Retry-After": "120"})
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=LONGEST_MESSAGE
        )
        await socket.prepare(request)
        if self.faults.close_on_accept:
            await socket.close()
            return socket
        combined = match["form"] == "stream"
        # Some clients append `?timeUnit=…` behind a query that has begun already.
        listed = (
            request.query.get("streams", "").partition("?")[0] if combined else match["names"]
        )
        names = [name for name in (listed or "").split("/") if name]
        await self._hub.serve(request, socket, names, combined=combined)
        return socket

    async def _serve_rest(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        faults = self.faults
        if faults.rest_delay_s:
            await asyncio.sleep(faults.rest_delay_s)
        if faults.rest:
            return _refusal(faults.rest)
        if _FUTURES_INFO.fullmatch(path):
            # Clients that load every market at once accept that there are no futures here.
            return _json(200, {"timezone": "UTC", "rateLimits": [], "symbols": []}, {})
        response = self._answer(request, path)
        if faults.truncate:
            return await _truncated(request, response)
        if (response.content_length or 0) >= WORTH_PACKING:
            response.enable_compression()
        return response

    def _answer(self, request: web.BaseRequest, path: str) -> web.Response:
        match, query = _REST.fullmatch(path), request.query
        weight = self._rest.weight(match["path"], query) if match else None
        if match is None or weight is None or request.method != "GET":
            return web.Response(status=404)
        headers = self._weigh(weight)
        if self._used_weight > self._limits.weight_per_minute:
            headers["Retry-After"] = str(60 - int(time.time()) % 60)
            most = self._limits.weight_per_minute
            message = (
                f"Too much request weight used; current limit is {most} request weight per "
                "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the "
                "API."
            )
            return _json(429, {"code": -1003, "msg": message}, headers)
        try:
            return _json(200, self._rest.answer(match["path"], query), headers)
        except Refused as refused:
            return _json(400, {"code": refused.code, "msg": str(refused)}, headers)

    def _weigh(self, weight: int) -> dict[str, str]:
        """Count a request's weight in this minute; returns the headers that tell it."""
        minute = int(time.time()) // 60
        if minute != self._minute:
            self._minute, self._used_weight = minute, 0
        self._used_weight += weight
        used = str(self._used_weight)
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}


def _json(status: int, value: object, headers: Mapping[str, str]) -> web.Response:
    content_type = {"Content-Type": "application/json;charset=UTF-8"}
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, headers={**content_type, **headers})


def _refusal(refusal: Refusal) -> web.Response:
    headers = {"Content-Type": refusal.content_type, **refusal.headers}
    return web.Response(status=refusal.status, body=refusal.body.encode(), headers=headers)


async def _truncated(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Promise the whole body, send half of it, and hang up."""
    body = response.body
    whole = body if isinstance(body, bytes) else b""
    broken = web.StreamResponse(status=response.status, headers=response.headers)
    broken.content_length = len(whole)
    await broken.prepare(request)
    await broken.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.abort()
    return broken
