"""Questions over HTTP: what good answers mean, and what bad ones turn into."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from market.binance import questions
from market.binance.feed import BinanceSpotFeed
from market.binance.hosts import DEFAULT_HOSTS, Host, is_loopback
from market.binance.limits import Timings
from market.binance.rest import BODY_CAP, RestClient
from market.errors import BadAnswer, BadRequest, Blocked, Limited, Unreachable
from tests.market.binance_script import START_MS, ScriptedExchange

SOL = {
    "symbol": "SOLUSDT",
    "status": "TRADING",
    "baseAsset": "SOL",
    "quoteAsset": "USDT",
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01000000",
            "maxPrice": "10000.00000000",
            "tickSize": "0.01000000",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": "0.00100000",
            "maxQty": "900000.00000000",
            "stepSize": "0.00100000",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "5000.50000000",
            "stepSize": "0.00000000",
        },
        {"filterType": "SOMETHING_NEW", "tickSize": 5},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.0"},
    ],
}
HALTED = {**SOL, "symbol": "OLDUSDT", "status": "BREAK", "filters": []}
BTC_PAIR = {**SOL, "symbol": "SOLBTC", "quoteAsset": "BTC"}
INFO: dict[str, Any] = {
    "rateLimits": [
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 1200,
        },
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 9},
    ],
    "symbols": [SOL, HALTED, BTC_PAIR, {"symbol": "BROKEN"}],
}


@asynccontextmanager
async def client_of(host: Host, *, request_s: float = 1.0) -> AsyncIterator[RestClient]:
    client = RestClient(host, Timings(request_s=request_s, retry_s=0.01), random.Random(1))
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def feed_of(host: Host) -> AsyncIterator[BinanceSpotFeed]:
    feed = BinanceSpotFeed([host])
    try:
        yield feed
    finally:
        await feed.close()


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    async with ScriptedExchange() as exchange:
        yield exchange


@asynccontextmanager
async def raw_server(answer: Callable[[asyncio.StreamWriter], Any]) -> AsyncIterator[Host]:
    """Serve bytes that no web framework would send."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await answer(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield Host(rest_url=f"http://{address}", stream_url=f"ws://{address}")


def answering(body: Any, **headers: str) -> Callable[[str], web.Response | None]:
    """Make an exchange answer everything but pings with *body*."""
    return lambda path: (
        None if path == "ping" else web.json_response(body, headers=headers or None)
    )


# -- good answers -------------------------------------------------------------------------


async def test_trading_rules_read_by_filter_type_without_padding_zeros(
    exchange: ScriptedExchange,
) -> None:
    exchange.refusal = answering(INFO)
    async with feed_of(exchange.host) as feed:
        known = await feed.instruments()

    sol = known["SOLUSDT"]
    assert (sol.base, sol.quote, sol.trading) == ("SOL", "USDT", True)
    assert (str(sol.tick), str(sol.step)) == ("0.01", "0.001")
    assert (sol.max_price, sol.min_quantity) == (Decimal(10000), Decimal("0.001"))
    assert (sol.market_step, sol.market_max_quantity) == (Decimal(0), Decimal("5000.5"))
    assert (sol.min_notional, sol.max_notional) == (Decimal(5), Decimal(9_000_000))
    assert not known["OLDUSDT"].trading
    assert "BROKEN" not in known


async def test_unknown_symbols_do_not_spoil_the_rules_of_known_ones(
    exchange: ScriptedExchange,
) -> None:
    refused_once = iter([web.json_response({"code": -1121, "msg": "x"}, status=400)])
    exchange.refusal = lambda path: (
        None if path == "ping" else next(refused_once, web.json_response(INFO))
    )
    async with feed_of(exchange.host) as feed:
        known = await feed.instruments(["SOLUSDT", "NOSUCHUSDT"])

    assert list(known) == ["SOLUSDT"]


async def test_the_hosts_own_weight_limit_replaces_the_default(
    exchange: ScriptedExchange,
) -> None:
    exchange.refusal = answering(INFO)
    async with client_of(exchange.host) as client:
        await questions.instruments(client, None)

        assert client.budget.per_minute == 1200


async def test_the_last_candle_is_open_until_it_has_settled(exchange: ScriptedExchange) -> None:
    def row(open_ms: int) -> list[Any]:
        prices = ["100", "102.5", "99", "101", "7.5"]
        return [open_ms, *prices, open_ms + 59_999, "750", 12, "3", "300", "0"]

    rows = [row(START_MS - 120_000), row(START_MS - 60_000), ["garbage"]]
    exchange.refusal = lambda path: web.json_response(rows) if path == "klines" else None
    async with feed_of(exchange.host) as feed:
        first, last = await feed.candles("SOLUSDT", "1m", 2)

    assert (first.high, first.volume, first.trades) == (Decimal("102.5"), Decimal("7.5"), 12)
    assert (first.closed, last.closed) == (True, False)


async def test_the_busiest_symbols_trade_now_and_in_the_asked_quote(
    exchange: ScriptedExchange,
) -> None:
    ada = {**SOL, "symbol": "ADAUSDT"}
    volumes = {"SOLUSDT": "50", "OLDUSDT": "999", "SOLBTC": "800", "ADAUSDT": "60"}
    tickers = [
        {"symbol": symbol, "lastPrice": "1", "openPrice": "1", "quoteVolume": volume}
        for symbol, volume in volumes.items()
    ]
    info = {**INFO, "symbols": [*INFO["symbols"], ada]}
    answers = {"exchangeInfo": info, "ticker/24hr": tickers}
    exchange.refusal = lambda path: (
        web.json_response(answers[path]) if path in answers else None
    )
    async with feed_of(exchange.host) as feed:
        busiest = await feed.busiest("USDT", 5)
        first = await feed.busiest("USDT", 1)

    assert busiest == ["ADAUSDT", "SOLUSDT"]
    assert first == ["ADAUSDT"]


# -- bad answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequest),
        (404, BadRequest),
        (451, Blocked),
        (403, Limited),
        (418, Limited),
        (429, Limited),
        (302, BadAnswer),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
async def test_each_refusal_has_its_own_error(
    exchange: ScriptedExchange, status: int, error: type[Exception]
) -> None:
    headers = {"Location": "http://127.0.0.1:1/"}
    exchange.refusal = lambda _: web.Response(status=status, headers=headers, text="<html>")
    async with client_of(exchange.host) as client:
        with pytest.raises(error):
            await client.get("time", weight=1, attempts=1)

    assert len(exchange.asked) == 1


async def test_a_refusal_keeps_the_exchanges_code(exchange: ScriptedExchange) -> None:
    body = {"code": -1121, "msg": "Invalid symbol."}
    exchange.refusal = lambda _: web.json_response(body, status=400)
    async with client_of(exchange.host) as client:
        with pytest.raises(BadRequest, match=r"Invalid symbol\.") as refusal:
            await client.get("klines", weight=2)

    assert refusal.value.code == -1121


async def test_a_host_in_trouble_is_asked_again(exchange: ScriptedExchange) -> None:
    troubles = iter([web.Response(status=503), web.Response(status=502)])
    exchange.refusal = lambda _: next(troubles, None)
    async with client_of(exchange.host) as client:
        server_ms = await questions.server_time(client)

    assert server_ms == START_MS
    assert len(exchange.asked) == 3


async def test_a_limited_host_is_not_asked_anything_until_the_time_is_over(
    exchange: ScriptedExchange,
) -> None:
    exchange.refusal = lambda _: web.Response(status=418, headers={"Retry-After": "259200"})
    async with client_of(exchange.host) as client:
        with pytest.raises(Limited):
            await client.get("klines", weight=2)
        with pytest.raises(Limited) as second:
            await client.get("ping", weight=1)

    assert len(exchange.asked) == 1
    assert second.value.retry_after_s == pytest.approx(259_200, abs=5)


async def test_an_answer_beyond_the_cap_is_not_read_to_its_end(
    exchange: ScriptedExchange,
) -> None:
    big = json.dumps("x" * (BODY_CAP + 1))
    exchange.refusal = lambda _: web.json_response(text=big)
    async with client_of(exchange.host) as client:
        with pytest.raises(BadAnswer, match="more than"):
            await client.get("klines", weight=2)


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(
    exchange: ScriptedExchange,
) -> None:
    def bomb(_: str) -> web.Response:
        response = web.json_response(text=" " * (BODY_CAP * 2))
        response.enable_compression(web.ContentCoding.gzip)
        return response

    exchange.refusal = bomb
    async with client_of(exchange.host) as client:
        with pytest.raises(BadAnswer, match="more than"):
            await client.get("klines", weight=2)


async def test_a_page_that_is_not_json_is_refused(exchange: ScriptedExchange) -> None:
    exchange.refusal = lambda _: web.Response(text="<html>log in</html>")
    async with client_of(exchange.host) as client:
        with pytest.raises(BadAnswer, match="not JSON"):
            await client.get("klines", weight=2)


@pytest.mark.parametrize("body", ["[" * 100_000, "{", '{"serverTime":"now"}', "NaN", "null"])
async def test_json_that_breaks_the_protocol_is_refused(
    exchange: ScriptedExchange, body: str
) -> None:
    exchange.refusal = lambda _: web.json_response(text=body)
    async with client_of(exchange.host) as client:
        with pytest.raises(BadAnswer, match="protocol"):
            await questions.server_time(client)


async def test_an_answer_that_drips_in_is_given_up_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(drip) as host, client_of(host, request_s=0.2) as client:
        with pytest.raises(Unreachable, match="in time"):
            await client.get("time", weight=1, attempts=1)


async def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        )
        writer.write(head + b'{"serverTime":17')
        await writer.drain()

    async with raw_server(cut) as host, client_of(host) as client:
        with pytest.raises(Unreachable):
            await client.get("time", weight=1, attempts=1)


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    host = Host(rest_url="http://no-such-host.invalid", stream_url="ws://no-such-host.invalid")
    async with client_of(host) as client:
        with pytest.raises(Unreachable, match=r"no-such-host\.invalid"):
            await client.get("ping", weight=1, attempts=1)


# -- hosts --------------------------------------------------------------------------------


def test_the_market_data_host_comes_first() -> None:
    names = [host.name for host in DEFAULT_HOSTS]

    assert names == ["data-api.binance.vision", "api.binance.com"]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8080", True),
        ("ws://localhost:1", True),
        ("ws://[::1]:1", True),
        ("https://api.binance.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


async def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    exchange: ScriptedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with client_of(exchange.host) as client:
        server_ms = await questions.server_time(client)

    assert server_ms == START_MS
