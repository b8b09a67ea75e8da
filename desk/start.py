"""The one place where a desk is put together, and the one way to start and stop it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from desk import chores
from desk.anydesk import AnyDesk
from desk.attach import AttachedDesk
from desk.errors import DeskError
from desk.handover import Roles
from desk.lease import Holder, Lease
from desk.news import News
from desk.session import Chore, Session
from desk.settings import Settings
from engine.instrument import Bracket
from engine.model import Market
from market.binance.feed import BinanceFuturesFeed, BinanceSpotFeed
from market.binance.hosts import Host
from market.errors import MarketError
from market.feed import Feed
from store.ledger import Ledger

if TYPE_CHECKING:
    from market.tape.recording import Recording

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
    keep: bool = False
    """Whether the market goes on while the demo is closed; else it waits."""


@contextlib.asynccontextmanager
async def open_desk(
    settings: Settings,
    database: Path,
    *,
    demo: Demo | None = None,
    scan: bool = True,
    record: Path | None = None,
) -> AsyncIterator[Session]:
    """Take the lease, open the books, choose the market; what is yielded is ready to `run`.

    Args:
        settings: Checked settings.
        database: The desk's file; created if missing.
        demo: Trade on the simulated exchange instead of Binance.
        scan: Whether the scanner may look for signals.
        record: Where to record all that the exchange sends.

    Raises:
        DeskBusy: If another process holds this desk.
        StoreError: If the books cannot be opened.
        TapeError: If the recording cannot be written.
    """
    with Lease(database, settings.account) as lease:
        hold = _holding(settings, database, demo=demo, scan=scan, record=record)
        async with hold(lease) as session:
            yield session


@contextlib.asynccontextmanager
async def open_any_desk(
    settings: Settings,
    database: Path,
    *,
    demo: Demo | None = None,
    scan: bool = True,
    record: Path | None = None,
) -> AsyncIterator[AnyDesk]:
    """Open the desk, or attach to the process that runs it; it is ready to `run`.

    Args:
        settings: Checked settings.
        database: The desk's file; created if missing.
        demo: Trade on the simulated exchange instead of Binance.
        scan: Whether the scanner may look for signals, where this process runs the desk.
        record: Where to record all that the exchange sends, while it does.

    Raises:
        DeskBusy: If the process that runs this demo does not say where its market is.
        StoreError: If the books cannot be opened.
        TapeError: If the recording cannot be written.
    """
    roles = Roles(
        hold=_holding(settings, database, demo=demo, scan=scan, record=record),
        attach=_attaching(settings, database),
        own_market=demo is not None,
    )
    desk = AnyDesk(database, settings, roles)
    await desk.begin()
    try:
        yield desk
    finally:
        await desk.end()


def _holding(
    settings: Settings, database: Path, *, demo: Demo | None, scan: bool, record: Path | None
) -> Callable[[Lease], AbstractAsyncContextManager[Session]]:
    @contextlib.asynccontextmanager
    async def hold(lease: Lease) -> AsyncIterator[Session]:
        unused_s = _unused_s(database)
        async with contextlib.AsyncExitStack() as closing:
            ledger = await Ledger.open(database)
            closing.push_async_callback(ledger.close)
            ledger.guard = lease.check
            own = _chores(settings, database, scan=scan, demo=demo)
            recording = _recording(record) if record else None
            if recording:
                closing.callback(recording.close)
                own.append(partial(chores.keep_telling, recording))
            if demo:
                urls = await closing.enter_async_context(_simulation(demo, ledger, unused_s))
                lease.announce(*urls)
                feed: Feed = _simulated(settings, *urls, recording)
            else:
                feed = _binance(settings, recording)
            session = Session(feed, ledger, settings, own)
            await session.load()
            yield session

    return hold


def _attaching(
    settings: Settings, database: Path
) -> Callable[[Holder | None, News], AbstractAsyncContextManager[AttachedDesk]]:
    @contextlib.asynccontextmanager
    async def attach(holder: Holder | None, news: News) -> AsyncIterator[AttachedDesk]:
        ledger = await Ledger.open(database)
        try:
            if holder and holder.rest_url:
                feed = _simulated(settings, holder.rest_url, holder.stream_url)
            else:
                feed = _binance(settings)
            yield AttachedDesk(feed, ledger, settings, holder, news)
        finally:
            await ledger.close()

    return attach


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
async def _simulation(
    demo: Demo, ledger: Ledger, unused_s: float
) -> AsyncIterator[tuple[str, str]]:
    """Serve the demo's market; yields the addresses of its REST interface and streams."""
    from market.simulator import SimulatedExchange, SimulatorServer

    # Simulated time runs ahead of real time; it must never go back behind stored trades.
    start_ms = max(await ledger.latest_ms() or 0, time.time_ns() // 1_000_000)
    if demo.keep:
        start_ms += int(unused_s * demo.speed * 1000)
    exchange = SimulatedExchange(seed=demo.seed, speed=demo.speed, start_ms=start_ms)
    async with SimulatorServer(exchange) as server:
        yield server.rest_url, server.stream_url


def _recording(path: Path) -> "Recording":
    from market.tape.recording import Recording

    return Recording(path)


def _unused_s(database: Path) -> float:
    """Return for how long nothing was written to the books, seconds."""
    with contextlib.suppress(FileNotFoundError):
        return max(0.0, time.time() - database.stat().st_mtime)
    return 0.0


def _binance(settings: Settings, recording: "Recording | None" = None) -> Feed:
    own = (_host(settings.rest_url, settings.stream_url),) if settings.rest_url else ()
    return _FEEDS[settings.market](own, recording=recording, brackets=_brackets(settings))


def _simulated(
    settings: Settings,
    rest_url: str,
    stream_url: str,
    recording: "Recording | None" = None,
) -> Feed:
    hosts = (_host(rest_url, stream_url),)
    return _FEEDS[settings.market](
        hosts, simulated=True, recording=recording, brackets=_brackets(settings)
    )


def _brackets(settings: Settings) -> dict[str, tuple[Bracket, ...]] | None:
    """Read the trader's own margin tables, where there are some.

    Raises:
        DeskError: If they cannot be read.
    """
    if settings.brackets is None or settings.market is not Market.FUTURES:
        return None
    from market.binance.brackets import read_brackets

    try:
        return read_brackets(settings.brackets)
    except MarketError as exc:
        raise DeskError(str(exc)) from exc


_FEEDS = {Market.SPOT: BinanceSpotFeed, Market.FUTURES: BinanceFuturesFeed}


def _host(rest_url: str, stream_url: str) -> Host:
    return Host(rest_url=rest_url, stream_url=stream_url)


def _chores(
    settings: Settings, database: Path, *, scan: bool, demo: Demo | None
) -> list[Chore]:
    own: list[Chore] = [
        chores.keep_instruments,
        chores.keep_positions,
        chores.keep_expiring,
        chores.keep_orders,
        chores.keep_measuring,
        _serve,
        _check,
    ]
    if settings.webhook:
        own.append(partial(_listen, database=database))
    if settings.folder:
        own.append(partial(_watch, folder=settings.folder))
    if scan and settings.scanner:
        own.append(partial(_scan, demo=demo))
    return own


# What these load is not needed for the first picture.


async def _check(session: Session) -> None:
    from desk import checks

    await checks.keep_checking(session)


async def _serve(session: Session) -> None:
    from desk import door

    await door.serve(session)


async def _listen(session: Session, *, database: Path) -> None:
    from desk import webhook

    await webhook.keep_webhook(session, database)


async def _watch(session: Session, *, folder: Path) -> None:
    from desk.folder import keep_folder

    await keep_folder(session, folder)


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
