from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import (
    START_MS,
    close_of,
    collect,
    hear,
    rest,
    say,
    stopped_market,
    stream,
)

MINUTE_MS = 60_000


@pytest.fixture
def fast() -> SimulatedExchange:
    """Ten exchange minutes in a second."""
    return SimulatedExchange(speed=600.0, start_ms=START_MS)


@pytest.fixture
async def server(fast: SimulatedExchange) -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(fast) as running:
        yield running


# -- names and forms --------------------------------------------------------------------------


async def test_the_whole_sequence_of_a_client_s_start(server: SimulatorServer) -> None:
    names = ["btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@kline_1m"]
    async with stream(server, "/stream") as socket:
        reply = await say(socket, "SUBSCRIBE", *names, id_=7)
        heard: set[str] = set()
        while len(heard) < 3:
            heard.add((await hear(socket, lambda frame: "stream" in frame))["stream"])
        listed = await say(socket, "LIST_SUBSCRIPTIONS", id_=8)
        await say(socket, "UNSUBSCRIBE", *names, id_=9)
        nothing = await say(socket, "LIST_SUBSCRIPTIONS", id_=10)

    assert reply == {"result": None, "id": 7}
    assert heard == set(names)
    assert listed == {"result": names, "id": 8}
    assert nothing == {"result": [], "id": 10}


@pytest.mark.parametrize(
    ("path", "combined"),
    [
        ("/ws/btcusdt@aggTrade", False),
        ("/ws/btcusdt%40aggTrade", False),
        ("/stream?streams=btcusdt@aggTrade", True),
        ("/stream?streams=btcusdt%40aggTrade/nosuch@trade", True),
        ("/stream?streams=btcusdt@aggTrade?timeUnit=MILLISECOND", True),
        ("/streams/ws/btcusdt@aggTrade", False),
        ("/any/prefix/stream?streams=btcusdt@aggTrade", True),
    ],
)
async def test_streams_can_be_named_in_the_address(
    server: SimulatorServer, path: str, combined: bool
) -> None:
    async with stream(server, path) as socket:
        [frame] = await collect(socket, 1)

    event = frame["data"] if combined else frame
    assert event["e"] == "aggTrade"
    assert combined == ("stream" in frame)


async def test_a_non_ascii_symbol_streams_under_its_name(server: SimulatorServer) -> None:
    async with stream(server, "/stream") as socket:
        await say(socket, "SUBSCRIBE", "币安人生usdt@aggTrade")
        frame = await hear(socket, lambda f: "stream" in f)

    assert frame["stream"] == "币安人生usdt@aggTrade"
    assert frame["data"]["s"] == "币安人生USDT"


async def test_unknown_streams_are_acknowledged_and_silent(server: SimulatorServer) -> None:
    async with stream(server, "/ws/0") as socket:
        names = ["nosuch@aggTrade", "BTCUSDT@aggTrade", "btcusdt@kline_7m", "lunctusdt@trade"]
        reply = await say(socket, "SUBSCRIBE", *names)
        await say(socket, "SUBSCRIBE", "btcusdt@aggTrade")
        frames = await collect(socket, 5)

    assert reply["result"] is None
    assert {frame["s"] for frame in frames} == {"BTCUSDT"}


async def test_envelopes_can_be_switched_on_while_connected(server: SimulatorServer) -> None:
    async with stream(server, "/ws/btcusdt@aggTrade") as socket:
        await say(socket, "SET_PROPERTY", "combined", True)

        frame = await hear(socket, lambda f: "stream" in f)

    assert frame["stream"] == "btcusdt@aggTrade"


# -- what the streams say ---------------------------------------------------------------------


async def test_streamed_prints_are_contiguous_and_equal_to_history(
    server: SimulatorServer,
) -> None:
    async with stream(server, "/ws/ethusdt@aggTrade") as socket, rest(server) as client:
        events = await collect(socket, 60)
        query = f"aggTrades?symbol=ETHUSDT&fromId={events[0]['a']}&limit=60"
        history = (await client.get(query)).json()

    ids = [event["a"] for event in events]
    assert ids == list(range(ids[0], ids[0] + 60))
    for event, row in zip(events, history, strict=True):
        assert row.items() <= event.items()
        assert event["E"] >= event["T"]


async def test_raw_trades_are_the_aggregate_trades_one_by_one(server: SimulatorServer) -> None:
    async with stream(server, "/ws/ethusdt@trade/ethusdt@aggTrade") as socket:
        frames = await collect(socket, 80)

    trades = {f["t"]: (f["p"], f["q"]) for f in frames if f["e"] == "trade"}
    aggregates = {f["f"]: (f["p"], f["q"]) for f in frames if f["e"] == "aggTrade"}
    both = trades.keys() & aggregates.keys()
    assert len(both) > 10
    assert all(trades[i] == aggregates[i] for i in both)


async def test_candles_close_once_each_behind_their_prints_and_equal_history(
    server: SimulatorServer,
) -> None:
    closed: list[Any] = []
    newest = 0
    async with stream(server, "/ws/solusdt@kline_1m/solusdt@aggTrade") as socket:
        while len(closed) < 4:
            frame = await hear(socket, lambda f: f.get("s") == "SOLUSDT")
            if frame["e"] == "aggTrade":
                newest = frame["f"]
            elif frame["k"]["x"]:
                closed.append(frame["k"])
                assert frame["E"] > frame["k"]["T"]
                assert newest == 0 or newest >= frame["k"]["L"]
        async with rest(server) as client:
            query = f"klines?symbol=SOLUSDT&interval=1m&startTime={closed[0]['t']}&limit=4"
            history = (await client.get(query)).json()

    streamed = [
        [k[f] for f in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]
        for k in closed
    ]
    assert [row[:11] for row in streamed] == [row[:11] for row in history]


async def test_an_open_candle_is_told_of_as_it_changes(server: SimulatorServer) -> None:
    async with stream(server, "/ws/solusdt@kline_1h") as socket:
        first, second = await collect(socket, 2)

    assert (first["k"]["t"], first["k"]["x"]) == (second["k"]["t"], False)
    assert first["k"]["n"] < second["k"]["n"]


async def test_a_minute_without_prints_is_told_of_as_an_empty_candle(
    server: SimulatorServer,
) -> None:
    async with stream(server, "/ws/ethbtc@kline_1m") as socket:
        frame = await hear(socket, lambda f: f["k"]["x"] and f["k"]["n"] == 0)

    kline = frame["k"]
    assert (kline["f"], kline["L"]) == (-1, -1)
    assert kline["o"] == kline["h"] == kline["l"] == kline["c"]
    assert Decimal(kline["v"]) == 0


async def test_quotes_have_growing_ids_and_no_event_type(server: SimulatorServer) -> None:
    async with stream(server, "/ws/pepeusdt@bookTicker") as socket:
        quotes = await collect(socket, 30)

    ids = [quote["u"] for quote in quotes]
    assert ids == sorted(set(ids))
    for quote in quotes:
        assert quote.keys() == {"u", "s", "b", "B", "a", "A"}
        assert 0 < Decimal(quote["a"]) - Decimal(quote["b"]) <= Decimal("0.00000002")


async def test_the_mini_ticker_tells_of_the_last_day(server: SimulatorServer) -> None:
    async with stream(server, "/ws/btcusdt@miniTicker") as socket, rest(server) as client:
        [event] = await collect(socket, 1)
        day = (await client.get("ticker/24hr?symbol=BTCUSDT")).json()

    assert event["e"] == "24hrMiniTicker"
    assert Decimal(event["l"]) <= Decimal(event["c"]) <= Decimal(event["h"])
    assert abs(Decimal(event["v"]) / Decimal(day["volume"]) - 1) < Decimal("0.1")


async def test_the_whole_market_comes_in_one_array_of_what_changed() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        stream(server, "/ws/!miniTicker@arr") as socket,
    ):
        [everything] = await collect(socket, 1)
        clock.ms += 1_500
        [changed] = await collect(socket, 1)

    assert {row["s"] for row in everything} == set(market.symbols)
    assert 0 < len(changed) < len(everything)


async def test_two_clients_hear_the_same_bytes(server: SimulatorServer) -> None:
    path = "/ws/ethusdt@aggTrade"
    async with stream(server, path) as one, stream(server, path) as other:
        mine = {f["a"]: f for f in await collect(one, 120)}
        theirs = {f["a"]: f for f in await collect(other, 120)}

    both = mine.keys() & theirs.keys()
    assert len(both) > 10
    assert all(mine[i] == theirs[i] for i in both)


async def test_a_forced_price_reaches_stream_quote_and_history() -> None:
    market, clock = stopped_market()
    async with (
        SimulatorServer(market) as server,
        rest(server) as client,
        stream(server, "/stream?streams=btcusdt@aggTrade") as socket,
    ):
        await say(socket, "LIST_SUBSCRIPTIONS")
        last = market.last_print("BTCUSDT").trade_id
        market.force("BTCUSDT", "90000.01")
        event = (await hear(socket, lambda f: "data" in f))["data"]
        [row] = (await client.get("aggTrades?symbol=BTCUSDT&limit=1")).json()
        [kline] = (await client.get("klines?symbol=BTCUSDT&interval=1m&limit=1")).json()

    assert (event["a"], event["p"], event["T"]) == (last + 1, "90000.01000000", clock.ms)
    assert row.items() <= event.items()
    assert (kline[3], kline[4]) == ("90000.01000000", "90000.01000000")


# -- the server's own life --------------------------------------------------------------------


async def test_a_taken_port_is_an_error_of_the_system() -> None:
    async with SimulatorServer(stopped_market()[0]) as server:
        second = SimulatorServer(stopped_market()[0], port=server.port)

        with pytest.raises(OSError, match="address"):
            await second.start()


async def test_stopping_closes_every_connection(fast: SimulatedExchange) -> None:
    server = SimulatorServer(fast)
    await server.start()
    async with stream(server, "/ws/btcusdt@aggTrade") as socket:
        await collect(socket, 1)
        await server.stop()

        assert (await close_of(socket))[0] == 1001
    assert server.connections == 0
