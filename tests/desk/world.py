"""A desk on an exchange whose clock a test moves, and what should have happened there.

The oracle is the exchange's own complete tape, print by print through a book of its own.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path

from desk.session import Session
from desk.settings import load_settings
from desk.start import open_desk, running
from desk.view import Fact
from engine.account import Account
from engine.book import Book
from engine.commands import OpenTrade, one_target
from engine.events import (
    Event,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.instrument import Instrument
from engine.model import CancelReason, Direction, Fill, FillKind, Source, Tick, Trade
from engine.sizes import Stake
from market.feed import FeedState
from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import JumpingClock

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
SYMBOLS = ("BTCUSDT", "SOLUSDT", "XRPUSDT", "ATOMUSDT")


@dataclass(frozen=True, slots=True)
class Known:
    """How a trade stood when the trader last did something to it."""

    trade: Trade
    print_id: int
    """The last print of its symbol that the books had seen by then."""


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
    known: dict[int, Known] = field(default_factory=dict)
    """By trade id; from there the tape alone decides."""

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
            session.subscribe(self._hear)
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

    def _hear(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, Event) and by_hand(fact):
            self.known[fact.trade.id] = Known(fact.trade, self._stored_print(fact.trade.symbol))

    def _stored_print(self, symbol: str) -> int:
        """Return how far a symbol was followed: it lies on disk with what is told."""
        with closing(sqlite3.connect(self.database)) as db:
            rows = db.execute("SELECT trade_id FROM checkpoint WHERE symbol = ?", (symbol,))
            return int(rows.fetchone()[0])

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
        symbol=symbol,
        direction=direction,
        stop=stop,
        targets=one_target(target),
        size=Stake(Decimal(100)),
    )
    [event] = await session.submit(command)
    return event.trade


def by_hand(event: Event) -> bool:
    """Tell whether the trader, not the market, has made something happen."""
    match event:
        case TradePlaced() | TradeEdited():
            return True
        case TradeOpened(fill=fill):
            return fill.level is None
        case TradeCancelled(trade):
            return trade.cancel_reason is CancelReason.TRADER
        case TradeReduced(fill=fill) | TradeClosed(fill=fill):
            return fill.kind is FillKind.MANUAL
        case _:
            return False


def as_if_watched(
    world: World, rules: dict[str, Instrument], opened: Iterable[Trade]
) -> dict[int, Trade]:
    """Return how the tape leaves each trade, by id."""
    return {trade.id: watched(world.exchange, world.known[trade.id], rules) for trade in opened}


def watched(exchange: SimulatedExchange, known: Known, rules: dict[str, Instrument]) -> Trade:
    """Take the whole tape behind a trade's last order through a book; return its end."""
    trade = known.trade
    if not trade.status.active:
        return trade
    account = Account(name=trade.account, currency="USDT", deposits=Decimal(10_000))
    book = Book(account, rules, trades=[trade])
    for tick in prints_behind(exchange, known):
        for event in book.on_tick(tick):
            trade = event.trade
        if not trade.status.active:
            return trade
    return book.get(trade.id) or trade


def prints_behind(exchange: SimulatedExchange, known: Known) -> Iterable[Tick]:
    symbol, tape = known.trade.symbol, exchange.tape(known.trade.symbol)
    for one in tape.prints(known.print_id + 1, tape.last_id(exchange.now_ms())):
        price = Decimal(one.price).scaleb(-tape.listing.tick_decimals)
        quantity = Decimal(one.quantity).scaleb(-tape.listing.step_decimals)
        yield Tick(symbol, price, quantity, one.trade_id, one.time_ms, Source.BACKFILL)


def without_sources(trade: Trade | None) -> Trade | None:
    """Leave out how the desk learned of it: the only thing that may differ."""

    def plain(fill: Fill) -> Fill:
        return fill if fill.source is Source.MANUAL else replace(fill, source=Source.REPLAY)

    return trade and replace(trade, fills=tuple(plain(fill) for fill in trade.fills))


def differences(is_: Trade | None, wanted: Trade | None) -> list[str]:
    """Name the fields in which a trade is not as it should be."""
    if is_ is None or wanted is None:
        return [] if is_ is wanted else [f"{is_} is not {wanted}"]
    values = [(field.name, getattr(is_, field.name)) for field in fields(is_)]
    return [
        f"#{wanted.id} {name}: {value} is not {right}"
        for name, value in values
        if value != (right := getattr(wanted, name))
    ]


async def same_as_watched(
    world: World, session: Session, opened: Iterable[Trade], *, totals: bool = True
) -> None:
    """Compare every trade on disk, and the account, with the oracle, to the last digit."""
    world.clock.run(0)  # what is open must not move while it is compared
    stopped_s = time.monotonic()
    wanted = as_if_watched(world, session.instruments, opened)
    for trade_id, trade in wanted.items():
        stored = await _settled(session, trade_id, trade)
        assert not differences(stored, without_sources(trade))
    world.clock.run(1)
    # The desk's idea of the exchange's time has gone on: else all prices would come late now.
    world.clock.jump(round((time.monotonic() - stopped_s) * 1000))
    if not totals:
        return
    account = session.book.account
    assert account.closed == sum(trade.exit_price is not None for trade in wanted.values())
    assert account.gross == sum((trade.gross for trade in wanted.values()), Decimal(0))
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
