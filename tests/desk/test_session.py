"""One trade's life through the session, on a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from desk.errors import Halted
from desk.view import Notice, SignalsArrived
from engine.commands import CloseTrade
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import TradeClosed, TradeOpened
from engine.model import SignalStatus, Tick, TradeStatus
from tests.desk.desks import Desk
from tests.engine.desk import D, order, signal
from tests.feeds import START_MS, instrument

Start = Callable[[], Awaitable[Desk]]
ORDER = order(stop="95", target="110", stake="1000")


async def test_a_trade_opens_at_the_touch_and_closes_itself_at_its_target(
    start: Start,
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", bid="99.90", ask="100.00")

    [opened] = await desk.session.submit(ORDER)
    desk.feed.print_price("BTCUSDT", "104", "109.99", "112")
    await desk.until(lambda: bool(desk.told(TradeClosed)))

    assert isinstance(opened, TradeOpened)
    assert opened.trade.entry_price == D(100)
    stored = await desk.ledger.trade("main", opened.trade.id)
    assert stored is not None
    assert stored.status is TradeStatus.CLOSED_TP
    assert stored.exit_price == D(110)
    assert stored.net == D(100) - D(1) - D("1.1")
    assert desk.session.header().balance == D(10_000) + stored.net
    assert desk.session.header().today == stored.net


async def test_what_is_told_is_already_stored(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    found: list[asyncio.Task[object]] = []

    def look(fact: object) -> None:
        if isinstance(fact, TradeClosed):
            read = desk.ledger.trade("main", fact.trade.id)
            found.append(asyncio.ensure_future(read))

    desk.session.subscribe(look)
    await desk.session.submit(ORDER)
    desk.feed.print_price("BTCUSDT", "94")
    await desk.until(lambda: bool(found))

    told = desk.told(TradeClosed)[0]
    assert isinstance(told, TradeClosed)
    assert await found[0] == told.trade


async def test_a_second_trade_on_the_signal_is_refused_until_the_first_is_closed(
    start: Start,
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.signals.add([signal()])
    command = replace(ORDER, signal=signal())
    await desk.session.submit(command)

    with pytest.raises(DuplicateTrade) as refusal:
        await desk.session.submit(command)
    [view] = desk.session.signal_views()
    await desk.session.submit(CloseTrade(trade_id=1))
    [again] = await desk.session.submit(command)

    assert refusal.value.trade_id == 1
    assert view.trade_id == 1
    assert view.signal.status is SignalStatus.TAKEN
    assert again.trade.id == 2


async def test_a_hole_is_never_stepped_over(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)

    desk.feed.print_price("BTCUSDT", "94", skip=1)
    desk.feed.print_price("BTCUSDT", "94.5")
    await desk.until(lambda: bool(desk.feed.resumed))
    assert desk.feed.resumed == [("BTCUSDT", 1000)]
    assert not desk.told(TradeClosed)

    repaired = [
        Tick("BTCUSDT", D(p), D(1), 1001 + n, START_MS) for n, p in enumerate(("93", "94"))
    ]
    desk.feed.deliver(repaired)
    await desk.until(lambda: bool(desk.told(TradeClosed)))

    [closed] = desk.told(TradeClosed)
    assert isinstance(closed, TradeClosed)
    assert closed.fill.price == D(93)
    assert closed.fill.trade_id == 1001


async def test_a_print_that_comes_twice_counts_once(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)

    desk.feed.deliver([Tick("BTCUSDT", D(90), D(1), 1000, START_MS)])
    desk.feed.print_price("BTCUSDT", "101")
    await desk.until(lambda: desk.session.trade_views()[0].trade.best == D(101))

    assert not desk.told(TradeClosed)


async def test_a_restart_goes_on_behind_the_last_print_and_books_what_was_missed(
    start: Start,
) -> None:
    first = await start()
    first.feed.quote("BTCUSDT", "100", "100")
    await first.session.submit(ORDER)
    first.feed.print_price("BTCUSDT", "103", "97")
    await first.until(lambda: first.session.trade_views()[0].trade.worst == D(97))
    await first.session.save_positions()

    second = await start()
    [view] = second.session.trade_views()
    await second.until(lambda: bool(second.feed.resumed))
    resumed = list(second.feed.resumed)
    second.feed.deliver([Tick("BTCUSDT", D("94.9"), D(1), 1003, START_MS + 5)])
    await second.until(lambda: bool(second.told(TradeClosed)))

    assert (view.trade.best, view.trade.worst) == (D(103), D(97))
    assert resumed == [("BTCUSDT", 1002)]
    [closed] = second.told(TradeClosed)
    assert isinstance(closed, TradeClosed)
    assert closed.trade.closed_ms == START_MS + 5
    assert closed.trade.exit_price == D("94.9")


async def test_trading_halts_while_the_books_cannot_be_stored_and_goes_on_after(
    start: Start,
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)
    away = desk.database.with_suffix(".away")
    await asyncio.sleep(1.1)  # the ledger looks at its file at most once a second
    desk.database.rename(away)

    desk.feed.print_price("BTCUSDT", "94")
    await desk.until(lambda: bool(desk.session.header().halted))
    with pytest.raises(Halted):
        await desk.session.submit(replace(ORDER, symbol="ETHUSDT"))
    assert not desk.told(TradeClosed)
    away.rename(desk.database)
    await desk.until(lambda: bool(desk.told(TradeClosed)))

    assert not desk.session.header().halted
    assert [n.severity for n in desk.told(Notice) if isinstance(n, Notice)] == [
        "error",
        "information",
    ]
    stored = await desk.ledger.trade("main", 1)
    assert stored is not None
    assert stored.status is TradeStatus.CLOSED_SL


async def test_an_order_without_a_fresh_price_is_refused_in_words(start: Start) -> None:
    desk = await start()

    with pytest.raises(Refused, match="no fresh price for BTCUSDT") as refusal:
        await desk.session.submit(ORDER)

    assert refusal.value.code == "no_price"
    assert await desk.ledger.trades("main") == []


async def test_closing_a_trade_that_is_not_open_is_refused(start: Start) -> None:
    desk = await start()

    with pytest.raises(NotOpen):
        await desk.session.submit(CloseTrade(trade_id=7))


async def test_a_signal_is_shown_once_and_leaves_the_table_when_it_expires(
    start: Start,
) -> None:
    desk = await start()
    await desk.session.signals.add([signal(lives_ms=1000)])
    await desk.session.signals.add([signal(lives_ms=1000)])
    shown = [view.signal.id for view in desk.session.signal_views()]

    desk.feed.clock.observe(START_MS + 1000)
    await desk.session.signals.expire()

    assert shown == ["s1"]
    assert len(desk.told(SignalsArrived)) == 1
    assert desk.session.signal_views() == []
    stored = await desk.ledger.signal("s1")
    assert stored is not None
    assert stored.status is SignalStatus.EXPIRED


async def test_the_header_adds_up_while_a_trade_is_open(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", bid="100", ask="100")
    await desk.session.submit(ORDER)

    desk.feed.quote("BTCUSDT", bid="103", ask="103.10")
    header = desk.session.header()

    assert header.balance == D(9_999)
    assert header.reserved == D(1_000)
    assert header.available == D(8_999)
    assert header.unrealised == D(30)
    assert header.equity == D(10_029)
    assert header.open == 1
    assert header.risk == Decimal(80) / D(10_029)


async def test_the_feed_follows_symbols_with_trades_and_those_on_screen(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    desk.session.look_at(["ETHUSDT"])

    await desk.session.submit(ORDER)
    while_open = (desk.feed.active, desk.feed.visible)
    await desk.session.submit(CloseTrade(trade_id=1))

    assert while_open == (frozenset({"BTCUSDT"}), frozenset({"ETHUSDT"}))
    assert desk.feed.active == frozenset()


async def test_a_trade_on_a_symbol_that_is_halted_or_gone_says_so_and_stays_open(
    start: Start,
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)
    trading = desk.session.trade_views()[0].halted

    desk.session.instruments["BTCUSDT"] = instrument("BTCUSDT", trading=False, status="BREAK")
    broken = desk.session.trade_views()[0].halted
    del desk.session.instruments["BTCUSDT"]
    [view] = desk.session.trade_views()

    assert (trading, broken, view.halted) == ("", "BREAK", "not listed")
    assert view.trade.status.active


async def test_books_that_do_not_add_up_stop_trading_until_the_next_start(start: Start) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)

    desk.session.stop_trading("The books are not sound.")
    desk.feed.print_price("BTCUSDT", "94")
    with pytest.raises(Halted):
        await desk.session.submit(replace(ORDER, symbol="ETHUSDT"))
    await desk.session.save_positions()

    assert desk.session.header().halted == "The books are not sound."
    assert not desk.told(TradeClosed)
    assert desk.session.trade_views()
