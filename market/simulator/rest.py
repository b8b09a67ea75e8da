"""Answers of the simulated exchange's REST interface: spot market data, `/api/v3`.

No sockets: a path and its parameters come in, a JSON value and the request's weight go out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from market.simulator import rows
from market.simulator.candles import INTERVALS
from market.simulator.faults import Faults
from market.simulator.floor import Floor
from market.simulator.query import (
    Query,
    Refused,
    always,
    by_rows,
    by_symbols,
    by_windows,
    illegal,
    missing,
    one_or_all,
)
from market.simulator.tape import Print
from market.simulator.words import Payload

DAY_MINUTES = 1_440
_WINDOW = re.compile(r"([1-9][0-9]?)([mhd])")
_WINDOW_MINUTES = {"m": 1, "h": 60, "d": DAY_MINUTES}
_WINDOW_MOST = {"m": 59, "h": 23, "d": 7}


Questions = dict[str, tuple[Callable[[Query], Any], Callable[[Query], int]]]


class RestApi:
    """All paths below `/api/v3`."""

    most_candles = 1_000
    """Rows of one answer."""
    intervals = tuple(INTERVALS)

    def __init__(
        self,
        exchange: Floor,
        weight_per_minute: int,
        faults: Faults | None = None,
    ) -> None:
        self._exchange = exchange
        self._weight_per_minute = weight_per_minute
        self._faults = faults or Faults()
        self._words = {s: exchange.words(s) for s in exchange.symbols}
        self._paths = self._questions()

    def _questions(self) -> Questions:
        """Return what answers and what weighs a request, by path."""
        return {
            "ping": (lambda _: {}, always(1)),
            "time": (lambda _: {"serverTime": self._told_ms()}, always(1)),
            "exchangeInfo": (self._exchange_info, always(20)),
            "klines": (self._klines, always(2)),
            "uiKlines": (self._klines, always(2)),
            "aggTrades": (self._agg_trades, always(4)),
            "trades": (self._trades, always(25)),
            "avgPrice": (self._avg_price, always(2)),
            "depth": (self._depth, by_rows(100, ((100, 5), (500, 25), (1_000, 50)), 250)),
            "ticker/price": (self._prices, one_or_all(2, 4)),
            "ticker/bookTicker": (self._touches, one_or_all(2, 4)),
            "ticker/24hr": (self._days, by_symbols),
            "ticker": (self._windows, by_windows),
        }

    def weight(self, path: str, values: Mapping[str, str]) -> int | None:
        """Return what a request weighs, or None where the path does not exist."""
        known = self._paths.get(path)
        return known[1](Query(values, ())) if known else None

    def answer(self, path: str, values: Mapping[str, str]) -> Any:
        """Return the answer to a request on a path that exists.

        Raises:
            Refused: If Binance would not answer it.
        """
        return self._paths[path][0](Query(values, self._exchange.symbols))

    def _told_ms(self) -> int:
        """Return the time as the exchange tells it."""
        return self._exchange.now_ms() + self._faults.clock_offset_ms

    def _seen_ms(self) -> int:
        """Return up to when history is answered."""
        return self._exchange.now_ms() - self._faults.rest_lag_ms

    # -- symbols ------------------------------------------------------------------------------

    def _exchange_info(self, query: Query) -> Payload:
        exchange = self._exchange
        symbols = [rows.symbol_info(exchange, s) for s in self._chosen(query)]
        if query.values.get("showPermissionSets") == "false":
            for row in symbols:
                row["permissionSets"] = []
        return {
            "timezone": "UTC",
            "serverTime": self._told_ms(),
            "rateLimits": rows.rate_limits(
                ("REQUEST_WEIGHT", "MINUTE", 1, self._weight_per_minute),
                ("ORDERS", "SECOND", 10, 100),
                ("ORDERS", "DAY", 1, 200_000),
                ("RAW_REQUESTS", "MINUTE", 5, 300_000),
            ),
            "exchangeFilters": [],
            "symbols": symbols,
        }

    def _chosen(self, query: Query) -> list[str]:
        """Return the symbols that a request means, those of its `symbolStatus` only."""
        named, status = query.symbols(), query.values.get("symbolStatus")
        symbols = self._exchange.symbols if named is None else named
        return [s for s in symbols if not status or self._exchange.status(s) == status]

    def _each(self, query: Query, row: Callable[[str], Payload]) -> Any:
        """Return one row for a single symbol, else a list of rows."""
        found = [row(symbol) for symbol in self._chosen(query)]
        if "symbol" not in query.values:
            return found
        if not found:
            raise Refused(
                -1220, "The symbol's status does not match the requested symbolStatus."
            )
        return found[0]

    # -- prints and candles -------------------------------------------------------------------

    def _klines(self, query: Query) -> list[list[Any]]:
        symbol, interval = query.symbol(), self._interval(query)
        if query.values.get("timeZone", "0") not in {"0", "0:00", "00:00", "+00:00"}:
            raise Refused(-1130, "Data sent for parameter 'timeZone' is not valid.")
        span = query.moment("startTime"), query.moment("endTime")
        limit = query.limit(most=self.most_candles)
        found = self._exchange.klines(symbol, interval, *span, limit, now_ms=self._seen_ms())
        words = self._words[symbol]
        return [rows.kline(words, kline) for kline in found]

    def _interval(self, query: Query) -> str:
        interval = query.values.get("interval")
        if not interval:
            raise missing("interval")
        if interval not in self.intervals:
            raise Refused(-1120, "Invalid interval.")
        return interval

    def _agg_trades(self, query: Query) -> list[Payload]:
        symbol = query.symbol()
        words = self._words[symbol]
        return [rows.agg_trade(words, one) for one in self._chosen_prints(query)]

    def _chosen_prints(self, query: Query) -> list[Print]:
        symbol, limit = query.symbol(), query.limit()
        from_id = query.number("fromId")
        start, end = query.moment("startTime"), query.moment("endTime")
        if from_id is not None and (start is not None or end is not None):
            raise Refused(-1128, "Combination of optional parameters invalid.")
        tape, now = self._exchange.tape(symbol), self._seen_ms()
        last = tape.last_id(now if end is None else min(end, now))
        if from_id is not None:
            first = from_id
        elif start is not None:
            first = tape.first_id_since(min(start, now + 1))
        else:
            first = last - limit + 1
        first = max(first, tape.first_id())
        return tape.prints(first, min(last, first + limit - 1))

    def _trades(self, query: Query) -> list[Payload]:
        words = self._words[query.symbol()]
        return [rows.trade(words, one) for one in self._newest_prints(query)]

    def _newest_prints(self, query: Query) -> list[Print]:
        tape, limit = self._exchange.tape(query.symbol()), query.limit()
        last = tape.last_id(self._seen_ms())
        return tape.prints(last - limit + 1, last)

    def _avg_price(self, query: Query) -> Payload:
        symbol = query.symbol()
        window = self._exchange.window(symbol, 5)
        price = self._words[symbol].average(window.row.value, window.row.volume)
        return {
            "mins": 5,
            "price": price,
            "closeTime": self._exchange.last_print(symbol).time_ms,
        }

    def _depth(self, query: Query) -> Payload:
        symbol, limit = query.symbol(), query.limit(100, 5_000)
        touch, words = self._exchange.touch(symbol), self._words[symbol]
        sizes = [1 + (touch.update_id + i) * 7_919 % 97 for i in range(limit)]
        bids = [(touch.bid - i, touch.bid_quantity * n) for i, n in enumerate(sizes)]
        asks = [(touch.ask + i, touch.ask_quantity * n) for i, n in enumerate(sizes)]
        bids[0], asks[0] = (touch.bid, touch.bid_quantity), (touch.ask, touch.ask_quantity)
        return {
            "lastUpdateId": touch.update_id,
            "bids": [[words.price(p), words.quantity(q)] for p, q in bids if p > 0],
            "asks": [[words.price(p), words.quantity(q)] for p, q in asks],
        }

    # -- tickers ------------------------------------------------------------------------------

    def _prices(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            price = self._exchange.last_print(symbol).price
            return {"symbol": symbol, "price": self._words[symbol].price(price)}

        return self._each(query, row)

    def _touches(self, query: Query) -> Any:
        return self._each(
            query,
            lambda s: rows.touch(s, self._words[s], self._exchange.touch(s)),
        )

    def _days(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            words, day = self._words[symbol], self._exchange.window(symbol, DAY_MINUTES)
            mini = rows.window(symbol, words, day)
            if query.values.get("type") == "MINI":
                return mini
            touch = rows.touch(symbol, words, self._exchange.touch(symbol))
            last = self._exchange.last_print(symbol)
            return {
                **mini,
                **rows.change(words, day),
                "prevClosePrice": words.price(day.row.open),
                "lastQty": words.quantity(last.quantity),
                **touch,
            }

        return self._each(query, row)

    def _windows(self, query: Query) -> Any:
        named = query.symbols()
        if named is None:
            raise missing("symbols")
        match = _WINDOW.fullmatch(query.values.get("windowSize", "1d"))
        if not match or int(match[1]) > _WINDOW_MOST[match[2]]:
            raise illegal("windowSize", "^(1m-59m|1h-23h|1d-7d)$")
        minutes = int(match[1]) * _WINDOW_MINUTES[match[2]]

        def row(symbol: str) -> Payload:
            words, window = self._words[symbol], self._exchange.window(symbol, minutes)
            mini = rows.window(symbol, words, window)
            if query.values.get("type") == "MINI":
                return mini
            return {**mini, **rows.change(words, window)}

        return self._each(query, row)
