"""What the desk asks Binance over REST, in the desk's own words.

Weights are Binance's own price list; the budget is kept by the client underneath.
"""

import logging
from collections.abc import Collection, Sequence
from decimal import Decimal

import msgspec

from engine.model import Candle, Instrument, Tick
from market.binance import rows
from market.binance.rest import BIG_BODY_CAP, Params, RestClient
from market.errors import BadRequest

log = logging.getLogger(__name__)

PAGE = 1000
"""Most rows of one answer."""
UNKNOWN_SYMBOL = -1121
SYMBOLS_PER_QUESTION = 100
"""Keeps the address of the question short; a list costs no less than its parts."""


async def ping(rest: RestClient) -> None:
    """Ask whether the host answers; once, since others are tried next."""
    await rest.get("/api/v3/ping", weight=1, attempts=1)


async def server_time(rest: RestClient) -> int:
    """Return the exchange's clock, milliseconds UTC."""
    return rows.server_time(await rest.get("/api/v3/time", weight=1))


async def newest_print(rest: RestClient, symbol: str) -> Tick | None:
    """Return the symbol's last print, or None if there never was one."""
    body = await rest.get("/api/v3/aggTrades", {"symbol": symbol, "limit": 1}, weight=4)
    ticks = rows.prints(symbol, body)
    return ticks[-1] if ticks else None


async def prints_from(
    rest: RestClient, symbol: str, from_id: int
) -> tuple[Sequence[Tick], bool]:
    """Return up to a page of prints from *from_id* on, and whether there are surely more."""
    query: Params = {"symbol": symbol, "fromId": from_id, "limit": PAGE}
    body = await rest.get("/api/v3/aggTrades", query, weight=4)
    ticks = rows.prints(symbol, body)
    return ticks, bool(ticks) and ticks[-1].trade_id >= from_id + PAGE - 1


async def prints_since(
    rest: RestClient, symbol: str, start_ms: int, end_ms: int | None
) -> Sequence[Tick]:
    """Return the first page of the prints in [start, end), in id order."""
    query: dict[str, str | int] = {"symbol": symbol, "startTime": start_ms, "limit": PAGE}
    if end_ms is not None:
        query["endTime"] = end_ms - 1
    body = await rest.get("/api/v3/aggTrades", query, weight=4)
    return rows.prints(symbol, body)


async def touch(rest: RestClient, symbol: str) -> tuple[Decimal, Decimal]:
    """Return best bid and ask."""
    query = {"symbol": symbol}
    return rows.touch(await rest.get("/api/v3/ticker/bookTicker", query, weight=2))


async def candles(
    rest: RestClient, symbol: str, timeframe: str, limit: int, now_ms: int
) -> list[Candle]:
    """Return the newest candles, at most a page of them, oldest first."""
    query: Params = {"symbol": symbol, "interval": timeframe, "limit": min(limit, PAGE)}
    body = await rest.get("/api/v3/klines", query, weight=2)
    return rows.candles(symbol, timeframe, body, now_ms)


async def candles_since(
    rest: RestClient, symbol: str, timeframe: str, span: range, now_ms: int
) -> list[Candle]:
    """Return candles that open in *span*, milliseconds UTC, oldest first, at most a page."""
    query: Params = {
        "symbol": symbol,
        "interval": timeframe,
        "startTime": span.start,
        "endTime": span.stop - 1,
        "limit": PAGE,
    }
    body = await rest.get("/api/v3/klines", query, weight=2)
    return rows.candles(symbol, timeframe, body, now_ms)


async def all_tickers(rest: RestClient) -> list[rows.Ticker]:
    """Return 24-hour figures of the whole market."""
    query = {"type": "MINI"}
    body = await rest.get("/api/v3/ticker/24hr", query, weight=80, cap=BIG_BODY_CAP)
    return rows.tickers(body)


async def tickers(rest: RestClient, symbols: Sequence[str]) -> list[rows.Ticker]:
    """Return 24-hour figures of those symbols that the exchange knows."""
    if len(symbols) > SYMBOLS_PER_QUESTION:
        return await _in_halves(rest, symbols)
    query = {"symbols": _listed(symbols), "type": "FULL"}
    weight = 2 if len(symbols) <= 20 else 40
    try:
        return rows.tickers(await rest.get("/api/v3/ticker/24hr", query, weight=weight))
    except BadRequest as exc:
        if exc.code != UNKNOWN_SYMBOL:
            raise
    if len(symbols) == 1:
        log.warning("the exchange does not know %s", symbols[0])
        return []
    return await _in_halves(rest, symbols)


async def _in_halves(rest: RestClient, symbols: Sequence[str]) -> list[rows.Ticker]:
    """Ask for fewer at a time: one unknown name spoils the whole list."""
    middle = len(symbols) // 2
    return await tickers(rest, symbols[:middle]) + await tickers(rest, symbols[middle:])


async def instruments(
    rest: RestClient, symbols: Collection[str] | None
) -> dict[str, Instrument]:
    """Return trading rules of all symbols, or of the named ones that the exchange knows."""
    query = {"showPermissionSets": "false"}
    if symbols is not None and len(symbols) <= SYMBOLS_PER_QUESTION:
        query["symbols"] = _listed(symbols)
    try:
        body = await rest.get("/api/v3/exchangeInfo", query, weight=20, cap=BIG_BODY_CAP)
    except BadRequest as exc:
        # One unknown name spoils the whole list; the full answer is cheaper than searching it.
        if exc.code != UNKNOWN_SYMBOL or "symbols" not in query:
            raise
        query.pop("symbols")
        body = await rest.get("/api/v3/exchangeInfo", query, weight=20, cap=BIG_BODY_CAP)
    known, weight_per_minute = rows.exchange_info(body)
    if weight_per_minute:
        rest.budget.per_minute = weight_per_minute
    if symbols is None:
        return known
    return {symbol: known[symbol] for symbol in symbols if symbol in known}


def _listed(symbols: Collection[str]) -> str:
    return msgspec.json.encode(list(symbols)).decode()
