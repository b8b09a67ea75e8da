"""A desk on an exchange whose clock a test moves, and what should have happened there.

The oracle is the exchange's own complete tape, print by print through a book of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from desk.session import Session
from desk.settings import load_settings
from desk.start import open_desk, running
from desk.view import Fact
from engine.account import Account
from engine.book import Book
from engine.commands import OpenTrade, Stake
from engine.model import Direction, Fill, Instrument, Source, Tick, Trade
from market.feed import FeedState
from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import JumpingClock

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
SYMBOLS = ("BTCUSDT", "SOLUSDT", "XRPUSDT", "ATOMUSDT")


@dataclass
class World:
    """An exchange whose clock a test moves, and the place of a desk on it."""

    exchange: SimulatedExchange
    clock: JumpingClock
    server: SimulatorServer
    home: Path
    name: str = "paperdesk"
    """Of its books; another name is another desk on the same market."""
    facts: list[Fact] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.home / f"{self.name}.db"

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[Session]:
        """Run a desk until the block ends; it has everything still before it."""
        urls = {
            "market.rest_url": self.server.rest_url,
            "market.stream_url": self.server.stream_url,
        }
        settings, _ = load_settings(self.home / "config.toml", urls)
        async with open_desk(settings, self.database, scan=False) as session:
            session.subscribe(self.facts.append)
            async with running(session):
                yield session

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Session]:
        """Run a desk until the block ends; it has caught up and prices are live."""
        async with self.starting() as session:
            await self.until(
                lambda: (
                    session.rules_known.is_set()
                    and session.catch_up.done.is_set()
                    and session.feed.status.state is FeedState.LIVE
                )
            )
            yield session

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - any condition, not one event
                await asyncio.sleep(0.01)

    def told(self, kind: type) -> list[Fact]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


async def place(
    session: Session, symbol: str, direction: Direction, below: str, above: str
) -> Trade:
    """Open a trade with its levels so far from the price, fractions of it."""
    await session.feed.ready(symbol)
    price, tick = session.feed.board[symbol], session.instruments[symbol].tick
    known = [value for value in (price.last, price.bid, price.ask) if value is not None]
    bottom, top = min(known), max(known)
    low = min((bottom * (1 - Decimal(below))).quantize(tick), bottom - 3 * tick)
    high = max((top * (1 + Decimal(above))).quantize(tick), top + 3 * tick)
    stop, target = (low, high) if direction is Direction.LONG else (high, low)
    command = OpenTrade(
        symbol=symbol, direction=direction, stop=stop, target=target, size=Stake(Decimal(100))
    )
    [event] = await session.submit(command)
    return event.trade


def as_if_watched(
    exchange: SimulatedExchange, rules: dict[str, Instrument], opened: Iterable[Trade]
) -> dict[int, Trade]:
    """Take the whole tape behind each opening through a book; returns each trade at its end."""
    result = {}
    for trade in opened:
        account = Account(name=trade.account, currency="USDT", deposits=Decimal(10_000))
        book = Book(account, rules, trades=[trade])
        result[trade.id] = trade
        for tick in prints_behind(exchange, trade):
            for event in book.on_tick(tick):
                result[trade.id] = event.trade
        result[trade.id] = book.get(trade.id) or result[trade.id]
    return result


def prints_behind(exchange: SimulatedExchange, trade: Trade) -> Iterable[Tick]:
    tape = exchange.tape(trade.symbol)
    first = (trade.fills[0].trade_id or 0) + 1
    for one in tape.prints(first, tape.last_id(exchange.now_ms())):
        price = Decimal(one.price).scaleb(-tape.listing.tick_decimals)
        quantity = Decimal(one.quantity).scaleb(-tape.listing.step_decimals)
        yield Tick(trade.symbol, price, quantity, one.trade_id, one.time_ms, Source.BACKFILL)


def without_sources(trade: Trade | None) -> Trade | None:
    """Leave out how the desk learned of it: the only thing that may differ."""

    def plain(fill: Fill) -> Fill:
        return replace(fill, source=Source.REPLAY)

    return trade and replace(trade, fills=tuple(plain(fill) for fill in trade.fills))


async def same_as_watched(
    world: World, session: Session, opened: Iterable[Trade], *, totals: bool = True
) -> None:
    """Compare every trade on disk, and the account, with the oracle, to the last digit."""
    world.clock.run(0)  # what is open must not move while it is compared
    stopped_s = time.monotonic()
    wanted = as_if_watched(world.exchange, session.instruments, opened)
    for trade_id, trade in wanted.items():
        assert await _settled(session, trade_id, trade) == without_sources(trade)
    world.clock.run(1)
    # The desk's idea of the exchange's time has gone on: else all prices would come late now.
    world.clock.jump(round((time.monotonic() - stopped_s) * 1000))
    if not totals:
        return
    closed = [trade for trade in wanted.values() if trade.closed_ms]
    account = session.book.account
    assert account.closed == len(closed)
    assert account.gross == sum((trade.gross for trade in closed), Decimal(0))
    assert account.fees == sum((trade.fees for trade in wanted.values()), Decimal(0))


async def _settled(session: Session, trade_id: int, wanted: Trade) -> Trade | None:
    """Return a stored trade once the prints under way have worked on it, plain."""
    for _ in range(100):
        await session.save_positions()
        stored = without_sources(await session.ledger.trade("main", trade_id))
        if stored == without_sources(wanted):
            break
        await asyncio.sleep(0.05)
    return stored
