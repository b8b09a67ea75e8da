"""A running desk on a real database, with a market that does what the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desk.session import Session
from desk.settings import Settings
from desk.start import running
from desk.view import Fact
from store.ledger import Ledger
from tests.feeds import ScriptedFeed, instrument


@dataclass
class Desk:
    """The parts that a test wants to touch."""

    session: Session
    feed: ScriptedFeed
    ledger: Ledger
    database: Path
    facts: list[Fact] = field(default_factory=list)

    def told(self, kind: type) -> list[Fact]:
        """Return the facts of one kind heard so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, five seconds at most."""
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - any condition, not one event
                await asyncio.sleep(0.005)


@asynccontextmanager
async def running_desk(database: Path, settings: Settings) -> AsyncIterator[Desk]:
    """Start a desk, loaded and connected; it stops with the block."""
    feed = ScriptedFeed(known={s: instrument(s) for s in ("BTCUSDT", "ETHUSDT")})
    ledger = await Ledger.open(database)
    try:
        session = Session(feed, ledger, settings)
        session.instruments.update(feed.known)
        session.rules_known.set()
        desk = Desk(session, feed, ledger, database)
        session.subscribe(desk.facts.append)
        await session.load()
        async with running(session):
            await feed.running.wait()
            yield desk
    finally:
        await ledger.close()
