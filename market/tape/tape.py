"""Recorded market data, played in order: archive files and our own recordings.

A tape is read while it is played, however large it is. What kind it is shows in its first row;
whose it is stands in its name, as the archive writes it, or is said by who plays it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Final

from engine.model import Candle, Tick
from market.errors import TapeError
from market.tape.archive import LENGTHS_MS, CandleReader, PrintReader
from market.tape.lines import Line, TapeFile
from market.tape.notes import Notes
from market.tape.recording import RecordingReader, Touch
from market.tape.rows import CANDLES, Layout, is_header, layout_of

__all__ = ["LENGTHS_MS", "Item", "Tape", "TapeError", "TapeKind", "Touch", "time_of"]

Item = Tick | Touch | Candle
_NAME: Final = re.compile(
    r"(?P<symbol>[^-.]+)-(?P<kind>aggTrades|[0-9]{1,2}(?:s|m|h|d|w|mo|M))(?:[-.].*)?"
)


class TapeKind(StrEnum):
    """What a tape is made of."""

    PRINTS = "prints"
    CANDLES = "candles"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class _Part:
    """One file, looked into."""

    file: TapeFile
    layout: Layout | None
    """None: a recording."""
    symbol: str
    """Empty for a recording."""
    timeframe: str
    """As the name says, or empty."""

    @property
    def kind(self) -> TapeKind:
        if self.layout is None:
            return TapeKind.RECORDING
        return TapeKind.CANDLES if self.layout is CANDLES else TapeKind.PRINTS

    def rows(self) -> Iterator[Line]:
        """Yield the lines without a header, each file anew."""
        lines = iter(self.file)
        first = _first_row(self.file, lines)
        return lines if self.layout and is_header(first[1]) else chain((first,), lines)


class Tape:
    """Files of one kind: those of a symbol follow each other, symbols run side by side."""

    def __init__(self, paths: Sequence[Path], symbol: str | None = None) -> None:
        """Look into each file; nothing is played yet.

        Args:
            paths: In order of time.
            symbol: Whose prices they hold, as the exchange spells it; of a recording, whose
                prices to play. None reads it from the files' names, and plays all of a
                recording.

        Raises:
            TapeError: If a file is no tape, of another symbol, or of another kind.
        """
        self._symbol = symbol
        self._notes = Notes()
        self._parts = [_look_into(TapeFile(path), symbol) for path in paths]
        if not self._parts:
            raise TapeError("There is no tape to play.")
        self.kind = self._parts[0].kind
        for part in self._parts:
            if part.kind is not self.kind:
                raise TapeError(
                    f"{part.file.name} holds {_words(part)}, {self._parts[0].file.name} "
                    f"{_words(self._parts[0])}; play tapes of one kind at a time."
                )
        self._size = sum(part.file.path.stat().st_size for part in self._parts)

    @property
    def notes(self) -> list[str]:
        """What was noticed so far: holes, lines left out."""
        return self._notes.sentences()

    @property
    def progress(self) -> float:
        """How much of the files is read, 0 to 1."""
        read = sum(part.file.read for part in self._parts)
        return min(1.0, read / self._size) if self._size else 1.0

    def __iter__(self) -> Iterator[Item]:
        """Play from the beginning.

        Raises:
            TapeError: At the line that cannot be played.
        """
        self._notes = Notes()
        if self.kind is TapeKind.RECORDING:
            return self._recording()
        symbols = dict.fromkeys(part.symbol for part in self._parts)
        play = self._candles if self.kind is TapeKind.CANDLES else self._prints
        each = [play(symbol) for symbol in symbols]
        # Behind a merge of many, each print costs more: one symbol is played as it is.
        return each[0] if len(each) == 1 else merge(*each, key=time_of)

    def _prints(self, symbol: str) -> Iterator[Item]:
        reader = PrintReader(symbol, self._notes)
        for part in self._of(symbol):
            yield from reader.read(part.file, part.layout or CANDLES, part.rows())
            _check_whole(part.file)

    def _candles(self, symbol: str) -> Iterator[Item]:
        reader = CandleReader(symbol, self._notes)
        for part in self._of(symbol):
            yield from reader.read(part.file, part.timeframe, part.rows())
            _check_whole(part.file)

    def _recording(self) -> Iterator[Item]:
        reader = RecordingReader(self._symbol, self._notes)
        for part in self._parts:
            yield from reader.read(part.file, part.rows())
            if part.file.cut:
                self._notes.add("packed", f"{part.file.name} was cut off; its end is missing.")
        yield from reader.rest()
        if self._symbol is not None and self._symbol not in reader.heard:
            others = ", ".join(sorted(reader.heard)[:5]) or "no prints at all"
            raise TapeError(
                f"{self._parts[0].file.name} holds no prints of {self._symbol}; it has "
                f"{others}."
            )

    def _of(self, symbol: str) -> Iterator[_Part]:
        return (part for part in self._parts if part.symbol == symbol)


def time_of(item: Item) -> int:
    """Return when an item of a tape happened, or a candle opened, milliseconds UTC."""
    return item.open_ms if isinstance(item, Candle) else item.time_ms


def _look_into(file: TapeFile, symbol: str | None) -> _Part:
    lines = iter(file)
    number, first = _first_row(file, lines)
    if is_header(first):
        number, first = _first_row(file, lines)
    if first.startswith("{"):
        return _Part(file, None, "", "")
    try:
        layout = layout_of(first)
    except ValueError as exc:
        raise file.error(number, str(exc)) from None
    named = _NAME.fullmatch(file.path.name)
    if named is None:
        if symbol is None:
            raise TapeError(
                f"{file.name} does not say whose prices it holds; name it with --symbol."
            )
        return _Part(file, layout, symbol, "")
    if symbol is not None and named["symbol"] != symbol:
        raise TapeError(f"{file.name} is a tape of {named['symbol']}, not of {symbol}.")
    timeframe = named["kind"].replace("mo", "M")
    part = _Part(file, layout, named["symbol"], timeframe if timeframe in LENGTHS_MS else "")
    if (part.kind is TapeKind.PRINTS) is not (named["kind"] == "aggTrades"):
        raise TapeError(f"{file.name} holds {_words(part)}, which is not what its name says.")
    return part


def _first_row(file: TapeFile, lines: Iterator[Line]) -> Line:
    for number, line in lines:
        if line.strip():
            return number, line.rstrip("\r")
    raise TapeError(f"{file.name} is empty.")


def _check_whole(file: TapeFile) -> None:
    if file.cut:
        raise TapeError(f"{file.name} is cut off; its end is missing.")


def _words(part: _Part) -> str:
    kinds = {TapeKind.PRINTS: "aggTrades", TapeKind.CANDLES: "klines"}
    return kinds.get(part.kind, "a recording")
