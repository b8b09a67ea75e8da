"""Faults of the streams as a real client meets them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from market.simulator import SimulatedExchange, SimulatorServer
from market.simulator.garbage import GARBAGE
from market.simulator.orders import read_order
from tests.market.binance_script import until
from tests.market.simulation import START_MS, close_of, collect, hear, rest, say, stream

PRINTS = "/ws/ethusdt@aggTrade"


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    """Ten exchange minutes in a second."""
    exchange = SimulatedExchange(speed=600.0, start_ms=START_MS)
    async with SimulatorServer(exchange) as running:
        yield running


def order(server: SimulatorServer, fault: str, **fields: object) -> None:
    server.do(read_order({"fault": fault, **fields}))


async def can_connect(server: SimulatorServer) -> bool:
    try:
        async with stream(server, PRINTS) as socket:
            await collect(socket, 1)
    except (InvalidStatus, ConnectionClosed):
        return False
    return True


async def said_at_the_end(socket: ClientConnection) -> int | None:
    """Read until the connection is closed; return the code that this side gave."""
    async with asyncio.timeout(3):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.sent.code if closed.sent else None


async def test_one_connection_can_be_cut_while_the_others_stay(server: SimulatorServer) -> None:
    async with stream(server, PRINTS) as first, stream(server, PRINTS) as second:
        await collect(first, 1)
        await collect(second, 1)
        order(server, "cut", connection=1)

        assert (await close_of(first))[0] == 1006
        await collect(second, 20)


async def test_one_connection_can_be_half_open_until_faults_are_cleared(
    server: SimulatorServer,
) -> None:
    async with stream(server, PRINTS) as first, stream(server, PRINTS) as second:
        before = (await collect(first, 1))[0]["a"]
        await collect(second, 1)
        order(server, "mute", connection=1)
        missed = (await collect(second, 40))[-1]["a"]
        server.clear()
        # Some frames were on their way already when the connection went silent.
        while (after := (await collect(first, 1))[0]["a"]) == before + 1:
            before = after

    assert before < missed < after


async def test_a_shutdown_is_announced_and_then_carried_out(server: SimulatorServer) -> None:
    async with stream(server, "/stream") as socket:
        await say(socket, "LIST_SUBSCRIPTIONS")
        order(server, "shutdown", delay_s=0.05)
        [frame] = await collect(socket, 1)

        assert frame["stream"] == "!serverShutdown"
        assert await close_of(socket) == (1001, "Server shutting down")
    assert await can_connect(server)


async def test_streams_are_cut_at_the_age_that_is_set(server: SimulatorServer) -> None:
    async with stream(server, PRINTS) as socket:
        await collect(socket, 1)
        order(server, "rotate", age_s=0.05)

        assert await close_of(socket) == (1006, "")


async def test_every_kind_of_garbage_arrives_as_it_is(server: SimulatorServer) -> None:
    async with stream(server, "/stream") as socket:
        await say(socket, "LIST_SUBSCRIPTIONS")
        order(server, "garbage")
        order(server, "garbage", kind="nan")
        async with asyncio.timeout(3):
            frames = [await socket.recv(decode=False) for _ in range(len(GARBAGE) + 1)]

    assert frames == [*GARBAGE.values(), GARBAGE["nan"]]


async def test_text_that_is_no_text_ends_the_connection(server: SimulatorServer) -> None:
    async with stream(server, "/stream") as socket:
        await say(socket, "LIST_SUBSCRIPTIONS")
        order(server, "bad_utf8")

        assert await said_at_the_end(socket) == 1007


@pytest.mark.parametrize("size", [2**20 + 1, 5 * 2**20])
async def test_a_huge_frame_is_too_much_for_careful_clients_only(
    server: SimulatorServer, size: int
) -> None:
    address = server.stream_url + "/stream"
    async with (
        stream(server, "/stream") as careful,
        connect(address, proxy=None, max_size=None, close_timeout=0.2) as careless,
    ):
        await say(careful, "LIST_SUBSCRIPTIONS")
        await say(careless, "LIST_SUBSCRIPTIONS")
        order(server, "huge", bytes=size)

        async with asyncio.timeout(3):
            frame = await careless.recv()

        assert len(frame) == size
        assert json.loads(frame).keys() == {"stream", "data"}
        assert await said_at_the_end(careful) == 1009


async def test_late_events_say_so_and_none_is_lost(server: SimulatorServer) -> None:
    order(server, "late", by_ms=60_000)
    ids: list[int] = []
    async with stream(server, PRINTS) as socket:
        for event in await collect(socket, 10):
            late_ms = server.exchange.now_ms() - event["E"]
            ids.append(event["a"])

            assert late_ms >= 60_000
        server.clear()
        ids += [event["a"] for event in await collect(socket, 60)]

    assert ids == list(range(ids[0], ids[0] + 70))


async def test_a_wrong_clock_shows_in_event_times_and_server_time_only(
    server: SimulatorServer,
) -> None:
    order(server, "clock", offset_ms=-86_400_000)
    async with stream(server, f"{PRINTS}/!miniTicker@arr") as socket, rest(server) as client:
        [event] = await collect(socket, 1)
        day = await hear(socket, lambda frame: isinstance(frame, list))
        told = (await client.get("time")).json()["serverTime"]
        info = (await client.get("exchangeInfo?symbol=BTCUSDT")).json()["serverTime"]

    yesterday = START_MS - 3_600_000
    assert max(told, info, event["E"], *(one["E"] for one in day)) < yesterday
    assert event["T"] > START_MS


async def test_prints_that_come_twice_are_equal_under_a_wrong_clock(
    server: SimulatorServer,
) -> None:
    order(server, "clock", offset_ms=5_000)
    order(server, "duplicate", symbol="ETHUSDT", count=1)
    async with stream(server, PRINTS) as socket:
        first, second = await collect(socket, 2)

    assert first == second


@pytest.mark.parametrize(
    ("status", "asked", "told"),
    [
        (403, None, None),
        (418, 7, "7"),
        (418, None, "120"),
        (429, 3, "3"),
        (429, None, "60"),
        (451, None, None),
        (503, None, None),
    ],
)
async def test_a_handshake_is_refused_with_any_status(
    server: SimulatorServer, status: int, asked: int | None, told: str | None
) -> None:
    order(server, "handshake", status=status, retry_after_s=asked)

    with pytest.raises(InvalidStatus) as refused:
        async with stream(server, "/ws"):
            pass

    response = refused.value.response
    assert response.status_code == status
    assert response.headers.get("Retry-After") == told


@pytest.mark.parametrize(
    "fields",
    [
        {"fault": "handshake", "status": 503, "for_s": 0.1},
        {"fault": "accept_then_close", "for_s": 0.1},
    ],
)
async def test_streams_open_again_when_the_fault_s_time_is_over(
    server: SimulatorServer, fields: dict[str, object]
) -> None:
    server.do(read_order(fields))

    refused = not await can_connect(server)
    await until(lambda: not server.faults.on(), "the end of the fault")

    assert refused
    assert await can_connect(server)


async def test_a_fault_ordered_anew_lasts_as_long_as_the_new_order_says(
    server: SimulatorServer,
) -> None:
    order(server, "handshake", status=503, for_s=0.05)
    order(server, "late", by_ms=1, for_s=0.1)
    order(server, "handshake", status=451, for_s=600)

    await until(lambda: "stream_lag_ms" not in server.faults.on(), "the end of the later fault")

    assert "handshake" in server.faults.on()


async def test_every_attempt_to_connect_is_counted_refused_or_not(
    server: SimulatorServer,
) -> None:
    before = time.monotonic()
    await can_connect(server)
    order(server, "handshake", status=503)
    await can_connect(server)

    first, second = server.connects
    assert before <= first <= second <= time.monotonic()
