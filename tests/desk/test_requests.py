"""A command that goes to another process as JSON arrives there as the same command."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.requests import as_request, read_close, read_edit, read_order
from desk.settings import Settings, load_settings
from engine.asked import Offset, Unit
from engine.commands import (
    REMOVED,
    BreakEvenOrder,
    CancelTrade,
    CloseTrade,
    EditTrade,
    OpenTrade,
    TargetOrder,
    TrailOrder,
    UndoEdit,
    one_target,
)
from engine.errors import Refused
from engine.model import Direction, EntryMode
from engine.sizes import Quantity, Stake
from engine.stops import StopPolicy
from tests.desk.test_words import (
    amounts,
    break_evens,
    fractions,
    ladders,
    levels,
    sizes,
    trails,
)
from tests.engine.desk import D, signal
from tests.feeds import instrument

OTHER = load_settings(
    Path("none"),
    {
        "trading.size": "5%",
        "trading.entry": "limit",
        "trading.trail": "7%",
        "trading.break_even": "3R",
        "trading.after_target": "keep",
        "trading.hold": "9h",
    },
)[0]
"""Defaults that no order of these tests has."""

spans = st.integers(min_value=1, max_value=300_000_000).map(lambda s: s * 1000)
orders = st.builds(
    OpenTrade,
    symbol=st.sampled_from(["BTCUSDT", "币安人生USDT"]),
    direction=st.sampled_from(Direction),
    stop=levels,
    targets=ladders,
    size=sizes,
    entry_mode=st.sampled_from(EntryMode),
    entry=st.none() | amounts,
    lives_ms=st.none() | spans,
    leverage=st.integers(min_value=1, max_value=125),
    trailing=st.none() | trails,
    break_even=st.none() | break_evens,
    after_target=st.sampled_from(StopPolicy),
    hold_ms=st.none() | spans,
    note=st.sampled_from(["", "own mind", "ä [red]"]),
)
edits = st.builds(
    EditTrade,
    trade_id=st.integers(min_value=1),
    stop=amounts,
    widen=st.booleans(),
    targets=st.none() | ladders,
    trailing=st.none() | st.just(REMOVED) | trails,
    break_even=st.none() | st.just(REMOVED) | break_evens,
    after_target=st.none() | st.sampled_from(StopPolicy),
    hold_ms=st.none() | st.just(REMOVED) | spans,
    add_margin=st.none() | amounts | amounts.map(lambda amount: -amount),
)


def sent(command: Any) -> tuple[str, dict[str, Any]]:
    """Return what arrives of a command at the other end."""
    kind, payload = as_request(command)
    return kind, json.loads(json.dumps(payload))


@given(orders)
def test_an_order_arrives_as_it_was_given_whatever_the_holders_defaults(
    order: OpenTrade,
) -> None:
    kind, payload = sent(order)

    assert kind == "open"
    assert read_order(payload, None, OTHER) == order


@given(edits)
def test_an_edit_arrives_as_it_was_given(edit: EditTrade) -> None:
    kind, payload = sent(edit)

    assert kind == "edit"
    assert read_edit(payload) == edit


@given(st.none() | fractions, st.none() | amounts)
def test_a_close_arrives_as_it_was_given(fraction: Any, quantity: Any) -> None:
    close = CloseTrade(trade_id=7, fraction=fraction, quantity=quantity)

    kind, payload = sent(close)

    assert kind == "close"
    assert read_close(payload) == close


def test_what_only_names_a_trade_has_a_kind_of_its_own() -> None:
    assert sent(CancelTrade(trade_id=3)) == ("cancel", {"trade_id": 3})
    assert sent(UndoEdit(trade_id=3)) == ("undo", {"trade_id": 3})


def test_what_an_order_leaves_out_is_the_signals_then_the_settings() -> None:
    order = read_order({"signal_id": "s1", "trail": "off"}, signal(), OTHER)

    assert (order.stop, order.targets) == (D(95), one_target(D(110)))
    assert order.trailing is None
    assert order.break_even == BreakEvenOrder(trigger=Offset(D(3), Unit.R))
    assert (order.entry_mode, order.hold_ms) == (EntryMode.LIMIT, 9 * 3_600_000)


def test_a_size_may_name_the_symbols_own_assets(settings: Settings) -> None:
    payload = {"signal_id": "s1", "size": "0.05 BTC"}

    known = read_order(payload, signal(), settings, instrument())
    stake = read_order(payload | {"size": "50 usdt"}, signal(), settings, instrument())

    assert known.size == Quantity(D("0.05"))
    assert stake.size == Stake(D(50))
    with pytest.raises(Refused, match=r"its size is '0\.05 BTC', it must be"):
        read_order(payload, signal(), settings)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"targets": "110,120:0.5"}, "its targets is"),
        ({"trail": "1%@"}, "its trail is"),
        ({"break_even": "soon"}, "its break-even is"),
        ({"after_target": "trail"}, "one of keep"),
        ({"hold": "4"}, "its hold is"),
        ({"expires": "0h"}, "its expires is"),
        ({"leverage": "5"}, "no leverage"),
        ({"entry": "now"}, "one of market, limit, stop, classic"),
        ({"price": "-5"}, "its price is"),
        ({"direction": "UP"}, "LONG or SHORT"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    settings: Settings, payload: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said) as refused:
        read_order({"signal_id": "s1"} | payload, signal(), settings)

    assert refused.value.code == "bad_command"
    assert str(refused.value).endswith(".")


def test_an_edit_that_changes_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="changes nothing"):
        read_edit({"trade_id": 1, "widen": True})


def test_taking_a_stop_away_is_not_the_same_as_leaving_it() -> None:
    edit = read_edit({"trade_id": 1, "trail": "off", "targets": "2R,runner"})

    assert edit.trailing is REMOVED
    assert edit.break_even is None
    assert edit.targets == (
        TargetOrder(price=Offset(D(2), Unit.R), fraction=D("0.5")),
        TargetOrder(price=None, fraction=D("0.5")),
    )
    assert not isinstance(edit.trailing, TrailOrder)
