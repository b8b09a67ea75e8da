"""What happened while no desk ran is booked as if one had run: real sockets, real files.

The oracle is the exchange's own complete tape, print by print through a book of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from desk.session import Session
from desk.settings import load_settings
from desk.start import open_desk, running
from desk.view import CaughtUp, Fact, Notice, WhileAway
from engine.account import Account
from engine.book import Book
from engine.commands import OpenTrade, Stake
from engine.events import TradeClosed
from engine.model import Direction, Fill, Instrument, Source, Tick, Trade
from market.feed import FeedState
from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import JumpingClock, running_market

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
SYMBOLS = ("BTCUSDT", "SOLUSDT", "XRPUSDT", "ATOMUSDT")


@dataclass
class World:
    """An exchange whose clock a test moves, and the place of a desk on it."""

    exchange: SimulatedExchange
    clock: JumpingClock
    server: SimulatorServer
    home: Path
    facts: list[Fact] = field(default_factory=list)

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[Session]:
        """Run a desk until the block ends; it has everything still before it."""
        urls = {
            "market.rest_url": self.server.rest_url,
            "market.stream_url": self.server.stream_url,
        }
        settings, _ = load_settings(self.home / "config.toml", urls)
        async with open_desk(settings, self.home / "paperdesk.db", scan=False) as session:
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


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    exchange, clock = running_market()
    async with SimulatorServer(exchange) as server:
        yield World(exchange, clock, server, tmp_path)


async def place(
    session: Session, symbol: str, direction: Direction, below: str, above: str
) -> Trade:
    """Open a trade with its levels so far from the price, fractions of it."""
    await session.feed.ready(symbol)
    last, tick = session.feed.board[symbol].last, session.instruments[symbol].tick
    assert last is not None
    low = min((last * (1 - Decimal(below))).quantize(tick), last - 3 * tick)
    high = max((last * (1 + Decimal(above))).quantize(tick), last + 3 * tick)
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


async def same_as_watched(world: World, session: Session, opened: Iterable[Trade]) -> None:
    """Compare every trade on disk with the oracle, to the last digit."""
    wanted = as_if_watched(world.exchange, session.instruments, opened)
    await session.save_positions()
    for trade_id, trade in wanted.items():
        stored = await session.ledger.trade("main", trade_id)
        assert without_sources(stored) == without_sources(trade)
    closed = [trade for trade in wanted.values() if trade.closed_ms]
    account = session.book.account
    assert account.closed == len(closed)
    assert account.gross == sum((trade.gross for trade in closed), Decimal(0))
    assert account.fees == sum((trade.fees for trade in wanted.values()), Decimal(0))


@pytest.mark.parametrize(
    ("away_ms", "reach"),
    [
        (90_000, "0.0004"),
        (40 * MINUTE_MS, "0.002"),
        (9 * HOUR_MS, "0.008"),
        (3 * DAY_MS, "0.02"),
    ],
    ids=["a minute", "forty minutes", "nine hours", "three days"],
)
async def test_a_restart_books_what_happened_at_its_true_time_and_price(
    world: World, away_ms: int, reach: str
) -> None:
    opened = []
    async with world.desk() as session:
        for symbol in SYMBOLS:
            opened += [
                await place(session, symbol, direction, reach, reach) for direction in Direction
            ]

    world.clock.jump(away_ms)

    async with world.desk() as session:
        await same_as_watched(world, session, opened)
        closed = [trade for trade in opened if session.book.get(trade.id) is None]
    assert len(closed) >= 4
    [*_, summary] = world.told(CaughtUp)
    assert isinstance(summary, CaughtUp)
    assert {trade.id for trade in summary.closed} == {trade.id for trade in closed}
    assert len(world.told(WhileAway)) == len(closed)
    assert not world.told(TradeClosed)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_and_started_again_it_ends_the_same(
    tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    exchange, clock = running_market(seed + 1)
    async with SimulatorServer(exchange) as server:
        world = World(exchange, clock, server, tmp_path)
        opened: list[Trade] = []
        for _ in range(4):
            async with world.desk() as session:
                await same_as_watched(world, session, opened)
                for symbol in chance.sample(SYMBOLS, 2):
                    direction = chance.choice(list(Direction))
                    free = not any(
                        t.symbol == symbol and t.direction is direction
                        for t in session.book.active()
                    )
                    below, above = (f"{chance.uniform(0.0005, 0.01):.5f}" for _ in range(2))
                    if free:
                        opened.append(await place(session, symbol, direction, below, above))
                for _ in range(chance.randrange(20)):
                    clock.jump(chance.randrange(2_000))
                    await asyncio.sleep(0.005)
            clock.jump(chance.choice((3_000, 30_000, 700_000, 7 * HOUR_MS, 30 * HOUR_MS)))

        async with world.desk() as session:
            await same_as_watched(world, session, opened)


async def test_a_kill_in_the_middle_of_catching_up_costs_nothing(world: World) -> None:
    async with world.desk() as session:
        opened = [
            await place(session, symbol, Direction.LONG, "0.01", "0.01") for symbol in SYMBOLS
        ]
    world.clock.jump(2 * DAY_MS)

    for moments in range(2, 30, 4):
        async with world.starting():
            for _ in range(moments):
                await asyncio.sleep(0.01)

    async with world.desk() as session:
        await same_as_watched(world, session, opened)


async def test_nothing_is_guessed_while_history_cannot_be_read(world: World) -> None:
    async with world.desk() as session:
        trade = await place(session, "SOLUSDT", Direction.LONG, "0.001", "0.5")
    world.clock.jump(2 * HOUR_MS)
    world.exchange.delist("SOLUSDT")

    async with world.starting() as session:
        await world.until(lambda: bool(world.told(Notice)))
        [view] = session.trade_views()

        assert view.trade == trade
        assert view.catching_up
        assert not view.live
    [notice] = world.told(Notice)
    assert isinstance(notice, Notice)
    assert "SOLUSDT" in notice.text
    assert "not watched" in notice.text
