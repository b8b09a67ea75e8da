"""Happening in a log that a person reads."""

from dataclasses import replace
from decimal import Decimal

import pytest

from desk.view import CaughtUp, Notice, SignalsArrived, WhileAway
from desk.watch import Happening
from engine.commands import CloseTrade
from engine.events import (
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import (
    CancelReason,
    CloseReason,
    EntryMode,
    FillKind,
    Payment,
    Source,
    TradeStatus,
)
from engine.stops import BreakEven
from market.feed import FeedState, FeedStatus
from tests.engine.desk import LONG, SHORT, book, closed, opened, order, quote, signal, tick
from tests.feeds import START_MS, instrument
from tui.lines import line

TIME = "2026-09-21 14:13:20Z "
D = Decimal


def an_opening(symbol: str = "BTCUSDT") -> TradeOpened:
    return opened(
        book(instrument(symbol)), order(symbol=symbol, stop="95", target="110", stake="1000")
    )


def a_close_at(price: str) -> TradeClosed:
    """End a LONG from 100 that has its stop at 95 and its target at 110."""
    desk = book()
    opened(desk, order(LONG, stop="95", target="110", stake="1000"))
    [event] = desk.on_tick(tick(price))
    assert isinstance(event, TradeClosed)
    return event


def a_close_by_hand(price: str) -> TradeClosed:
    desk = book()
    trade = opened(desk, order(SHORT, stop="105", target="90", stake="1000")).trade
    return closed(desk, trade.id, quote(price))


def a_part(price: str) -> TradeReduced:
    desk = book()
    opened(desk, order(LONG, stop="95", target="110", stake="1000"))
    [event] = desk.submit(CloseTrade(trade_id=1, fraction=D("0.4"), quote=quote(price)))
    assert isinstance(event, TradeReduced)
    return event


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (
            a_part("104"),
            "Part closed: BTCUSDT 4 @ 104 (Profit: +15.18 USDT), 6 open #1 LONG",
        ),
        (an_opening(), "Opened: BTCUSDT LONG 10 @ 100 (Stop: 95, Target: 110) #1"),
        (
            a_close_at("94"),
            "Stop Loss hit: BTCUSDT @ 94 (Loss: -61.94 USDT) #1 LONG",
        ),
        (
            a_close_at("111"),
            "Take Profit hit: BTCUSDT @ 110 (Profit: +97.90 USDT) #1 LONG",
        ),
        (
            a_close_by_hand("99.8"),
            "Closed by hand: BTCUSDT @ 99.8 (Even: 0.00 USDT) #1 SHORT",
        ),
        (Notice("Trading is halted.", "error"), "Error: Trading is halted."),
        (Notice("Stored again."), "Note: Stored again."),
        (
            FeedStatus(state=FeedState.LIVE, host="data.example"),
            "Prices LIVE from data.example",
        ),
        (
            FeedStatus(state=FeedState.OFFLINE, detail="No host answered."),
            "Prices OFFLINE: No host answered.",
        ),
        (
            CaughtUp(since_ms=START_MS - 60_000, symbols=2, closed=()),
            "Caught up: no trade was closed since 2026-09-21 14:12:20Z",
        ),
        (
            CaughtUp(
                since_ms=START_MS,
                symbols=2,
                closed=(a_close_at("94").trade, a_close_at("111").trade),
            ),
            "Caught up: 2 trades closed since 2026-09-21 14:13:20Z, together +35.96 USDT: "
            "#1 BTCUSDT, #1 BTCUSDT",
        ),
    ],
)
def test_each_piece_of_news_is_one_plain_sentence(happening: Happening, words: str) -> None:
    assert line(happening, START_MS, "USDT") == TIME + words


TRADE = an_opening().trade
WAITING = replace(
    TRADE, status=TradeStatus.PENDING, entry_mode=EntryMode.LIMIT, entry_price=D(99), fills=()
)
RUNNER = (replace(TRADE.targets[0], quantity=D(5), filled=True),)
PAYMENT = Payment(time_ms=START_MS, rate=D("0.0001"), mark=D(100), amount=D("-0.1"))


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (
            TradePlaced(WAITING),
            "Order placed: BTCUSDT LONG limit 10 @ 99 (Stop: 95, Target: 110) #1",
        ),
        (
            TradeCancelled(replace(WAITING, cancel_reason=CancelReason.EXPIRED)),
            "Order cancelled: BTCUSDT LONG, its time has passed #1",
        ),
        (
            TradeEdited(replace(TRADE, fixed_stop=D(96), targets=RUNNER)),
            "Edited: BTCUSDT LONG (Stop: 96, Target: none) #1",
        ),
        (
            StopMoved(replace(TRADE, break_even=BreakEven(stop=D("100.21")))),
            "Stop moved: BTCUSDT LONG to 100.21 to break-even #1",
        ),
        (FundingPaid(TRADE, PAYMENT), "Funding: BTCUSDT LONG -0.10 USDT #1"),
    ],
)
def test_what_changes_without_a_fill_is_told_too(happening: Happening, words: str) -> None:
    assert line(happening, START_MS, "USDT") == TIME + words


def test_every_reason_to_cancel_has_words() -> None:
    lines = {
        line(TradeCancelled(replace(WAITING, cancel_reason=reason)), 0, "USDT")
        for reason in CancelReason
    }

    assert len(lines) == len(CancelReason)


def test_a_target_that_leaves_something_open_is_no_close_by_hand() -> None:
    event = a_part("104")
    hit = replace(event, fill=replace(event.fill, kind=FillKind.TARGET))

    assert line(hit, START_MS, "USDT").startswith(f"{TIME}Target hit: BTCUSDT 4 @ 104 (Profit")


def test_a_close_found_afterwards_says_that_it_was_caught_up() -> None:
    event = a_close_at("94")
    late = replace(event, fill=replace(event.fill, source=Source.BACKFILL))

    assert line(WhileAway(late), START_MS, "USDT").endswith("#1 caught up LONG")


def test_many_signals_are_one_line() -> None:
    arrived = SignalsArrived(tuple(signal(name=str(n), symbol=f"C{n}USDT") for n in range(8)))

    words = line(arrived, START_MS, "USDT").removeprefix(TIME)

    assert words == (
        "8 signals: C0USDT LONG, C1USDT LONG, C2USDT LONG, C3USDT LONG, C4USDT LONG and 3 more"
    )


def test_every_reason_to_close_has_words() -> None:
    event = a_close_at("94")
    lines = {
        line(replace(event, trade=replace(event.trade, close_reason=reason)), 0, "USDT")
        for reason in CloseReason
    }

    assert len(lines) == len(CloseReason)


EVIL = "BTC\x1b[2J\nUSDT\u202e"


@pytest.mark.parametrize(
    "happening",
    [
        an_opening(EVIL),
        SignalsArrived((signal(symbol=EVIL),)),
        Notice(EVIL, "error"),
        FeedStatus(state=FeedState.OFFLINE, host=EVIL, detail=EVIL),
        CaughtUp(since_ms=0, symbols=1, closed=(replace(a_close_at("94").trade, symbol=EVIL),)),
    ],
)
def test_text_from_outside_stays_on_its_line_and_never_reaches_the_terminal(
    happening: Happening,
) -> None:
    text = line(happening, START_MS, "USDT")

    assert text.isprintable()
    assert "USDT" in text
