"""One market of the simulated exchange: its symbols, their states, prints and candles.

No sockets. What is later than the moment asked about does not exist yet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice, takewhile
from typing import NamedTuple

from engine.model import Market
from market.simulator.candles import DAY_MS, backwards, forwards, open_ms
from market.simulator.listings import Listing
from market.simulator.prices import MINUTE_MS, Row
from market.simulator.tape import Print, Tape
from market.simulator.words import Words

HISTORY_DAYS = 60
_DOWN_DAYS = 12
"""How long ago the symbols that are down at the start stopped trading."""
_MOST_VALUE = 2**52
"""Ticks × steps of a forced print; a minute of such prints still fits 64 bits."""
_UPDATES = 1_000
"""Changes of the book between two prints, at most; its sizes change every second."""


class UnknownSymbol(LookupError):
    """Nothing of that name is listed."""


class Kline(NamedTuple):
    """A candle with its times and ids."""

    open_ms: int
    end_ms: int
    """First millisecond behind the candle."""
    row: Row
    first_id: int
    last_id: int

    @property
    def trades(self) -> int:
        """Number of prints."""
        return self.last_id - self.first_id + 1


class Touch(NamedTuple):
    """The best of the book."""

    update_id: int
    bid: int
    """Ticks."""
    bid_quantity: int
    """Steps."""
    ask: int
    ask_quantity: int


class Floor:
    """Where symbols are traded, up to now."""

    market = Market.SPOT
    trading = ("TRADING", "HALT")
    """The exchange's words for states in which there are prints."""
    down = "BREAK"
    """Its word for the state in which there are none any more."""

    def __init__(self, tapes: Iterable[Tape], now_ms: Callable[[], int], speed: float) -> None:
        """Open the market.

        Args:
            tapes: Of every symbol.
            now_ms: Exchange time, milliseconds UTC; must not step back.
            speed: Exchange seconds in a real second.
        """
        self.now_ms = now_ms
        self.speed = speed
        self._tapes = {tape.listing.symbol: tape for tape in tapes}
        self._rules = {symbol: tape.listing for symbol, tape in self._tapes.items()}
        self._status = {symbol: one.status for symbol, one in self._rules.items()}
        self._gone: set[str] = set()
        for symbol, status in self._status.items():
            if status == self.down:
                tape = self._tapes[symbol]
                tape.stopped_ms = tape.first_ms + (HISTORY_DAYS - _DOWN_DAYS) * DAY_MS

    # -- symbols ------------------------------------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """All symbols that are listed, whatever their status."""
        return [symbol for symbol in self._tapes if symbol not in self._gone]

    def listing(self, symbol: str) -> Listing:
        """Return how a symbol is traded."""
        return self.tape(symbol).listing

    def rules(self, symbol: str) -> Listing:
        """Return a symbol's trading rules as `exchangeInfo` tells them."""
        self.tape(symbol)
        return self._rules[symbol]

    def set_tick_decimals(self, symbol: str, decimals: int) -> None:
        """Change the price grid that is told; prints stay on the grid they are on."""
        self._rules[symbol] = replace(self.rules(symbol), tick_decimals=decimals)

    def status(self, symbol: str) -> str:
        """Return the exchange's word for the symbol's state."""
        self.tape(symbol)
        return self._status[symbol]

    def set_status(self, symbol: str, status: str) -> None:
        """Change a symbol's state; `down` ends its prints for good.

        Raises:
            ValueError: If there is no such state here, or the symbol is down.
        """
        tape = self.tape(symbol)
        if status not in {*self.trading, self.down}:
            raise ValueError(f"{status} is no state of a {self.market} symbol.")
        if tape.stopped_ms is not None:
            raise ValueError(f"{symbol} is down for good.")
        if status == self.down:
            tape.stopped_ms = self.now_ms()
        self._status[symbol] = status

    def delist(self, symbol: str) -> None:
        """Take a symbol off the list; its prints end, and nobody knows it any more."""
        if self.tape(symbol).stopped_ms is None:
            self.set_status(symbol, self.down)
        self._gone.add(symbol)

    def words(self, symbol: str) -> Words:
        """Return how the exchange writes a symbol's numbers."""
        return Words(self.listing(symbol))

    def print_next(self, symbol: str, price: Decimal | str) -> None:
        """Let the next print of *symbol* be one at *price* (quote per base), at once.

        Raises:
            ValueError: If the price is not on the symbol's grid, or the symbol is down.
        """
        tape = self.tape(symbol)
        ticks = Decimal(price).scaleb(tape.listing.tick_decimals)
        if ticks < 1 or ticks % 1:
            raise ValueError(f"{price} is not on the price grid of {symbol}.")
        if tape.stopped_ms is not None:
            raise ValueError(f"{symbol} is down for good.")
        now = self.now_ms()
        quantity = tape.last_print(now).quantity
        if ticks * quantity > _MOST_VALUE:
            raise ValueError(f"{price} is too high for {symbol}.")
        tape.force(int(ticks), quantity, now)

    def tape(self, symbol: str) -> Tape:
        """Return the prints of a symbol.

        Raises:
            UnknownSymbol: If nothing of that name is listed.
        """
        try:
            return self._tapes[symbol]
        except KeyError:
            raise UnknownSymbol(symbol) from None

    # -- the market now -----------------------------------------------------------------------

    def last_print(self, symbol: str) -> Print:
        """Return the newest print."""
        return self.tape(symbol).last_print(self.now_ms())

    def touch(self, symbol: str) -> Touch:
        """Return the best bid and ask, one or two ticks apart, around the newest print."""
        now = self.now_ms()
        return _touch(self.tape(symbol).last_print(now), now)

    @staticmethod
    def touches(prints: Sequence[Print]) -> list[Touch]:
        """Return the best of the book right behind each of some prints."""
        return [_touch(one, one.time_ms) for one in prints]

    def kline_at(self, symbol: str, interval: str, time_ms: int) -> Kline:
        """Return the candle that holds *time_ms*, as far as it is known now."""
        start, end = next(backwards(interval, time_ms))
        return self._kline(self.tape(symbol), start, end, self.now_ms())

    def klines(
        self,
        symbol: str,
        interval: str,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        *,
        now_ms: int | None = None,
    ) -> list[Kline]:
        """Return candles in time order, the last one still open.

        Args:
            symbol: As listed.
            interval: As Binance spells it.
            start_ms: Earliest open time; with it the oldest candles are returned.
            end_ms: Latest open time.
            limit: Most candles; without *start_ms* the newest.
            now_ms: Up to when prints are known; None is now.
        """
        tape, now = self.tape(symbol), self.now_ms() if now_ms is None else now_ms
        spans = self._spans(tape, interval, (start_ms, end_ms), limit, now)
        return [self._kline(tape, start, end, now) for start, end in spans]

    def _spans(
        self,
        tape: Tape,
        interval: str,
        window: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
    ) -> list[tuple[int, int]]:
        """Return open times and ends of the candles that `klines` describes."""
        start_ms, end_ms = window
        latest = min(tape.until(now_ms), now_ms if end_ms is None else end_ms)
        if start_ms is None:
            spans = takewhile(lambda s: s[1] > tape.first_ms, backwards(interval, latest))
            return list(islice(spans, limit))[::-1]
        spans = takewhile(
            lambda span: span[0] <= latest, self._forwards(tape, interval, start_ms, now_ms)
        )
        return list(islice(spans, limit))

    @staticmethod
    def _forwards(
        tape: Tape, interval: str, start_ms: int, now_ms: int
    ) -> Iterator[tuple[int, int]]:
        if start_ms <= tape.first_ms:
            start_ms = open_ms(interval, tape.first_ms)
        return forwards(interval, min(start_ms, now_ms + 1))

    def window(self, symbol: str, minutes: int) -> Kline:
        """Return what happened in the last *minutes*, from a full minute on."""
        tape = self.tape(symbol)
        now = tape.until(self.now_ms())
        minute = now // MINUTE_MS
        start = max((minute - minutes) * MINUTE_MS, tape.first_ms)
        return self._kline(tape, start, now + 1, now)

    def _kline(self, tape: Tape, start_ms: int, end_ms: int, now_ms: int) -> Kline:
        within = max(start_ms, tape.first_ms)
        row = tape.candle(within, end_ms, now_ms)
        first, last = tape.ids(within, end_ms, now_ms)
        return Kline(start_ms, end_ms, row, first, last)


def _touch(last: Print, now_ms: int) -> Touch:
    """Return the book behind a print: a seller hit the bid, a buyer the ask."""
    beat = min((now_ms - last.time_ms) // 1_000, _UPDATES - 1)
    update_id = last.trade_id * _UPDATES + beat
    spread = 1 + last.trade_id % 2
    bid = max(1, last.price if last.sold else last.price - spread)
    unit = max(1, last.quantity // 8)
    bid_size, ask_size = 1 + update_id * 7_919 % 97, 1 + update_id * 104_729 % 89
    return Touch(update_id, bid, unit * bid_size, bid + spread, unit * ask_size)
