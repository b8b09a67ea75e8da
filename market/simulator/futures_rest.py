"""Answers of the simulated exchange's REST interface: futures market data, `/fapi/v1`.

No sockets: a path and its parameters come in, a JSON value and the request's weight go out.
"""

import time
from collections import deque
from typing import Any

from market.simulator import futures_rows as rows
from market.simulator import rows as spot_rows
from market.simulator.candles import DAY_MS, INTERVALS
from market.simulator.faults import Faults
from market.simulator.funding import HOUR_MS, Settlement
from market.simulator.futures import FuturesFloor
from market.simulator.query import Query, Refused, always, by_rows, one_or_all
from market.simulator.rest import DAY_MINUTES, Questions, RestApi
from market.simulator.tape import Print
from market.simulator.words import Payload

PRINTS_KEPT_MS = 2 * DAY_MS
"""How far back `aggTrades` can be asked for."""
FUNDING_REQUESTS = 500
"""About funding, within `_FUNDING_WINDOW_S`; they weigh nothing else."""
_FUNDING_WINDOW_S = 300.0
_BY_CANDLES = by_rows(500, ((99, 1), (499, 2), (1_000, 5)), 10)
_BY_DEPTH = by_rows(500, ((50, 2), (100, 5), (500, 10)), 20)


class FuturesApi(RestApi):
    """All paths below `/fapi/v1`."""

    most_candles = 1_500
    intervals = tuple(one for one in INTERVALS if one != "1s")

    def __init__(
        self, floor: FuturesFloor, weight_per_minute: int, faults: Faults | None = None
    ) -> None:
        super().__init__(floor, weight_per_minute, faults)
        self._floor = floor
        self._asked_s: deque[float] = deque(maxlen=FUNDING_REQUESTS)

    def _questions(self) -> Questions:
        return {
            "ping": (lambda _: {}, always(1)),
            "time": (lambda _: {"serverTime": self._told_ms()}, always(1)),
            "exchangeInfo": (self._exchange_info, always(1)),
            "klines": (self._klines, _BY_CANDLES),
            "markPriceKlines": (lambda q: self._marks(q, "symbol"), _BY_CANDLES),
            "indexPriceKlines": (lambda q: self._marks(q, "pair"), _BY_CANDLES),
            "aggTrades": (self._agg_trades, always(20)),
            "trades": (self._trades, always(5)),
            "depth": (self._depth, _BY_DEPTH),
            "ticker/price": (self._prices, one_or_all(1, 2)),
            "ticker/bookTicker": (self._touches, one_or_all(2, 5)),
            "ticker/24hr": (self._days, one_or_all(1, 40)),
            "premiumIndex": (self._premiums, one_or_all(1, 10)),
            "fundingRate": (self._settlements, always(0)),
            "fundingInfo": (self._funding_info, always(0)),
            "leverageBracket": (_signed_only, always(1)),
        }

    def _exchange_info(self, _: Query) -> Payload:
        # Binance answers this from a cache: its `serverTime` may be a day and a half old.
        return {
            "timezone": "UTC",
            "serverTime": self._told_ms() // DAY_MS * DAY_MS,
            "futuresType": "U_MARGINED",
            "rateLimits": spot_rows.rate_limits(
                ("REQUEST_WEIGHT", "MINUTE", 1, self._weight_per_minute),
                ("ORDERS", "MINUTE", 1, 1_200),
                ("ORDERS", "SECOND", 10, 300),
            ),
            "exchangeFilters": [],
            "assets": [
                {"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}
            ],
            "symbols": [rows.symbol_info(self._floor, s) for s in self._floor.symbols],
        }

    # -- prints and candles -------------------------------------------------------------------

    def _klines(self, query: Query) -> list[list[Any]]:
        self._check_up(query.symbol())
        return super()._klines(query)

    def _marks(self, query: Query, parameter: str) -> list[list[Any]]:
        symbol, interval = query.symbol(parameter), self._interval(query)
        self._check_up(symbol)
        found = self._floor.marks(
            symbol,
            interval,
            (query.moment("startTime"), query.moment("endTime")),
            query.limit(most=self.most_candles),
            self._seen_ms(),
            index=parameter == "pair",
        )
        return [rows.mark_kline(one) for one in found]

    def _check_up(self, symbol: str) -> None:
        if self._floor.status(symbol) == self._floor.down:
            raise Refused(-1122, "Invalid symbol status.")

    def _agg_trades(self, query: Query) -> list[Payload]:
        symbol = query.symbol()
        start, end = query.moment("startTime"), query.moment("endTime")
        if start is not None and end is not None and end - start > HOUR_MS:
            raise Refused(-1127, "More than 1 hours between startTime and endTime.")
        found = self._chosen_prints(query)
        self._check_kept(symbol, query.number("fromId"), start, end)
        return [rows.agg_trade(self._words[symbol], one) for one in found]

    def _check_kept(
        self, symbol: str, from_id: int | None, start: int | None, end: int | None
    ) -> None:
        """Refuse to look at what is too old."""
        since_ms = self._floor.now_ms() - PRINTS_KEPT_MS
        oldest = self._floor.tape(symbol).first_id_since(since_ms)
        too_early = any(one is not None and one < since_ms for one in (start, end))
        if too_early or (from_id is not None and from_id < oldest):
            raise Refused(-1127, "Only the trades of the last 48 hours can be queried.")

    def _trades(self, query: Query) -> list[Payload]:
        words = self._words[query.symbol()]
        return [rows.trade(words, one) for one in self._newest_prints(query)]

    def _depth(self, query: Query) -> Payload:
        now_ms = self._told_ms()
        book = super()._depth(query)
        return {"lastUpdateId": book.pop("lastUpdateId"), "E": now_ms, "T": now_ms, **book}

    # -- tickers ------------------------------------------------------------------------------

    def _prices(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            last: Print = self._floor.last_print(symbol)
            price = self._words[symbol].price(last.price)
            return {"symbol": symbol, "price": price, "time": last.time_ms}

        return self._each(query, row)

    def _touches(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            touch = self._floor.touch(symbol)
            told = spot_rows.touch(symbol, self._words[symbol], touch)
            return {**told, "time": self._told_ms(), "lastUpdateId": touch.update_id}

        return self._each(query, row)

    def _days(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            day = self._floor.window(symbol, DAY_MINUTES)
            return rows.day(symbol, self._words[symbol], day, self._floor.last_print(symbol))

        return self._each(query, row)

    # -- mark prices and funding --------------------------------------------------------------

    def _premiums(self, query: Query) -> Any:
        def row(symbol: str) -> Payload:
            interest = self._floor.funding(symbol).interest
            told = self._floor.premium(symbol)
            return rows.premium(symbol, told, interest, self._told_ms())

        return self._each(query, row)

    def _settlements(self, query: Query) -> list[Payload]:
        self._count_funding()
        start, end = query.moment("startTime"), query.moment("endTime")
        now_ms = self._seen_ms()
        last_ms = now_ms if end is None else min(end, now_ms)
        limit = query.limit(100 if start is not None or end is not None else 200)
        symbols = self._floor.symbols if "symbol" not in query.values else [query.symbol()]
        found = [
            (one, symbol)
            for symbol in symbols
            for one in self._floor.settled(symbol, start or 0, last_ms)
        ]
        found.sort(key=lambda row: row[0].time_ms)
        chosen = found[-limit:] if start is None else found[:limit]
        return [self._settlement(symbol, one) for one, symbol in chosen]

    def _settlement(self, symbol: str, one: Settlement) -> Payload:
        rate = self._floor.funding(symbol).settled_rate(one.due_ms)
        return rows.settlement(symbol, one, rate, self._floor.mark_at(symbol, one.due_ms))

    def _funding_info(self, _: Query) -> list[Payload]:
        self._count_funding()
        floor = self._floor
        unusual = [
            s for s in floor.symbols if floor.perpetual(s).interval_h != rows.USUAL_INTERVAL_H
        ]
        return [rows.funding_info(symbol, floor.funding(symbol)) for symbol in unusual]

    def _count_funding(self) -> None:
        """Count a request about funding; refuse it if there were too many."""
        now_s, asked = time.monotonic(), self._asked_s
        if len(asked) == asked.maxlen and now_s - asked[0] < _FUNDING_WINDOW_S:
            raise Refused(-1003, "Too many requests about funding.", status=429)
        asked.append(now_s)


def _signed_only(query: Query) -> Any:
    """Refuse what only somebody with an account may know; nobody has one here."""
    if "signature" in query.values:
        raise Refused(-1022, "Signature for this request is not valid.")
    raise Refused(-2014, "API-key format invalid.", status=401)
