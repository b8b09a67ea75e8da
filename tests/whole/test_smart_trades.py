"""Ladders, moving stops, waiting orders and edits: by scripts, through a running desk too."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market.simulator import SimulatorServer
from tests.whole.home import idea, last_price, on_tick, paperdesk
from tests.whole.watching import Watch, watching


def levels(exchange: SimulatorServer, **factors: str) -> dict[str, str]:
    """Return prices that are so many times BTCUSDT's present one, by name."""
    last = last_price(exchange, "BTCUSDT")
    return {name: on_tick(last * Decimal(factor)) for name, factor in factors.items()}


async def said(home: Path, *words: str) -> Any:
    """Run a command that must succeed; returns its JSON."""
    answer = await paperdesk(home, *words, "--json")
    assert answer.code == 0, answer
    return answer.json


async def test_a_trade_needs_no_signal_and_a_dry_run_stores_nothing(
    home: Path, exchange: SimulatorServer
) -> None:
    words = ["open", "--symbol", "BTCUSDT", "--side", "long", "--stop", "5%"]
    words += ["--targets", "1R:50%,2R:30%,runner:20%", "--trail", "1%@2R", "--break-even", "1R"]
    words += ["--size", "5% of equity", "--hold", "4h"]

    plan = await said(home, *words, "--dry-run")
    before = await said(home, "trades")
    trade = await said(home, *words)

    assert Decimal(plan["net_at_stop"]) < 0 < Decimal(plan["net_at_targets"])
    assert before == []
    assert 495 < Decimal(trade["stake"]) <= 500
    quantities = [Decimal(target["quantity"]) for target in trade["targets"]]
    assert 0 < sum(quantities) < Decimal(trade["quantity"])
    assert trade["trailing"]["activation"] == trade["targets"][1]["price"]
    assert trade["break_even"]["trigger"] == trade["targets"][0]["price"]
    assert trade["deadline_ms"] == trade["opened_ms"] + 4 * 3_600_000


@pytest.fixture
async def running(home: Path, exchange: SimulatorServer) -> AsyncIterator[Watch]:
    """A desk that runs in a process of its own, live; all commands go through it."""
    async with watching(home, "--json") as watch:
        await watch.event("FeedState")
        yield watch


async def test_an_order_waits_is_edited_and_is_cancelled(
    home: Path, exchange: SimulatorServer, running: Watch
) -> None:
    at = levels(exchange, price="0.9", stop="0.85", lower="0.84", target="1.1")

    placed = await said(
        home,
        *("open", "--symbol", "BTCUSDT", "--side", "long", "--entry", "limit"),
        *("--price", at["price"], "--stop", at["stop"], "--targets", at["target"]),
    )
    listed = await paperdesk(home, "trades")
    edited = await said(home, "edit", "1", "--stop", at["lower"], "--hold", "4h")
    explained = await said(home, "why", "1")
    cancelled = await said(home, "cancel", "1")

    assert (placed["status"], placed["entry_price"]) == ("PENDING", at["price"])
    assert "PENDING" in listed.out
    assert (edited["stop"], edited["hold_ms"]) == (at["lower"], 4 * 3_600_000)
    assert explained == {"trade_id": 1, "fills": []}
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("CANCELLED", "trader")
    for name in ("TradePlaced", "TradeEdited", "TradeCancelled"):
        assert (await running.event(name))["trade"]["id"] == 1


async def test_an_edit_can_be_taken_back_by_a_script(
    home: Path, exchange: SimulatorServer, running: Watch
) -> None:
    added = await said(home, "signals", "add", idea(exchange))
    opened = await said(home, "open", added["id"])
    tighter = levels(exchange, stop="0.95")["stop"]

    edited = await said(home, "edit", "1", "--stop", tighter, "--trail", "20%")
    undone = await said(home, "edit", "1", "--undo")
    twice = await paperdesk(home, "edit", "1", "--undo")

    assert (edited["stop"], edited["trailing"]["distance"]) == (tighter, "0.2")
    assert (undone["stop"], undone["trailing"]) == (opened["stop"], None)
    assert twice.code == 1
    assert twice.err.endswith(".\n")


async def test_a_ladder_a_break_even_and_a_trailing_stop_end_one_trade(
    home: Path, exchange: SimulatorServer, running: Watch
) -> None:
    words = (
        "open",
        "--symbol",
        "BTCUSDT",
        "--side",
        "long",
        "--stop",
        "10%",
        "--trail",
        "2%@2R",
    )
    opened = await said(home, *words, "--targets", "1R:50%,runner:50%", "--size", "1000")
    entry = Decimal(opened["entry_price"])

    for factor in ("1.11", "1.3", "1.2"):  # at once: the market's own prints are back at 1
        exchange.exchange.force("BTCUSDT", on_tick(entry * Decimal(factor)))
    reduced = await running.event("TradeReduced")
    closed = await running.event("TradeClosed")
    explained = await paperdesk(home, "why", "1")

    assert reduced["trade"]["targets"][0]["filled"]
    assert (closed["trade"]["close_reason"], closed["trade"]["status"]) == (
        "trailing_stop",
        "CLOSED_SL",
    )
    kinds = [fill["kind"] for fill in closed["trade"]["fills"]]
    assert kinds == ["ENTRY", "TARGET", "STOP"]
    assert Decimal(closed["trade"]["net"]) > 0
    assert "The trailing stop at" in explained.out


async def test_every_fill_says_why_it_has_its_price(
    home: Path, exchange: SimulatorServer, running: Watch
) -> None:
    added = await said(home, "signals", "add", idea(exchange))
    await said(home, "open", added["id"])
    await said(home, "close", "1", "--fraction", "50%")

    everything = await paperdesk(home, "why", "1")
    one = await said(home, "why", "1", "--fill", "2")
    none = await paperdesk(home, "why", "1", "--fill", "3", "--json")
    unknown = await paperdesk(home, "why", "9", "--json")

    assert "fill 1, ENTRY" in everything.out
    assert "A market order, filled at the ask" in everything.out
    [fill] = one["fills"]
    assert (fill["fill"], fill["kind"]) == (2, "MANUAL")
    assert any("by hand" in sentence for sentence in fill["why"])
    assert (none.code, none.json["error"]) == (1, "unknown_fill")
    assert (unknown.code, unknown.json["error"]) == (1, "unknown_trade")


async def test_closing_all_needs_a_yes_without_a_terminal(
    home: Path, exchange: SimulatorServer, running: Watch
) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        added = await said(home, "signals", "add", idea(exchange, symbol))
        await said(home, "open", added["id"])

    asked = await paperdesk(home, "close", "--all")
    closed = await said(home, "close", "--all", "--yes")
    left = await said(home, "trades", "--open")

    assert asked.code == 2
    assert "--yes" in asked.err
    assert [trade["status"] for trade in closed["trades"]] == ["CLOSED_MANUAL"] * 2
    assert left == []


async def test_what_is_mistyped_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    commands = (
        ("open", "s1", "--targets", "65600:half"),
        ("open", "s1", "--stake", "1", "--size", "5%"),
        ("open", "--symbol", "BTCUSDT", "--side", "long"),
        ("edit", "1", "--hold", "4"),
        ("edit", "1", "--undo", "--stop", "5"),
        ("close",),
        ("close", "1", "--all"),
    )

    for words in commands:
        answer = await paperdesk(tmp_path, *words)
        assert answer.code == 2, words
        assert "Traceback" not in answer.err


async def test_defaults_of_the_settings_reach_an_order(
    home: Path, exchange: SimulatorServer
) -> None:
    with (home / "config.toml").open("a") as file:
        file.write('[trading]\nsize = "5% of equity"\ntrail = "3%"\nhold = "2d"\n')
        file.write("[limits]\nmax_trades = 1\n")
    first = json.loads(idea(exchange))
    added = await said(home, "signals", "add", json.dumps(first))
    second = await said(home, "signals", "add", idea(exchange, "ETHUSDT"))

    trade = await said(home, "open", added["id"])
    refused = await paperdesk(home, "open", second["id"], "--json")

    assert (trade["trailing"]["distance"], trade["hold_ms"]) == ("0.03", 2 * 86_400_000)
    assert 495 < Decimal(trade["stake"]) <= 500
    assert refused.code == 1
    assert "1" in refused.json["message"]
