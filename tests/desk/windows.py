"""Windows on a desk: attached ones, and ones that are whatever they can be."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from desk import door
from desk.anydesk import AnyDesk
from desk.attach import AttachedDesk
from desk.handover import Roles
from desk.lease import Holder, Lease
from desk.news import News
from desk.session import Session
from desk.settings import Settings
from desk.view import Fact, Notice, SignalsArrived, WhileAway
from engine.events import TradeClosed, TradeOpened, TradeReduced
from store.ledger import Ledger
from tests.feeds import ScriptedFeed, instrument

PORTS = count(1)
"""Of the exchanges that holders would run."""
HOLDER = Holder(pid=4711, started_ms=1)


def scripted_feed() -> ScriptedFeed:
    feed = ScriptedFeed(known={s: instrument(s) for s in ("BTCUSDT", "ETHUSDT")})
    feed.quote("BTCUSDT", "100", "100")
    return feed


def told(facts: list[Fact]) -> list[str]:
    """Return what was told, in short words and in order."""
    words = []
    for fact in facts:
        match fact:
            case TradeOpened(trade):
                words.append(f"opened {trade.id}")
            case TradeReduced(trade):
                words.append(f"reduced {trade.id}")
            case TradeClosed(trade) | WhileAway(TradeClosed(trade)):
                words.append(f"closed {trade.id}")
            case SignalsArrived(signals):
                words += [f"signal {signal.id}" for signal in signals]
            case _:
                words.append(type(fact).__name__)
    return words


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, not one event
            await asyncio.sleep(0.005)


@dataclass
class Window:
    """An attached desk and what it has told."""

    desk: AttachedDesk
    feed: ScriptedFeed
    facts: list[Fact] = field(default_factory=list)


@asynccontextmanager
async def attached(database: Path, settings: Settings) -> AsyncIterator[Window]:
    """Attach to the desk on *database*; it stops with the block."""
    feed = scripted_feed()
    ledger = await Ledger.open(database)
    try:
        desk = AttachedDesk(feed, ledger, settings, HOLDER)
        window = Window(desk, feed)
        desk.subscribe(window.facts.append)
        await desk.load()
        async with background(desk.run()):
            await until(lambda: desk.instruments)
            yield window
    finally:
        await ledger.close()


@asynccontextmanager
async def background(
    work: Coroutine[Any, Any, None],
) -> AsyncIterator[None]:
    """Run something for the length of a block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass
class AnyWindow:
    """A window that runs the desk or is attached, as it comes."""

    desk: AnyDesk
    feeds: list[ScriptedFeed]
    """Of its roles, one after the other."""
    facts: list[Fact] = field(default_factory=list)
    bug: asyncio.Event = field(default_factory=asyncio.Event)
    """Makes the desk fail, where this window runs it."""

    @property
    def feed(self) -> ScriptedFeed:
        """The feed of the present role."""
        return self.feeds[-1]

    @property
    def holds(self) -> bool:
        """Whether this window runs the desk."""
        return isinstance(self.desk.role, Session)

    def notices(self) -> list[str]:
        """Return the texts of the notices told."""
        return [fact.text for fact in self.facts if isinstance(fact, Notice)]


@asynccontextmanager
async def any_window(
    database: Path, settings: Settings, *, own_market: bool = False
) -> AsyncIterator[AnyWindow]:
    """Open a window; it runs until the block ends."""
    feeds: list[ScriptedFeed] = []
    bug = asyncio.Event()

    async def fail(_: Session) -> None:
        await bug.wait()
        raise RuntimeError("a bug")

    def next_feed() -> ScriptedFeed:
        feeds.append(scripted_feed())
        return feeds[-1]

    @asynccontextmanager
    async def hold(lease: Lease) -> AsyncIterator[Session]:
        ledger = await Ledger.open(database)
        ledger.guard = lease.check
        if own_market:
            port = next(PORTS)
            lease.announce(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        try:
            session = Session(next_feed(), ledger, settings, [door.serve, fail])
            session.instruments.update(feeds[-1].known)
            session.rules_known.set()
            await session.load()
            yield session
        finally:
            await ledger.close()

    @asynccontextmanager
    async def attach(holder: Holder | None, news: News) -> AsyncIterator[AttachedDesk]:
        ledger = await Ledger.open(database)
        try:
            yield AttachedDesk(next_feed(), ledger, settings, holder, news)
        finally:
            await ledger.close()

    roles = Roles(hold=hold, attach=attach, own_market=own_market)
    window = AnyWindow(AnyDesk(database, settings, roles), feeds, bug=bug)
    window.desk.subscribe(window.facts.append)
    await window.desk.begin()
    try:
        async with background(window.desk.run()):
            await until(window.feed.running.is_set)
            yield window
    finally:
        await window.desk.end()
