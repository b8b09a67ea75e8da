"""The REST interface on a socket.

Counts what is asked, and answers as well, or as badly, as the faults say.
"""

import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from aiohttp import ClientConnectionResetError, web

from market.simulator.exchange import SimulatedExchange
from market.simulator.faults import Faults
from market.simulator.futures_rest import FuturesApi
from market.simulator.query import Refused
from market.simulator.refusals import Refusal
from market.simulator.rest import RestApi

WORTH_PACKING = 2_048
"""Bytes; smaller answers are not compressed."""

_PATHS = re.compile(r".*?/(?P<api>api/v3|fapi/v[12])/(?P<path>.*)")
_COIN_INFO = re.compile(r".*/dapi/v1/exchangeInfo")
_V2 = ("fapi/v2", "ticker/price")
"""The only path that is there in a second version."""


class _Desk:
    """One API, and the weight of what it was asked in this minute."""

    def __init__(self, name: str, api: RestApi, weight_per_minute: int) -> None:
        self.name = name
        """What stands before its paths where they are counted."""
        self.api = api
        self.weight_per_minute = weight_per_minute
        self.used = 0
        self._minute = 0

    def weigh(self, weight: int) -> dict[str, str]:
        """Count a request's weight in this minute; returns the headers that tell it."""
        minute = int(time.time()) // 60
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        used = str(self.used)
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}


class _Question(NamedTuple):
    """A request on a path that exists."""

    desk: _Desk
    path: str
    values: Mapping[str, str]
    weight: int


class RestDoor:
    """Answers HTTP requests on the exchange's own paths."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        faults: Faults,
        weight_per_minute: int,
        futures_weight_per_minute: int,
    ) -> None:
        self.requests: Counter[str] = Counter()
        """How often each path was asked: `klines`, `fapi/klines`; unknown ones are `other`."""
        self.weight_used = 0
        """Request weight of all answers so far."""
        self._faults = faults
        spot = RestApi(exchange, weight_per_minute, faults)
        futures = FuturesApi(exchange.futures, futures_weight_per_minute, faults)
        self._desks = {
            "api": _Desk("", spot, weight_per_minute),
            "fapi": _Desk("fapi/", futures, futures_weight_per_minute),
        }

    async def serve(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Answer one request."""
        faults, question = self._faults, self._question(path, request.query)
        self.requests[question.desk.name + question.path if question else "other"] += 1
        if faults.rest_delay_s:
            await asyncio.sleep(faults.rest_delay_s)
        if refusal := faults.banned() or faults.rest:
            return refused(refusal)
        if _COIN_INFO.fullmatch(path):
            # Clients that load every market at once accept that there are none of these here.
            return _json(200, {"timezone": "UTC", "rateLimits": [], "symbols": []}, {})
        if question is None or request.method != "GET":
            return web.Response(status=404)
        return await self._send(request, self._answer(question))

    def _question(self, path: str, values: Mapping[str, str]) -> _Question | None:
        match = _PATHS.fullmatch(path)
        if not match or (match["api"] == _V2[0] and match["path"] != _V2[1]):
            return None
        desk = self._desks[match["api"].partition("/")[0]]
        weight = desk.api.weight(match["path"], values)
        return None if weight is None else _Question(desk, match["path"], values, weight)

    def _answer(self, question: _Question) -> web.Response:
        desk, path, values, weight = question
        headers = desk.weigh(weight)
        self.weight_used += weight
        if desk.used > desk.weight_per_minute:
            headers["Retry-After"] = str(60 - int(time.time()) % 60)
            message = (
                f"Too much request weight used; current limit is {desk.weight_per_minute} "
                "request weight per 1 MINUTE. Please use WebSocket Streams for live updates to "
                "avoid polling the API."
            )
            return _json(429, {"code": -1003, "msg": message}, headers)
        try:
            return _json(200, desk.api.answer(path, values), headers)
        except Refused as refused:
            body = {"code": refused.code, "msg": str(refused)}
            return _json(refused.status, body, headers)

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
