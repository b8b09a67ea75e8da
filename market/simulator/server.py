"""The simulated exchange on a socket: Binance's REST paths and streams, spot and futures.

Any client that lets its base address be changed can be pointed here, with any prefix before
the paths.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from aiohttp import web

from market.simulator import panel
from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults
from market.simulator.futures_streams import MarketPublisher, PublicPublisher
from market.simulator.rest_door import RestDoor, refused
from market.simulator.routes import Route, address
from market.simulator.sockets import GOING_AWAY, LONGEST_MESSAGE, Hub, Limits
from market.simulator.streams import Publisher
from market.simulator.venue import Order, Venue

log = logging.getLogger(__name__)

PUBLISH_EVERY_S = 0.02
"""How often it is looked what is due: far below what an eye or a strategy notices."""


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
        tell: Callable[[Order], None] = lambda _: None,
    ) -> None:
        """Prepare to serve.

        Args:
            exchange: What is served.
            host: Address to listen on.
            port: Port to listen on; 0 takes a free one.
            faults: What goes wrong; may be changed while the server runs.
            limits: What clients are allowed.
            tell: Told every order for a fault that was carried out.
        """
        self.exchange = exchange
        self.faults = faults or Faults()
        self.port = port
        self._host = host
        limits = limits or Limits()
        self._rest = RestDoor(
            exchange,
            self.faults,
            limits.weight_per_minute,
            limits.futures_weight_per_minute,
        )
        publishers = {
            Route.SPOT: Publisher(exchange, self.faults),
            Route.PUBLIC: PublicPublisher(exchange.futures, self.faults),
            Route.MARKET: MarketPublisher(exchange.futures, self.faults),
        }
        self._hub = Hub(publishers, limits)
        self._venue = Venue(exchange, self.faults, self._hub, self._rest, tell)
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

    @property
    def control_url(self) -> str:
        """Base address of the control endpoint."""
        return self.rest_url + panel.ROOT

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
        self._venue.forget_all()
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

    # -- what happened ------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """Number of open stream connections."""
        return len(self._hub.connections)

    @property
    def connects(self) -> list[float]:
        """When streams were asked for, refused ones included; seconds, monotonic."""
        return self._hub.connects

    @property
    def requests(self) -> Counter[str]:
        """How often each path was asked: `klines`, `fapi/klines`; unknown ones are `other`."""
        return self._rest.requests

    @property
    def weight_used(self) -> int:
        """Request weight of everything that was answered."""
        return self._rest.weight_used

    # -- faults -------------------------------------------------------------------------------

    def do(self, order: Order) -> None:
        """Carry out an order for a fault.

        Raises:
            BadOrder: If it makes no sense here and now.
        """
        self._venue.do(order)

    def clear(self) -> None:
        """End every fault; the market keeps what was done to it."""
        self._venue.clear()

    def cut_sockets(self) -> None:
        """End all stream connections abnormally."""
        self._hub.cut()

    def mute_sockets(self) -> None:
        """Leave all present stream connections half open: no more data, TCP and pongs work."""
        self._hub.mute()

    def send_raw(self, frame: str | bytes) -> None:
        """Send a text frame as it is over every stream connection."""
        self._hub.send_raw(frame.encode() if isinstance(frame, str) else frame)

    def announce_shutdown(self, close_after_s: float | None = None) -> None:
        """Say over every stream connection that it will end, and end it after so long."""
        now_ms = self.exchange.now_ms() + self.faults.clock_offset_ms
        self._hub.announce_shutdown(now_ms, close_after_s)

    # -- serving ------------------------------------------------------------------------------

    async def _publish(self) -> None:
        try:
            while True:
                self._hub.publish()
                self._hub.retire(self.faults.most_age_s)
                await asyncio.sleep(PUBLISH_EVERY_S)
        except Exception:
            # Clients find silence; the reason is here, and raised once more by `stop`.
            log.exception("the simulated market stopped")
            raise

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(request.path)
        if path.startswith(panel.ROOT):
            return await panel.serve(self._venue, request, path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_stream(request, path)
        return await self._rest.serve(request, path)

    async def _serve_stream(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        self._hub.note_attempt()
        if refusal := self.faults.banned() or self.faults.handshake:
            return refused(refusal)
        wanted = address(path, request.query.get("streams", ""))
        if wanted is None:
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
        await self._hub.serve(request, socket, wanted)
        return socket
