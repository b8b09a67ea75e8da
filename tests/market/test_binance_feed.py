"""The whole client against a server on loopback that misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from aiohttp import web

from engine.model import Candle, Source, Tick
from market.binance.feed import BinanceSpotFeed
from market.binance.hosts import Host
from market.binance.limits import Timings
from market.errors import Limited
from market.feed import FeedState
from tests.market.binance_script import FIRST_ID, START_MS, ScriptedExchange, frame, until

QUICK = Timings(
    request_s=1.0,
    retry_s=0.01,
    connect_s=1.0,
    silence_s=0.6,
    stale_s=0.3,
    message_gap_s=0.01,
    reorder_s=0.03,
    repair_wait_s=0.05,
    ready_s=1.0,
    backoff_min_s=0.02,
    backoff_max_s=0.1,
    probe_s=0.1,
)

PATIENT = replace(QUICK, silence_s=30.0, stale_s=30.0)


class Desk:
    """Receives what a feed delivers."""

    def __init__(self, feed: BinanceSpotFeed) -> None:
        self.feed = feed
        self.ticks: list[Tick] = []
        self.candles: list[Candle] = []

    def ids(self, symbol: str = "SOLUSDT") -> list[int]:
        return [tick.trade_id for tick in self.ticks if tick.symbol == symbol]

    @property
    def live(self) -> bool:
        return self.feed.status.state is FeedState.LIVE


@asynccontextmanager
async def desk_on(
    *hosts: Host, timings: Timings = QUICK, simulated: bool = False
) -> AsyncIterator[Desk]:
    feed = BinanceSpotFeed(hosts, timings=timings, simulated=simulated)
    desk = Desk(feed)
    running = asyncio.create_task(feed.run(desk.ticks.extend, desk.candles.append))
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
        yield exchange


async def go_live(desk: Desk, exchange: ScriptedExchange, symbol: str = "SOLUSDT") -> None:
    """Wait for the subscription and let one print arrive."""
    await until(lambda: exchange.subscribed(f"{symbol.lower()}@aggTrade"), "subscription")
    await exchange.send(exchange.trade(symbol))
    await until(lambda: desk.live, "a live feed")


async def test_an_active_symbols_prints_are_delivered_in_order(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())

        await go_live(desk, exchange)
        await exchange.send(
            exchange.trade("SOLUSDT", "101.50"), exchange.trade("SOLUSDT", "99")
        )

        await until(lambda: len(desk.ticks) == 3, "three prints")
        assert desk.ids() == [101, 102, 103]
        assert desk.ticks[1].price == Decimal("101.50")
        assert desk.ticks[1].source is Source.STREAM
        assert desk.feed.board["SOLUSDT"].last == Decimal(99)
        assert desk.feed.board["SOLUSDT"].live


async def test_a_visible_symbol_reaches_the_board_only(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active=(), visible={"SOLUSDT"})

        await go_live(desk, exchange)
        exchange.trade("SOLUSDT")  # lost on the way: nobody minds
        await exchange.send(exchange.trade("SOLUSDT", "107"))

        await until(lambda: desk.feed.board["SOLUSDT"].last == Decimal(107), "the new price")
        assert desk.feed.board["SOLUSDT"].last_trade_id == FIRST_ID + 2
        assert desk.feed.board["SOLUSDT"].live
        assert desk.ticks == []


async def test_new_symbols_have_a_price_before_their_first_print(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active=(), visible={"SOLUSDT", "NOSUCHUSDT", "币安人生USDT"})

        await go_live(desk, exchange)

        quiet = desk.feed.board["币安人生USDT"]
        await until(lambda: quiet.last is not None, "a seeded price")
        assert (quiet.last, quiet.bid, quiet.ask) == (
            Decimal("100.5"),
            Decimal("100.4"),
            Decimal("100.6"),
        )
        assert quiet.live
        assert desk.feed.board.quote("币安人生USDT", 0) is None
        assert desk.feed.board["NOSUCHUSDT"].last is None


async def test_acknowledged_is_not_live_only_data_is(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())

        await until(lambda: exchange.subscribed("solusdt@aggTrade"), "subscription")
        await exchange.send('{"result":null,"id":1}', "garbage")
        await until(lambda: desk.feed.dropped_frames == 1, "the garbage to arrive")

        assert desk.feed.status.state is FeedState.CONNECTING


async def test_lost_repeated_and_mixed_up_frames_are_put_right_over_rest(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host, simulated=True) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)
        frames = [exchange.trade("SOLUSDT") for _ in range(6)]

        await exchange.send(frames[1], frames[0], frames[1], "{", frames[4], frames[5])

        await until(lambda: len(desk.ticks) >= 7, "all prints")
        assert desk.ids() == [101, 102, 103, 104, 105, 106, 107]
        assert [tick.source for tick in desk.ticks[2:5]] == [
            Source.SIMULATED,
            Source.BACKFILL,
            Source.BACKFILL,
        ]
        assert desk.feed.dropped_frames == 1
        await until(lambda: desk.feed.board["SOLUSDT"].live, "live again")


async def test_a_symbol_behind_a_hole_is_not_live_until_rest_knows_the_prints(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)
        await until(lambda: desk.feed.board["SOLUSDT"].live, "live")
        exchange.trade("SOLUSDT")
        exchange.rest_lag = 2

        await exchange.send(exchange.trade("SOLUSDT"))
        await until(lambda: desk.feed.board["SOLUSDT"].catching_up, "the hole")
        behind_the_hole = (desk.ids(), desk.feed.board.quote("SOLUSDT", 0))
        exchange.rest_lag = 0
        await until(lambda: desk.feed.board["SOLUSDT"].live, "the repair")

        assert behind_the_hole == ([101], None)
        assert desk.ids() == [101, 102, 103]


async def test_a_cut_connection_is_opened_again_and_nothing_is_missed(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)

        exchange.cut()
        await until(lambda: not desk.feed.board["SOLUSDT"].live, "stale prices")
        exchange.trade("SOLUSDT")
        exchange.trade("SOLUSDT")
        await until(lambda: len(exchange.sockets) == 1, "another connection")
        await until(lambda: len(exchange.messages) == 2, "another subscription")
        await exchange.send(exchange.trade("SOLUSDT"))

        await until(lambda: len(desk.ticks) >= 4, "what was missed")
        assert desk.ids() == [101, 102, 103, 104]
        assert exchange.messages[0]["params"] == exchange.messages[1]["params"]


async def test_a_quiet_symbols_missed_prints_come_without_waiting_for_its_next_one(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)

        exchange.cut()
        await until(lambda: not desk.live, "the loss")
        exchange.trade("SOLUSDT")
        await until(lambda: len(exchange.messages) == 2, "another subscription")
        await exchange.send(exchange.trade("BTCUSDT"))

        await until(lambda: desk.ids() == [101, 102], "the missed print")


async def test_resuming_from_an_earlier_run_pages_up_to_the_live_prints(
    exchange: ScriptedExchange,
) -> None:
    for _ in range(2500):
        exchange.trade("SOLUSDT")
    async with desk_on(exchange.host) as desk:
        desk.feed.resume("SOLUSDT", FIRST_ID + 9)
        desk.feed.follow(active={"SOLUSDT"}, visible=())

        await until(lambda: exchange.subscribed("solusdt@aggTrade"), "subscription")
        await exchange.send(exchange.trade("SOLUSDT"))

        await until(lambda: desk.feed.board["SOLUSDT"].live, "the end of the catch-up")
        assert desk.ids() == list(range(FIRST_ID + 10, FIRST_ID + 2501))
        assert exchange.asked.count("aggTrades") >= 3


async def test_resuming_behind_delivered_prints_delivers_them_again(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)
        await exchange.send(exchange.trade("SOLUSDT"), exchange.trade("SOLUSDT"))
        await until(lambda: len(desk.ticks) == 3, "three prints")

        desk.feed.resume("SOLUSDT", 101)

        await until(lambda: len(desk.ticks) == 5, "two of them again")
        assert desk.ids() == [101, 102, 103, 102, 103]


async def test_a_half_open_connection_is_replaced(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)
        states: set[FeedState] = set()

        def connected_again() -> bool:
            states.add(desk.feed.status.state)
            return exchange.connects >= 2

        await until(connected_again, "another connection")

        assert states >= {FeedState.LIVE, FeedState.STALE}
        assert not desk.feed.board["SOLUSDT"].live


async def test_silence_makes_prices_stale_and_the_next_frame_makes_them_live(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host, timings=replace(PATIENT, stale_s=0.3)) as desk:
        desk.feed.follow(active=(), visible={"SOLUSDT"})
        await go_live(desk, exchange)
        await until(lambda: "ticker/24hr" in exchange.asked, "the first prices")
        exchange.refusal = lambda _: web.Response(status=503)

        await until(lambda: desk.feed.status.state is FeedState.STALE, "stale")
        stale_price_was_live = desk.feed.board["SOLUSDT"].live
        await exchange.send(exchange.trade("BTCUSDT"))
        await until(lambda: desk.live, "live")

        assert not stale_price_was_live
        assert desk.feed.board["SOLUSDT"].live
        assert exchange.connects == 1


async def test_a_server_that_closes_at_once_is_not_stormed(exchange: ScriptedExchange) -> None:
    exchange.close_at_once = True
    few = Timings(backoff_min_s=0.001, backoff_max_s=0.002, connects=4, connects_window_s=60.0)
    async with desk_on(exchange.host, timings=few) as desk:
        await until(lambda: exchange.connects == 4, "four connects")
        await asyncio.sleep(0.1)

        assert exchange.connects == 4
        assert "ended the stream" in desk.feed.status.detail


async def test_an_announced_shutdown_opens_the_next_stream_before_the_old_one_ends(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host, timings=PATIENT) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)

        await exchange.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
        await until(lambda: len(exchange.messages) == 2, "a second subscription")
        both_open = len(exchange.sockets)
        await exchange.send(exchange.trade("SOLUSDT"))
        await until(lambda: len(exchange.sockets) == 1, "the end of the old stream")
        await exchange.send(exchange.trade("SOLUSDT"))

        await until(lambda: len(desk.ticks) >= 3, "the print after the change")
        assert both_open == 2
        assert desk.live
        assert desk.ids() == [101, 102, 103]


async def test_an_old_connection_is_replaced_before_the_exchange_cuts_it(
    exchange: ScriptedExchange,
) -> None:
    short = replace(PATIENT, rotate_s=0.3)
    async with desk_on(exchange.host, timings=short) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible=())
        await go_live(desk, exchange)

        await until(lambda: len(exchange.messages) == 2, "a second subscription")
        await exchange.send(exchange.trade("SOLUSDT"))

        await until(lambda: len(exchange.sockets) == 1, "the end of the old stream")
        assert desk.live
        assert desk.ids() == [101, 102]


async def test_subscriptions_follow_what_is_needed(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible={"ADAUSDT"})
        await go_live(desk, exchange)

        desk.feed.follow(active={"SOLUSDT"}, visible={"XRPUSDT"})
        await until(lambda: len(exchange.messages) == 3, "two changes")

        first, added, removed = exchange.messages
        assert first["params"][2] == "solusdt@aggTrade"  # behind the two that never rest
        assert "xrpusdt@aggTrade" in added["params"]
        assert "solusdt@aggTrade" not in added["params"]
        assert removed["method"] == "UNSUBSCRIBE"
        assert set(removed["params"]) == {
            "adausdt@aggTrade",
            "adausdt@bookTicker",
            "adausdt@miniTicker",
        }


async def test_candles_of_followed_pairs_are_passed_on(exchange: ScriptedExchange) -> None:
    body = {"t": START_MS, "T": START_MS + 59_999, "s": "SOLUSDT", "i": "1m", "n": 3, "x": True}
    body |= {"o": "100", "h": "102", "l": "99", "c": "101", "v": "12.5"}
    async with desk_on(exchange.host) as desk:
        desk.feed.follow_candles([("SOLUSDT", "1m")])

        await until(lambda: exchange.subscribed("solusdt@kline_1m"), "subscription")
        for timeframe in ("1m", "5m"):
            data = {"e": "kline", "E": START_MS, "s": "SOLUSDT", "k": {**body, "i": timeframe}}
            await exchange.send(frame("SOLUSDT", f"kline_{timeframe}", data))

        await until(lambda: desk.live and desk.candles, "the candle")
        assert [candle.timeframe for candle in desk.candles] == ["1m"]
        assert desk.candles[0].closed


async def test_ready_brings_a_fresh_price_of_a_symbol_nobody_followed(
    exchange: ScriptedExchange,
) -> None:
    exchange.trade("ADAUSDT", "0.75")
    async with desk_on(exchange.host) as desk:
        await until(lambda: exchange.subscribed("btcusdt@aggTrade"), "subscription")
        await exchange.send(exchange.trade("BTCUSDT"))

        ready = await desk.feed.ready("ADAUSDT")

        quote = desk.feed.board.quote("ADAUSDT", 5)
        assert ready
        assert quote is not None
        assert (quote.last, quote.last_trade_id) == (Decimal("0.75"), FIRST_ID)
        assert (quote.bid, quote.ask) == (Decimal("99.9"), Decimal("100.1"))


async def test_ready_says_no_when_no_price_can_come(exchange: ScriptedExchange) -> None:
    async with desk_on(exchange.host) as desk:
        ready = await desk.feed.ready("ADAUSDT")

        assert not ready
        assert desk.feed.board.quote("ADAUSDT", 0) is None


async def test_an_order_by_hand_never_begins_at_a_print_from_before_a_pause(
    exchange: ScriptedExchange,
) -> None:
    async with desk_on(exchange.host) as desk:
        desk.feed.follow(active=(), visible={"SOLUSDT"})
        await go_live(desk, exchange)

        exchange.cut()
        await until(lambda: len(exchange.messages) == 2, "another subscription")
        exchange.trade("SOLUSDT")
        await exchange.send(exchange.trade("BTCUSDT"))
        await until(lambda: desk.live, "live again")
        before = desk.feed.board.quote("SOLUSDT", 0)
        await desk.feed.ready("SOLUSDT")

        after = desk.feed.board.quote("SOLUSDT", 0)
        assert before is None
        assert after is not None
        assert after.last_trade_id == FIRST_ID + 1


async def test_with_no_host_the_status_says_what_was_tried_and_what_to_do() -> None:
    nowhere = Host(rest_url="http://127.0.0.1:1", stream_url="ws://127.0.0.1:1")
    async with desk_on(nowhere, timings=replace(QUICK, request_s=0.5)) as desk:
        await until(lambda: desk.feed.status.state is FeedState.OFFLINE, "offline")

        assert "127.0.0.1:1 cannot be reached" in desk.feed.status.detail
        assert "paperdesk demo" in desk.feed.status.detail
        assert not await desk.feed.ready("SOLUSDT")


async def test_a_host_that_comes_back_is_used(exchange: ScriptedExchange) -> None:
    exchange.refusal = lambda _: web.Response(status=503)
    async with desk_on(exchange.host) as desk:
        await until(lambda: desk.feed.status.state is FeedState.OFFLINE, "offline")

        exchange.refusal = lambda _: None
        await until(lambda: exchange.subscribed("btcusdt@aggTrade"), "subscription")
        await exchange.send(exchange.trade("BTCUSDT"))

        await until(lambda: desk.live, "a live feed")


async def test_a_host_closed_to_this_country_is_asked_once_and_the_next_is_used(
    exchange: ScriptedExchange,
) -> None:
    async with ScriptedExchange() as closed, desk_on(closed.host, exchange.host) as desk:
        closed.refusal = lambda _: web.Response(status=451)
        await until(lambda: exchange.connects == 1, "the other host")
        exchange.cut()
        await until(lambda: exchange.connects == 2, "the other host again")

        assert closed.asked == ["ping"]
        assert desk.feed.status.host == exchange.host.name


async def test_a_host_whose_stream_does_not_open_gives_way_to_the_next(
    exchange: ScriptedExchange,
) -> None:
    async with ScriptedExchange() as deaf, desk_on(deaf.host, exchange.host):
        deaf.refuse_socket = web.Response(status=404)

        await until(lambda: exchange.connects == 1, "the other host")

        assert deaf.connects == 1


async def test_a_limited_address_stays_silent_for_as_long_as_it_was_told(
    exchange: ScriptedExchange,
) -> None:
    exchange.refusal = lambda _: web.json_response(
        {"code": -1003, "msg": "Too many requests"}, status=429, headers={"Retry-After": "60"}
    )
    async with desk_on(exchange.host) as desk:
        await until(lambda: "asked for silence" in desk.feed.status.detail, "the limit")
        with pytest.raises(Limited) as refusal:
            await desk.feed.candles("SOLUSDT", "1m", 5)

        assert exchange.asked == ["ping"]
        assert 55 < refusal.value.retry_after_s <= 60


async def test_a_stream_that_asks_for_silence_silences_the_questions_too(
    exchange: ScriptedExchange,
) -> None:
    exchange.refuse_socket = web.Response(status=418, headers={"Retry-After": "120"})
    async with desk_on(exchange.host) as desk:
        await until(lambda: "asked for silence" in desk.feed.status.detail, "the limit")

        with pytest.raises(Limited):
            await desk.feed.candles("SOLUSDT", "1m", 5)

        assert exchange.asked == ["ping"]
        assert exchange.connects == 1


async def test_a_bug_in_the_receiver_ends_the_feed_loudly(exchange: ScriptedExchange) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    feed = BinanceSpotFeed([exchange.host], timings=QUICK)
    feed.follow(active={"SOLUSDT"}, visible=())
    running = asyncio.create_task(feed.run(broken, broken))
    await until(lambda: exchange.subscribed("solusdt@aggTrade"), "subscription")
    await exchange.send(exchange.trade("SOLUSDT"))

    with pytest.raises(ExceptionGroup) as failure:
        await running

    assert failure.group_contains(ZeroDivisionError)
