"""The client on futures: two connections, mark prices, and live only when both bring data."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from aiohttp import web

from engine.marks import MarkPrice
from engine.model import Candle, Tick
from market.binance.feed import BinanceFuturesFeed, BinanceSpotFeed
from market.binance.limits import Timings
from market.feed import FeedState
from tests.market.binance_script import FIRST_ID, START_MS, ScriptedExchange, frame, until

SOL = "SOLUSDT"
FUNDING_MS = START_MS + 3_600_000
PATIENT = Timings(
    request_s=1.0,
    retry_s=0.01,
    connect_s=1.0,
    silence_s=30.0,
    stale_s=30.0,
    message_gap_s=0.01,
    reorder_s=0.03,
    repair_wait_s=0.05,
    ready_s=1.0,
    backoff_min_s=0.02,
    backoff_max_s=0.1,
    probe_s=0.1,
)


class Desk:
    """Receives what a feed delivers."""

    def __init__(self, feed: BinanceFuturesFeed) -> None:
        self.feed = feed
        self.heard: list[Tick | MarkPrice] = []
        """Prints and mark prices in the order in which they came."""
        self.candles: list[Candle] = []
        feed.on_mark = self.heard.append

    @property
    def marks(self) -> list[MarkPrice]:
        return [event for event in self.heard if isinstance(event, MarkPrice)]

    @property
    def order(self) -> list[int | Decimal]:
        """Ids of prints and prices of marks, as they came."""
        return [e.price if isinstance(e, MarkPrice) else e.trade_id for e in self.heard]

    @property
    def live(self) -> bool:
        return self.feed.status.state is FeedState.LIVE


@asynccontextmanager
async def desk_on(
    exchange: ScriptedExchange, timings: Timings = PATIENT
) -> AsyncIterator[Desk]:
    feed = BinanceFuturesFeed([exchange.host], timings=timings, simulated=True)
    desk = Desk(feed)
    running = asyncio.create_task(feed.run(desk.heard.extend, desk.candles.append))
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    async with ScriptedExchange() as exchange:
        ticker = {"symbol": SOL, "lastPrice": "100.5", "openPrice": "90", "quoteVolume": "1"}
        exchange.refusal = lambda path: (
            web.json_response(ticker) if path == "ticker/24hr" else None
        )
        yield exchange


def quote(update: int = 1) -> str:
    payload = {"e": "bookTicker", "u": update, "s": SOL, "b": "99.9", "B": "1", "a": "100.1"}
    stamps = {"A": "2", "E": START_MS, "T": START_MS, "st": 1, "ps": SOL}
    return frame(SOL, "bookTicker", payload | stamps)


def mark(price: str, rate: str = "-0.00010000", funding_ms: int = FUNDING_MS) -> str:
    payload = {"e": "markPriceUpdate", "E": START_MS + 500, "s": SOL, "p": price, "i": "1"}
    rest = {"P": "1", "r": rate, "T": funding_ms, "st": 1, "ap": "1"}
    return frame(SOL, "markPrice@1s", payload | rest)


async def subscribed(exchange: ScriptedExchange) -> None:
    await until(lambda: exchange.subscribed("solusdt@aggTrade", "market"), "subscription")
    await until(lambda: exchange.subscribed("solusdt@bookTicker", "public"), "subscription")


async def go_live(desk: Desk, exchange: ScriptedExchange) -> None:
    """Wait for both connections and let data come over each."""
    await subscribed(exchange)
    await exchange.send(exchange.trade(SOL), route="market")
    await exchange.send(quote(), route="public")
    await until(lambda: desk.live, "a live feed")


# -- two connections --------------------------------------------------------------------------


async def test_streams_are_asked_for_where_the_exchange_serves_them(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        desk.feed.follow_candles([(SOL, "1m")])

        await subscribed(exchange)
        await until(lambda: exchange.subscribed("solusdt@kline_1m"), "the candles")

    by_route: dict[str, set[str]] = {"market": set(), "public": set()}
    for message in exchange.messages:
        by_route[message["route"]].update(message["params"])
    assert by_route["public"] == {"btcusdt@bookTicker", "solusdt@bookTicker"}
    assert by_route["market"] == {
        "btcusdt@aggTrade",
        "solusdt@aggTrade",
        "solusdt@markPrice@1s",
        "solusdt@miniTicker",
        "solusdt@kline_1m",
    }


async def test_it_is_live_only_when_both_connections_bring_data(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await subscribed(exchange)

        await exchange.send(quote(), route="public")
        await until(lambda: desk.feed.board[SOL].bid, "the quote")
        with_quotes_alone = desk.live
        await exchange.send(exchange.trade(SOL), route="market")

        await until(lambda: desk.live, "a live feed")
        await until(lambda: desk.feed.board.quote(SOL, START_MS), "a price to trade at")
        assert not with_quotes_alone


async def test_prices_that_are_acknowledged_but_never_come_end_the_connections(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange, replace(PATIENT, silence_s=0.3)) as desk:
        await until(lambda: exchange.subscribed("btcusdt@aggTrade", "market"), "subscription")

        async def only_quotes() -> None:
            for update in range(10_000):
                await exchange.send(quote(update), route="public")
                await asyncio.sleep(0.02)

        quoting = asyncio.create_task(only_quotes())
        await until(lambda: exchange.connects >= 4, "another try")
        quoting.cancel()

        assert not desk.live
        assert "sent no prices" in desk.feed.status.detail


async def test_quotes_that_fall_silent_make_all_prices_stale(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange, replace(PATIENT, stale_s=0.3)) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)

        async def only_prints() -> None:
            while True:
                await exchange.send(exchange.trade(SOL), route="market")
                await asyncio.sleep(0.02)

        trading = asyncio.create_task(only_prints())
        await until(lambda: desk.feed.status.state is FeedState.STALE, "the silence")
        seen = len(desk.heard)
        await until(lambda: len(desk.heard) > seen + 2, "prints that go on")
        trusted_while_silent = desk.feed.board[SOL].live
        await exchange.send(quote(7), route="public")
        await until(lambda: desk.live, "a live feed")
        trading.cancel()

        assert not trusted_while_silent
        assert desk.feed.board[SOL].touch_fresh


@pytest.mark.parametrize("route", ["market", "public"])
async def test_when_one_connection_is_lost_both_are_opened_anew(
    exchange: ScriptedExchange, route: str
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)

        exchange.messages.clear()
        exchange.trade(SOL)  # lost on the way
        exchange.cut(route)
        await go_live(desk, exchange)

        await until(lambda: len(desk.heard) == 3, "the print that was missed")
        assert exchange.connects == 4
        assert desk.order == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2]


async def test_a_shutdown_of_one_connection_replaces_that_one_alone(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)
        goodbye = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'

        await exchange.send(goodbye, route="public")
        await until(lambda: exchange.connects == 3, "the replacement")
        first, *_, fresh = exchange.routes
        await until(lambda: len(exchange.messages) >= 3, "its subscription")
        await exchange.send(quote(9), route="public")
        await until(lambda: len(exchange.sockets) == 2, "the end of the old one")

        assert exchange.routes[fresh] == "public"
        assert first in exchange.sockets
        assert desk.live


# -- mark prices ------------------------------------------------------------------------------


async def test_a_mark_price_reaches_the_board_and_whoever_trades_on_it(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)

        await exchange.send(mark("100.12345678"), route="market")

        await until(lambda: desk.marks, "the mark")
        price = desk.feed.board[SOL]
        assert desk.marks == [MarkPrice(SOL, Decimal("100.12345678"), START_MS + 500)]
        assert (price.mark, price.mark_fresh) == (Decimal("100.12345678"), True)
        assert price.funding_rate == Decimal("-0.0001")
        assert price.next_funding_ms == FUNDING_MS
        assert price.last == Decimal(100)


async def test_the_mark_of_a_symbol_on_screen_reaches_the_board_only(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active=(), visible={SOL})
        await go_live(desk, exchange)

        await exchange.send(mark("101", rate="", funding_ms=0), route="market")

        await until(lambda: desk.feed.board[SOL].mark, "the mark")
        assert desk.marks == []
        assert desk.feed.board[SOL].funding_rate is None
        assert desk.feed.board[SOL].next_funding_ms is None


async def test_a_mark_waits_for_the_prints_before_it(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)
        exchange.rest_lag = 2
        exchange.trade(SOL)  # lost on the way

        await exchange.send(exchange.trade(SOL), route="market")
        await until(lambda: desk.feed.board[SOL].catching_up, "the hole")
        await exchange.send(mark("99.5"), route="market")
        await until(lambda: desk.feed.board[SOL].mark, "the mark")
        while_missing = desk.order
        exchange.rest_lag = 0

        await until(lambda: desk.marks, "the mark")
        assert while_missing == [FIRST_ID]
        assert desk.order == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2, Decimal("99.5")]


async def test_marks_are_let_go_while_the_past_is_read(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)
        desk.feed.hold(SOL)

        await exchange.send(mark("101"), route="market")
        await until(lambda: desk.feed.board[SOL].mark == 101, "the mark")
        desk.feed.resume(SOL, FIRST_ID)
        await until(lambda: desk.feed.going_on(SOL), "the end of the repair")
        await exchange.send(mark("102"), route="market")

        await until(lambda: desk.marks, "the next mark")
        assert [event.price for event in desk.marks] == [Decimal(102)]


async def test_a_wild_mark_must_be_confirmed(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)

        for price in ("101", "1.01", "102", "103", "1000", "1001"):
            await exchange.send(mark(price), route="market")

        await until(lambda: len(desk.marks) == 3, "the mark that was confirmed")
        assert [event.price for event in desk.marks] == [101, 103, 1001]


async def test_a_mark_from_before_the_loss_is_not_fresh(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange) as desk:
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)
        await exchange.send(mark("101"), route="market")
        await until(lambda: desk.feed.board[SOL].mark_fresh, "the mark")

        exchange.messages.clear()
        exchange.cut()
        await until(lambda: not desk.live, "the loss")
        fresh_when_lost = desk.feed.board[SOL].mark_fresh
        await go_live(desk, exchange)

        assert not fresh_when_lost
        assert desk.feed.board[SOL].mark == Decimal(101)
        assert not desk.feed.board[SOL].mark_fresh


# -- what is forgotten ------------------------------------------------------------------------


async def test_prints_that_the_exchange_has_forgotten_are_left_to_candles(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange) as desk:
        long_gaps: list[str] = []

        def take_candles(symbols: Collection[str]) -> None:
            long_gaps.extend(symbols)
            desk.feed.hold(SOL)

        desk.feed.on_long_gap = take_candles
        desk.feed.follow(active={SOL}, visible=())
        await go_live(desk, exchange)

        desk.feed.resume(SOL, FIRST_ID - 50)

        await until(lambda: long_gaps, "the gap to be given up")
        assert long_gaps == [SOL]
        assert desk.order == [FIRST_ID]


def test_spot_tells_the_past_in_seconds_too_and_futures_do_not() -> None:
    spot, futures = BinanceSpotFeed(), BinanceFuturesFeed()

    assert spot.frames == ("1h", "1m", "1s")
    assert futures.frames == ("1h", "1m")
