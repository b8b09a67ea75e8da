"""A tiny exchange that does exactly what a test tells it, over real sockets."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import WSCloseCode, web

from market.binance.hosts import Host

START_MS = 1_790_000_000_000
FIRST_ID = 101


class ScriptedExchange:
    """Speaks just enough of the protocol; every misbehaviour is an attribute."""

    def __init__(self) -> None:
        self.history: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """All prints by symbol, whether they were streamed or not."""
        self.refusal: Callable[[str], web.Response | None] = lambda _: None
        """Answers a path in place of the exchange."""
        self.refuse_socket: web.Response | None = None
        self.close_at_once = False
        self.asked: list[str] = []
        """Paths of the questions so far."""
        self.queries: list[tuple[str, dict[str, str]]] = []
        """The same with what they asked for."""
        self.messages: list[dict[str, Any]] = []
        """Control messages so far, of all sockets, each with its ``route``."""
        self.sockets: dict[web.WebSocketResponse, asyncio.BaseTransport] = {}
        self.routes: dict[web.WebSocketResponse, str] = {}
        """``market`` or ``public`` on futures, nothing on spot."""
        self.connects = 0
        self.rest_lag = 0
        """How many of the newest prints REST does not know yet."""
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/{route:market|public}/stream", self._stream)
        app.router.add_get("/{market:api/v3|fapi/v1}/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        self.cut()
        await self._runner.cleanup()

    @property
    def host(self) -> Host:
        address = f"127.0.0.1:{self.port}"
        return Host(rest_url=f"http://{address}", stream_url=f"ws://{address}")

    # -- what a test makes happen ---------------------------------------------------------

    def trade(self, symbol: str, price: str = "100") -> str:
        """Let one print happen; returns its frame, for a test to send, or not."""
        rows = self.history[symbol]
        trade_id = FIRST_ID + len(rows)
        now = START_MS + trade_id
        rows.append({"a": trade_id, "p": price, "q": "1.5", "T": now, "m": False, "M": True})
        return frame(symbol, "aggTrade", {"e": "aggTrade", "E": now, "s": symbol, **rows[-1]})

    async def send(self, *frames: str, route: str = "") -> None:
        """Send frames over all connections, or those of one route."""
        for socket in [s for s in self.sockets if not route or self.routes[s] == route]:
            for text in frames:
                await socket.send_str(text)

    def cut(self, route: str = "") -> None:
        """End every connection, or those of one route, without a word."""
        for socket in [s for s in self.sockets if not route or self.routes[s] == route]:
            self.sockets.pop(socket).close()

    def subscribed(self, name: str, route: str = "") -> bool:
        return any(
            name in message["params"]
            for message in self.messages
            if message["method"] == "SUBSCRIBE" and route in {"", message["route"]}
        )

    # -- the protocol ---------------------------------------------------------------------

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.connects += 1
        if self.refuse_socket is not None:
            return self.refuse_socket
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        if self.close_at_once:
            await socket.close(code=WSCloseCode.GOING_AWAY)
            return socket
        assert request.transport is not None
        self.sockets[socket] = request.transport
        self.routes[socket] = route = request.match_info.get("route", "")
        async for message in socket:
            control = json.loads(message.data)
            self.messages.append({**control, "route": route})
            await socket.send_json({"result": None, "id": control["id"]})
        self.sockets.pop(socket, None)
        return socket

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.asked.append(path)
        self.queries.append((path, dict(request.query)))
        refused = self.refusal(path)
        if refused is not None:
            return refused
        answer = getattr(self, "_" + path.replace("/", "_").lower())
        return answer(request.query)  # type: ignore[no-any-return]  # looked up by path

    def _ping(self, _: Any) -> web.Response:
        return web.json_response({})

    def _time(self, _: Any) -> web.Response:
        return web.json_response({"serverTime": START_MS})

    def _aggtrades(self, query: Any) -> web.Response:
        rows = self.history[query["symbol"]]
        rows = rows[: len(rows) - self.rest_lag]
        limit = int(query.get("limit", 500))
        if "fromId" in query:
            rows = [row for row in rows if row["a"] >= int(query["fromId"])][:limit]
        return web.json_response(rows[-limit:])

    def _ticker_bookticker(self, query: Any) -> web.Response:
        row = {"symbol": query["symbol"], "bidPrice": "99.9", "askPrice": "100.1"}
        return web.json_response(row)

    def _ticker_24hr(self, query: Any) -> web.Response:
        symbols = json.loads(query["symbols"])
        if "NOSUCHUSDT" in symbols:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response(
            [
                {
                    "symbol": symbol,
                    "lastPrice": "100.5",
                    "openPrice": "90",
                    "bidPrice": "100.4",
                    "askPrice": "100.6",
                    "quoteVolume": "5000",
                }
                for symbol in symbols
            ]
        )


def frame(symbol: str, stream: str, data: dict[str, Any]) -> str:
    """Wrap a payload as the combined stream does."""
    return json.dumps({"stream": f"{symbol.lower()}@{stream}", "data": data})


async def until(condition: Callable[[], object], what: str, *, every_s: float = 0.01) -> None:
    """Wait for a condition to come true; fail in words if it does not."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        if condition():
            return
        await asyncio.sleep(every_s)
    raise AssertionError(f"never happened: {what}")
