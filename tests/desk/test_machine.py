"""Events for programs: every kind, in a stable shape."""

import json
from dataclasses import replace
from typing import Any

import pytest

from desk.machine import dumps, fill_json, trade_json
from desk.machine_events import events_json
from desk.view import CaughtUp, Notice, SignalsArrived, WhileAway
from desk.watch import Happening
from engine.brackets import table
from engine.commands import CloseTrade
from engine.events import FundingPaid, TradeCancelled, TradeClosed, TradeReduced
from engine.model import CancelReason, EntryMode, Market, Payment, TradeStatus
from engine.stops import BreakEven, StopPolicy, Trailing
from market.feed import FeedState, FeedStatus
from tests.engine.desk import D, book, opened, order, quote, signal, tick
from tests.feeds import START_MS, instrument

OPENED = opened(book(), order(stop="95", target="110"))


def a_close() -> TradeClosed:
    desk = book()
    opened(desk, order(stop="95", target="110"))
    [event] = desk.on_tick(tick("94"))
    assert isinstance(event, TradeClosed)
    return event


CLOSED = a_close()


def a_part() -> TradeReduced:
    desk = book()
    opened(desk, order(stop="95", target="110"))
    [event] = desk.submit(CloseTrade(trade_id=1, fraction=D("0.5"), quote=quote("101")))
    assert isinstance(event, TradeReduced)
    return event


PART = a_part()


@pytest.mark.parametrize(
    ("happening", "values"),
    [
        (OPENED, {"event": "TradeOpened", "trade": trade_json(OPENED.trade)}),
        (CLOSED, {"event": "TradeClosed", "trade": trade_json(CLOSED.trade)}),
        (PART, {"event": "TradeReduced", "trade": trade_json(PART.trade)}),
        (WhileAway(CLOSED), {"event": "TradeClosed", "trade": trade_json(CLOSED.trade)}),
        (
            CaughtUp(since_ms=START_MS, symbols=2, closed=(CLOSED.trade,)),
            {"event": "CaughtUp", "since_ms": START_MS, "symbols": 2, "closed": [1]},
        ),
        (
            Notice("Trading is halted.", "error"),
            {"event": "Notice", "severity": "error", "text": "Trading is halted."},
        ),
        (
            FeedStatus(state=FeedState.LIVE, host="data.example"),
            {"event": "FeedState", "state": "LIVE", "detail": ""},
        ),
    ],
)
def test_each_event_has_its_name_its_time_and_its_values(
    happening: Happening, values: dict[str, Any]
) -> None:
    [event] = events_json(happening, START_MS)

    assert json.loads(dumps(event)) == values | {"time_ms": START_MS}
    assert list(event)[:2] == ["event", "time_ms"]


def test_funding_comes_with_its_payment() -> None:
    payment = Payment(time_ms=START_MS, rate=D("0.0001"), mark=D(100), amount=D("-0.1"))
    trade = replace(OPENED.trade, funding=payment.amount, payments=(payment,))

    [event] = events_json(FundingPaid(trade, payment), START_MS)

    assert event["payment"] == {
        "time_ms": START_MS,
        "rate": "0.0001",
        "mark": "100",
        "amount": "-0.1",
    }
    assert event["trade"]["payments"] == [event["payment"]]


def test_an_order_that_waits_has_a_price_but_no_result() -> None:
    waiting = replace(
        OPENED.trade,
        status=TradeStatus.PENDING,
        entry_mode=EntryMode.LIMIT,
        cost=D(0),
        fees=D(0),
        margin=D(1001),
        expires_ms=START_MS + 1,
        fills=(),
    )

    said = trade_json(waiting, D(101))

    assert (said["status"], said["entry_price"], said["margin"]) == ("PENDING", "100", "1001")
    assert (said["net"], said["realised"], said["r"]) == ("0", "0", None)
    assert (said["unrealised"], said["last_price"]) == (None, "101")
    assert (said["deadline_ms"], said["expires_ms"]) == (None, START_MS + 1)


def test_a_cancelled_order_says_why() -> None:
    cancelled = replace(
        OPENED.trade,
        status=TradeStatus.CANCELLED,
        cancel_reason=CancelReason.TARGET_FIRST,
        fills=(),
    )

    [event] = events_json(TradeCancelled(cancelled), START_MS)

    assert event["event"] == "TradeCancelled"
    assert event["trade"]["cancel_reason"] == "target_first"
    assert event["trade"]["unrealised"] is None


def test_moving_stops_show_what_was_agreed_and_where_they_stand() -> None:
    trailing = Trailing(
        distance=D("0.01"), relative=True, tick=D("0.01"), best=D(104), stop=D("102.96")
    )
    trade = replace(
        OPENED.trade,
        trailing=trailing,
        break_even=BreakEven(trigger=D(105)),
        after_target=StopPolicy.BREAK_EVEN,
        hold_ms=60_000,
    )

    said = trade_json(trade)

    assert said["trailing"] == {
        "distance": "0.01",
        "unit": "fraction",
        "step": "0",
        "activation": None,
        "best": "104",
        "stop": "102.96",
    }
    assert said["break_even"] == {"trigger": "105", "offset": "0", "due": False, "stop": None}
    assert (said["stop"], said["stop_reason"]) == ("102.96", "trailing")
    assert (said["after_target"], said["hold_ms"]) == ("break_even", 60_000)
    assert said["deadline_ms"] == trade.opened_ms + 60_000


def test_what_is_closed_and_what_is_open_have_results_apart() -> None:
    said = trade_json(PART.trade, D(102))

    assert said["realised"] == "3.995"  # 5 at 101: 5 - 0.505 - half of the entry fee
    assert said["unrealised"] == "10"


def test_a_liquidation_price_needs_the_symbols_margin_table() -> None:
    trade = replace(
        OPENED.trade, market=Market.FUTURES, leverage=10, margin=D(100), cost=D(1000)
    )
    futures = instrument(
        market=Market.FUTURES, brackets=table([(D(0), D(50_000), D("0.01"), 50)])
    )

    known, unknown = trade_json(trade, None, futures), trade_json(trade)

    assert known["liquidation"] == "90.91"  # 900 / 9.9, towards the entry
    assert unknown["liquidation"] is None


def test_slippage_is_shown_with_what_it_was_reckoned_from() -> None:
    fill = replace(
        CLOSED.fill, price=D("93.9"), reference=D(94), candle="1m", candle_ms=START_MS
    )

    said = fill_json(fill)

    assert (said["reference"], said["slippage"]) == ("94", "1")
    assert (said["candle"], said["candle_ms"]) == ("1m", START_MS)


def test_signals_that_arrive_together_are_one_event_each() -> None:
    arrived = SignalsArrived((signal(name="a"), signal(name="b")))

    events = events_json(arrived, START_MS)

    assert [(e["event"], e["signal"]["id"]) for e in events] == [
        ("SignalArrived", "a"),
        ("SignalArrived", "b"),
    ]


def test_an_event_is_one_line_of_ascii_whatever_came_from_outside() -> None:
    [event] = events_json(Notice("币\n\x1b[2J\u2028"), START_MS)

    text = dumps(event)

    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["text"] == "币\n\x1b[2J\u2028"
