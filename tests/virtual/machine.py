"""The computer that the desk runs on: it starts the desk, stops it, freezes it, kills it.

A killed desk is left lying as it was: none of its code runs any more, not even what cleans up.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

import desk.start
from desk.lease import Lease
from desk.session import Session
from desk.settings import Settings, load_settings
from desk.start import open_desk
from engine.model import Market
from market.binance.feed import BinanceSpotFeed
from market.binance.hosts import Host
from market.binance.limits import Timings
from store.errors import StoreError
from tests.virtual.loop import PROCESS, Process, VirtualLoop
from tests.virtual.network import Network, Transport

HOSTS = tuple(
    Host(rest_url=f"http://127.0.0.1:{n}", stream_url=f"ws://127.0.0.1:{n}") for n in (1, 2)
)
TIMINGS = Timings(stale_s=5.0)
"""The thin market may be silent for four seconds."""
SLOWER = (
    ("market.binance.upkeep.POLL_S", 2.0),
    ("market.binance.feed.WATCH_EVERY_S", 1.0),
    ("desk.door.POLL_S", 5.0),
    ("desk.chores.EXPIRE_EVERY_S", 20.0),
)
"""Pauses between looks; a day has too many of them at the product's own pace."""
START_AGAIN_S = 2.0


class Desk(Process):
    """One start of the desk."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        """Set once the desk is ready."""
        self.lease: Lease | None = None
        self.ended = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()


class Machine:
    """Runs one desk at a time on one database."""

    def __init__(
        self,
        loop: VirtualLoop,
        network: Network,
        database: Path,
        rng: Random,
        on_ready: Callable[[Session], None],
        on_crash: Callable[[Exception], None],
    ) -> None:
        self.starts = 0
        self.desk: Desk | None = None
        self._loop = loop
        self._network = network
        self._database = database
        self._rng = rng
        self._on_ready = on_ready
        self._on_crash = on_crash
        self._settings: Settings = load_settings(database.with_name("none.toml"))[0]
        self._dead: list[Desk] = []

    @property
    def session(self) -> Session | None:
        """The session of the desk that runs now, if it is ready and not frozen."""
        one = self.desk
        return one.session if one and not one.frozen else None

    # -- power --------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the desk, unless it runs."""
        if self.desk is None:
            self.starts += 1
            self.desk = one = Desk()
            self.start_in(one, self._live(one))

    def start_in(self, process: Desk, work: Coroutine[Any, Any, None]) -> None:
        """Run something as part of a process; it ends with it."""
        context = copy_context()
        context.run(PROCESS.set, process)
        task = self._loop.create_task(work, context=context)
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard, context=context)

    def kill(self) -> None:
        """End the desk here and now."""
        one, self.desk = self.desk, None
        if one:
            one.frozen = True
            self._dead.append(one)
            self._network.drop_process(one)
            if one.lease:
                one.lease.release()  # as the operating system does

    def freeze(self) -> None:
        """Let the desk stand still, as a sleeping laptop does."""
        if self.desk:
            self.desk.frozen = True

    def thaw(self) -> None:
        """Let the desk go on."""
        if self.desk and self.desk.frozen:
            self._loop.thaw(self.desk)

    async def shut_down(self) -> None:
        """End the desk in order."""
        self.thaw()
        one, self.desk = self.desk, None
        if one:
            for task in tuple(one.tasks):
                task.cancel()
            await one.ended.wait()

    async def clear_away(self) -> None:
        """Let all killed desks end properly, so that nothing of them is left."""
        await self.shut_down()
        for one in self._dead:
            self._loop.thaw(one)
            for task in tuple(one.tasks):
                task.cancel()
        for one in self._dead:
            await one.ended.wait()

    # -- inside -------------------------------------------------------------------------------

    async def _live(self, one: Desk) -> None:
        try:
            async with open_desk(self._settings, self._database, scan=False) as session:
                one.session = session
                self._on_ready(session)
                await session.run()
        except StoreError:
            self._loop.call_later(START_AGAIN_S, self._start_again, one, context=copy_context())
        except Exception as exc:
            self._on_crash(exc)
        finally:
            one.ended.set()

    def _start_again(self, one: Desk) -> None:
        if self.desk is one:
            self.desk = None
            self.boot()

    def furnish(self, patch: pytest.MonkeyPatch) -> None:
        """Put this machine's network and hosts where the desk looks for them."""
        rng, network = self._rng, self._network

        class OwnedLease(Lease):
            def acquire(self) -> None:
                super().acquire()
                process = PROCESS.get()
                assert isinstance(process, Desk)
                process.lease = self

        def feed(_: object, **options: Any) -> BinanceSpotFeed:
            jitter = Random(rng.random())
            return BinanceSpotFeed(HOSTS, rng=jitter, timings=TIMINGS, **options)

        client = partial(httpx.AsyncClient, transport=Transport(network))
        patch.setattr(httpx, "AsyncClient", client)
        patch.setattr("websockets.asyncio.client.connect", network.connect)
        patch.setattr(desk.start, "Lease", OwnedLease)
        patch.setitem(desk.start._FEEDS, Market.SPOT, feed)  # the one place that makes feeds
        for name, pause_s in SLOWER:
            patch.setattr(name, pause_s, raising=False)
