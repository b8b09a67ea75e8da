"""Prices that come late, out of a sleep, or out of the blue are not taken at face value."""

import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from engine.model import Source
from market.feed import FeedState
from tests.market.binance_script import FIRST_ID, START_MS, ScriptedExchange, frame, until
from tests.market.test_binance_feed import PATIENT, Desk, desk_on, go_live


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    async with ScriptedExchange() as exchange:
        yield exchange


@pytest.fixture
async def desk(exchange: ScriptedExchange) -> AsyncIterator[Desk]:
    async with desk_on(exchange.host, timings=PATIENT) as desk:
        desk.feed.follow(active={"SOLUSDT"}, visible={"ETHUSDT"})
        await go_live(desk, exchange)
        yield desk


def last(desk: Desk, symbol: str) -> Decimal | None:
    return desk.feed.board[symbol].last


async def test_prices_three_seconds_late_are_booked_but_not_called_live(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    desk.feed.clock.observe(START_MS + FIRST_ID + 3_000)

    await exchange.send(exchange.trade("SOLUSDT", "101"))
    await until(lambda: len(desk.ticks) == 2, "the late print")

    assert desk.feed.status.state is FeedState.STALE
    assert "3 s late" in desk.feed.status.detail
    assert not desk.feed.board["SOLUSDT"].live


async def test_a_stream_that_is_minutes_late_is_given_up_for_a_new_one(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    desk.feed.clock.observe(START_MS + FIRST_ID + 90_000)

    await exchange.send(exchange.trade("SOLUSDT", "101"))

    await until(lambda: exchange.connects >= 2, "another connection")


async def test_after_a_sleep_a_new_connection_is_made(
    desk: Desk, exchange: ScriptedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake = time.time

    monkeypatch.setattr(time, "time", lambda: awake() + 2_470)

    await until(lambda: exchange.connects == 2, "another connection")
    await until(lambda: exchange.sockets, "the new socket")
    await go_live(desk, exchange)


async def test_a_wild_price_counts_only_once_the_exchange_itself_says_so(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    await exchange.send(exchange.trade("SOLUSDT", "250"))

    await until(lambda: len(desk.ticks) == 2, "the confirmed print")
    assert desk.ticks[1].price == Decimal(250)
    assert desk.ticks[1].source is Source.BACKFILL
    assert "aggTrades" in exchange.asked


async def test_a_price_that_nobody_traded_at_never_counts(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    true = json.loads(exchange.trade("SOLUSDT", "101"))
    invented = true["data"] | {"p": "0.01"}

    await exchange.send(frame("SOLUSDT", "aggTrade", invented))

    await until(lambda: len(desk.ticks) == 2, "the true print")
    assert desk.ticks[1].price == Decimal(101)
    assert last(desk, "SOLUSDT") == Decimal(101)


async def test_on_screen_a_wild_price_waits_for_the_next_print(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    await exchange.send(exchange.trade("ETHUSDT", "100"))
    await until(lambda: last(desk, "ETHUSDT") == Decimal(100), "a price")

    await exchange.send(exchange.trade("ETHUSDT", "30"), exchange.trade("SOLUSDT", "100"))
    await until(lambda: len(desk.ticks) == 2, "what was sent behind it")
    doubted = last(desk, "ETHUSDT")
    await exchange.send(exchange.trade("ETHUSDT", "31"))
    await until(lambda: last(desk, "ETHUSDT") == Decimal(31), "the crash")

    assert doubted == Decimal(100)


async def test_an_id_or_a_time_from_another_world_changes_nothing(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    row = {"e": "aggTrade", "s": "SOLUSDT", "p": "99", "q": "1", "T": START_MS, "m": False}
    far = 4_000_000_000_000

    await exchange.send(
        frame("SOLUSDT", "aggTrade", row | {"E": START_MS, "a": 1 << 62}),
        frame("XRPUSDT", "aggTrade", row | {"E": far, "a": 7, "s": "XRPUSDT"}),
        exchange.trade("SOLUSDT", "101"),
    )

    await until(lambda: len(desk.ticks) == 2, "the sound print")
    assert last(desk, "SOLUSDT") == Decimal(101)
    assert desk.feed.board["SOLUSDT"].last_trade_id == FIRST_ID + 1
    assert desk.feed.clock.now_ms() < START_MS + 60_000


async def test_held_prints_wait_until_it_is_said_where_to_go_on(
    desk: Desk, exchange: ScriptedExchange
) -> None:
    desk.feed.hold("SOLUSDT")
    await exchange.send(exchange.trade("SOLUSDT", "101"), exchange.trade("SOLUSDT", "102"))
    await until(lambda: last(desk, "SOLUSDT") == Decimal(102), "the held prints")
    held, shown_live = desk.ids(), desk.feed.board["SOLUSDT"].live

    desk.feed.resume("SOLUSDT", FIRST_ID)

    assert held == [FIRST_ID]
    assert not shown_live
    assert desk.ids() == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2]
    assert desk.feed.going_on("SOLUSDT")
    assert "aggTrades" not in exchange.asked
