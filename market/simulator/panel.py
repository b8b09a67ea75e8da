"""The control endpoint: faults on command, over HTTP, outside the exchange's own paths.

It answers programs only: a request with an `Origin` comes from a web page, and no web page has
any business here.
"""

import msgspec
from aiohttp import web

from engine.model import Market
from market.simulator.market_faults import Price
from market.simulator.orders import read_order
from market.simulator.venue import BadOrder, Venue

ROOT = "/__sim__/"


class _Force(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    price: Price
    market: Market = Market.SPOT


async def serve(venue: Venue, request: web.BaseRequest, path: str) -> web.Response:
    """Answer one request below `ROOT`."""
    if "Origin" in request.headers:
        return _refused(403, "Web pages may not control the simulated exchange.")
    try:
        match request.method, path.removeprefix(ROOT):
            case "GET", "state":
                return _json(200, venue.state())
            case "POST", "fault":
                venue.do(read_order(_body(await request.read())))
            case "POST", "clear":
                venue.clear()
            case "POST", "force":
                wanted = _read_force(_body(await request.read()))
                venue.force(wanted.symbol, wanted.price, wanted.market)
            case _:
                return _refused(
                    404,
                    "There are POST fault, POST clear, POST force and GET state here.",
                )
    except BadOrder as exc:
        return _refused(400, str(exc))
    return _json(200, {"ok": True})


def _body(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise BadOrder(f"The body is not JSON: {exc}.") from exc


def _read_force(value: object) -> _Force:
    try:
        return msgspec.convert(value, _Force)
    except msgspec.ValidationError as exc:
        raise BadOrder(f"{exc}.") from exc


def _json(status: int, value: object) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(status=status, body=body, content_type="application/json")


def _refused(status: int, sentence: str) -> web.Response:
    return _json(status, {"error": sentence})
