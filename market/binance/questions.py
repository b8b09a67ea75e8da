"""What the desk asks Binance over REST, in the desk's own words.

Weights are Binance's own price list; the budget is kept by the client underneath.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import msgspec

from engine.instrument import Instrument
from engine.model import Candle, Market, Tick
from market.binance import rows
from market.binance.rest import BIG_BODY_CAP, Params, RestClient
from market.errors import BadRequest, TooOld

log = logging.getLogger(__name__)

PAGE = 1000
"""Most rows of one answer."""
UNKNOWN_SYMBOL = -1121
SYMBOLS_PER_QUESTION = 100
"""Keeps the address of the question short; a list costs no less than its parts."""
FEW_SYMBOLS = 10
"""So many are asked for one by one where the exchange takes no lists."""
MINUTE_MS = 60_000


async def ping(rest: RestClient) -> None:
    """Ask whether the host answers; once, since others are tried next."""
    await rest.get("ping", weight=1, attempts=1)


async def server_time(rest: RestClient) -> int:
    """Return the exchange's clock, milliseconds UTC."""
    return rows.server_time(await rest.get("time", weight=1))


async def newest_print(rest: RestClient, symbol: str) -> Tick | None:
    """Return the symbol's last print, or None if there never was one."""
    ticks = await _prints(rest, {"symbol": symbol, "limit": 1})
    return ticks[-1] if ticks else None


async def prints_from(
    rest: RestClient, symbol: str, from_id: int
) -> tuple[Sequence[Tick], bool]:
    """Return up to a page of prints from *from_id* on, and whether there are surely more.

    Raises:
        TooOld: If the exchange has forgotten the first of them.
        MarketError: If it cannot be asked.
    """
    ticks = await _prints(rest, {"symbol": symbol, "fromId": from_id, "limit": PAGE})
    if rest.venue.prints_kept_ms and ticks and ticks[0].trade_id > from_id:
        raise TooOld(f"Prints of {symbol} before {ticks[0].trade_id} are no longer kept.")
    return ticks, bool(ticks) and ticks[-1].trade_id >= from_id + PAGE - 1


async def prints_since(
    rest: RestClient, symbol: str, start_ms: int, end_ms: int | None, now_ms: int
) -> Sequence[Tick]:
    """Return the first page of the prints in [start, end), in id order.

    Args:
        rest: Whom to ask.
        symbol: As the exchange spells it.
        start_ms: Milliseconds UTC.
        end_ms: Milliseconds UTC; None is up to now.
        now_ms: Exchange time.

    Raises:
        TooOld: If the exchange does not keep prints for so long.
        MarketError: If it cannot be asked.
    """
    kept_ms, span_ms = rest.venue.prints_kept_ms, rest.venue.prints_span_ms
    if kept_ms and start_ms < now_ms - kept_ms:
        hours = kept_ms // 3_600_000
        raise TooOld(f"{rest.host.name} keeps the prints of {symbol} for {hours} hours only.")
    query: dict[str, str | int] = {"symbol": symbol, "limit": PAGE}
    if span_ms is None:
        within = {} if end_ms is None else {"endTime": end_ms - 1}
        return await _prints(rest, {**query, "startTime": start_ms, **within})
    stop_ms = now_ms + span_ms if end_ms is None else end_ms
    for from_ms in range(start_ms, stop_ms, span_ms):
        within = {"startTime": from_ms, "endTime": min(from_ms + span_ms, stop_ms) - 1}
        if found := await _prints(rest, {**query, **within}):
            return found
    return ()


async def _prints(rest: RestClient, query: Mapping[str, str | int]) -> Sequence[Tick]:
    body = await rest.get("aggTrades", query, weight=rest.venue.weights.prints)
    return rows.prints(str(query["symbol"]), body)


async def touch(rest: RestClient, symbol: str) -> tuple[Decimal, Decimal]:
    """Return best bid and ask."""
    query = {"symbol": symbol}
    return rows.touch(await rest.get("ticker/bookTicker", query, weight=2))


async def candles(
    rest: RestClient, symbol: str, timeframe: str, limit: int, now_ms: int
) -> list[Candle]:
    """Return the newest candles, at most a page of them, oldest first."""
    limit = min(limit, PAGE)
    query: Params = {"symbol": symbol, "interval": timeframe, "limit": limit}
    body = await rest.get("klines", query, weight=rest.venue.weights.of_candles(limit))
    return rows.candles(symbol, timeframe, body, now_ms)


async def candles_since(
    rest: RestClient, pair: tuple[str, str], span: range, now_ms: int, path: str = "klines"
) -> list[Candle]:
    """Return candles that open within a span, oldest first, at most a page.

    Args:
        rest: Whom to ask.
        pair: Symbol and timeframe.
        span: Milliseconds UTC.
        now_ms: Exchange time.
        path: Which candles: ``klines`` of prints, ``markPriceKlines`` of the mark price.
    """
    symbol, timeframe = pair
    limit = rest.venue.page
    if timeframe != "1s":  # no other opens more often than each minute: ask for no more
        limit = min(limit, len(span) // MINUTE_MS + 1)
    query: Params = {
        "symbol": symbol,
        "interval": timeframe,
        "startTime": span.start,
        "endTime": span.stop - 1,
        "limit": limit,
    }
    body = await rest.get(path, query, weight=rest.venue.weights.of_candles(limit))
    return rows.candles(symbol, timeframe, body, now_ms)


async def all_tickers(rest: RestClient) -> list[rows.Ticker]:
    """Return 24-hour figures of the whole market."""
    query = {"type": "MINI"} if rest.venue.market is Market.SPOT else {}
    weight = rest.venue.weights.all_tickers
    body = await rest.get("ticker/24hr", query, weight=weight, cap=BIG_BODY_CAP)
    return rows.tickers(body)


async def tickers(rest: RestClient, symbols: Sequence[str]) -> list[rows.Ticker]:
    """Return 24-hour figures of those symbols that the exchange knows."""
    if rest.venue.market is Market.FUTURES:
        return await _tickers_without_lists(rest, symbols)
    if len(symbols) > SYMBOLS_PER_QUESTION:
        return await _in_halves(rest, symbols)
    query = {"symbols": _listed(symbols), "type": "FULL"}
    weight = 2 if len(symbols) <= 20 else 40
    try:
        return rows.tickers(await rest.get("ticker/24hr", query, weight=weight))
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


async def _tickers_without_lists(rest: RestClient, symbols: Sequence[str]) -> list[rows.Ticker]:
    """Ask for each symbol, or for all that there are where that costs less."""
    if len(symbols) > FEW_SYMBOLS:
        wanted = frozenset(symbols)
        return [row for row in await all_tickers(rest) if row.symbol in wanted]
    found: list[rows.Ticker] = []
    for symbol in symbols:
        try:
            body = await rest.get("ticker/24hr", {"symbol": symbol}, weight=1)
        except BadRequest as exc:
            log.warning("no figures of %s: %s", symbol, exc)
        else:
            found += rows.tickers(b"[%b]" % body)
    return found


async def instruments(
    rest: RestClient, symbols: Collection[str] | None
) -> dict[str, Instrument]:
    """Return trading rules of all symbols, or of the named ones that the exchange knows."""
    body = await _rules(rest, symbols)
    known, weight_per_minute = rows.exchange_info(body, rest.venue.market)
    if weight_per_minute:
        rest.budget.per_minute = weight_per_minute
    if symbols is None:
        return known
    return {symbol: known[symbol] for symbol in symbols if symbol in known}


async def _rules(rest: RestClient, symbols: Collection[str] | None) -> bytes:
    weight = rest.venue.weights.rules
    if rest.venue.market is Market.FUTURES:  # it takes no parameters
        return await rest.get("exchangeInfo", weight=weight, cap=BIG_BODY_CAP)
    query = {"showPermissionSets": "false"}
    if symbols is not None and len(symbols) <= SYMBOLS_PER_QUESTION:
        query["symbols"] = _listed(symbols)
    try:
        return await rest.get("exchangeInfo", query, weight=weight, cap=BIG_BODY_CAP)
    except BadRequest as exc:
        # One unknown name spoils the whole list; the full answer is cheaper than searching it.
        if exc.code != UNKNOWN_SYMBOL or "symbols" not in query:
            raise
    query.pop("symbols")
    return await rest.get("exchangeInfo", query, weight=weight, cap=BIG_BODY_CAP)


def _listed(symbols: Collection[str]) -> str:
    return msgspec.json.encode(list(symbols)).decode()
