"""The desk without a screen, in a process of its own, against the simulated exchange."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market.simulator import SimulatorServer
from tests.whole.home import idea, last_price, on_tick, paperdesk
from tests.whole.watching import DESK, watching

SYMBOL = "BTCUSDT"


async def open_trade(home: Path, exchange: SimulatorServer, **changes: object) -> None:
    """Let another process bring a signal and open a trade on it."""
    text = idea(exchange, SYMBOL, **changes)
    added = await paperdesk(home, "signals", "add", text, "--json")
    opened = await paperdesk(home, "open", added.json["id"], "--json")
    assert opened.code == 0, opened


async def closed_trades(home: Path) -> list[dict[str, Any]]:
    said = await paperdesk(home, "trades", "--closed", "--json")
    assert said.code == 0
    found: list[dict[str, Any]] = said.json
    return found


async def test_a_stop_that_is_hit_closes_the_trade_and_the_line_says_so(
    home: Path, exchange: SimulatorServer
) -> None:
    async with watching(home) as watch:
        began = await watch.narrated("PAPER")
        await watch.narrated("Prices LIVE")
        await open_trade(home, exchange)
        arrived, opened = await watch.line(), await watch.line()

        exchange.exchange.force(SYMBOL, on_tick(last_price(exchange, SYMBOL) * Decimal("0.8")))
        closed = await watch.line()

        [trade] = await closed_trades(home)
    assert "0 open trades" in began
    assert "1 signal: BTCUSDT LONG" in arrived
    assert "Opened: BTCUSDT LONG" in opened
    words = re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ "
        r"Stop Loss hit: BTCUSDT @ ([\d.]+) \(Loss: -[\d.]+ USDT\) #1 LONG\n",
        closed,
    )
    assert words is not None
    assert words[1] == trade["exit_price"]


async def test_events_for_programs_come_in_order_and_agree_with_the_books(
    home: Path, exchange: SimulatorServer
) -> None:
    async with watching(home, "--json") as watch:
        first = json.loads(await watch.line())
        live = await watch.event("FeedState")
        target = on_tick(last_price(exchange, SYMBOL) * Decimal("1.05"))
        await open_trade(home, exchange, tp=[target])
        arrived = await watch.event("SignalArrived")
        opened = await watch.event("TradeOpened")

        exchange.exchange.force(SYMBOL, target)
        closed = await watch.event("TradeClosed")

        [trade] = await closed_trades(home)
    assert (first["event"], first["state"]) == ("FeedState", "CONNECTING")
    assert live["state"] == "LIVE"
    assert arrived["signal"]["id"] == trade["signal_id"]
    assert opened["trade"]["status"] == "OPEN"
    assert closed == {"event": "TradeClosed", "time_ms": trade["closed_ms"], "trade": trade}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_told_to_stop_it_ends_well_with_its_trade_on_disk(
    home: Path, exchange: SimulatorServer, number: signal.Signals
) -> None:
    async with watching(home, "--json") as watch:
        await watch.event("FeedState")
        await open_trade(home, exchange)
        opened = await watch.event("TradeOpened")

        watch.process.send_signal(number)
        code, narrated = await watch.end()

    listed = await paperdesk(home, "trades", "--open", "--json")
    assert code == 0
    assert "Nothing watches the 1 open trade now" in narrated
    assert listed.json == [opened["trade"]]


async def test_a_database_that_another_program_locks_does_not_keep_it_from_stopping(
    home: Path, exchange: SimulatorServer
) -> None:
    async with watching(home, "--json") as watch:
        await watch.event("FeedState")
        await open_trade(home, exchange)
        with locked(home / "paperdesk.db"):
            stop = on_tick(last_price(exchange, SYMBOL) * Decimal("0.8"))
            exchange.exchange.force(SYMBOL, stop)
            await asyncio.sleep(0.5)  # until the close waits for the lock
            watch.process.send_signal(signal.SIGTERM)
            code, narrated = await watch.end()

    async with watching(home, "--json") as again:
        closed = await again.event("TradeClosed")
    assert code == 0
    assert "Traceback" not in narrated
    assert closed["trade"]["exit_price"] == stop.rstrip("0").rstrip(".")


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Be another program that writes for a long time."""
    other = sqlite3.connect(database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        other.close()


async def test_a_signal_it_was_started_to_ignore_stays_ignored(
    home: Path, exchange: SimulatorServer
) -> None:
    nohup = ("sh", "-c", 'trap \'\' HUP; exec "$0" "$@"', *DESK)

    async with watching(home, "--json", program=nohup) as watch:
        await watch.event("FeedState")
        watch.process.send_signal(signal.SIGHUP)
        await paperdesk(home, "signals", "add", idea(exchange))
        await watch.event("SignalArrived")
        watch.process.send_signal(signal.SIGTERM)
        code, _ = await watch.end()

    assert code == 0


async def test_it_ends_by_itself_when_its_time_is_over(home: Path) -> None:
    said = await paperdesk(home, "watch", "--for", "0.5s", "--json")

    assert said.code == 0
    assert json.loads(said.out.splitlines()[0])["event"] == "FeedState"
    assert said.err.endswith("Stopped. No trade is open.\n")


@pytest.mark.parametrize("text", ["10", "5x", "0s", "-3m", "1e3s", ""])
async def test_a_time_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    said = await paperdesk(tmp_path, "watch", "--for", text)

    assert said.code == 2
    assert "such as 30s, 10m or 2h" in said.err


async def test_a_reader_that_leaves_ends_it_quietly_without_waiting_for_a_next_line(
    home: Path,
) -> None:
    reading, writing = os.pipe()
    async with watching(home, "--json", out=writing) as watch:
        os.close(writing)
        lines = await asyncio.to_thread(_first_lines, reading, 2)
        os.close(reading)

        code, narrated = await watch.end()

    again = await paperdesk(home, "watch", "--for", "0.1s")
    assert [json.loads(line)["state"] for line in lines] == ["CONNECTING", "LIVE"]
    assert code == 0
    assert narrated.splitlines()[-1] == "Stopped. No trade is open."
    assert again.code == 0


async def test_a_reader_that_stops_reading_holds_up_no_trade(
    home: Path, exchange: SimulatorServer
) -> None:
    reading, writing = os.pipe()
    _fill(writing)
    async with watching(home, "--json", out=writing) as watch:
        await watch.narrated("PAPER")
        await open_trade(home, exchange)

        exchange.exchange.force(SYMBOL, on_tick(last_price(exchange, SYMBOL) * 2))
        async with asyncio.timeout(20):
            while not (closed := await closed_trades(home)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        watch.process.send_signal(signal.SIGTERM)
        code, _ = await watch.end()

    os.close(reading)
    os.close(writing)
    assert [trade["status"] for trade in closed] == ["CLOSED_TP"]
    assert code == 0


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has it")
async def test_output_that_cannot_be_written_ends_it_with_a_sentence(home: Path) -> None:
    full = os.open(FULL, os.O_WRONLY)
    async with watching(home, "--json", out=full) as watch:
        os.close(full)

        code, narrated = await watch.end()

    assert code == 1
    assert narrated.endswith("Standard output cannot be written: No space left on device.\n")
    assert "Stopped." in narrated


def _first_lines(reading: int, count: int) -> list[bytes]:
    found = b""
    while found.count(b"\n") < count:
        found += os.read(reading, 1000)
    return found.splitlines()


def _fill(writing: int) -> None:
    """Write until nothing more goes in."""
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b"." * 512):
            pass
    os.set_blocking(writing, True)


async def test_books_that_cannot_be_opened_are_named_with_their_own_exit_code(
    home: Path,
) -> None:
    (home / "paperdesk.db").write_bytes(b"this is a diary, not a database" * 100)

    said = await paperdesk(home, "watch")

    assert said.code == 4
    assert "paperdesk.db" in said.err
    assert said.out == ""


BUG = """
import asyncio
from desk import chores
async def broken(session):
    await asyncio.sleep(0.5)
    secret = "must not be printed"
    raise RuntimeError("a bug\\x1b[2J")
chores.keep_expiring = broken
from tui.__main__ import main
main()
"""


async def test_a_bug_ends_it_with_a_sentence_and_the_log_has_the_traceback(home: Path) -> None:
    broken = (sys.executable, "-c", BUG)

    async with watching(home, "--json", program=broken) as watch:
        code, narrated = await watch.end()

    logged = (home / "logs" / "paperdesk.log").read_text()
    assert code == 1
    assert "Something went wrong that should not" in narrated
    assert "Traceback" not in narrated
    assert logged.count("RuntimeError: a bug") == 1
    assert "\x1b" not in logged
    assert "must not be printed" not in narrated + logged
