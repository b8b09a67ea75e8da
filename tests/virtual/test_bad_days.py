"""The whole desk in virtual time against a faulty exchange, disk and machine.

`Oracle` says what must hold at any time, `Simulation` what must hold a minute after the last
fault. A seed that goes wrong says how to see it again.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from engine.account import Account
from engine.book import Book
from engine.events import Event
from engine.model import Tick
from market.clock import ExchangeClock
from store.ledger import Checkpoint, Ledger
from tests.virtual.report import Report, summed_up
from tests.virtual.simulation import simulate

HOURS = 2.0
A_DAY = 24.0


@pytest.mark.parametrize("seed", range(1, 11))
def test_books_are_right_and_the_desk_recovers_whatever_happens(seed: int) -> None:
    report = simulate(seed, HOURS)

    assert not report.wrong, report


def test_a_day_without_faults_takes_one_connection() -> None:
    report = simulate(11, HOURS, calm=True)

    assert not report.wrong, report
    assert (report.starts, report.connects) == (1, 1)
    assert report.facts["Notice"] == 0


def test_same_seed_tells_the_same_story_whatever_order_sets_have() -> None:
    command = (sys.executable, "-m", "tests.virtual", "12", "--hours", "1")
    runs = [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )
        for hash_seed in ("0", "1", "2")
    ]

    told = [run.communicate(timeout=60)[0] for run in runs]

    traces = {line for text in told for line in text.splitlines() if "trace" in line}
    assert len(traces) == 1
    assert "all well" in told[0]


# -- desks that are wrong: the judges must notice ---------------------------------------------


def test_a_desk_that_trusts_the_wall_clock_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    def wall_ms(_: ExchangeClock) -> int:
        return time.time_ns() // 1_000_000

    monkeypatch.setattr(ExchangeClock, "now_ms", wall_ms)

    report = simulate(1, 0.5)

    assert any("the clock is" in wrong for wrong in report.wrong)


def test_a_desk_that_looks_at_every_other_print_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Book.on_tick

    def half(book: Book, tick: Tick) -> Sequence[Event]:
        return whole(book, tick) if tick.trade_id % 2 else ()

    monkeypatch.setattr(Book, "on_tick", half)

    report = simulate(1, 0.5, calm=True)

    assert any("right is" in wrong for wrong in report.wrong)


def test_a_desk_that_tells_before_it_stores_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, late = Ledger.record, set[asyncio.Task[None]]()

    async def at_once(
        ledger: Ledger,
        events: Sequence[Event],
        account: Account,
        checkpoints: dict[str, Checkpoint],
        *rest: object,
    ) -> None:
        late.add(asyncio.create_task(whole(ledger, events, account, checkpoints)))

    monkeypatch.setattr(Ledger, "record", at_once)

    report = simulate(1, 0.5, calm=True)

    assert any("before it was stored" in wrong for wrong in report.wrong)


# -- the long run -----------------------------------------------------------------------------


@pytest.mark.soak
def test_a_day_of_faults_for_many_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    first, count = int(os.environ.get("FIRST", "1")), int(os.environ.get("SEEDS", "200"))
    reports: list[Report] = []

    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        for report in workers.map(partial(simulate, hours=A_DAY), range(first, first + count)):
            reports.append(report)
            with capsys.disabled():
                sys.stdout.write(f"\n{report}")

    with capsys.disabled():
        sys.stdout.write(f"\n{summed_up(reports)}\n")
    assert not [str(report) for report in reports if report.wrong]
