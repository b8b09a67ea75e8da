"""Events for programs: every kind, in a stable shape."""

import json
from typing import Any

import pytest

from desk.machine import dumps, events_json, trade_json
from desk.view import CaughtUp, Notice, SignalsArrived, WhileAway
from desk.watch import Happening
from engine.commands import CloseTrade
from engine.events import TradeClosed, TradeReduced
from market.feed import FeedState, FeedStatus
from tests.engine.desk import D, book, opened, order, quote, signal, tick
from tests.feeds import START_MS

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
