"""The futures streams of the simulated exchange, heard over real sockets."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from engine.model import Market
from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import (
    START_MS,
    collect,
    hear,
    rest,
    say,
    stopped_market,
    stream,
)

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DUE_MS = START_MS // (8 * HOUR_MS) * 8 * HOUR_MS + 8 * HOUR_MS
"""When funding of BTCUSDT is settled next."""


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    """Ten exchange minutes in a second."""
    async with SimulatorServer(SimulatedExchange(speed=600.0, start_ms=START_MS)) as running:
        yield running


# -- paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/market/ws/{}", "btcusdt@aggTrade"),
        ("/market/stream?streams={}", "btcusdt@markPrice@1s"),
        ("/f/market/ws/{}", "btcusdt@kline_1m"),
        ("/market/ws/{}", "btcusdt_perpetual@continuousKline_1m"),
        ("/market/ws/{}", "btcusdt@ticker"),
        ("/market/ws/{}", "!miniTicker@arr"),
        ("/market/ws/{}", "!markPrice@arr@1s"),
        ("/public/ws/{}", "btcusdt@bookTicker"),
        ("/public/stream?streams={}", "btcusdt@trade"),
        ("/f/ws/{}", "btcusdt@bookTicker"),
    ],
)
async def test_streams_of_futures_flow_on_their_path(
    server: SimulatorServer, path: str, name: str
) -> None:
    async with stream(server, path.format(name)) as socket:
        [frame] = await collect(socket, 1)

    data = frame["data"] if "stream=" in path or "streams=" in path else frame
    first = data[0] if isinstance(data, list) else data
    assert first["st"] == 1


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/public/ws", ["btcusdt@aggTrade", "btcusdt@markPrice@1s", "btcusdt@kline_1m"]),
        ("/market/ws", ["btcusdt@bookTicker", "btcusdt@trade", "btcusdt@kline_1s"]),
        ("/market/ws", ["btcusdt@markPrice@5s", "BTCUSDT@aggTrade", "pepeusdt@aggTrade"]),
        ("/private/ws", ["btcusdt@aggTrade", "btcusdt@bookTicker"]),
        ("/f/ws", ["btcusdt@aggTrade", "btcusdt@markPrice"]),
        ("/ws", ["btcusdt@markPrice@1s", "1000pepeusdt@aggTrade"]),
    ],
)
async def test_streams_on_the_wrong_path_are_acknowledged_and_silent(
    path: str, names: list[str]
) -> None:
    market, clock = stopped_market()
    async with SimulatorServer(market) as server, stream(server, path) as socket:
        reply = await say(socket, "SUBSCRIBE", *names)
        clock.ms += 5 * MINUTE_MS
        await say(socket, "GET_PROPERTY", "combined", id_=2)
        clock.ms += 5 * MINUTE_MS
        await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":3}')
        [next_frame] = await collect(socket, 1)

    assert reply == {"result": None, "id": 1}
    assert next_frame == {"result": names, "id": 3}


async def test_one_name_on_spot_and_futures_is_two_streams(server: SimulatorServer) -> None:
    name = "btcusdt@aggTrade"
    async with (
        stream(server, f"/ws/{name}") as spot,
        stream(server, f"/market/ws/{name}") as futures,
    ):
        mine, theirs = await collect(spot, 30), await collect(futures, 30)

    assert all("M" in event and "nq" not in event for event in mine)
    assert all("M" not in event and event["q"] == event["nq"] for event in theirs)
    for events in (mine, theirs):
        ids = [event["a"] for event in events]
        assert ids == list(range(ids[0], ids[0] + 30))


# -- what they say ----------------------------------------------------------------------------


async def test_streamed_prints_of_futures_equal_their_history(server: SimulatorServer) -> None:
    async with (
        stream(server, "/market/ws/1000pepeusdt@aggTrade") as socket,
        rest(server) as http,
    ):
        events = await collect(socket, 40)
        query = f"aggTrades?symbol=1000PEPEUSDT&fromId={events[0]['a']}&limit=40"
        history = (await http.get(f"{server.rest_url}/fapi/v1/{query}")).json()

    for event, row in zip(events, history, strict=True):
        assert row.items() <= event.items()


async def test_the_touch_of_futures_names_its_kind_and_times() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        stream(server, "/public/ws/ethusdt@bookTicker") as socket,
    ):
        [touch] = await collect(socket, 1)

    assert (touch["e"], touch["E"], touch["T"]) == ("bookTicker", clock.ms, clock.ms)
    assert Decimal(touch["b"]) < Decimal(touch["a"])


async def test_a_mark_price_comes_each_second_and_is_the_one_of_rest() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        rest(server) as http,
        stream(server, "/market/ws/btcusdt@markPrice@1s") as socket,
    ):
        [first] = await collect(socket, 1)
        clock.ms += 1_000
        [second] = await collect(socket, 1)
        told = (await http.get(f"{server.rest_url}/fapi/v1/premiumIndex?symbol=BTCUSDT")).json()

    assert first.keys() == {"e", "E", "s", "p", "i", "P", "r", "T", "st"}
    assert (first["E"], second["E"]) == (START_MS, START_MS + 1_000)
    assert (second["p"], second["i"]) == (told["markPrice"], told["indexPrice"])
    assert (second["r"], second["T"]) == (told["lastFundingRate"], told["nextFundingTime"])
    assert second["T"] == DUE_MS


async def test_a_forced_mark_price_is_told_at_once() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        stream(server, "/market/stream?streams=btcusdt@markPrice/!markPrice@arr") as socket,
    ):
        await collect(socket, 2)
        clock.ms += 300
        market.force_mark("BTCUSDT", "90000.5")
        frames = await collect(socket, 2)

    assert {frame["stream"] for frame in frames} == {"btcusdt@markPrice", "!markPrice@arr"}
    for frame in frames:
        [event] = frame["data"] if isinstance(frame["data"], list) else [frame["data"]]
        assert (event["p"], event["E"]) == ("90000.50000000", clock.ms)


async def test_a_forced_price_of_futures_reaches_stream_and_history() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        rest(server) as http,
        stream(server, "/market/stream?streams=btcusdt@aggTrade") as socket,
    ):
        await say(socket, "LIST_SUBSCRIPTIONS")
        market.force("BTCUSDT", "90000.1", Market.FUTURES)
        event = (await hear(socket, lambda f: "data" in f))["data"]
        path = f"{server.rest_url}/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1"
        [kline] = (await http.get(path)).json()

    assert (event["p"], event["T"]) == ("90000.10", clock.ms)
    assert kline[4] == "90000.10"


@pytest.mark.parametrize("rate", [None, "0.0031"])
async def test_funding_at_the_boundary_is_the_same_in_all_three_places(
    rate: str | None,
) -> None:
    market, clock = stopped_market()
    clock.ms = DUE_MS - 1_000
    if rate:
        market.set_funding("BTCUSDT", rate)
    async with (
        SimulatorServer(market) as server,
        rest(server) as http,
        stream(server, "/market/ws/btcusdt@markPrice@1s") as socket,
    ):
        api = server.rest_url + "/fapi/v1"
        [before] = await collect(socket, 1)
        index_before = (await http.get(f"{api}/premiumIndex?symbol=BTCUSDT")).json()
        clock.ms = DUE_MS + 1_000
        [after] = await collect(socket, 1)
        index_after = (await http.get(f"{api}/premiumIndex?symbol=BTCUSDT")).json()
        [row] = (await http.get(f"{api}/fundingRate?symbol=BTCUSDT&limit=1")).json()
        path = f"{api}/markPriceKlines?symbol=BTCUSDT&interval=1m&startTime={DUE_MS}&limit=1"
        [candle] = (await http.get(path)).json()

    assert before["T"] == index_before["nextFundingTime"] == DUE_MS
    assert before["r"] == index_before["lastFundingRate"] == row["fundingRate"]
    assert after["T"] == index_after["nextFundingTime"] == DUE_MS + 8 * HOUR_MS
    assert 0 <= row["fundingTime"] - DUE_MS < 100
    assert row["markPrice"] == candle[1]
    if rate:
        assert Decimal(row["fundingRate"]) == Decimal(rate)


async def test_a_candle_of_a_pair_s_perpetual_is_the_symbol_s(server: SimulatorServer) -> None:
    name = "solusdt_perpetual@continuousKline_1m"
    async with stream(server, f"/market/ws/{name}") as socket, rest(server) as http:
        event = await hear(socket, lambda frame: frame["k"]["x"])
        path = f"klines?symbol=SOLUSDT&interval=1m&startTime={event['k']['t']}&limit=1"
        [row] = (await http.get(f"{server.rest_url}/fapi/v1/{path}")).json()

    assert (event["e"], event["ps"], event["ct"]) == (
        "continuous_kline",
        "SOLUSDT",
        "PERPETUAL",
    )
    assert [event["k"][f] for f in ("o", "h", "l", "c", "v")] == row[1:6]


async def test_a_symbol_that_settles_has_no_mark_price_any_more() -> None:
    market, clock = stopped_market()
    market.futures.set_status("SOLUSDT", "SETTLING")
    async with (
        SimulatorServer(market) as server,
        stream(server, "/market/ws/!markPrice@arr@1s") as socket,
    ):
        clock.ms += 2_000
        [events] = await collect(socket, 1)

    symbols = {event["s"] for event in events}
    assert "BTCUSDT" in symbols
    assert not symbols & {"SOLUSDT", "1000LUNCUSDT"}


async def test_faults_of_a_symbol_disturb_the_stream_of_futures_too() -> None:
    market, clock = stopped_market()
    async with SimulatorServer(market) as server:
        server.faults.drop("BTCUSDT", 3)
        async with stream(server, "/market/ws/btcusdt@aggTrade") as socket:
            await say(socket, "LIST_SUBSCRIPTIONS")
            last = market.futures.last_print("BTCUSDT").trade_id
            clock.ms += MINUTE_MS
            [event] = await collect(socket, 1)

    assert event["a"] == last + 4


async def test_events_of_two_markets_are_never_mixed_when_they_are_shuffled() -> None:
    market, clock = stopped_market()
    async with SimulatorServer(market) as server:
        server.faults.reorder("BTCUSDT", 4)
        async with (
            stream(server, "/ws/btcusdt@aggTrade") as spot,
            stream(server, "/market/ws/btcusdt@aggTrade") as futures,
        ):
            for socket in (spot, futures):
                await say(socket, "LIST_SUBSCRIPTIONS")
            firsts = [
                market.last_print("BTCUSDT").trade_id + 1,
                market.futures.last_print("BTCUSDT").trade_id + 1,
            ]
            clock.ms += MINUTE_MS
            heard = [await collect(spot, 20), await collect(futures, 20)]

    for first, events in zip(firsts, heard, strict=True):
        ids = [event["a"] for event in events]
        assert sorted(ids) == list(range(first, first + 20))
        assert ids != sorted(ids)
