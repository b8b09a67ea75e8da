"""The REST interface on a socket.

Counts what is asked, and answers as well, or as badly, as the faults say.
"""

import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import Mapping

import msgspec
from aiohttp import ClientConnectionResetError, web

from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults
from market.simulator.query import Refused
from market.simulator.refusals import Refusal
from market.simulator.rest import RestApi

WORTH_PACKING = 2_048
"""Bytes; smaller answers are not compressed."""

_REST = re.compile(r".*?/api/v3/(?P<path>.*)")
_FUTURES_INFO = re.compile(r".*/[fd]api/v\d/exchangeInfo")


class RestDoor:
    """Answers HTTP requests on the exchange's own paths."""

    def __init__(
        self, exchange: SimulatedExchange, faults: Faults, weight_per_minute: int
    ) -> None:
        self.requests: Counter[str] = Counter()
        """How often each path below `/api/v3/` was asked; others count as `other`."""
        self.weight_used = 0
        """Request weight of all answers so far."""
        self._api = RestApi(exchange, weight_per_minute, faults)
        self._faults = faults
        self._weight_per_minute = weight_per_minute
        self._minute = 0
        self._used_weight = 0

    async def serve(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Answer one request."""
        faults, match = self._faults, _REST.fullmatch(path)
        weight = self._api.weight(match["path"], request.query) if match else None
        self.requests["other" if match is None or weight is None else match["path"]] += 1
        if faults.rest_delay_s:
            await asyncio.sleep(faults.rest_delay_s)
        if refusal := faults.banned() or faults.rest:
            return refused(refusal)
        if _FUTURES_INFO.fullmatch(path):
            # Clients that load every market at once accept that there are no futures here.
            return _json(200, {"timezone": "UTC", "rateLimits": [], "symbols": []}, {})
        if match is None or weight is None or request.method != "GET":
            return web.Response(status=404)
        return await self._send(request, self._answer(match["path"], request.query, weight))

    def _answer(self, path: str, query: Mapping[str, str], weight: int) -> web.Response:
        headers = self._weigh(weight)
        if self._used_weight > self._weight_per_minute:
            headers["Retry-After"] = str(60 - int(time.time()) % 60)
            most = self._weight_per_minute
            message = (
                f"Too much request weight used; current limit is {most} request weight per "
                "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the "
                "API."
            )
            return _json(429, {"code": -1003, "msg": message}, headers)
        try:
            return _json(200, self._api.answer(path, query), headers)
        except Refused as refused:
            return _json(400, {"code": refused.code, "msg": str(refused)}, headers)

    def _weigh(self, weight: int) -> dict[str, str]:
        """Count a request's weight in this minute; returns the headers that tell it."""
        minute = int(time.time()) // 60
        if minute != self._minute:
            self._minute, self._used_weight = minute, 0
        self._used_weight += weight
        self.weight_used += weight
        used = str(self._used_weight)
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}

    async def _send(
        self, request: web.BaseRequest, response: web.Response
    ) -> web.StreamResponse:
        faults = self._faults
        if faults.truncate:
            return await _truncated(request, response)
        if faults.rest_drip_s:
            return await _dripped(request, response, faults)
        if (response.content_length or 0) >= WORTH_PACKING:
            response.enable_compression()
        return response


def refused(refusal: Refusal) -> web.Response:
    """Return a refusal as an answer."""
    headers = {"Content-Type": refusal.content_type, **refusal.headers}
    body = refusal.body
    data = body if isinstance(body, bytes) else body.encode()
    return web.Response(status=refusal.status, body=data, headers=headers)


def _json(status: int, value: object, headers: Mapping[str, str]) -> web.Response:
    content_type = {"Content-Type": "application/json;charset=UTF-8"}
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, headers={**content_type, **headers})


async def _truncated(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Promise the whole body, send half of it, and hang up."""
    broken, whole = await _promised(request, response)
    await broken.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.abort()
    return broken


async def _dripped(
    request: web.BaseRequest, response: web.Response, faults: Faults
) -> web.StreamResponse:
    """Promise the whole body and send it byte by byte, as long as the fault lasts."""
    slow, whole = await _promised(request, response)
    with contextlib.suppress(ClientConnectionResetError):
        while whole and faults.rest_drip_s:
            await slow.write(whole[:1])
            whole = whole[1:]
            await asyncio.sleep(faults.rest_drip_s)
        await slow.write(whole)
    return slow


async def _promised(
    request: web.BaseRequest, response: web.Response
) -> tuple[web.StreamResponse, bytes]:
    """Send the head of a response; return what its body can be sent with, and the body."""
    body = response.body
    whole = body if isinstance(body, bytes) else b""
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = len(whole)
    await begun.prepare(request)
    return begun, whole
