"""What commands print for a person."""

from dataclasses import replace

import pytest

from desk.machine import plan_json, trade_json
from engine.model import CancelReason, EntryMode, Trade, TradeStatus
from engine.stops import BreakEven, StopReason, Trailing
from tests.engine.desk import D, book, opened, order
from tests.feeds import START_MS
from tui.listing import all_closed, exits_line, plan_text, trade_line, trade_table

OPEN = opened(book(), order(stop="95", target="110", stake="1000")).trade
PENDING = replace(
    OPEN,
    status=TradeStatus.PENDING,
    entry_mode=EntryMode.LIMIT,
    entry_price=D(99),
    fees=D(0),
    fills=(),
    expires_ms=START_MS + 3_600_000,
)
CANCELLED = replace(
    PENDING,
    status=TradeStatus.CANCELLED,
    cancel_reason=CancelReason.TARGET_FIRST,
    closed_ms=START_MS,
)


@pytest.mark.parametrize(
    ("trade", "words"),
    [
        (OPEN, "#1 BTCUSDT LONG opened: 10 @ 100, stop 95, target 110, fee 1"),
        (
            PENDING,
            "#1 BTCUSDT LONG waits: limit 10 @ 99, stop 95, target 110, "
            "until 2026-09-21 15:13:20 UTC",
        ),
        (CANCELLED, "#1 BTCUSDT LONG cancelled: target first"),
    ],
)
def test_a_trade_is_one_line(trade: Trade, words: str) -> None:
    assert trade_line(trade_json(trade)) == words


def test_the_exits_of_a_trade_are_one_line() -> None:
    trade = replace(
        OPEN,
        fixed_stop=D(96),
        fixed_reason=StopReason.MOVED,
        targets=(replace(OPEN.targets[0], filled=True),),
        trailing=Trailing(distance=D("0.01"), relative=True, tick=D("0.01"), activation=D(105)),
        break_even=BreakEven(trigger=D(103)),
        hold_ms=60_000,
    )

    assert exits_line(trade_json(trade)) == (
        "#1 BTCUSDT LONG: stop 96 (moved), no target, trailing 1% (from 105), break-even 103, "
        "until 2026-09-21 14:14:20 UTC"
    )


def test_what_was_never_entered_has_no_result_in_the_table() -> None:
    head, row = trade_table([PENDING]).splitlines()

    assert row.split()[:7] == ["#1", "BTCUSDT", "LONG", "PENDING", "10", "99", "-"]
    assert row.split()[head.split().index("NET")] == "-"


def test_a_plan_says_what_it_would_cost_and_that_nothing_was_done() -> None:
    plan = plan_json(book().preview(order(stop="95", target="110", stake="1000")))

    lines = plan_text({"symbol": "BTCUSDT", "direction": "LONG"} | plan).splitlines()

    assert lines == [
        "BTCUSDT LONG 10 now at 100 (market), worth 1000, fee 1",
        "margin 1000 at 1x",
        "stop 95, target 110, net -51.95 at the stop, +97.9 at the targets",
        "R:R 2, net 1.8845; 34.7 % must win; break-even at 100.21",
        "Nothing was done.",
    ]


def test_closing_all_names_what_was_closed_and_what_was_not() -> None:
    answer = {
        "trades": [trade_json(CANCELLED)],
        "refused": [{"trade_id": 2, "message": "ETHUSDT is not trading now (BREAK)."}],
    }

    assert all_closed(answer).splitlines() == [
        "#1 BTCUSDT LONG cancelled: target first",
        "#2 ETHUSDT is not trading now (BREAK).",
    ]
    assert all_closed({"trades": [], "refused": []}) == "No trade is open."
