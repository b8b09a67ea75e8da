"""A desk on a futures account, and what a desk that never stopped would have booked there.

The oracle takes the exchange's own prints, its mark prices and its settlements
of funding through a book of its own, in the order of the rules.
"""

import asyncio
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from desk.session import Session
from engine.account import Account
from engine.book import Book
from engine.commands import OpenTrade, one_target
from engine.events import Event
from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import CloseReason, Direction, EntryMode, Market, Source, Tick, Trade
from engine.sizes import Stake
from market.simulator import SimulatedExchange, SimulatorServer
from tests.desk.world import HOUR_MS, MINUTE_MS, World, without_sources
from tests.market.simulation import JumpingClock

UNIT = Decimal(10) ** 8
Moment = tuple[int, int, Tick | MarkPrice | FundingDue]
"""Time, the order of what happens at one time, and what happens."""


def futures_world(
    exchange: SimulatedExchange, clock: JumpingClock, server: SimulatorServer, home: Path
) -> World:
    (home / "config.toml").write_text("[account]\nmarket = 'futures'\n")
    return World(exchange, clock, server, home)


def before_the_hour(clock: JumpingClock, by_ms: int, hours: int = 1) -> int:
    """Move the clock to so long before the next full hour that *hours* divide; returns it."""
    step_ms = hours * HOUR_MS
    due_ms = (clock() // step_ms + 1) * step_ms
    clock.jump(due_ms - by_ms - clock())
    return due_ms


async def begin(
    session: Session,
    symbol: str,
    direction: Direction = Direction.LONG,
    *,
    leverage: int = 10,
    stop: str = "",
    target: str = "0.5",
    entry: str = "",
) -> Trade:
    """Open a trade with its levels that far from the price, fractions of it.

    Without a *stop* it lies just in front of the liquidation. With an *entry*, a limit order
    waits that far on the losing side of the price.
    """
    await session.feed.ready(symbol)
    last, tick = session.feed.board[symbol].last, session.instruments[symbol].tick
    assert last is not None

    def level(part: str, side: int) -> Decimal:
        return (last * (1 + side * direction.sign * Decimal(part)) // tick) * tick

    order = OpenTrade(
        symbol=symbol,
        direction=direction,
        stop=level(stop or str(Decimal("0.7") / leverage), -1),
        targets=one_target(level(target, 1)),
        size=Stake(Decimal(500)),
        leverage=leverage,
    )
    if entry:
        order = replace(order, entry_mode=EntryMode.LIMIT, entry=level(entry, -1))
    [event] = await session.submit(order)
    return event.trade


# -- the oracle -------------------------------------------------------------------------------


def as_watched(
    exchange: SimulatedExchange, rules: dict[str, Instrument], trade: Trade
) -> Trade:
    """Return a trade as a desk that never stopped would have it by now."""
    account = Account(
        name=trade.account, currency="USDT", market=Market.FUTURES, deposits=Decimal(10_000)
    )
    book, end = Book(account, rules, trades=[trade]), trade
    for _, _, moment in _moments(exchange, trade):
        if book.get(trade.id) is None:
            return end
        for event in _work(book, moment):
            end = event.trade
    return book.get(trade.id) or end


def _work(book: Book, moment: Tick | MarkPrice | FundingDue) -> Iterable[Event]:
    if isinstance(moment, Tick):
        return book.on_tick(moment)
    if isinstance(moment, MarkPrice):
        return book.on_mark(moment, Source.STREAM)
    return book.on_funding(moment)


def _moments(exchange: SimulatedExchange, trade: Trade) -> Iterator[Moment]:
    return heapq.merge(
        _fundings(exchange, trade),
        _marks(exchange, trade),
        _prints(exchange, trade),
        key=lambda moment: moment[:2],
    )


def _fundings(exchange: SimulatedExchange, trade: Trade) -> Iterator[Moment]:
    floor, symbol = exchange.futures, trade.symbol
    for settled in floor.settled(symbol, trade.placed_ms, exchange.now_ms()):
        rate = Decimal(floor.funding(symbol).settled_rate(settled.due_ms)) / UNIT
        mark = Decimal(floor.mark_at(symbol, settled.due_ms)) / UNIT
        yield settled.due_ms, 0, FundingDue(symbol, settled.due_ms, rate, mark)


def _marks(exchange: SimulatedExchange, trade: Trade) -> Iterator[Moment]:
    # Over hours a look a minute does: no test liquidates so far from its kill.
    step_ms = 1000 if exchange.now_ms() - trade.placed_ms < HOUR_MS else MINUTE_MS
    first_ms = (trade.placed_ms // step_ms + 1) * step_ms
    for time_ms in range(first_ms, exchange.now_ms() + 1, step_ms):
        price = Decimal(exchange.futures.mark_at(trade.symbol, time_ms)) / UNIT
        yield time_ms, 1, MarkPrice(trade.symbol, price, time_ms)


def _prints(exchange: SimulatedExchange, trade: Trade) -> Iterator[Moment]:
    tape = exchange.futures.tape(trade.symbol)
    known = trade.fills[0].trade_id if trade.fills else None
    first = known + 1 if known else tape.first_id_since(trade.placed_ms)
    for one in tape.prints(first, tape.last_id(exchange.now_ms())):
        price = Decimal(one.price).scaleb(-tape.listing.tick_decimals)
        quantity = Decimal(one.quantity).scaleb(-tape.listing.step_decimals)
        tick = Tick(trade.symbol, price, quantity, one.trade_id, one.time_ms, Source.BACKFILL)
        yield one.time_ms, 2, tick


def comparable(trade: Trade | None) -> Trade | None:
    """Leave out what may differ: sources, and the second of a liquidation.

    Candles of the mark price tell the minute of a liquidation, not its second or its price.
    """
    plain = without_sources(trade)
    if plain is None or plain.close_reason is not CloseReason.LIQUIDATION:
        return plain
    *others, last = plain.fills
    minute_ms = last.time_ms // MINUTE_MS * MINUTE_MS
    last = replace(
        last,
        time_ms=minute_ms,
        print_price=Decimal(0),
        candle="",
        candle_ms=None,
        reconstructed=False,
    )
    entry = plain.entry_price  # what it lived through up to that second may differ too
    fills = (*others, last)
    return replace(plain, fills=fills, closed_ms=minute_ms, best=entry, worst=entry)


async def same_as_watched(world: World, session: Session, opened: Iterable[Trade]) -> None:
    """Compare every trade on disk, and the account, with the oracle, to the last digit."""
    world.clock.run(0)  # what is open must not move while it is compared
    wanted = [as_watched(world.exchange, session.instruments, trade) for trade in opened]
    for trade in wanted:
        stored = None
        for _ in range(200):
            await session.save_positions()
            stored = comparable(await session.ledger.trade("main", trade.id))
            if stored == comparable(trade):
                break
            await asyncio.sleep(0.05)
        assert stored == comparable(trade)
    account = session.book.account
    assert account.gross == sum((trade.gross for trade in wanted), Decimal(0))
    assert account.fees == sum((trade.fees for trade in wanted), Decimal(0))
    assert account.funding == sum((trade.funding for trade in wanted), Decimal(0))
    world.clock.run(1)
