"""Many processes on one desk agree, whoever of them dies."""

import asyncio
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from desk.lease import holder_of
from market.simulator import SimulatorServer
from tests.whole.home import environment, idea, last_price, on_tick, paperdesk
from tests.whole.windows import Window, everyone

BEHIND_S = 0.25
"""How far an attached window may be behind."""


Open = Callable[..., Awaitable[Window]]


@pytest.fixture
async def open_window(home: Path) -> AsyncIterator[Open]:
    """Give a function that opens one more window on this test's desk."""
    windows: list[Window] = []

    async def opener(*words: str) -> Window:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.whole.window", str(home), *words),
            env=environment(home),
            stdin=PIPE,
            stdout=PIPE,
        )
        windows.append(Window(process))
        return windows[-1]

    yield opener
    for window in windows:
        if window.process.returncode is None:
            await window.kill()
        await window.close()


async def three_windows(open_window: Open) -> tuple[Window, Window, Window]:
    """Open a holder and two windows attached to it."""
    holder = await open_window()
    await holder.until_role("holder")
    a, b = await open_window(), await open_window()
    for window in (a, b):
        await window.until_role("attached")
    return holder, a, b


async def add_signal(
    home: Path, exchange: SimulatorServer, symbol: str = "BTCUSDT", **changes: object
) -> str:
    """Bring a signal from one more process; returns its id."""
    said = await paperdesk(home, "signals", "add", idea(exchange, symbol, **changes), "--json")
    return str(said.json["id"])


async def test_all_windows_agree_whoever_opens_or_closes(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    holder, a, b = await three_windows(open_window)
    windows = (holder, a, b)
    signal_id = await add_signal(home, exchange)
    await everyone(windows, lambda w: w.shows(signal_id))

    opened = await a.do(open=signal_id)
    await everyone(windows, lambda w: w.state["open"] == [1] and w.state["priced"])
    closed = await b.do(close=1)
    await everyone(windows, lambda w: w.told() == [("opened", 1), ("closed", 1)])
    await everyone(windows, lambda w: w.state["balance"] == holder.state["balance"])

    assert (opened["id"], opened["status"]) == (1, "OPEN")
    assert (closed["id"], closed["status"]) == (1, "CLOSED_MANUAL")
    assert a.state["attached"] == f"attached to process {holder.process.pid}"
    late = [
        w.told_at(k, 1) - holder.told_at(k, 1) for w in (a, b) for k in ("opened", "closed")
    ]
    assert all(abs(seconds) <= BEHIND_S for seconds in late), late


async def test_an_automatic_close_reaches_every_window_in_a_moment(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    holder, a, b = await three_windows(open_window)
    target = on_tick(last_price(exchange, "BTCUSDT") * Decimal("1.05"))
    signal_id = await add_signal(home, exchange, tp=[target])
    await holder.until(lambda: holder.shows(signal_id))
    await holder.do(open=signal_id)

    exchange.exchange.force("BTCUSDT", target)
    await everyone((holder, a, b), lambda w: ("closed", 1) in w.told())

    late = [window.told_at("closed", 1) - holder.told_at("closed", 1) for window in (a, b)]
    assert all(seconds <= BEHIND_S for seconds in late), late


async def add_signals(
    home: Path, exchange: SimulatorServer, symbols: Sequence[str]
) -> list[str]:
    """Bring a signal with far levels for each symbol; returns their ids."""
    ideas = []
    for symbol in symbols:
        last = last_price(exchange, symbol)
        grid = Decimal(1).scaleb(-exchange.exchange.listing(symbol).tick_decimals)
        low, high = (str((last * Decimal(part)).quantize(grid)) for part in ("0.8", "1.2"))
        ideas.append(idea(exchange, symbol, sl=low, tp=[high]))
    said = await paperdesk(home, "signals", "add", "-", "--json", given="\n".join(ideas))
    return [one["id"] for one in said.json["signals"]]


async def race(windows: Sequence[Window], ids: Sequence[str]) -> list[int]:
    """Let all windows open a trade on each signal at once; returns the ids of the trades."""
    asked = [(window, window.ask(open=one)) for one in ids for window in windows]
    answers = [await window.answer(number) for window, number in asked]
    opened = []
    for start in range(0, len(answers), len(windows)):
        group = answers[start : start + len(windows)]
        [winner] = [answer for answer in group if "error" not in answer]
        losers = [answer for answer in group if answer is not winner]
        assert {answer["error"] for answer in losers} == {"duplicate"}
        assert {answer["trade_id"] for answer in losers} == {winner["id"]}
        sentence = f"Duplicate trade: #{winner['id']} is already open"
        assert all(answer["message"].startswith(sentence) for answer in losers)
        opened.append(winner["id"])
    return opened


async def race_often(
    home: Path, exchange: SimulatorServer, open_window: Open, rounds: int
) -> None:
    windows = [*await three_windows(open_window), await open_window()]
    symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT"]
    ids = await add_signals(home, exchange, symbols)
    await everyone(windows, lambda w: all(map(w.shows, ids)))
    for _ in range(rounds):
        opened = await race(windows, ids)
        for trade_id in opened:
            closed = await windows[trade_id % 4].do(close=trade_id)
            assert closed["status"] == "CLOSED_MANUAL"
    total = rounds * len(ids)
    await everyone(windows, lambda w: len(w.told("closed")) == total)

    for window in windows:
        assert sorted(window.told("opened")) == [("opened", n + 1) for n in range(total)]
        assert sorted(window.told("closed")) == [("closed", n + 1) for n in range(total)]


async def test_four_processes_race_for_each_signal_and_one_wins(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    await race_often(home, exchange, open_window, rounds=1)


@pytest.mark.soak
async def test_ten_thousand_racing_opens_make_no_trade_twice(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    await race_often(home, exchange, open_window, rounds=500)


async def test_a_killed_holder_is_followed_by_a_window_that_books_what_was_missed(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    holder, a, b = await three_windows(open_window)
    stops: dict[str, str] = {}
    for symbol in ("BTCUSDT", "ETHUSDT"):
        stops[symbol] = on_tick(last_price(exchange, symbol) * Decimal("0.95"))
        signal_id = await add_signal(home, exchange, symbol, sl=stops[symbol])
        await a.until(partial(a.shows, signal_id))
        await a.do(open=signal_id)

    await holder.kill()
    exchange.exchange.force("BTCUSDT", stops["BTCUSDT"])  # nobody watches
    await a.until(lambda: "holder" in {a.state["role"], b.state["role"]})
    winner, other = (a, b) if a.state["role"] == "holder" else (b, a)
    await winner.until(lambda: ("closed", 1) in winner.told())
    exchange.exchange.force("ETHUSDT", stops["ETHUSDT"])
    await everyone((a, b), lambda w: sorted(w.told("closed")) == [("closed", 1), ("closed", 2)])

    ended = f"The desk's process {holder.process.pid} has ended; this window now runs the desk."
    assert winner.notices()[0] == ended
    now = f"attached to process {winner.process.pid}"
    await other.until(lambda: other.state["attached"] == now)
    trades = (await paperdesk(home, "trades", "--closed", "--json")).json
    assert {t["symbol"]: (t["status"], t["exit_price"]) for t in trades} == {
        symbol: ("CLOSED_SL", str(Decimal(stop).normalize())) for symbol, stop in stops.items()
    }
    # The other stop may be hit while its symbol is still being caught up.
    assert {t["symbol"]: t["fills"][-1]["source"] for t in trades}["BTCUSDT"] == "BACKFILL"
    for window in (winner, other):
        assert sorted(window.told()) == sorted(set(window.told()))


async def test_a_stopped_holder_is_not_taken_over_and_orders_end_with_a_sentence(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    holder = await open_window()
    await holder.until_role("holder")
    attached = await open_window("impatient")
    await attached.until_role("attached")
    signal_id = await add_signal(home, exchange)
    await attached.until(lambda: attached.shows(signal_id))

    holder.process.send_signal(signal.SIGSTOP)
    refused = await attached.do(open=signal_id)
    await attached.until(lambda: "no sign of life" in attached.state["trouble"])
    holder.process.send_signal(signal.SIGCONT)
    await attached.until(lambda: not attached.state["trouble"])

    assert refused["message"] == "The running desk did not answer; the request was withdrawn."
    assert attached.state["role"] == "attached"
    assert holder.told() == attached.told() == []


def settled(windows: Sequence[Window], database: Path) -> bool:
    """Tell whether one live window is the desk, its lock file says so, and the others know."""
    holder = holder_of(database)
    desks = [w for w in windows if w.state["role"] == "holder"]
    if holder is None or [w.process.pid for w in desks] != [holder.pid]:
        return False
    attached = f"attached to process {holder.pid}"
    live = all(w.state["live"] for w in windows)
    return live and all(w.state["attached"] == attached for w in windows if w not in desks)


async def test_with_its_lock_file_deleted_there_is_still_one_desk(
    home: Path, exchange: SimulatorServer, open_window: Open
) -> None:
    windows = await three_windows(open_window)
    holder, a, _ = windows
    signal_id = await add_signal(home, exchange)
    await a.until(lambda: a.shows(signal_id))
    lock = home / "paperdesk.db.lock"

    for _ in range(5):
        lock.unlink(missing_ok=True)
        await a.until(lock.exists)
    await a.until(lambda: settled(windows, home / "paperdesk.db"))
    opened = await a.do(open=signal_id)
    assert "error" not in opened, opened
    closed = await holder.do(close=opened["id"])

    assert closed["status"] == "CLOSED_MANUAL"
    await everyone(windows, lambda w: w.told() == [("opened", 1), ("closed", 1)])
    assert sum(w.state["role"] == "holder" for w in windows) == 1
    with closing(sqlite3.connect(home / "paperdesk.db")) as db:
        [(fees,)] = db.execute("SELECT fees FROM account")
        [(paid,)] = db.execute("SELECT sum(fee) FROM fill")
    assert fees == paid


async def test_demo_windows_see_the_holders_market_and_go_on_when_it_ends(
    open_window: Open,
) -> None:
    holder = await open_window("demo")
    await holder.until_role("holder")
    attached = await open_window("demo")
    await attached.until_role("attached")

    await holder.kill()
    await attached.until_role("holder")

    assert attached.state["live"]
