"""The one place where a desk is put together, and the one way to start and stop it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from desk import chores
from desk.lease import Lease
from desk.session import Chore, Session
from desk.settings import Settings
from market.binance.feed import BinanceSpotFeed
from market.binance.hosts import DEFAULT_HOSTS, Host
from market.feed import Feed
from store.ledger import Ledger

T = TypeVar("T")

DEMO_TIMEFRAMES = ("1m", "5m")
DEMO_LIFE_BARS = 20
"""At the demo's speed a signal of the usual three candles would be gone before it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """How the built-in simulated exchange runs."""

    seed: int = 1
    speed: float = 20.0
    """Simulated seconds per real second."""


@contextlib.asynccontextmanager
async def open_desk(
    settings: Settings, database: Path, *, demo: Demo | None = None, scan: bool = True
) -> AsyncIterator[Session]:
    """Take the lease, open the books, choose the market; what is yielded is ready to `run`.

    Args:
        settings: Checked settings.
        database: The desk's file; created if missing.
        demo: Trade on the simulated exchange instead of Binance.
        scan: Whether the scanner may look for signals.

    Raises:
        DeskBusy: If another process holds this desk.
        StoreError: If the books cannot be opened.
    """
    with Lease(database):
        ledger = await Ledger.open(database)
        try:
            async with _market(settings, ledger, demo) as feed:
                own = _chores(settings, scan=scan, demo=demo)
                session = Session(feed, ledger, settings, own)
                await session.load()
                yield session
        finally:
            await ledger.close()


@contextlib.asynccontextmanager
async def running(session: Session) -> AsyncIterator[None]:
    """Run a session in the background for the length of a `with` block."""
    task = asyncio.create_task(session.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def beside(session: Session, work: Coroutine[None, None, T]) -> T:
    """Run a session for as long as *work* takes; returns what the work does.

    Raises:
        Exception: Whatever ended the session before the work was done.
    """
    doing = asyncio.create_task(work)
    desk = asyncio.create_task(session.run())
    await asyncio.wait({doing, desk}, return_when=asyncio.FIRST_COMPLETED)
    for task in (doing, desk):
        task.cancel()
    done, failed = await asyncio.gather(doing, desk, return_exceptions=True)
    if isinstance(done, asyncio.CancelledError) and isinstance(failed, Exception):
        raise failed
    return doing.result()


@contextlib.asynccontextmanager
async def _market(settings: Settings, ledger: Ledger, demo: Demo | None) -> AsyncIterator[Feed]:
    if demo is None:
        own = (_host(settings.rest_url, settings.stream_url),) if settings.rest_url else ()
        yield BinanceSpotFeed(own or DEFAULT_HOSTS)
        return
    from market.simulator import SimulatedExchange, SimulatorServer

    # Simulated time runs ahead of real time; it must never go back behind stored trades.
    start_ms = max(await ledger.latest_ms() or 0, time.time_ns() // 1_000_000)
    exchange = SimulatedExchange(seed=demo.seed, speed=demo.speed, start_ms=start_ms)
    async with SimulatorServer(exchange) as server:
        yield BinanceSpotFeed([_host(server.rest_url, server.stream_url)], simulated=True)


def _host(rest_url: str, stream_url: str) -> Host:
    return Host(rest_url=rest_url, stream_url=stream_url)


def _chores(settings: Settings, *, scan: bool, demo: Demo | None) -> Sequence[Chore]:
    own: list[Chore] = [
        chores.keep_instruments,
        chores.keep_positions,
        chores.keep_expiring,
        _serve,
    ]
    if scan and settings.scanner:
        own.append(partial(_scan, demo=demo))
    return own


# What these two load is not needed for the first picture.


async def _serve(session: Session) -> None:
    from desk import door

    await door.serve(session)


async def _scan(session: Session, *, demo: Demo | None) -> None:
    from signals.scanner import LIFE_BARS, Scanner
    from signals.strategies.ema_cross_adx import EmaCrossAdx

    scanner = Scanner(
        [EmaCrossAdx],
        DEMO_TIMEFRAMES if demo else session.settings.scanner_timeframes,
        session.settings.costs.taker,
        life_bars=DEMO_LIFE_BARS if demo else LIFE_BARS,
    )
    await chores.keep_scanning(session, scanner)
