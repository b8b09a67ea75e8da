"""A futures account on a running desk: margin, leverage, liquidation by the mark alone."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from engine.commands import CloseTrade
from engine.events import TradeClosed
from engine.model import CloseReason, Direction, FillKind, Market, PriceModel, TradeStatus
from market.simulator import SimulatorServer
from market.simulator.refusals import Refusal
from tests.desk.perpetuals import begin, futures_world
from tests.desk.world import MINUTE_MS, World
from tests.market.simulation import running_market

LONG, SHORT = Direction.LONG, Direction.SHORT
SYMBOL = "SOLUSDT"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    exchange, clock = running_market()
    async with SimulatorServer(exchange) as server:
        yield futures_world(exchange, clock, server, tmp_path)


def closed(world: World) -> TradeClosed:
    [event] = world.told(TradeClosed)
    assert isinstance(event, TradeClosed)
    return event


@pytest.mark.parametrize("direction", list(Direction))
async def test_a_trade_sets_its_margin_aside_and_shows_where_it_is_liquidated(
    world: World, direction: Direction
) -> None:
    async with world.desk() as session:
        trade = await begin(session, SYMBOL, direction, leverage=20)
        await world.until(lambda: session.feed.board[SYMBOL].mark_fresh)
        [view], header = session.trade_views(), session.header()
        mark = session.feed.board[SYMBOL].mark

    assert trade.market is Market.FUTURES
    assert trade.leverage == 20
    assert trade.margin == (trade.cost / 20).quantize(Decimal("0.00000001"))
    assert header.reserved == trade.margin
    assert header.available == header.balance - trade.margin
    assert view.liquidation is not None
    assert direction.sign * (view.liquidation - trade.entry_price) < 0
    assert view.mark == mark


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("level", "reason"), [("stop", CloseReason.STOP), ("target", CloseReason.TARGET)]
)
async def test_stop_and_target_close_on_prints(
    world: World, direction: Direction, level: str, reason: CloseReason
) -> None:
    async with world.desk() as session:
        trade = await begin(session, SYMBOL, direction, leverage=5, stop="0.05", target="0.05")
        price = trade.stop if level == "stop" else trade.targets[0].price
        world.exchange.force(SYMBOL, price, Market.FUTURES)
        await world.until(lambda: bool(world.told(TradeClosed)))
        header = session.header()

    end = closed(world).trade
    assert end.close_reason is reason
    assert end.exit_price == price
    assert header.reserved == 0
    assert header.balance == 10_000 + end.net


async def test_a_trade_closes_by_hand(world: World) -> None:
    async with world.desk() as session:
        trade = await begin(session, SYMBOL, SHORT)
        [event] = await session.submit(CloseTrade(trade_id=trade.id))

    assert event.trade.status is TradeStatus.CLOSED_MANUAL
    assert event.trade.margin == 0


@pytest.mark.parametrize("direction", list(Direction))
async def test_a_print_beyond_the_liquidation_is_for_the_stop(
    world: World, direction: Direction
) -> None:
    async with world.desk() as session:
        await begin(session, SYMBOL, direction, leverage=20)
        [view] = session.trade_views()
        assert view.liquidation is not None
        beyond = view.liquidation - direction.sign * 10 * session.instruments[SYMBOL].tick
        world.exchange.force(SYMBOL, beyond, Market.FUTURES)
        await world.until(lambda: bool(world.told(TradeClosed)))

    assert closed(world).trade.close_reason is CloseReason.STOP
    assert closed(world).fill.price == beyond


@pytest.mark.parametrize("direction", list(Direction))
async def test_only_the_mark_price_liquidates_and_it_takes_just_the_margin(
    world: World, direction: Direction
) -> None:
    async with world.desk() as session:
        trade = await begin(session, SYMBOL, direction, leverage=20, target="0.9")
        [view] = session.trade_views()
        assert view.liquidation is not None
        tick = session.instruments[SYMBOL].tick
        before, line = session.header().balance, view.liquidation
        short_of, beyond = (line + direction.sign * ticks * tick for ticks in (2, -2))
        world.exchange.force_mark(SYMBOL, short_of)
        await world.until(lambda: session.feed.board[SYMBOL].mark == short_of)
        await session.save_positions()
        still = session.book.get(trade.id)

        world.exchange.force_mark(SYMBOL, beyond)
        await world.until(lambda: bool(world.told(TradeClosed)))
        header = session.header()
        stored = await session.ledger.trade("main", trade.id)

    end, fill = closed(world).trade, closed(world).fill
    assert still is not None
    assert still.status is TradeStatus.OPEN
    assert end.close_reason is CloseReason.LIQUIDATION
    assert (fill.kind, fill.model) == (FillKind.LIQUIDATION, PriceModel.BANKRUPTCY)
    assert (fill.gross, fill.fee) == (-trade.margin, Decimal(0))
    assert fill.print_price == beyond
    assert header.balance == before - trade.margin
    assert header.reserved == 0
    assert stored == end


async def test_a_mark_price_that_was_missed_liquidates_once_its_minute_is_told(
    world: World,
) -> None:
    """It was there and gone while there was no connection."""
    async with world.desk() as session:
        trade = await begin(session, SYMBOL, leverage=20, target="0.9")
        world.clock.jump(2 * MINUTE_MS)
        to_end_ms = MINUTE_MS - world.clock() % MINUTE_MS
        world.clock.jump(to_end_ms - 1_000)
        world.server.faults.handshake = Refusal(status=503)
        world.server.cut_sockets()
        await world.until(lambda: session.feed.status.state != "LIVE")
        world.exchange.force_mark(SYMBOL, trade.entry_price * Decimal("0.9"))
        world.clock.jump(to_end_ms)
        world.server.faults.clear()
        await world.until(lambda: session.feed.status.state == "LIVE")
        watched = session.book.get(trade.id)
        world.clock.jump(2 * MINUTE_MS)
        await world.until(lambda: bool(world.told(TradeClosed)))

    fill = closed(world).fill
    assert watched is not None
    assert fill.gross == -trade.margin
    assert (fill.kind, fill.reconstructed, fill.candle) == (FillKind.LIQUIDATION, True, "1m")
