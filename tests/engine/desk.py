"""Builders for engine tests: one account, one or two instruments, short words."""

from collections.abc import Sequence
from decimal import Decimal

from engine.account import Account
from engine.book import Book
from engine.commands import CloseTrade, OpenTrade, one_target
from engine.costs import REALISTIC, Costs
from engine.events import Event, Filled, TradeClosed, TradeOpened
from engine.instrument import Instrument
from engine.model import Direction, Market, Quote, Signal, Tick
from engine.sizes import Risk, Size, Stake
from tests.feeds import START_MS, instrument

D = Decimal
LONG, SHORT = Direction.LONG, Direction.SHORT


def book(
    *instruments: Instrument,
    deposit: str = "10000",
    spot_short: bool = True,
    market: Market = Market.SPOT,
) -> Book:
    known = instruments or (instrument(),)
    account = Account(name="main", currency="USDT", market=market, deposits=D(deposit))
    return Book(account, {i.symbol: i for i in known}, spot_short=spot_short)


def quote(
    last: str, *, bid: str | None = None, ask: str | None = None, trade_id: int = 1000
) -> Quote:
    return Quote(
        bid=D(bid or last),
        ask=D(ask or last),
        last=D(last),
        last_trade_id=trade_id,
        time_ms=START_MS,
    )


def order(
    direction: Direction = LONG,
    *,
    symbol: str = "BTCUSDT",
    stop: str,
    target: str,
    size: Size | None = None,
    stake: str = "1000",
    risk: str | None = None,
    at: Quote | None = None,
    last: str = "100",
    costs: Costs = REALISTIC,
    signal: Signal | None = None,
    equity: str = "10000",
) -> OpenTrade:
    return OpenTrade(
        symbol=symbol,
        direction=direction,
        stop=D(stop),
        targets=one_target(D(target)),
        size=size or (Risk(D(risk)) if risk else Stake(D(stake))),
        quote=at or quote(last),
        costs=costs,
        signal=signal,
        equity=D(equity),
    )


def signal(
    direction: Direction = LONG,
    *,
    name: str = "s1",
    symbol: str = "BTCUSDT",
    entry: str = "100",
    stop: str = "95",
    target: str = "110",
    lives_ms: int = 3_600_000,
) -> Signal:
    return Signal(
        id=name,
        symbol=symbol,
        market=Market.SPOT,
        direction=direction,
        entry=D(entry),
        stop=D(stop),
        targets=(D(target),),
        source="test",
        timeframe="1h",
        created_ms=START_MS,
        expires_ms=START_MS + lives_ms,
    )


def tick(
    price: str, *, symbol: str = "BTCUSDT", trade_id: int = 1001, after_ms: int = 1
) -> Tick:
    return Tick(symbol, D(price), D(1), trade_id, START_MS + after_ms)


def opened(desk: Book, command: OpenTrade) -> TradeOpened:
    [event] = desk.submit(command)
    assert isinstance(event, TradeOpened)
    return event


def closed(desk: Book, trade_id: int, at: Quote) -> TradeClosed:
    [event] = desk.submit(CloseTrade(trade_id=trade_id, quote=at))
    assert isinstance(event, TradeClosed)
    return event


def filled(events: Sequence[Event]) -> list[Filled]:
    """Return the events that carry a fill."""
    return [event for event in events if isinstance(event, Filled)]
