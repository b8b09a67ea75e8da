"""A desk, an exchange and a stretch of bad days, all in virtual time and from one seed."""

import asyncio
import gc
import hashlib
import logging
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

import market.simulator.exchange
from desk.session import Session
from desk.view import Fact
from engine.events import Event, TradeClosed, TradeOpened
from market.feed import FeedState
from market.simulator import SimulatedExchange
from tests.virtual.disk import Disk
from tests.virtual.loop import VirtualLoop, WallClock
from tests.virtual.machine import Machine
from tests.virtual.network import Network
from tests.virtual.oracle import Oracle
from tests.virtual.plans import PlanOracle
from tests.virtual.report import Report
from tests.virtual.trader import Trader
from tests.virtual.trouble import TROUBLES, World
from tests.virtual.venue import LISTINGS, TICKER_PACE, Venue

log = logging.getLogger(__name__)

HEALED_WITHIN_S = 60.0
FASTEST_DISK = Path("/dev/shm")
"""Where memory is a disk, commits cost nothing."""


def simulate(seed: int, hours: float, *, calm: bool = False) -> Report:
    """Run one desk for some virtual hours, without any fault if *calm*."""
    folder = FASTEST_DISK if FASTEST_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(market.simulator.exchange, "LISTINGS", LISTINGS)
        loop, began_s = VirtualLoop(), time.perf_counter()
        try:
            simulation = Simulation(loop, seed, hours, Path(name) / "paperdesk.db", calm=calm)
            with simulation.wall.installed():
                simulation.disk.put_under(patch)
                simulation.machine.furnish(patch)
                simulation.finish()
                gc.collect()  # errors that nobody has asked for are told now, not later
        finally:
            loop.close()
    simulation.report.took_s = time.perf_counter() - began_s
    return simulation.report


class Simulation:
    """One run."""

    def __init__(
        self, loop: VirtualLoop, seed: int, hours: float, database: Path, *, calm: bool
    ) -> None:
        """Put everything together.

        Args:
            loop: Where it runs.
            seed: Decides everything.
            hours: How long, virtual time.
            database: Where the desk keeps its books.
            calm: Whether nothing goes wrong.
        """
        self.report = Report(seed, hours)
        self.wall = WallClock(loop)
        self._loop = loop
        self._calm = calm
        self._ends_s = hours * 3_600
        self._trace = hashlib.sha256()
        self._feed_state: FeedState | None = None
        self._rng = Random(f"{seed}/story")
        skew_ms = self._rng.randint(-300_000, 300_000)

        def exchange_ms() -> int:
            return self.wall.true_ms() + skew_ms

        exchange = SimulatedExchange(seed=seed, speed=TICKER_PACE, now_ms=exchange_ms)
        truth = SimulatedExchange(seed=seed, now_ms=exchange_ms)
        self._exchange_ms = exchange_ms
        self._exchange = exchange
        self.venue = Venue(exchange, Random(f"{seed}/venue"))
        self.network = Network(self.venue, Random(f"{seed}/network"))
        self.disk = Disk(Random(f"{seed}/disk"))
        self.oracle = Oracle(truth, database)
        self.plans = PlanOracle(truth, database)
        self.trader = Trader(truth, Random(f"{seed}/trader"))
        self.machine = Machine(
            loop,
            self.network,
            database,
            Random(f"{seed}/machine"),
            on_ready=self._on_ready,
            on_crash=self._on_crash,
        )
        self._world = World(
            loop, self.wall, exchange, self.venue, self.network, self.disk, self.machine
        )

    def finish(self) -> None:
        """Run to the end, also if that is a bad one."""
        try:
            self._loop.run_until_complete(self.run())
        except RuntimeError as error:  # of the loop itself: nothing can go on
            self._judge([repr(error)])

    # -- the story ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Live through it all; what is wrong is in the report."""
        loop, began_ms = self._loop, self._exchange_ms()
        loop.set_exception_handler(self._on_exception)
        market_ = asyncio.create_task(self._market())
        self.machine.boot()
        while loop.time() < self._ends_s and not self.report.wrong:
            await self._heal()
            await self._trade(self._rng.uniform(60, 600))
            if not self._calm:
                await self._suffer()
                await self._heal()
            await self._let_time_pass()
        await self._heal()
        self._sum_up(began_ms)
        await self.machine.clear_away()
        market_.cancel()

    async def _market(self) -> None:
        rng = Random(f"{self.report.seed}/market")
        while True:
            await asyncio.sleep(rng.uniform(0.5, 1.5))
            self.venue.publish()
            self.network.deliver()
            self._note_state()

    async def _trade(self, seconds: float) -> None:
        """Give orders for a while."""
        ends_s = self._loop.time() + seconds
        while self._loop.time() < ends_s:
            await asyncio.sleep(self._rng.uniform(1, 120))
            desk = self.machine.desk
            if desk and desk.session and not desk.frozen:
                self.machine.start_in(desk, self.trader.order(desk.session))

    async def _suffer(self) -> None:
        """Let a spell of faults pass, orders among them."""
        seconds, rng = self._rng.uniform(30, 900), self._rng
        spell = asyncio.create_task(self._trade(seconds))
        began: list[asyncio.Task[None]] = []
        for _ in range(rng.randint(1, 12)):
            await asyncio.sleep(rng.uniform(0, seconds / 8))
            trouble = rng.choice(TROUBLES)
            self.report.troubles[trouble.__name__] += 1
            self._note(f"trouble {trouble.__name__}")
            work = trouble(self._world, Random(rng.random()))
            began.append(asyncio.create_task(work))
        await spell
        for task in began:
            task.cancel()
        for task in began:
            with suppress(asyncio.CancelledError):
                await task
        self._judge_books()
        self._world.heal()

    async def _let_time_pass(self) -> None:
        """Let hours go by, sometimes with the desk switched off."""
        left_s = max(0.0, self._ends_s - self._loop.time())
        seconds = min(left_s, self._rng.choice((60.0, 600.0, 3_600.0, 4 * 3_600.0)))
        if self._calm or self._rng.random() < 0.5:
            await asyncio.sleep(seconds)
            return
        self._note("away")
        if self._rng.random() < 0.5:
            self.machine.kill()
        else:
            await self.machine.shut_down()
        await asyncio.sleep(seconds)
        self.machine.boot()

    async def _heal(self) -> None:
        """Wait until all is well; that must not take long."""
        began_s = self._loop.time()
        patient_until_s = max(began_s, self.venue.quiet_until_s(self.machine.desk))
        while reasons := list(self._unwell()):
            if self._loop.time() > patient_until_s + HEALED_WITHIN_S:
                self._judge(f"not well after {HEALED_WITHIN_S:.0f} s: {r}" for r in reasons)
                return
            await asyncio.sleep(0.5)
        self.report.healed_s.append(self._loop.time() - patient_until_s)
        self._judge_books()

    # -- judging ------------------------------------------------------------------------------

    def _unwell(self) -> Iterable[str]:
        desk = self.machine.desk
        if desk is None or desk.session is None:
            yield "the desk is not up"
            return
        if len(desk.tasks) > 1:
            yield "an order has no answer"
        yield from self._behind(desk.session)
        yield from self.oracle.overdue()

    def _behind(self, session: Session) -> Iterable[str]:
        if session.feed.status.state is not FeedState.LIVE:
            yield f"the feed is {session.feed.status}"
        if halted := session.header().halted:
            yield f"halted: {halted}"
        for view in session.trade_views():
            if view.catching_up or not view.live:
                yield f"#{view.trade.id} is behind"
        if (shown := {view.trade.id for view in session.trade_views()}) != (
            stored := self.oracle.open_trades()
        ):
            yield f"shown are {shown}, stored are {stored}"
        if abs(session.now_ms - self._exchange_ms()) > 2_000:
            yield f"the clock is {session.now_ms - self._exchange_ms()} ms off"

    def _judge_books(self) -> None:
        self._judge(self.oracle.check_books(self.trader.acknowledged))
        self._judge(self.plans.check_books())

    def _judge(self, wrong: Iterable[str]) -> None:
        now_s = self._loop.time()
        self.report.wrong += [f"{now_s:.3f} s: {text}" for text in wrong]

    def _on_exception(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._judge([f"{context['message']}: {context.get('exception')!r}"])

    def _on_crash(self, error: Exception) -> None:
        log.error("the desk ended", exc_info=error)
        self._judge([f"the desk ended: {error!r}"])

    def _on_ready(self, session: Session) -> None:
        session.subscribe(self._on_fact)
        self._note("ready")

    def _on_fact(self, fact: Fact) -> None:
        event = getattr(fact, "event", fact)
        kind = type(fact).__name__
        self.report.facts[kind] += 1
        if isinstance(event, TradeOpened | TradeClosed):
            trade = event.trade
            self._note(f"{kind} #{trade.id} {trade.status} {event.fill}")
            self._judge(self.oracle.check_told(trade.id, trade.status.value))
        else:
            self._note(kind)
        session = self.machine.session
        if isinstance(event, Event) and session:
            self._judge(self.plans.check_told(event, session.instruments))

    def _note_state(self) -> None:
        session = self.machine.session
        state = session.feed.status.state if session else None
        if state is not self._feed_state:
            self._feed_state = state
            self._note(f"feed {state}")

    def _note(self, text: str) -> None:
        log.info("%.3f %s", self._loop.time(), text)
        self._trace.update(f"{self._loop.time():.6f} {text}\n".encode())

    def _sum_up(self, began_ms: int) -> None:
        report, ended_ms = self.report, self._exchange_ms()
        if not self.machine.desk or not self.machine.desk.session:
            return
        for row in self.oracle.contents():
            self._trace.update(row.encode())
        report.trace = self._trace.hexdigest()
        for symbol in self._exchange.symbols:
            tape = self._exchange.tape(symbol)
            report.prints += tape.last_id(ended_ms) - tape.last_id(began_ms)
        report.events = self._loop.ran
        report.starts, report.orders = self.machine.starts, self.trader.given
        report.plans = self.plans.judged
        report.questions, report.connects = self.network.questions, self.network.connects
        self._judge(self.venue.broken_rules)
