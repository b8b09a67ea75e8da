"""Turns table rows into coloured lines, and remembers the lines it has drawn.

A line is drawn again only when something that decides its look has changed.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.columns import Cell, Column, Piece, Slot, fit, fit_cell

ROLES = ("profit", "loss", "entry", "accent", "quiet", "strong")
"""Colour roles that a cell may name."""

LAYERS = ("header", "sorted", "cursor", "odd")
"""Colour roles of whole lines and of headings."""

StyleOf = Callable[[str], Style]
"""Gives the style of a role as the present theme draws it; an empty role is plain text."""


class Line(NamedTuple):
    """Everything that decides how a row looks."""

    cells: tuple[Cell, ...]
    """Of the columns shown, first to last."""
    marker: str
    """The one cell left of the columns."""
    dim: bool
    lit: bool
    """Whether the row has the selection colour."""
    odd: bool


class LinePainter:
    """Draws the lines of one table."""

    def __init__(self, columns: Sequence[Column[Any]], style_of: StyleOf) -> None:
        self._columns = columns
        self._style_of = style_of
        self._width = 0
        self._slots: list[Slot] = []
        self._drawn: dict[Hashable, tuple[Line, Strip]] = {}
        self._styles: dict[tuple[str, bool, bool], Style] = {}
        self.rows_drawn = 0
        """Rows drawn so far; the measure of how little work a change is."""

    def resize(self, width: int) -> bool:
        """Lay the columns out on *width* cells; tells whether that changed anything."""
        if width == self._width:
            return False
        self._width = width
        self._slots = fit(self._columns, width)
        self._drawn.clear()
        return True

    def forget(self) -> None:
        """Draw everything anew, because the colours have changed."""
        self._drawn.clear()
        self._styles.clear()

    def keep(self, keys: Sequence[Hashable]) -> None:
        """Remember only the lines of *keys*, so that rows long gone use no memory."""
        if len(self._drawn) > 4 * len(keys) + 100:
            self._drawn = {key: self._drawn[key] for key in keys if key in self._drawn}

    @property
    def shown(self) -> list[Column[Any]]:
        """The columns that have room, first to last."""
        return [self._columns[slot.number] for slot in self._slots]

    def column_at(self, x: int) -> str | None:
        """Return the key of the sortable column at cell *x* of a line."""
        for slot in self._slots:
            column = self._columns[slot.number]
            if slot.start <= x < slot.start + slot.width and column.sort is not None:
                return column.key
        return None

    def header(self, sort: str) -> Strip:
        """Draw the headings; *sort* is the key of the column that rows are sorted by."""
        pieces: list[Piece] = []
        at = 0
        for slot in self._slots:
            column = self._columns[slot.number]
            role = "sorted" if column.key == sort else "header"
            pieces.append((" " * (slot.start - at), "header"))
            title = fit_cell(((column.title, role),), slot.width, right=column.right)
            pieces += [(part, own or "header") for part, own in title]
            at = slot.start + slot.width
        return self._strip(pieces, fill="header")

    def changed(self, key: Hashable, line: Line) -> bool:
        """Tell whether the row named *key* does not look like *line* yet."""
        drawn = self._drawn.get(key)
        return drawn is None or drawn[0] != line

    def row(self, key: Hashable, line: Line) -> Strip:
        """Draw the row named *key*, or return it as drawn before."""
        drawn = self._drawn.get(key)
        if drawn is not None and drawn[0] == line:
            return drawn[1]
        self.rows_drawn += 1
        strip = self._strip(self._pieces(line), lit=line.lit, odd=line.odd)
        self._drawn[key] = (line, strip)
        return strip

    def sentence(self, words: str) -> Strip:
        """Draw a quiet sentence in the middle of a line."""
        centred = ((words.center(self._width), "quiet"),)
        return self._strip(fit_cell(centred, self._width, right=False))

    def _pieces(self, line: Line) -> list[Piece]:
        pieces: list[Piece] = []
        at = 1
        for slot, cell in zip(self._slots, line.cells, strict=True):
            right = self._columns[slot.number].right
            pieces.append((" " * (slot.start - at), ""))
            pieces += fit_cell(cell, slot.width, right=right)
            at = slot.start + slot.width
        if line.dim:
            pieces = [(part, "quiet") for part, _ in pieces]
        return [(line.marker, "accent"), *pieces]

    def _strip(
        self, pieces: Sequence[Piece], *, lit: bool = False, odd: bool = False, fill: str = ""
    ) -> Strip:
        segments = [
            Segment(part, self._style(role, lit=lit, odd=odd)) for part, role in _joined(pieces)
        ]
        return Strip(segments).adjust_cell_length(
            self._width, self._style(fill, lit=lit, odd=odd)
        )

    def _style(self, role: str, *, lit: bool, odd: bool) -> Style:
        name = (role, lit, odd)
        if name not in self._styles:
            style = self._style_of("")
            if lit:
                style += self._style_of("cursor")
            elif odd:
                style += self._style_of("odd")
            self._styles[name] = style + self._style_of(role) if role else style
        return self._styles[name]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Add blanks to the piece before them: fewer pieces are drawn faster and look the same."""
    joined: list[Piece] = []
    for part, role in pieces:
        if joined and not part.strip(" "):
            joined[-1] = (joined[-1][0] + part, joined[-1][1])
        elif part:
            joined.append((part, role))
    return joined
