"""The client against the built-in simulated exchange: the pair that `paperdesk demo` runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine.marks import MarkPrice
from engine.model import Candle, Market, Source, Tick
from market.binance.feed import BinanceFeed, BinanceFuturesFeed, BinanceSpotFeed
from market.binance.hosts import Host
from market.binance.limits import Timings
from market.feed import FeedState
from market.simulator.exchange import SimulatedExchange
from market.simulator.server import SimulatorServer
from tests.market.binance_script import until

QUICK = Timings(backoff_min_s=0.02, backoff_max_s=0.1, repair_wait_s=0.05, reorder_s=0.1)
BUSY = "BTCUSDT"


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(SimulatedExchange(seed=1, speed=60.0), port=0) as server:
        yield server


class Desk:
    """A running feed and what it delivered."""

    def __init__(self, feed: BinanceFeed) -> None:
        self.feed = feed
        self.marks: list[MarkPrice] = []
        feed.on_mark = self.marks.append
        self.ticks: list[Tick] = []
        self.candles: list[Candle] = []

    def prints(self, symbol: str = BUSY) -> list[Tick]:
        return [tick for tick in self.ticks if tick.symbol == symbol]

    def contiguous(self, symbol: str = BUSY) -> bool:
        ids = [tick.trade_id for tick in self.prints(symbol)]
        return ids == list(range(ids[0], ids[0] + len(ids)))

    def repaired(self) -> bool:
        return any(tick.source is Source.BACKFILL for tick in self.ticks)


@asynccontextmanager
async def desk_on(
    server: SimulatorServer, kind: type[BinanceFeed] = BinanceSpotFeed
) -> AsyncIterator[Desk]:
    host = Host(rest_url=server.rest_url, stream_url=server.stream_url)
    feed = kind([host], simulated=True, timings=QUICK)
    desk = Desk(feed)
    running = asyncio.create_task(feed.run(desk.ticks.extend, desk.candles.append))
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.wait({running})


async def watch(desk: Desk) -> None:
    """Make one symbol active and wait for its prints."""
    desk.feed.follow(active={BUSY}, visible=())
    await until(lambda: len(desk.ticks) > 2, "prints")


async def test_a_whole_life_from_host_to_prints_candles_and_questions(
    server: SimulatorServer,
) -> None:
    async with desk_on(server) as desk:
        await watch(desk)
        desk.feed.follow_candles([(BUSY, "1m")])
        rules = await desk.feed.instruments([BUSY, "NOSUCHUSDT"])
        past = await desk.feed.candles(BUSY, "1m", 50)
        busiest = await desk.feed.busiest("USDT", 3)
        await until(lambda: any(candle.closed for candle in desk.candles), "a closed candle")

        assert desk.feed.status.state is FeedState.LIVE
        assert desk.feed.status.latency_ms is None
        assert desk.contiguous()
        assert {tick.source for tick in desk.ticks} <= {Source.SIMULATED, Source.BACKFILL}
        assert list(rules) == [BUSY]
        assert (len(past), past[0].closed, past[-1].closed) == (50, True, False)
        assert BUSY in busiest
        assert desk.feed.dropped_frames == 0


async def test_dropped_prints_are_repaired(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        await watch(desk)

        server.faults.drop(BUSY, 3)

        await until(desk.repaired, "a repair")
        assert desk.contiguous()


async def test_repeated_and_shuffled_prints_are_put_in_order(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        await watch(desk)

        server.faults.duplicate(BUSY, 20)
        server.faults.reorder(BUSY, 4)

        seen = len(desk.ticks)
        await until(lambda: len(desk.ticks) > seen + 20, "more prints")
        assert desk.contiguous()


async def test_garbage_is_counted_and_the_prints_go_on(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        await watch(desk)

        for garbage in ("{", "[" * 50_000, '{"stream":"btcusdt@aggTrade","data":{"p":"NaN"}}'):
            server.send_raw(garbage)

        await until(lambda: desk.feed.dropped_frames == 3, "the garbage to arrive")
        seen = len(desk.ticks)
        await until(lambda: len(desk.ticks) > seen, "more prints")
        assert desk.contiguous()


async def test_cut_sockets_cost_no_print(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        await watch(desk)

        server.cut_sockets()
        await until(lambda: desk.feed.status.state is not FeedState.LIVE, "the loss")
        seen = len(desk.ticks)

        await until(lambda: len(desk.ticks) > seen + 3, "more prints")
        assert desk.contiguous()


async def test_an_announced_shutdown_costs_no_print_and_no_silence(
    server: SimulatorServer,
) -> None:
    async with desk_on(server) as desk:
        await watch(desk)

        server.announce_shutdown()
        await until(lambda: server.connections == 2, "the replacement", every_s=0)
        await until(lambda: server.connections == 1, "the end of the old stream")

        assert desk.feed.status.state is FeedState.LIVE
        assert desk.contiguous()


async def test_an_earlier_run_is_caught_up_with(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        await watch(desk)
        now_id = desk.ticks[-1].trade_id
    async with desk_on(server) as later:
        later.feed.resume(BUSY, now_id - 2500)
        later.feed.follow(active={BUSY}, visible=())

        await until(lambda: later.prints() and later.prints()[-1].trade_id > now_id, "prints")
        assert later.prints()[0].trade_id == now_id - 2499
        assert later.contiguous()


async def test_a_fresh_price_of_any_symbol_can_be_had(server: SimulatorServer) -> None:
    async with desk_on(server) as desk:
        ready = await desk.feed.ready("PEPEUSDT")

        quote = desk.feed.board.quote("PEPEUSDT", desk.feed.clock.now_ms())
        assert ready
        assert quote is not None
        assert quote.bid is not None
        assert quote.ask is not None
        assert quote.bid < quote.ask


# -- futures ----------------------------------------------------------------------------------


async def test_a_whole_life_on_futures_with_mark_prices_and_funding(
    server: SimulatorServer,
) -> None:
    async with desk_on(server, BinanceFuturesFeed) as desk:
        await watch(desk)
        await until(lambda: desk.marks, "a mark price")
        now_ms = desk.feed.clock.now_ms()
        rules = await desk.feed.instruments([BUSY, "NOSUCHUSDT"])
        settled = await desk.feed.fundings(BUSY, now_ms - 86_400_000, now_ms)
        past = await desk.feed.mark_candles(BUSY, "1m", now_ms - 600_000, now_ms)
        busiest = await desk.feed.busiest("USDT", 3)

        price = desk.feed.board[BUSY]
        assert desk.feed.status.state is FeedState.LIVE
        assert desk.contiguous()
        assert list(rules) == [BUSY]
        assert rules[BUSY].market is Market.FUTURES
        assert rules[BUSY].brackets
        assert BUSY in busiest
        assert price.mark is not None
        assert price.next_funding_ms is not None
        assert price.next_funding_ms > now_ms
        assert len(settled) == 3
        assert all(due.time_ms % 60_000 == 0 and due.mark > 0 for due in settled)
        assert all(candle.closed for candle in past)
        assert len(past) >= 8
        assert desk.feed.dropped_frames == 0


async def test_cut_sockets_cost_no_print_on_futures(server: SimulatorServer) -> None:
    async with desk_on(server, BinanceFuturesFeed) as desk:
        await watch(desk)

        server.cut_sockets()
        await until(lambda: desk.feed.status.state is not FeedState.LIVE, "the loss")
        seen, marks = len(desk.ticks), len(desk.marks)

        await until(lambda: len(desk.ticks) > seen + 3, "more prints")
        await until(lambda: len(desk.marks) > marks, "another mark price")
        assert desk.contiguous()
