"""Candles, level lines and axes as rows of glyphs.

Box-drawing halves give every row two steps of height and exist in every terminal font. Pure:
the same candles and size give the same rows. Floats are geometry here, never money.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from engine.model import Candle
from tui import format as fmt
from tui.widgets.columns import Piece

_GLYPHS = {
    (0, 0): " ",
    (0, 1): "╷",
    (0, 2): "╻",
    (1, 0): "╵",
    (1, 1): "│",
    (1, 2): "╽",
    (2, 0): "╹",
    (2, 1): "╿",
    (2, 2): "┃",
}
"""By what the upper and the lower half show: 0 nothing, 1 wick, 2 body."""

_TAG = 4
"""Least cells of a level's name before its price: ``◄TP ``."""

_LABEL_ROWS = 4
_LABEL_COLUMNS = 14
_HEADROOM = Decimal("1.05")
"""How far above the highest price a label may stand, with room to spare."""
_MOST_SQUEEZE = 6.0
"""A level that would squeeze the candles more than this is only named at the edge."""

_LONG_TIMEFRAME_MS = 4 * 3_600_000


class Level(NamedTuple):
    """A horizontal line with a name of a few letters."""

    name: str
    price: Decimal
    role: str
    """Colour role."""
    glyph: str = "┄"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Everything that a picture depends on."""

    candles: tuple[Candle, ...]
    """Oldest first."""
    levels: tuple[Level, ...]
    last: Decimal | None
    """Newest price, quote per base; moves the last candle."""
    tick: Decimal | None
    """The symbol's price grid."""
    width: int
    """Cells."""
    height: int
    """Rows, the time axis included."""


class _Scale(NamedTuple):
    top: float
    bottom: float
    rows: int

    def half(self, price: float) -> int:
        """Return the half row of *price*, counted from the top."""
        share = (self.top - price) / (self.top - self.bottom)
        return min(max(int(share * 2 * self.rows), 0), 2 * self.rows - 1)

    def row(self, price: float) -> int:
        """Return the row of *price*; outside the picture the nearest one."""
        return self.half(price) // 2

    def beyond(self, price: float) -> str:
        """Return an arrow towards a *price* outside the picture, else nothing."""
        return "▲" if price > self.top else "▼" if price < self.bottom else ""


def plot(picture: Plot) -> list[list[Piece]]:
    """Draw *picture*; every row is exactly its width."""
    candles = _moved(picture.candles, picture.last)
    axis = _axis_width(picture, candles)
    columns = max(1, picture.width - axis)
    shown = candles[-(columns - 1) :] if columns > 1 else candles[-1:]
    scale = _scale(shown, picture.levels, max(1, picture.height - 1))
    grid = _grid(shown, picture.levels, scale, columns)
    labels = _labels(picture, scale)
    rows = [[*_merge(line), *_label(labels.get(row), axis)] for row, line in enumerate(grid)]
    return [*rows, [(_times(shown, columns).ljust(picture.width), "quiet")]]


def _moved(candles: Sequence[Candle], last: Decimal | None) -> list[Candle]:
    """Let the newest candle follow the newest price."""
    moved = list(candles)
    if moved and last is not None and not moved[-1].closed:
        newest = moved[-1]
        moved[-1] = newest._replace(
            close=last, high=max(newest.high, last), low=min(newest.low, last)
        )
    return moved


def _axis_width(picture: Plot, candles: Sequence[Candle]) -> int:
    prices = [level.price for level in picture.levels] + [candle.high for candle in candles]
    highest = max(prices, default=Decimal(100)) * _HEADROOM
    longest = max(len(fmt.price(price, picture.tick)) for price in (*prices, highest))
    return min(_tag_width(picture.levels) + longest, max(0, picture.width - 4))


def _tag_width(levels: Sequence[Level]) -> int:
    return max(_TAG, *(len(level.name) + 2 for level in levels)) if levels else _TAG


def _scale(candles: Sequence[Candle], levels: Sequence[Level], rows: int) -> _Scale:
    highs = [float(candle.high) for candle in candles]
    lows = [float(candle.low) for candle in candles]
    top, bottom = max(highs), min(lows)
    span = (top - bottom) or top * 0.01 or 1.0
    for level in levels:
        price = float(level.price)
        if max(top, price) - min(bottom, price) <= _MOST_SQUEEZE * span:
            top, bottom = max(top, price), min(bottom, price)
    margin = ((top - bottom) or span) * 0.02
    return _Scale(top + margin, bottom - margin, rows)


def _grid(
    candles: Sequence[Candle], levels: Sequence[Level], scale: _Scale, columns: int
) -> list[list[Piece]]:
    grid: list[list[Piece]] = [[(" ", "")] * columns for _ in range(scale.rows)]
    for level in levels:
        price = float(level.price)
        if not scale.beyond(price):
            grid[scale.row(price)] = [(level.glyph, level.role)] * columns
    start = columns - 1 - len(candles)
    for column, candle in enumerate(candles, start):
        _draw(candle, scale, grid, column)
    return grid


def _draw(candle: Candle, scale: _Scale, grid: list[list[Piece]], column: int) -> None:
    opened, closed = float(candle.open), float(candle.close)
    high, low = scale.half(float(candle.high)), scale.half(float(candle.low))
    body_top, body_end = scale.half(max(opened, closed)), scale.half(min(opened, closed))
    role = "profit" if closed >= opened else "loss"

    def part(half: int) -> int:
        if body_top <= half <= body_end:
            return 2
        return 1 if high <= half <= low else 0

    for row in range(high // 2, low // 2 + 1):
        grid[row][column] = (_GLYPHS[part(2 * row), part(2 * row + 1)], role)


def _labels(picture: Plot, scale: _Scale) -> dict[int, Piece]:
    """Return the price labels by row; a level's tag hides the last price, that the axis."""
    tick, wide = picture.tick, _tag_width(picture.levels)
    labels: dict[int, Piece] = {}
    for value in _round_prices(scale):
        labels[scale.row(float(value))] = (" " * wide + fmt.price(value, tick), "quiet")
    if picture.last is not None:
        row = scale.row(float(picture.last))
        labels[row] = ("◄".ljust(wide) + fmt.price(picture.last, tick), "strong")
    for level in picture.levels:
        price = float(level.price)
        tag = f"{scale.beyond(price) or '◄'}{level.name}".ljust(wide)
        labels[scale.row(price)] = (tag + fmt.price(level.price, tick), level.role)
    return labels


def _round_prices(scale: _Scale) -> list[Decimal]:
    """Return the roundest prices that stand a few rows apart."""
    wanted = (scale.top - scale.bottom) / scale.rows * _LABEL_ROWS
    power = Decimal(1).scaleb(math.floor(math.log10(wanted)))
    step = next(power * factor for factor in (1, 2, 5, 10) if float(power * factor) >= wanted)
    first = math.ceil(scale.bottom / float(step))
    last = math.floor(scale.top / float(step))
    return [step * number for number in range(first, last + 1)]


def _label(label: Piece | None, width: int) -> list[Piece]:
    if label is None:
        return [(" " * width, "")]
    words, role = label
    return [(words[:width].ljust(width), role)]


def _merge(line: Sequence[Piece]) -> list[Piece]:
    """Join neighbours of one colour, so that a row has few pieces."""
    merged: list[Piece] = []
    for glyph, role in line:
        if merged and merged[-1][1] == role:
            merged[-1] = (merged[-1][0] + glyph, role)
        else:
            merged.append((glyph, role))
    return merged


def _times(candles: Sequence[Candle], columns: int) -> str:
    if not candles:
        return ""
    spacing = candles[-1].close_ms - candles[-1].open_ms
    write = fmt.day if spacing >= _LONG_TIMEFRAME_MS - 1 else fmt.short_clock
    start = columns - 1 - len(candles)
    line = ""
    for column in range(start, columns - 5, _LABEL_COLUMNS):
        line = line.ljust(column) + write(candles[column - start].open_ms)
    return line
