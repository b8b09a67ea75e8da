import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from market.simulator import Faults, Limits, Refusal, SimulatedExchange, SimulatorServer
from tests.market.simulation import (
    START_MS,
    close_of,
    collect,
    rest,
    say,
    stopped_market,
    stream,
)


@pytest.fixture
def fast() -> SimulatedExchange:
    """Ten exchange minutes in a second."""
    return SimulatedExchange(speed=600.0, start_ms=START_MS)


@pytest.fixture
async def server(fast: SimulatedExchange) -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(fast) as running:
        yield running


# -- limits -----------------------------------------------------------------------------------


async def test_more_than_five_messages_in_a_second_end_the_connection(
    server: SimulatorServer,
) -> None:
    async with stream(server, "/ws") as socket:
        for i in range(6):
            await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": i}))

        assert await close_of(socket) == (1008, "Too many requests")


async def test_client_pings_are_answered_and_count_as_messages(server: SimulatorServer) -> None:
    async with stream(server, "/ws") as socket:
        async with asyncio.timeout(3):
            await (await socket.ping(b"hello"))
        for _ in range(5):
            await socket.ping()

        assert await close_of(socket) == (1008, "Too many requests")


async def test_a_client_that_does_not_answer_pings_is_closed(fast: SimulatedExchange) -> None:
    limits = Limits(ping_every_s=0.05, pong_within_s=0.1)
    async with SimulatorServer(fast, limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\n{key}"
        writer.write(f"GET /ws HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
        async with asyncio.timeout(3):
            received = await reader.readuntil(b"Pong timeout")
        writer.close()

    assert (1008).to_bytes(2, "big") + b"Pong timeout" in received


async def test_a_client_that_answers_pings_stays(fast: SimulatedExchange) -> None:
    limits = Limits(ping_every_s=0.02, pong_within_s=0.5, messages_per_second=1_000)
    async with (
        SimulatorServer(fast, limits=limits) as server,
        stream(server, "/ws/btcusdt@aggTrade") as socket,
    ):
        start = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < start + 0.8:
            await collect(socket, 1)

        assert socket.close_code is None


async def test_too_many_connects_are_refused(fast: SimulatedExchange) -> None:
    async with (
        SimulatorServer(fast, limits=Limits(connects=2)) as server,
        stream(server, "/ws"),
        stream(server, "/ws"),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with stream(server, "/ws"):
                pass

    assert refused.value.response.status_code == 429


# -- faults -----------------------------------------------------------------------------------


@pytest.fixture
async def faulty(fast: SimulatedExchange) -> AsyncIterator[tuple[SimulatorServer, Faults]]:
    faults = Faults()
    async with SimulatorServer(fast, faults=faults) as running:
        yield running, faults


async def test_dropped_prints_leave_a_hole_that_history_fills(
    faulty: tuple[SimulatorServer, Faults],
) -> None:
    server, faults = faulty
    async with stream(server, "/ws/ethusdt@aggTrade") as socket, rest(server) as client:
        [first] = await collect(socket, 1)
        faults.drop("ETHUSDT", 3)
        last = first["a"]
        while (newest := (await collect(socket, 1))[0]["a"]) == last + 1:
            last = newest
        query = f"aggTrades?symbol=ETHUSDT&fromId={last + 1}&limit=3"
        missed = [row["a"] for row in (await client.get(query)).json()]

    assert newest == last + 4
    assert missed == [last + 1, last + 2, last + 3]


async def test_prints_can_come_twice(faulty: tuple[SimulatorServer, Faults]) -> None:
    server, faults = faulty
    faults.duplicate("ETHUSDT", 2)
    async with stream(server, "/ws/ethusdt@aggTrade") as socket:
        ids = [event["a"] for event in await collect(socket, 6)]

    first = ids[0]
    assert ids == [first, first, first + 1, first + 1, first + 2, first + 3]


async def test_prints_can_come_out_of_order_within_a_window(
    faulty: tuple[SimulatorServer, Faults],
) -> None:
    server, faults = faulty
    faults.reorder("ETHUSDT", 4)
    async with stream(server, "/ws/ethusdt@aggTrade") as socket:
        ids = [event["a"] for event in await collect(socket, 40)]

    assert ids != sorted(ids)
    for i in range(0, 40, 4):
        start = min(ids) + i
        assert sorted(ids[i : i + 4]) == list(range(start, start + 4))


async def test_order_returns_and_nothing_is_lost_when_reordering_ends(
    faulty: tuple[SimulatorServer, Faults],
) -> None:
    server, faults = faulty
    faults.reorder("ETHUSDT", 5)
    async with stream(server, "/ws/ethusdt@aggTrade") as socket:
        ids = [event["a"] for event in await collect(socket, 20)]
        faults.reorder("ETHUSDT", 0)
        async with asyncio.timeout(3):
            while len(ids) < 60 or ids[-40:] != sorted(ids[-40:]):
                ids.append(json.loads(await socket.recv())["a"])

    assert sorted(ids) == list(range(min(ids), min(ids) + len(ids)))


async def test_sockets_can_be_cut_without_a_goodbye(server: SimulatorServer) -> None:
    async with stream(server, "/ws/btcusdt@aggTrade") as socket:
        await collect(socket, 1)
        server.cut_sockets()

        assert await close_of(socket) == (1006, "")


async def test_a_half_open_socket_pongs_but_sends_no_data(server: SimulatorServer) -> None:
    async with (
        stream(server, "/ws/btcusdt@aggTrade") as muted,
        stream(server, "/ws/btcusdt@aggTrade") as other,
    ):
        await collect(muted, 1)
        await collect(other, 1)
        server.mute_sockets()
        async with stream(server, "/ws/btcusdt@aggTrade") as later:
            await collect(later, 20)
            await (await muted.ping())
        reply = await say(muted, "LIST_SUBSCRIPTIONS", id_="last")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await muted.recv()

    assert reply["result"] == ["btcusdt@aggTrade"]


async def test_any_text_can_be_sent_to_everyone(server: SimulatorServer) -> None:
    async with stream(server, "/ws") as socket:
        await say(socket, "LIST_SUBSCRIPTIONS")
        server.send_raw("{garbage")

        assert await socket.recv() == "{garbage"


@pytest.mark.parametrize("path", ["/ws", "/stream"])
async def test_a_shutdown_is_announced_in_the_form_of_the_connection(
    server: SimulatorServer, path: str
) -> None:
    async with stream(server, path) as socket:
        await say(socket, "LIST_SUBSCRIPTIONS")
        server.announce_shutdown()
        [frame] = await collect(socket, 1)

    if path == "/stream":
        assert frame["stream"] == "!serverShutdown"
        frame = frame["data"]
    assert frame["e"] == "serverShutdown"


async def test_the_handshake_can_be_refused(faulty: tuple[SimulatorServer, Faults]) -> None:
    server, faults = faulty
    faults.handshake = Refusal(status=451, body='{"code":0,"msg":"restricted"}')

    with pytest.raises(InvalidStatus) as refused:
        async with stream(server, "/ws"):
            pass

    assert refused.value.response.status_code == 451


async def test_sockets_can_be_closed_as_soon_as_they_are_open(
    faulty: tuple[SimulatorServer, Faults],
) -> None:
    server, faults = faulty
    faults.close_on_accept = True

    async with stream(server, "/ws/btcusdt@aggTrade") as socket:
        code, _ = await close_of(socket)

    assert code == 1000


# -- REST -------------------------------------------------------------------------------------


async def test_too_much_weight_is_refused_until_the_minute_is_over() -> None:
    limits = Limits(weight_per_minute=50)
    async with (
        SimulatorServer(stopped_market()[0], limits=limits) as server,
        rest(server) as client,
    ):
        allowed = await client.get("exchangeInfo?symbol=BTCUSDT")
        while (refused := await client.get("trades?symbol=BTCUSDT")).status_code == 200:
            pass

    assert allowed.json()["rateLimits"][0]["limit"] == 50
    assert refused.status_code == 429
    assert refused.json()["code"] == -1003
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_faults_of_rest_begin_and_end_while_the_server_runs() -> None:
    faults = Faults()
    async with (
        SimulatorServer(stopped_market()[0], faults=faults) as server,
        rest(server) as client,
    ):
        faults.rest = Refusal(
            status=403, body="<html>no</html>", headers={"X-A": "b"}, content_type="text/html"
        )
        refused = await client.get("ping")
        faults.rest = None
        restored = await client.get("ping")

    assert (refused.status_code, refused.text) == (403, "<html>no</html>")
    assert refused.headers["x-a"] == "b"
    assert refused.headers["content-type"] == "text/html"
    assert restored.status_code == 200


async def test_an_answer_can_break_off_in_the_middle() -> None:
    faults = Faults()
    async with (
        SimulatorServer(stopped_market()[0], faults=faults) as server,
        rest(server) as client,
    ):
        faults.truncate = True

        with pytest.raises(httpx.TransportError):
            await client.get("exchangeInfo")


async def test_an_answer_can_be_delayed() -> None:
    faults = Faults()
    faults.rest_delay_s = 30.0
    async with (
        SimulatorServer(stopped_market()[0], faults=faults) as server,
        rest(server) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("ping", timeout=0.05)
