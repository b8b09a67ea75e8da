"""Answers of Binance's REST interface, turned into the desk's own nouns.

A row that cannot be used is left out; the rest of its answer stays usable.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import msgspec

from engine.instrument import Instrument
from engine.model import Candle, Market, Source, Tick
from engine.money import ZERO, plain
from market.binance.wire import Amount, Id, Positive, Price, Symbol, TimeMs
from market.errors import BadAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")

SETTLED_AFTER_MS = 2000
"""A candle's last prints may be added this long after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """A symbol's last day; prices of a symbol that does not trade may be 0."""

    symbol: str
    last: Decimal
    open: Decimal
    """Price 24 hours ago."""
    bid: Decimal
    ask: Decimal
    quote_volume: Decimal
    """Turnover of 24 hours, quote asset."""


class _Print(msgspec.Struct):
    trade_id: Id = msgspec.field(name="a")
    price: Price = msgspec.field(name="p")
    quantity: Positive = msgspec.field(name="q")
    time_ms: TimeMs = msgspec.field(name="T")


class _Kline(msgspec.Struct, array_like=True):
    """`[openTime,"open","high","low","close","volume",closeTime,"quoteVolume",trades,…]`."""

    open_ms: TimeMs
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Amount
    close_ms: TimeMs
    quote_volume: str
    trades: Id


class _Ticker(msgspec.Struct, rename="camel"):
    symbol: Symbol
    last_price: Amount
    open_price: Amount
    bid_price: Amount = "0"
    ask_price: Amount = "0"
    quote_volume: Amount = "0"


class _Touch(msgspec.Struct, rename="camel"):
    bid_price: Price
    ask_price: Price


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Amount = "0"
    min_price: Amount = "0"
    max_price: Amount = "0"
    step_size: Amount = "0"
    min_qty: Amount = "0"
    max_qty: Amount = "0"
    min_notional: Amount = "0"
    notional: Amount = "0"
    """What futures call the least notional."""
    max_notional: Amount = "0"


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: Symbol
    status: str
    base_asset: Symbol
    quote_asset: Symbol
    filters: list[msgspec.Raw]
    contract_type: str = ""
    """Futures only."""
    margin_asset: str = ""
    """Futures only."""

    @property
    def linear_perpetual(self) -> bool:
        """Whether it never expires and is settled in what its price is counted in."""
        return self.contract_type == "PERPETUAL" and self.margin_asset == self.quote_asset


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _ExchangeInfo(msgspec.Struct, rename="camel"):
    symbols: list[msgspec.Raw]
    rate_limits: list[_RateLimit] = []


class _Time(msgspec.Struct, rename="camel"):
    server_time: TimeMs


_NO_FILTER = _Filter("")


def server_time(body: bytes) -> int:
    """Return the exchange's clock, milliseconds UTC."""
    return decode(body, _Time).server_time


def touch(body: bytes) -> tuple[Decimal, Decimal]:
    """Return best bid and ask of one symbol."""
    row = decode(body, _Touch)
    return Decimal(row.bid_price), Decimal(row.ask_price)


def prints(symbol: str, body: bytes) -> list[Tick]:
    """Return the prints of an aggTrades page in id order.

    One row that cannot be used spoils the page: a print must never be stepped over.
    """
    ticks = [
        Tick(
            symbol,
            Decimal(row.price),
            Decimal(row.quantity),
            row.trade_id,
            row.time_ms,
            Source.BACKFILL,
        )
        for row in decode(body, list[_Print])
    ]
    ticks.sort(key=lambda tick: tick.trade_id)
    return ticks


def candles(symbol: str, timeframe: str, body: bytes, now_ms: int) -> list[Candle]:
    """Return candles in time order; the newest counts as closed only when it has settled.

    Args:
        symbol: Asked for; rows do not name it.
        timeframe: Asked for, in Binance's spelling.
        body: Answer of the klines path.
        now_ms: Exchange time.
    """
    rows = usable(decode(body, list[msgspec.Raw]), _Kline)
    return [
        Candle(
            symbol=symbol,
            timeframe=timeframe,
            open_ms=row.open_ms,
            open=Decimal(row.open),
            high=Decimal(row.high),
            low=Decimal(row.low),
            close=Decimal(row.close),
            volume=Decimal(row.volume),
            close_ms=row.close_ms,
            trades=row.trades,
            closed=row is not rows[-1] or row.close_ms < now_ms - SETTLED_AFTER_MS,
        )
        for row in rows
    ]


def tickers(body: bytes) -> list[Ticker]:
    """Return 24-hour figures by symbol."""
    return [
        Ticker(
            symbol=row.symbol,
            last=Decimal(row.last_price),
            open=Decimal(row.open_price),
            bid=Decimal(row.bid_price),
            ask=Decimal(row.ask_price),
            quote_volume=Decimal(row.quote_volume),
        )
        for row in usable(decode(body, list[msgspec.Raw]), _Ticker)
    ]


def exchange_info(body: bytes, market: Market) -> tuple[dict[str, Instrument], int | None]:
    """Return trading rules by symbol, and the request weight allowed per minute if named.

    Of futures only the perpetual ones are kept that are settled in their quote asset.
    """
    info = decode(body, _ExchangeInfo)
    known = {
        row.symbol: _instrument(row, market)
        for row in usable(info.symbols, _Symbol)
        if market is Market.SPOT or row.linear_perpetual
    }
    weights = [
        limit.limit
        for limit in info.rate_limits
        if limit.rate_limit_type == "REQUEST_WEIGHT"
        and (limit.interval, limit.interval_num) == ("MINUTE", 1)
    ]
    return known, weights[0] if weights else None


def _instrument(row: _Symbol, market: Market) -> Instrument:
    filters = {f.filter_type: f for f in usable(row.filters, _Filter)}
    price = filters.get("PRICE_FILTER", _NO_FILTER)
    lot = filters.get("LOT_SIZE", _NO_FILTER)
    market_lot = filters.get("MARKET_LOT_SIZE", _NO_FILTER)
    worth = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL", _NO_FILTER)
    return Instrument(
        symbol=row.symbol,
        base=row.base_asset,
        quote=row.quote_asset,
        market=market,
        trading=row.status == "TRADING",
        status=row.status,
        tick=_grid(price.tick_size),
        step=_grid(lot.step_size),
        min_price=_grid(price.min_price),
        max_price=_grid(price.max_price),
        min_quantity=_grid(lot.min_qty),
        max_quantity=_grid(lot.max_qty),
        market_step=_grid(market_lot.step_size),
        market_min_quantity=_grid(market_lot.min_qty),
        market_max_quantity=_grid(market_lot.max_qty),
        min_notional=_grid(worth.min_notional) or _grid(worth.notional),
        max_notional=_grid(worth.max_notional),
    )


def _grid(text: str) -> Decimal:
    """Read a bound without its padding zeros: the screen counts a tick's decimals."""
    value = Decimal(text)
    return Decimal(plain(value)) if value else ZERO


def decode(body: bytes, shape: type[T]) -> T:
    """Read an answer.

    Raises:
        BadAnswer: If it is not what the protocol says.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise BadAnswer(f"An answer does not read as the protocol says: {exc}") from exc


def usable(raw_rows: Iterable[msgspec.Raw], shape: type[T]) -> list[T]:
    """Return the rows that can be read; the others are logged and left out."""
    decoder = msgspec.json.Decoder(shape)
    rows, left_out = [], ""
    for raw in raw_rows:
        try:
            rows.append(decoder.decode(raw))
        except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
            left_out = str(exc)
    if left_out:
        log.warning("rows were left out, the last because: %s", left_out)
    return rows
