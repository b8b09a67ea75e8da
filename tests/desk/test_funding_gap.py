"""Funding on a running desk, and what happened on a futures account while none ran."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from desk.session import Session
from desk.view import CaughtUp, Notice
from engine.commands import CancelTrade, CloseTrade
from engine.errors import Refused
from engine.events import FundingPaid, TradeClosed
from engine.model import CloseReason, Direction, Market, TradeStatus
from market.simulator import SimulatorServer
from tests.desk.perpetuals import before_the_hour, begin, futures_world, same_as_watched
from tests.desk.world import DAY_MS, HOUR_MS, MINUTE_MS, World
from tests.market.simulation import running_market

LONG, SHORT = Direction.LONG, Direction.SHORT
EVERY_8H, EVERY_4H, HOURLY = "SOLUSDT", "SUIUSDT", "WIFUSDT"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    exchange, clock = running_market()
    async with SimulatorServer(exchange) as server:
        yield futures_world(exchange, clock, server, tmp_path)


async def paid(world: World, count: int = 1) -> list[FundingPaid]:
    await world.until(lambda: len(world.told(FundingPaid)) >= count)
    return [fact for fact in world.told(FundingPaid) if isinstance(fact, FundingPaid)]


def behind(world: World, due_ms: int, by_ms: int = 2_000) -> None:
    """Move the clock behind a funding time; prints are under way already."""
    world.clock.jump(due_ms + by_ms - world.clock())


async def flowing(world: World, session: Session) -> None:
    await world.until(session.catch_up.done.is_set)


# -- on a running desk ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "hours"), [(EVERY_8H, 8), (EVERY_4H, 4), (HOURLY, 1)], ids=str
)
async def test_funding_is_paid_once_at_its_time_and_by_the_formula(
    world: World, symbol: str, hours: int
) -> None:
    due_ms = before_the_hour(world.clock, 2_500, hours)
    async with world.desk() as session:
        opened = [await begin(session, symbol, direction) for direction in Direction]
        world.exchange.set_funding(symbol, "0.0012")
        behind(world, due_ms)
        events = await paid(world, 2)
        await flowing(world, session)
        await same_as_watched(world, session, opened)

    for event, trade in zip(events, opened, strict=True):
        payment, sign = event.payment, trade.direction.sign
        exact = -sign * trade.quantity * payment.mark * Decimal("0.0012")
        assert payment.time_ms == due_ms
        assert payment.rate == Decimal("0.0012")
        assert payment.amount == exact.quantize(Decimal("0.00000001"))
        assert event.trade.margin == trade.margin + payment.amount
    assert world.told(CaughtUp) == []
    assert world.told(Notice) == []


async def test_a_trade_opened_after_the_time_pays_nothing(world: World) -> None:
    due_ms = before_the_hour(world.clock, 100)
    async with world.desk() as session:
        await world.until(lambda: session.now_ms > due_ms)
        trade = await begin(session, HOURLY)
        world.clock.jump(2_000)
        await world.until(session.catch_up.done.is_set)
        await same_as_watched(world, session, [trade])

    assert world.told(FundingPaid) == []


async def test_whoever_is_stopped_out_just_behind_the_time_pays_first(world: World) -> None:
    due_ms = before_the_hour(world.clock, 2_500)
    async with world.desk() as session:
        trade = await begin(session, HOURLY)
        behind(world, due_ms, 100)
        world.exchange.force(HOURLY, trade.stop, Market.FUTURES)
        await world.until(lambda: bool(world.told(TradeClosed)))
        await same_as_watched(world, session, [trade])

    kinds = [type(fact) for fact in world.facts if isinstance(fact, FundingPaid | TradeClosed)]
    assert kinds == [FundingPaid, TradeClosed]


async def test_no_order_slips_past_a_payment_that_is_waited_for(world: World) -> None:
    due_ms = before_the_hour(world.clock, 2_500)
    async with world.desk() as session:
        trade = await begin(session, HOURLY)
        behind(world, due_ms)
        await world.until(lambda: session.now_ms > due_ms)
        [event] = await session.submit(CloseTrade(trade_id=trade.id))

    assert event.trade.status is TradeStatus.CLOSED_MANUAL
    assert len(event.trade.payments) == 1


async def test_a_payment_that_is_told_late_is_waited_for_and_an_order_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.away.WITHIN_S", 0.3)
    due_ms = before_the_hour(world.clock, 2_500)
    async with world.desk() as session:
        trade = await begin(session, HOURLY)
        world.server.faults.rest_lag_ms = 20_000
        behind(world, due_ms)
        await world.until(lambda: session.now_ms > due_ms)
        with pytest.raises(Refused, match="Nothing was done; try again") as refused:
            await session.submit(CloseTrade(trade_id=trade.id))
        unpaid = list(world.told(FundingPaid))
        world.server.faults.clear()
        await paid(world)
        await flowing(world, session)
        await same_as_watched(world, session, [trade])

    assert refused.value.code == "not_up_to_date"
    assert unpaid == []
    assert world.told(Notice) == []


async def test_a_payment_that_never_comes_is_given_up_after_a_minute(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    due_ms = before_the_hour(world.clock, 2_500)
    async with world.desk() as session:
        trade = await begin(session, HOURLY)
        world.server.faults.rest_lag_ms = 10 * MINUTE_MS
        behind(world, due_ms)
        await world.until(
            lambda: session.now_ms > due_ms and not session.catch_up.done.is_set()
        )
        world.clock.jump(MINUTE_MS)
        await world.until(lambda: "no funding of" in caplog.text)
        world.server.faults.clear()
        await flowing(world, session)
        world.exchange.force(HOURLY, trade.stop, Market.FUTURES)
        await world.until(lambda: bool(world.told(TradeClosed)))

    assert world.told(FundingPaid) == []
    assert world.told(Notice) == []


# -- away and back ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away_ms", "payments"),
    [(40 * MINUTE_MS, 1), (3 * HOUR_MS, 3), (18 * HOUR_MS, 18)],
    ids=["over one time", "over three", "over eighteen"],
)
async def test_a_restart_books_funding_and_exits_in_their_order(
    world: World, away_ms: int, payments: int
) -> None:
    before_the_hour(world.clock, 20 * MINUTE_MS)
    async with world.desk() as session:
        opened = [
            await begin(session, HOURLY, LONG, leverage=2, stop="0.3", target="0.9"),
            await begin(session, HOURLY, SHORT, leverage=2, stop="0.3", target="0.9"),
            await begin(session, EVERY_8H, LONG, stop="0.004", target="0.02"),
            await begin(session, EVERY_8H, SHORT, stop="0.004", target="0.02"),
            await begin(session, EVERY_4H, LONG, stop="0.02", target="0.02", entry="0.004"),
        ]

    world.clock.jump(away_ms)

    async with world.desk() as session:
        await same_as_watched(world, session, opened)
        held = session.book.get(opened[0].id)
    assert held is not None
    assert len(held.payments) == payments


async def test_a_restart_finds_a_liquidation_of_the_minute_of_the_kill(world: World) -> None:
    async with world.desk() as session:
        trade = await begin(session, EVERY_8H, leverage=20)
        world.clock.jump(2 * MINUTE_MS)
        await world.until(lambda: session.now_ms >= world.clock() - 1_000)
        await session.save_positions()
    world.exchange.force_mark(EVERY_8H, trade.entry_price * Decimal("0.9"))
    world.clock.jump(20 * MINUTE_MS)

    async with world.desk() as session:
        await same_as_watched(world, session, [trade])
        stored = await session.ledger.trade("main", trade.id)

    assert stored is not None
    assert stored.close_reason is CloseReason.LIQUIDATION
    assert stored.fills[-1].reconstructed
    assert stored.gross == -trade.margin


async def test_a_stop_of_the_minute_comes_before_its_liquidation(world: World) -> None:
    """Unless the mark price opened the minute where it liquidates (CU-7)."""
    async with world.desk() as session:
        trade = await begin(session, EVERY_8H, leverage=20)
        world.clock.jump(2 * MINUTE_MS)
        await session.save_positions()
    world.exchange.force(EVERY_8H, trade.stop, Market.FUTURES)
    world.clock.jump(1_000)
    world.exchange.force_mark(EVERY_8H, trade.entry_price * Decimal("0.9"))
    world.clock.jump(20 * MINUTE_MS)

    async with world.desk() as session:
        await same_as_watched(world, session, [trade])
        stored = await session.ledger.trade("main", trade.id)

    assert stored is not None
    assert stored.close_reason is CloseReason.STOP


async def test_what_is_older_than_the_exchange_keeps_prints_is_told_by_candles(
    world: World,
) -> None:
    async with world.desk() as session:
        stopped = await begin(session, EVERY_8H, LONG, stop="0.004", target="0.5")
        liquidated = await begin(session, EVERY_4H, SHORT, leverage=5, target="0.5")
        world.clock.jump(2 * MINUTE_MS)
        await session.save_positions()
    world.clock.jump(MINUTE_MS)
    world.exchange.force(EVERY_8H, stopped.stop, Market.FUTURES)
    world.exchange.force_mark(EVERY_4H, liquidated.entry_price * Decimal("1.3"))
    world.clock.jump(4 * DAY_MS)

    async with world.desk() as session:
        stored = [
            await session.ledger.trade("main", trade.id) for trade in (stopped, liquidated)
        ]

    first, second = stored
    assert first is not None
    assert second is not None
    assert first.close_reason is CloseReason.STOP
    assert second.close_reason is CloseReason.LIQUIDATION
    assert second.gross == -liquidated.margin - sum(p.amount for p in second.payments)
    assert all(trade.fills[-1].reconstructed for trade in (first, second))


async def test_an_order_waits_for_its_entry_over_a_restart_and_owes_nothing_before(
    world: World,
) -> None:
    before_the_hour(world.clock, 20 * MINUTE_MS)
    async with world.desk() as session:
        pending = await begin(session, HOURLY, stop="0.3", leverage=2, entry="0.2")
    world.clock.jump(2 * HOUR_MS)

    async with world.desk() as session:
        still = session.book.get(pending.id)
        [event] = await session.submit(CancelTrade(trade_id=pending.id))

    assert still is not None
    assert still.payments == ()
    assert event.trade.status is TradeStatus.CANCELLED
