"""What a table row is made of: cells of named colour roles, in columns that fit the width.

Columns that do not fit are left out, the least important first; nothing ever wraps. Widths are
terminal cells, so that wide characters stay aligned.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size

Row = TypeVar("Row")

Piece = tuple[str, str]
"""Text and the colour role that draws it; an empty role is plain text."""

Cell = tuple[Piece, ...]

MAX_GAP = 3
"""Blank cells between two columns when there is more room than needed."""


class Look(NamedTuple):
    """What a cell needs to know besides its row."""

    now_ms: int
    """Exchange time, milliseconds UTC."""
    tick: Decimal | None
    """The symbol's price grid; None while unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """One column of a live table."""

    key: str
    title: str
    width: int
    """Cells."""
    cell: Callable[[Row, Look], Cell]
    """Draws the row's cell."""
    sort: Callable[[Row], Any] | None = None
    """Gives the value to sort by; None: this column cannot be sorted."""
    right: bool = False
    """Whether numbers line up on the right."""
    rank: int = 0
    """Columns of the highest rank are left out first, together; rank 0 always stays."""
    stretch: bool = False
    """Whether the column takes what room is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Row]):
    """What a live table knows of its rows."""

    name: str
    """Of the rows, for the title: ``Signals``."""
    columns: Sequence[Column[Row]]
    key: Callable[[Row], Hashable]
    """Gives what identifies a row for ever."""
    symbol: Callable[[Row], str]
    """Gives the symbol whose price grid a row is shown with."""
    words: Callable[[Row], str]
    """Gives the text that a filter looks in."""
    dim: Callable[[Row], bool]
    """Tells whether a whole row cannot be trusted now."""
    order: tuple[str, bool]
    """The first order: a column's key, and whether it runs backwards."""
    plain_order: bool = False
    """Whether the first order goes without saying in the title."""
    when_empty: Sequence[str] = ()
    """Lines shown while there is no row."""


class Slot(NamedTuple):
    """A column's place on the line."""

    number: int
    """Of the column among all columns."""
    start: int
    """First cell on the line."""
    width: int
    """Cells."""


def text(value: str, role: str = "") -> Cell:
    """Make a cell of one colour."""
    return ((value, role),)


def fit(columns: Sequence[Column[Row]], width: int) -> list[Slot]:
    """Choose the columns that fit *width* cells and place them behind the cursor's cell."""
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed(columns, chosen) > width:
        highest = max(columns[index].rank for index in chosen)
        if highest == 0:
            break
        chosen = [index for index in chosen if columns[index].rank < highest]
    spare = max(0, width - _needed(columns, chosen))
    gaps = max(1, len(chosen) - 1)
    gap = min(MAX_GAP, 1 + spare // gaps)
    spare -= (gap - 1) * gaps
    slots: list[Slot] = []
    start = 1
    for index in chosen:
        wide = columns[index].width + (spare if columns[index].stretch else 0)
        slots.append(Slot(index, start, wide))
        start += wide + gap
    return slots


def _needed(columns: Sequence[Column[Row]], chosen: Sequence[int]) -> int:
    return 1 + sum(columns[index].width + 1 for index in chosen) - 1


def fit_cell(cell: Cell, width: int, *, right: bool) -> list[Piece]:
    """Pad or cut *cell* to exactly *width* terminal cells; a cut shows ``…``."""
    used = sum(cell_len(part) for part, _ in cell)
    if used == width:
        return list(cell)
    if used < width:
        blank = (" " * (width - used), "")
        return [blank, *cell] if right else [*cell, blank]
    return _cut(cell, width)


def _cut(cell: Cell, width: int) -> list[Piece]:
    kept: list[Piece] = []
    room = width - 1
    role = ""
    for part, role in cell:
        size = cell_len(part)
        kept.append((part if size <= room else set_cell_size(part, room), role))
        room -= min(size, room)
        if room == 0:
            break
    return [*kept, ("…", role)] if width > 0 else []
