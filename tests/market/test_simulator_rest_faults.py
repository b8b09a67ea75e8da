"""Faults of the REST interface and changes of the market as a real client meets them."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from market.simulator import SimulatorServer
from market.simulator.orders import read_order
from market.simulator.venue import BadOrder
from tests.market.binance_script import until
from tests.market.simulation import START_MS, HandClock, collect, rest, stopped_market, stream


@dataclass
class Desk:
    """A client and the server it asks."""

    server: SimulatorServer
    client: httpx.AsyncClient
    clock: HandClock

    def order(self, fault: str, **fields: object) -> None:
        self.server.do(read_order({"fault": fault, **fields}))

    async def symbols(self) -> dict[str, dict[str, object]]:
        info = (await self.client.get("exchangeInfo")).json()
        return {row["symbol"]: row for row in info["symbols"]}

    async def newest(self, symbol: str = "BTCUSDT") -> int:
        [row] = (await self.client.get(f"aggTrades?symbol={symbol}&limit=1")).json()
        return int(row["a"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    exchange, clock = stopped_market()
    async with SimulatorServer(exchange) as server, rest(server) as client:
        yield Desk(server, client, clock)


# -- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told", "kind"),
    [
        ({"status": 403}, None, "text/html"),
        ({"status": 418, "retry_after_s": 9}, "9", "application/json"),
        ({"status": 429}, "60", "application/json"),
        ({"status": 429, "retry_after_s": 3}, "3", "application/json"),
        ({"status": 451}, None, "application/json"),
        ({"status": 500}, None, "application/json"),
        ({"status": 503}, None, "application/json"),
    ],
)
async def test_every_path_answers_with_the_ordered_error(
    desk: Desk, fields: dict[str, int], told: str | None, kind: str
) -> None:
    desk.order("rest", **fields)

    for path in ("ping", "klines?symbol=BTCUSDT&interval=1m", "nothing"):
        response = await desk.client.get(path)

        assert response.status_code == fields["status"]
        assert response.headers.get("retry-after") == told
        assert response.headers["content-type"] == kind
        assert ("code" in response.json()) if kind != "text/html" else "<html>" in response.text


async def test_a_ban_says_until_when_and_covers_streams(desk: Desk) -> None:
    desk.order("ban", first_s=100)

    response = await desk.client.get("ping")
    with pytest.raises(InvalidStatus) as refused:
        async with stream(desk.server, "/ws"):
            pass

    message = response.json()["msg"]
    left_s = int(message.rpartition(" until ")[2].rstrip(".")) / 1_000 - time.time()
    assert response.status_code == refused.value.response.status_code == 418
    assert 90 < left_s <= 100
    assert 90 < int(response.headers["retry-after"]) <= 100


async def test_each_ban_is_twice_as_long_as_the_one_before_up_to_three_days(
    desk: Desk,
) -> None:
    waits: list[int] = []
    for _ in range(20):
        desk.order("ban", first_s=100)
        waits.append(int((await desk.client.get("ping")).headers["retry-after"]))

    assert waits[:3] == pytest.approx([100, 200, 400], abs=3)
    assert waits[-1] == pytest.approx(3 * 86_400, abs=3)


async def test_a_ban_ends_by_itself(desk: Desk) -> None:
    desk.order("ban", first_s=0.1)

    banned = (await desk.client.get("ping")).status_code
    await until(lambda: desk.server.faults.banned() is None, "the end of the ban")

    assert banned == 418
    assert (await desk.client.get("ping")).status_code == 200


async def test_a_redirect_points_elsewhere(desk: Desk) -> None:
    desk.order("redirect")

    response = await desk.client.get("ping")

    assert (response.status_code, response.headers["location"]) == (302, "/elsewhere")


async def test_a_portal_answers_well_with_a_web_page(desk: Desk) -> None:
    desk.order("portal")

    response = await desk.client.get("ping")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html"


async def test_a_bomb_is_small_until_it_is_unpacked(desk: Desk) -> None:
    desk.order("bomb")

    unpacked = 0
    async with desk.client.stream("GET", "ping") as response:
        async for chunk in response.aiter_bytes():
            unpacked += len(chunk)

    assert unpacked == 64 * 2**20 + 2
    assert response.num_bytes_downloaded < 500_000


# -- slow and broken answers ------------------------------------------------------------------


async def test_a_slow_answer_comes_after_all(desk: Desk) -> None:
    desk.order("slow", delay_s=0.2)

    with pytest.raises(httpx.ReadTimeout):
        await desk.client.get("ping", timeout=0.02)
    response = await desk.client.get("ping")

    assert response.text == "{}"


async def test_an_answer_can_drip_byte_by_byte(desk: Desk) -> None:
    desk.order("drip", pause_s=0.01)

    async with desk.client.stream("GET", "time") as response:
        chunks = [chunk async for chunk in response.aiter_raw()]

    assert b"".join(chunks) == b'{"serverTime":%d}' % START_MS
    assert len(chunks) > 10


async def test_a_dripping_answer_is_finished_at_once_when_the_fault_ends(desk: Desk) -> None:
    desk.order("drip", pause_s=0.01, for_s=0.1)

    response = await desk.client.get("exchangeInfo")

    assert len(response.json()["symbols"]) > 40


async def test_an_answer_breaks_off_in_the_middle(desk: Desk) -> None:
    desk.order("truncate")

    with pytest.raises(httpx.RemoteProtocolError):
        await desk.client.get("exchangeInfo")


async def test_history_can_lag_behind_while_prices_are_up_to_date(desk: Desk) -> None:
    desk.order("rest_lag", by_ms=90_000)

    [old] = (await desk.client.get("aggTrades?symbol=BTCUSDT&limit=1")).json()
    [raw] = (await desk.client.get("trades?symbol=BTCUSDT&limit=1")).json()
    [minute] = (await desk.client.get("klines?symbol=BTCUSDT&interval=1m&limit=1")).json()
    desk.server.clear()
    beyond = f"aggTrades?symbol=BTCUSDT&fromId={old['a'] + 1}"
    known = (await desk.client.get(beyond)).json()
    desk.order("rest_lag", by_ms=90_000)
    hidden = (await desk.client.get(beyond)).json()

    assert old["T"] <= START_MS - 90_000 < known[0]["T"]
    assert raw["time"] == old["T"]
    assert minute[0] <= START_MS - 90_000 < minute[6]
    assert minute[4] == old["p"]
    assert hidden == []


# -- the market -------------------------------------------------------------------------------


async def test_a_symbol_that_is_halted_goes_on_printing_and_can_return(desk: Desk) -> None:
    desk.order("symbol", symbol="BTCUSDT", status="HALT")
    halted = (await desk.symbols())["BTCUSDT"]["status"]
    before = await desk.newest()
    desk.clock.ms += 60_000
    after = await desk.newest()
    desk.order("symbol", symbol="BTCUSDT", status="TRADING")

    assert halted == "HALT"
    assert after > before
    assert (await desk.symbols())["BTCUSDT"]["status"] == "TRADING"


async def test_a_symbol_that_is_down_keeps_its_last_print_until_it_is_gone(desk: Desk) -> None:
    desk.order("symbol", symbol="BTCUSDT", status="BREAK")
    before = await desk.newest()
    desk.clock.ms += 60_000
    down, after = (await desk.symbols())["BTCUSDT"]["status"], await desk.newest()
    desk.order("symbol", symbol="BTCUSDT", status="GONE")
    gone = await desk.client.get("klines?symbol=BTCUSDT&interval=1m")

    assert (down, after) == ("BREAK", before)
    assert "BTCUSDT" not in await desk.symbols()
    assert gone.json()["code"] == -1121


async def test_streams_of_a_symbol_that_is_gone_fall_silent_and_others_go_on(
    desk: Desk,
) -> None:
    async with stream(desk.server, "/ws/btcusdt@kline_1m/!miniTicker@arr") as socket:
        desk.order("symbol", symbol="BTCUSDT", status="GONE")
        for _ in range(3):
            desk.clock.ms += 60_000
            [heard] = await collect(socket, 1)

    symbols = {row["s"] for row in heard}
    assert "ETHUSDT" in symbols
    assert "BTCUSDT" not in symbols


async def test_a_price_grid_can_change_while_prints_stay_on_theirs(desk: Desk) -> None:
    before = await desk.client.get("aggTrades?symbol=BTCUSDT&limit=20")

    desk.order("tick", symbol="BTCUSDT", decimals=0)

    filters = (await desk.symbols())["BTCUSDT"]["filters"]
    assert isinstance(filters, list)
    assert filters[0]["tickSize"] == "1.00000000"
    after = await desk.client.get("aggTrades?symbol=BTCUSDT&limit=20")
    assert after.json() == before.json()


@pytest.mark.parametrize(
    "fields",
    [
        {"fault": "symbol", "symbol": "NOSUCH", "status": "HALT"},
        {"fault": "symbol", "symbol": "LUNCUSDT", "status": "TRADING"},
        {"fault": "tick", "symbol": "NOSUCH", "decimals": 2},
        {"fault": "drop", "symbol": "NOSUCH", "count": 2},
        {"fault": "garbage", "kind": "nosuch"},
    ],
)
async def test_an_order_that_makes_no_sense_changes_nothing(
    desk: Desk, fields: dict[str, object]
) -> None:
    before = await desk.symbols()

    with pytest.raises(BadOrder):
        desk.server.do(read_order(fields))

    assert await desk.symbols() == before
    assert desk.server.faults.on() == {}


# -- counters ---------------------------------------------------------------------------------


async def test_requests_and_weight_are_counted_whatever_the_answer(desk: Desk) -> None:
    await desk.client.get("exchangeInfo?symbol=BTCUSDT")
    await desk.client.get("nothing")
    desk.order("rest", status=503)
    await desk.client.get("exchangeInfo?symbol=BTCUSDT")

    assert desk.server.requests == {"exchangeInfo": 2, "other": 1}
    assert desk.server.weight_used == 20
