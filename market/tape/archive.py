"""Prints and candles out of archive files, in order, each once.

The exchange's own order is checked, never restored: a tape that goes backwards is refused.
What is missing is noted, never made up.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeVar

from engine.model import Candle, Source, Tick
from engine.money import plain
from market.tape.lines import Line, TapeFile
from market.tape.notes import Notes, hole
from market.tape.rows import CANDLES, Layout, time_ms

Cells = tuple[str, ...]
_Item = TypeVar("_Item")

DAY_MS: Final = 86_400_000
LENGTHS_MS: Final = {
    "1s": 1_000,
    **{f"{n}m": n * 60_000 for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * 3_600_000 for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * DAY_MS for n in (1, 3)},
    "1w": 7 * DAY_MS,
    "1M": 31 * DAY_MS,
}
"""How long a candle lasts at most."""
_TIMEFRAMES: Final = {
    **{length: name for name, length in LENGTHS_MS.items()},
    **{days * DAY_MS: "1M" for days in (28, 29, 30)},
}
BACKWARDS_MS: Final = 60_000
"""Times of prints may step back by this much: their ids say the order."""


class PrintReader:
    """The aggregate trades of one symbol, over all its files."""

    def __init__(self, symbol: str, notes: Notes) -> None:
        self._symbol = symbol
        self._notes = notes
        self._file: TapeFile
        self._last: Cells = ()
        self._last_id = -1
        self._last_ms = 0

    def read(self, file: TapeFile, layout: Layout, rows: Iterable[Line]) -> Iterator[Tick]:
        """Yield the prints of one more file.

        Raises:
            TapeError: With the line that cannot be played.
        """
        self._file = file
        return _items(file, layout, rows, self._take)

    def _take(self, cells: Cells, line: int) -> Tick | None:
        text_id, text_price, text_quantity, first_id, text_time = cells
        trade_id, at_ms = int(text_id), time_ms(text_time)
        if (
            trade_id != self._last_id + 1
            and self._last
            and self._repeated(trade_id, cells, line)
        ):
            return None
        if at_ms < self._last_ms - BACKWARDS_MS:
            raise ValueError("the time goes backwards")
        self._last, self._last_id, self._last_ms = cells, trade_id, at_ms
        if first_id == "-1":
            # The exchange leaves the ids of prints that it took back without a trade.
            self._note("void", line, f"Print {trade_id} was taken back by the exchange.")
            return None
        quantity = Decimal(text_quantity)
        if not quantity:
            raise ValueError("the quantity is 0")
        return Tick(self._symbol, _price(text_price), quantity, trade_id, at_ms, Source.REPLAY)

    def _repeated(self, trade_id: int, cells: Cells, line: int) -> bool:
        """Tell whether a print that is not the next one was there already; note holes."""
        last_id = self._last_id
        if trade_id > last_id:
            missing = trade_id - last_id - 1
            self._note("hole", line, hole(missing, "print", f"{trade_id}"))
            return False
        if cells == self._last:
            return True
        if trade_id == last_id and cells[3] != self._last[3]:
            return False  # at the border of two days an id may come twice, for two prints
        raise ValueError(
            f"print {trade_id} comes after print {last_id}; a tape must be in order"
        )

    def _note(self, kind: str, line: int, what: str) -> None:
        self._notes.add(kind, f"{self._file.name} line {line}: {what}")


class CandleReader:
    """The candles of one symbol and timeframe, over all its files."""

    def __init__(self, symbol: str, notes: Notes) -> None:
        self._symbol = symbol
        self._notes = notes
        self._file: TapeFile
        self._timeframe = ""
        self._named = ""
        self._odd = 0
        """Candles in a row that are shorter than their timeframe."""
        self._last: Cells = ()
        self._next_ms = 0

    def read(self, file: TapeFile, timeframe: str, rows: Iterable[Line]) -> Iterator[Candle]:
        """Yield the candles of one more file.

        Args:
            file: For the sentences.
            timeframe: What the file's name says, or empty.
            rows: Its lines without a header.

        Raises:
            TapeError: With the line that cannot be played.
        """
        self._file, self._named, self._odd = file, timeframe, 1
        return _items(file, CANDLES, rows, self._take)

    def _take(self, cells: Cells, line: int) -> Candle | None:
        if cells == self._last:
            return None
        candle = self._candle(cells)
        if candle.open_ms < self._next_ms:
            raise ValueError(
                f"the candle of {_clock(candle.open_ms)} begins before the one above it ends; "
                "a tape must be in order"
            )
        missing = (candle.open_ms - self._next_ms) // LENGTHS_MS[candle.timeframe]
        if self._last and missing:
            what = hole(missing, "candle", _clock(candle.open_ms))
            self._notes.add("hole", f"{self._file.name} line {line}: {what}")
        self._last, self._next_ms = cells, candle.close_ms + 1
        return candle

    def _candle(self, cells: Cells) -> Candle:
        opens, low, high = time_ms(cells[0]), _price(cells[3]), _price(cells[2])
        closes, count, volume = time_ms(cells[6]), int(cells[7]), Decimal(cells[5])
        candle = Candle(
            symbol=self._symbol,
            timeframe=self._timeframe_of(opens, closes),
            open_ms=opens,
            open=_price(cells[1]),
            high=high,
            low=low,
            close=_price(cells[4]),
            volume=volume,
            close_ms=closes,
            trades=count,
            closed=True,
        )
        _check_prices(candle)
        return candle

    def _timeframe_of(self, opens_ms: int, closes_ms: int) -> str:
        length = closes_ms + 1 - opens_ms
        if length <= 0:
            raise ValueError("the candle closes before it opens")
        says = _TIMEFRAMES.get(length, "")
        if not self._timeframe:
            self._timeframe = self._named or says
        elif self._named and self._named != self._timeframe:
            raise ValueError(f"candles of {self._named} behind candles of {self._timeframe}")
        if not self._timeframe:
            raise ValueError(f"a candle of {length} ms is of no timeframe that Binance has")
        self._check_length(length, says)
        return self._timeframe

    def _check_length(self, length: int, says: str) -> None:
        if says == self._timeframe:
            self._odd = 0
            return
        self._odd += 1
        # Before a halt of the exchange one candle is shorter than the others, never longer.
        if length > LENGTHS_MS[self._timeframe] or self._odd > 1:
            raise ValueError(
                f"the candle lasts {says or f'{length} ms'}, but this is a tape of "
                f"{self._timeframe}"
            )


def _items(
    file: TapeFile,
    layout: Layout,
    rows: Iterable[Line],
    take: Callable[[Cells, int], _Item | None],
) -> Iterator[_Item]:
    match = layout.row.fullmatch
    for number, line in rows:
        if found := match(line):
            try:
                item = take(found.groups(), number)
            except ValueError as exc:
                raise file.error(number, str(exc)) from exc
            if item is not None:
                yield item
        elif line.strip():
            raise file.error(number, layout.fault(line))


@lru_cache(maxsize=8192)
def _price(text: str) -> Decimal:
    """Read a price; the same few come again and again."""
    value = Decimal(text)
    if not value:
        raise ValueError("the price is 0")
    return value


def _check_prices(candle: Candle) -> None:
    low, high = candle.low, candle.high
    if high < low:
        raise ValueError(f"the high {plain(high)} is below the low {plain(low)}")
    for name, value in (("open", candle.open), ("close", candle.close)):
        if not low <= value <= high:
            raise ValueError(
                f"the {name} {plain(value)} lies outside low {plain(low)} and high "
                f"{plain(high)}"
            )
    if candle.volume and not candle.trades:
        raise ValueError(f"a volume of {plain(candle.volume)} without a trade (count is 0)")


def _clock(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
