"""What the simulated exchange's streams say, and when.

No sockets: names of streams come in, payloads that are due come out, each encoded once. Prints
are due at their time; candles and tickers at most once a second of exchange time and four times
a real second.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec

from market.simulator import events
from market.simulator.candles import INTERVALS
from market.simulator.faults import Faults
from market.simulator.floor import Floor, Kline, Touch
from market.simulator.tape import Print
from market.simulator.words import Payload, Words

DAY_MINUTES = 1_440
_ALL_TICKERS = {"!miniTicker@arr", "!miniTicker@arr@1000ms", "!miniTicker@arr@3000ms"}


class Topic(Protocol):
    """One stream that somebody listens to."""

    def due(self, now_ms: int) -> list[object]:
        """Return what is to be sent since the last call."""


class Publisher:
    """All streams that somebody listens to."""

    def __init__(self, exchange: Floor, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._prints: dict[str, Topic] = {}
        self._others: dict[str, Topic] = {}
        self._late: deque[tuple[int, str, bytes]] = deque()
        """What is held back, with the exchange time since when."""

    def watch(self, name: str) -> None:
        """Begin a stream; one that does not exist stays silent."""
        if name in self._prints or name in self._others:
            return
        topic = self.make(name)
        if isinstance(topic, PrintTopic):
            self._prints[name] = topic
        elif topic is not None:
            self._others[name] = topic

    def unwatch(self, name: str) -> None:
        """End a stream."""
        self._prints.pop(name, None)
        self._others.pop(name, None)

    def due(self) -> Iterator[tuple[str, bytes]]:
        """Yield stream names with encoded payloads, prints before the candles they make."""
        now, faults = self._exchange.now_ms(), self._faults
        if not faults.stream_lag_ms and not self._late:
            yield from self._made(now)
            return
        self._late += [(now, name, payload) for name, payload in self._made(now)]
        while self._late and self._late[0][0] <= now - faults.stream_lag_ms:
            _, name, payload = self._late.popleft()
            yield name, payload

    def _made(self, now_ms: int) -> Iterator[tuple[str, bytes]]:
        offset_ms = self._faults.clock_offset_ms
        for topics in (self._prints, self._others):
            for name, topic in topics.items():
                for payload in topic.due(now_ms):
                    told = _shifted(payload, offset_ms) if offset_ms else payload
                    yield name, msgspec.json.encode(told)

    def make(self, name: str) -> Topic | None:
        """Return what a name stands for, if it stands for anything."""
        exchange = self._exchange
        if name in _ALL_TICKERS:
            return AllTopics(DayTopic(exchange, symbol) for symbol in exchange.symbols)
        lower, _, kind = name.partition("@")
        symbol = listed(exchange, lower)
        if symbol is None:
            return None
        if kind == "aggTrade":
            return PrintTopic(exchange, symbol, events.agg_trade, self._faults)
        if kind == "trade":
            return PrintTopic(exchange, symbol, events.trade, None)
        if kind == "bookTicker":
            return BookTopic(exchange, symbol)
        if kind == "miniTicker":
            return DayTopic(exchange, symbol)
        prefix, _, interval = kind.partition("_")
        if prefix == "kline" and interval in INTERVALS:
            gap_ms = 1_000 if interval == "1s" else 2_000
            return KlineTopic(exchange, symbol, interval, gap_ms)
        return None


def listed(exchange: Floor, lower: str) -> str | None:
    """Return the symbol that is meant in a stream's name, only lower case means any."""
    symbol = lower.upper()
    return symbol if symbol in exchange.symbols and symbol.lower() == lower else None


def _shifted(payload: Any, offset_ms: int) -> Any:
    """Return a payload with its event times moved, where it has any."""
    if isinstance(payload, list):
        return [_shifted(event, offset_ms) for event in payload]
    return {**payload, "E": payload["E"] + offset_ms} if "E" in payload else payload


def least_gap_ms(exchange: Floor, gap_ms: int) -> int:
    """Return a gap of exchange time that is no less than a quarter of a real second."""
    return max(gap_ms, int(250 * exchange.speed))


class _Pace:
    """Says when something that changes all the time may be sent again."""

    def __init__(self, exchange: Floor, gap_ms: int = 1_000) -> None:
        self._gap_ms = least_gap_ms(exchange, gap_ms)
        self._sent_ms = 0

    def ready(self, now_ms: int) -> bool:
        """Tell whether it is time, and if so count it as sent."""
        if now_ms - self._sent_ms < self._gap_ms:
            return False
        self._sent_ms = now_ms
        return True


class PrintTopic:
    """Every print of a symbol."""

    def __init__(
        self,
        exchange: Floor,
        symbol: str,
        shape: Callable[[str, Words, Print, int], Payload],
        faults: Faults | None,
    ) -> None:
        self._tape = exchange.tape(symbol)
        self._market = exchange.market
        self._symbol = symbol
        self._words = exchange.words(symbol)
        self._shape = shape
        self._faults = faults
        self._last_id = self._tape.last_id(exchange.now_ms())

    def due(self, now_ms: int) -> list[object]:
        """Return an event for each new print."""
        last_id = self._tape.last_id(now_ms)
        if last_id == self._last_id:
            return []
        new = self._tape.prints(self._last_id + 1, last_id)
        self._last_id = last_id
        shaped: list[object] = [self._shape(self._symbol, self._words, o, now_ms) for o in new]
        return (
            self._faults.disturb(self._symbol, shaped, self._market) if self._faults else shaped
        )


class BookTopic:
    """The best bid and ask of a symbol: behind each print, and from time to time."""

    def __init__(
        self,
        exchange: Floor,
        symbol: str,
        shape: Callable[[str, Words, Touch, int], Payload] = events.book_ticker,
    ) -> None:
        self._exchange = exchange
        self._shape = shape
        self._symbol = symbol
        self._tape = exchange.tape(symbol)
        self._words = exchange.words(symbol)
        self._pace = _Pace(exchange)
        self._last_id = self._tape.last_id(exchange.now_ms())
        self._update_id = 0

    def due(self, now_ms: int) -> list[object]:
        """Return an event for each change."""
        last_id = self._tape.last_id(now_ms)
        if last_id > self._last_id:
            new = self._tape.prints(self._last_id + 1, last_id)
            self._last_id = last_id
            self._pace.ready(now_ms)
            touches = self._exchange.touches(new)
        elif self._pace.ready(now_ms):
            touches = [self._exchange.touch(self._symbol)]
        else:
            return []
        touches = [touch for touch in touches if touch.update_id > self._update_id]
        if touches:
            self._update_id = touches[-1].update_id
        return [self._shape(self._symbol, self._words, t, now_ms) for t in touches]


class DayTopic:
    """The last day of a symbol, when it changed."""

    def __init__(
        self,
        exchange: Floor,
        symbol: str,
        shape: Callable[[str, Words, Kline, int], Payload] = events.mini_ticker,
        gap_ms: int = 1_000,
    ) -> None:
        self._exchange = exchange
        self._shape = shape
        self._symbol = symbol
        self._words = exchange.words(symbol)
        self._pace = _Pace(exchange, gap_ms)
        self._last_id = 0

    def due(self, now_ms: int) -> list[object]:
        """Return at most one event."""
        if not self._pace.ready(now_ms):
            return []
        last_id = self._exchange.tape(self._symbol).last_id(now_ms)
        if last_id == self._last_id:
            return []
        self._last_id = last_id
        day = self._exchange.window(self._symbol, DAY_MINUTES)
        return [self._shape(self._symbol, self._words, day, now_ms)]


class AllTopics:
    """What changed of all symbols, in one event."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._topics = list(topics)

    def due(self, now_ms: int) -> list[object]:
        """Return at most one event."""
        changed = [event for topic in self._topics for event in topic.due(now_ms)]
        return [changed] if changed else []


class KlineTopic:
    """The open candle of a symbol as it changes, and each candle once it is closed."""

    def __init__(
        self,
        exchange: Floor,
        symbol: str,
        interval: str,
        gap_ms: int,
        shape: Callable[[str, Words, str, Kline, int], Payload] = events.kline,
    ) -> None:
        self._exchange = exchange
        self._shape = shape
        self._symbol = symbol
        self._interval = interval
        self._words = exchange.words(symbol)
        self._pace = _Pace(exchange, gap_ms)
        self._shown = exchange.kline_at(symbol, interval, exchange.now_ms())
        self._sent_id = 0

    def due(self, now_ms: int) -> list[object]:
        """Return the candles that closed, then the open one if it changed."""
        exchange, candles = self._exchange, []
        if exchange.tape(self._symbol).until(now_ms) < now_ms:
            return []  # nothing is said of a symbol that is down
        while self._shown.end_ms <= now_ms:
            closed = exchange.kline_at(self._symbol, self._interval, self._shown.open_ms)
            candles.append(closed)
            self._shown = exchange.kline_at(self._symbol, self._interval, closed.end_ms)
        if self._pace.ready(now_ms):
            newest = exchange.kline_at(self._symbol, self._interval, self._shown.open_ms)
            if newest.trades and newest.last_id != self._sent_id:
                self._sent_id = newest.last_id
                candles.append(newest)
        return [
            self._shape(self._symbol, self._words, self._interval, k, now_ms) for k in candles
        ]
