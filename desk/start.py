"""The one place where a desk is put together, and the one way to start and stop it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from desk import chores, door
from desk.lease import Lease
from desk.session import Chore, Session
from desk.settings import Settings
from market.binance.feed import BinanceSpotFeed
from market.binance.hosts import DEFAULT_HOSTS, Host
from market.feed import Feed
from store.ledger import Ledger

DEMO_TIMEFRAMES = ("1m", "5m")


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
                if demo:
                    settings = replace(settings, scanner_timeframes=DEMO_TIMEFRAMES)
                session = Session(feed, ledger, settings, _chores(settings, scan=scan))
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


@contextlib.asynccontextmanager
async def _market(settings: Settings, ledger: Ledger, demo: Demo | None) -> AsyncIterator[Feed]:
    if demo is None:
        own = (Host(settings.rest_url, settings.stream_url),) if settings.rest_url else ()
        yield BinanceSpotFeed(own or DEFAULT_HOSTS)
        return
    from market.simulator import SimulatedExchange, SimulatorServer

    # Simulated time runs ahead of real time; it must never go back behind stored trades.
    exchange = SimulatedExchange(
        seed=demo.seed, speed=demo.speed, start_ms=await ledger.latest_ms()
    )
    async with SimulatorServer(exchange) as server:
        yield BinanceSpotFeed([Host(server.rest_url, server.stream_url)], simulated=True)


def _chores(settings: Settings, *, scan: bool) -> Sequence[Chore]:
    own: list[Chore] = [
        chores.keep_instruments,
        chores.keep_positions,
        chores.keep_expiring,
        door.serve,
    ]
    if scan and settings.scanner:
        from signals.scanner import Scanner
        from signals.strategies.ema_cross_adx import EmaCrossAdx

        scanner = Scanner([EmaCrossAdx], settings.scanner_timeframes, settings.costs.taker)
        own.append(partial(chores.keep_scanning, scanner=scanner))
    return own
