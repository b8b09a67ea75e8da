"""What the simulated exchange's futures streams say, and when.

Binance splits them by path: the book comes on one, everything else on another, and a stream
asked for on the wrong one is acknowledged and stays silent.
"""

from collections.abc import Iterable

from market.simulator import futures_events as events
from market.simulator.candles import INTERVALS
from market.simulator.faults import Faults
from market.simulator.futures import FuturesFloor, Premium
from market.simulator.streams import (
    AllTopics,
    BookTopic,
    DayTopic,
    KlineTopic,
    PrintTopic,
    Publisher,
    Topic,
    least_gap_ms,
    listed,
)

_TICKER_MS = 2_000
_KLINE_MS = 250
_MARK_MS = {"": 3_000, "@1s": 1_000}
"""Gaps between mark prices, by how the stream's name ends."""
_PERPETUAL = "_perpetual"


class PublicPublisher(Publisher):
    """The streams below `/public`: the book and raw trades."""

    def make(self, name: str) -> Topic | None:
        """Return what a name stands for, if it stands for anything."""
        lower, _, kind = name.partition("@")
        symbol = listed(self._exchange, lower)
        if symbol is None:
            return None
        if kind == "bookTicker":
            return BookTopic(self._exchange, symbol, events.book_ticker)
        if kind == "trade":
            return PrintTopic(self._exchange, symbol, events.trade, None)
        return None


class MarketPublisher(Publisher):
    """The streams below `/market`: prints, candles, tickers, mark prices."""

    def __init__(self, floor: FuturesFloor, faults: Faults) -> None:
        super().__init__(floor, faults)
        self._floor = floor

    def make(self, name: str) -> Topic | None:
        """Return what a name stands for, if it stands for anything."""
        if name.startswith("!"):
            return self._make_all(name)
        lower, _, kind = name.partition("@")
        symbol = listed(self._floor, lower.removesuffix(_PERPETUAL))
        if symbol is None:
            return None
        if lower.endswith(_PERPETUAL) or "_" in kind:
            return self._make_candles(symbol, kind, continuous=lower.endswith(_PERPETUAL))
        if kind == "aggTrade":
            return PrintTopic(self._floor, symbol, events.agg_trade, self._faults)
        if kind == "miniTicker":
            return DayTopic(self._floor, symbol, events.mini_ticker, _TICKER_MS)
        if kind == "ticker":
            return DayTopic(self._floor, symbol, events.ticker, _TICKER_MS)
        return self._make_mark([symbol], kind)

    def _make_all(self, name: str) -> Topic | None:
        floor = self._floor
        match name.split("@")[:2]:
            case ["!miniTicker", "arr"]:
                return AllTopics(
                    DayTopic(floor, symbol, events.mini_ticker) for symbol in floor.symbols
                )
            case ["!ticker", "arr"]:
                return AllTopics(
                    DayTopic(floor, symbol, events.ticker) for symbol in floor.symbols
                )
            case ["!markPrice", "arr"]:
                topic = self._make_mark(floor.symbols, name[1:].replace("@arr", ""))
                return AllTopics([topic]) if topic else None
            case _:
                return None

    def _make_candles(self, symbol: str, kind: str, *, continuous: bool) -> Topic | None:
        prefix, _, interval = kind.partition("_")
        wanted = "continuousKline" if continuous else "kline"
        if prefix != wanted or interval not in INTERVALS or interval == "1s":
            return None
        shape = events.continuous_kline if continuous else events.kline
        return KlineTopic(self._floor, symbol, interval, _KLINE_MS, shape)

    def _make_mark(self, symbols: Iterable[str], kind: str) -> Topic | None:
        gap_ms = _MARK_MS.get(kind.removeprefix("markPrice"))
        if gap_ms is None or not kind.startswith("markPrice"):
            return None
        return MarkTopic(self._floor, symbols, gap_ms)


class MarkTopic:
    """Mark prices of some symbols: at full seconds, and each that is forced."""

    def __init__(self, floor: FuturesFloor, symbols: Iterable[str], gap_ms: int) -> None:
        self._floor = floor
        self._symbols = list(symbols)
        self._gap_ms = least_gap_ms(floor, gap_ms)
        self._seen_ms = floor.now_ms()
        self._turn = -1

    def due(self, now_ms: int) -> list[object]:
        """Return an event for each new price."""
        told: list[tuple[str, Premium]] = []
        for symbol in self._symbols:
            forced = self._floor.forced_marks(symbol, self._seen_ms + 1, now_ms)
            told += [(symbol, one) for one in forced]
        self._seen_ms = now_ms
        if (turn := now_ms // self._gap_ms) != self._turn:
            self._turn = turn
            told += [(s, self._floor.premium(s, now_ms)) for s in self._symbols if self._up(s)]
        return [events.mark_price(symbol, one) for symbol, one in told]

    def _up(self, symbol: str) -> bool:
        return self._floor.tape(symbol).stopped_ms is None
