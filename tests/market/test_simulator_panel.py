"""The control endpoint, asked by a real HTTP client."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from market.simulator import SimulatorServer
from market.simulator.orders import NAMES, written
from market.simulator.venue import Order
from tests.market.simulation import START_MS, collect, rest, stopped_market, stream


@dataclass
class Panel:
    """The endpoint, the server behind it, and what the server told."""

    server: SimulatorServer
    http: httpx.AsyncClient
    told: list[str]

    async def post(self, path: str, value: Any) -> httpx.Response:
        return await self.http.post(path, json=value)

    async def state(self) -> Any:
        return (await self.http.get("state")).json()


@pytest.fixture
async def panel() -> AsyncIterator[Panel]:
    exchange, _ = stopped_market(seed=5)
    told: list[str] = []

    def tell(order: Order) -> None:
        told.append(written(order))

    async with (
        SimulatorServer(exchange, tell=tell) as server,
        httpx.AsyncClient(base_url=server.control_url, trust_env=False) as http,
    ):
        yield Panel(server, http, told)


async def test_the_state_tells_what_is_going_on(panel: Panel) -> None:
    async with stream(panel.server, "/ws/btcusdt@aggTrade"), rest(panel.server) as client:
        await client.get("exchangeInfo?symbol=BTCUSDT")
        await panel.post("fault", {"fault": "mute"})
        await panel.post("fault", {"fault": "rest", "status": 503})
        state = await panel.state()

    [connection] = state.pop("connections")
    assert connection.pop("age_s") >= 0
    assert connection == {"number": 1, "muted": True, "streams": ["btcusdt@aggTrade"]}
    assert state == {
        "seed": 5,
        "speed": 1.0,
        "time_ms": START_MS,
        "faults": {"rest": 503},
        "connects": 1,
        "requests": {"exchangeInfo": 1},
        "weight_used": 20,
    }


async def test_a_fault_begins_is_told_and_is_cleared(panel: Panel) -> None:
    async with rest(panel.server) as client:
        ordered = await panel.post("fault", {"fault": "rest", "status": 429, "for_s": 500})
        limited = await client.get("ping")
        cleared = await panel.http.post("clear")
        restored = await client.get("ping")

    assert (ordered.status_code, ordered.json()) == (200, {"ok": True})
    assert panel.told == ['{"fault":"rest","status":429,"for_s":500.0}']
    assert limited.status_code == 429
    assert cleared.status_code == 200
    assert restored.status_code == 200
    assert (await panel.state())["faults"] == {}


@pytest.mark.parametrize(
    ("order", "setting", "value"),
    [
        ({"fault": "drop", "symbol": "BTCUSDT", "count": 20}, "dropped", {"BTCUSDT": 20}),
        ({"fault": "duplicate", "symbol": "BTCUSDT", "count": 2}, "duplicated", {"BTCUSDT": 2}),
        ({"fault": "reorder", "symbol": "BTCUSDT", "window": 4}, "windows", {"BTCUSDT": 4}),
        ({"fault": "late", "by_ms": 900}, "stream_lag_ms", 900),
        ({"fault": "rotate", "age_s": 30}, "most_age_s", 30),
        ({"fault": "handshake", "status": 451}, "handshake", 451),
        ({"fault": "accept_then_close"}, "close_on_accept", True),
        ({"fault": "rest", "status": 418}, "rest", 418),
        ({"fault": "redirect"}, "rest", 302),
        ({"fault": "portal"}, "rest", 200),
        ({"fault": "bomb"}, "rest", 200),
        ({"fault": "slow", "delay_s": 2}, "rest_delay_s", 2),
        ({"fault": "drip"}, "rest_drip_s", 0.2),
        ({"fault": "truncate"}, "truncate", True),
        ({"fault": "rest_lag", "by_ms": 900}, "rest_lag_ms", 900),
        ({"fault": "clock", "offset_ms": -900}, "clock_offset_ms", -900),
    ],
)
async def test_every_lasting_fault_shows_in_the_state_until_it_is_cleared(
    panel: Panel, order: dict[str, object], setting: str, value: object
) -> None:
    await panel.post("fault", order)
    during = (await panel.state())["faults"]
    await panel.http.post("clear")

    assert during == {setting: value}
    assert (await panel.state())["faults"] == {}


async def test_a_forced_print_comes_over_the_stream(panel: Panel) -> None:
    async with stream(panel.server, "/ws/btcusdt@aggTrade") as socket:
        reply = await panel.post("force", {"symbol": "BTCUSDT", "price": "90000.01"})
        [event] = await collect(socket, 1)

    assert reply.status_code == 200
    assert event["p"] == "90000.01000000"


async def test_a_forced_print_of_futures_comes_over_their_stream(panel: Panel) -> None:
    order = {"symbol": "1000PEPEUSDT", "price": "0.0120001", "market": "FUTURES"}
    async with stream(panel.server, "/market/ws/1000pepeusdt@aggTrade") as socket:
        reply = await panel.post("force", order)
        [event] = await collect(socket, 1)

    assert reply.status_code == 200
    assert event["p"] == "0.0120001"


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "force", "symbol": "BTCUSDT", "price": "90000.01"},
        {"fault": "force", "symbol": "BTCUSDT", "price": "90000.1", "market": "FUTURES"},
        {"fault": "mark", "symbol": "BTCUSDT", "price": "90000.12345678"},
        {"fault": "funding", "symbol": "BTCUSDT", "rate": "-0.0031"},
        {"fault": "symbol", "symbol": "BTCUSDT", "status": "SETTLING", "market": "FUTURES"},
        {"fault": "symbol", "symbol": "1000PEPEUSDT", "status": "GONE", "market": "FUTURES"},
        {"fault": "tick", "symbol": "BTCUSDT", "decimals": 0, "market": "FUTURES"},
        {"fault": "drop", "symbol": "1000PEPEUSDT", "count": 1},
    ],
)
async def test_the_market_is_changed_by_order_and_the_order_is_told(
    panel: Panel, order: dict[str, object]
) -> None:
    reply = await panel.post("fault", order)

    assert reply.status_code == 200
    assert [json.loads(text) for text in panel.told] == [order]


async def test_a_mark_price_and_a_rate_that_were_ordered_are_told(panel: Panel) -> None:
    await panel.post("fault", {"fault": "mark", "symbol": "BTCUSDT", "price": "90000.5"})
    await panel.post("fault", {"fault": "funding", "symbol": "BTCUSDT", "rate": "-0.0031"})
    async with rest(panel.server) as client:
        path = f"{panel.server.rest_url}/fapi/v1/premiumIndex?symbol=BTCUSDT"
        told = (await client.get(path)).json()

    assert (told["markPrice"], told["lastFundingRate"]) == ("90000.50000000", "-0.00310000")


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("fault", b"", "The body is not JSON"),
        ("fault", b"{", "The body is not JSON"),
        ("fault", b"[" * 100_000, "The body is not JSON"),
        ("fault", b"\xff\xfe", "The body is not JSON"),
        ("fault", b"[]", "`fault` is one of cut, mute, "),
        ("fault", b'{"fault":"nosuch"}', "`fault` is one of cut, mute, "),
        ("fault", b'{"fault":["cut"]}', "`fault` is one of cut, mute, "),
        ("fault", b'{"fault":"cut","why":1}', "unknown field `why`"),
        ("fault", b'{"fault":"drop","symbol":"BTCUSDT"}', "missing required field `count`"),
        ("fault", b'{"fault":"drop","symbol":"NOSUCH","count":1}', "No symbol NOSUCH"),
        ("fault", b'{"fault":"drop","symbol":"BTCUSDT","count":0}', ">= 1"),
        ("fault", b'{"fault":"rest","status":200}', "status"),
        ("fault", b'{"fault":"rest","status":503,"for_s":-1}', "for_s"),
        ("fault", b'{"fault":"garbage","kind":"tea"}', "Garbage is one of empty, "),
        ("force", b'{"symbol":"BTCUSDT"}', "missing required field `price`"),
        ("force", b'{"symbol":"NOSUCH","price":"1"}', "No symbol NOSUCH"),
        ("force", b'{"symbol":"BTCUSDT","price":90000}', "price"),
        ("force", b'{"symbol":"BTCUSDT","price":"NaN"}', "price"),
        ("force", b'{"symbol":"BTCUSDT","price":"0.001"}', "not on the price grid"),
        ("force", b'{"symbol":"PEPEUSDT","price":"9999999999"}', "too high"),
        ("force", b'{"symbol":"LUNCUSDT","price":"1"}', "down for good"),
        ("force", b'{"symbol":"BTCUSDT","price":"1","market":"OPTIONS"}', "market"),
        (
            "force",
            b'{"symbol":"PEPEUSDT","price":"1","market":"FUTURES"}',
            "No symbol PEPEUSDT",
        ),
        ("fault", b'{"fault":"mark","symbol":"PEPEUSDT","price":"1"}', "No symbol PEPEUSDT"),
        ("fault", b'{"fault":"mark","symbol":"BTCUSDT","price":"-1"}', "price"),
        ("fault", b'{"fault":"funding","symbol":"BTCUSDT","rate":"0.5"}', "beyond the cap"),
        ("fault", b'{"fault":"symbol","symbol":"BTCUSDT","status":"SETTLING"}', "no state"),
    ],
)
async def test_a_bad_order_is_refused_with_a_sentence_and_changes_nothing(
    panel: Panel, path: str, body: bytes, sentence: str
) -> None:
    response = await panel.http.post(path, content=body)

    assert response.status_code == 400
    assert sentence in response.json()["error"]
    assert response.json()["error"].endswith(".")
    assert (await panel.state())["faults"] == {}
    assert panel.told == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "fault"), ("POST", "state"), ("GET", ""), ("POST", "nosuch")]
)
async def test_what_does_not_exist_is_not_found(panel: Panel, method: str, path: str) -> None:
    response = await panel.http.request(method, path)

    assert response.status_code == 404
    assert response.json()["error"]


async def test_a_web_page_is_refused(panel: Panel) -> None:
    page = {"Origin": "https://example.org"}
    fault = {"fault": "rest", "status": 503}

    ordered = await panel.http.post("fault", json=fault, headers=page)
    asked = await panel.http.get("state", headers=page)

    assert (ordered.status_code, asked.status_code) == (403, 403)
    assert panel.server.faults.on() == {}


async def test_it_answers_whatever_is_wrong_and_does_not_count(panel: Panel) -> None:
    for fault in ({"fault": "rest", "status": 503}, {"fault": "slow", "delay_s": 9}):
        await panel.post("fault", fault)
    await panel.post("fault", {"fault": "ban"})

    state = await panel.state()

    assert state["faults"].keys() == {"rest", "rest_delay_s", "banned_until_ms"}
    assert (state["requests"], state["weight_used"]) == ({}, 0)


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) == 28
