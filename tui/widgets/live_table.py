"""A table for rows that change several times a second.

Only visible rows are formatted, and only lines whose text changed are drawn again. The order
stands still from the first key pressed inside until the cursor leaves; the cursor belongs to a
row's key, never to a line.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from decimal import Decimal
from typing import ClassVar, Generic

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.text import ui_text
from tui.widgets.columns import Kind, Look, Row
from tui.widgets.line_painter import LAYERS, ROLES, Line, LinePainter
from tui.widgets.row_order import RowOrder
from tui.widgets.table_keys import ROW_KEYS

TickOf = Callable[[str], Decimal | None]
"""Gives a symbol's price grid, None while unknown."""


class LiveTable(ScrollView, Generic[Row], can_focus=True):
    """Rows of live values under one cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"live-table--{role}" for role in (*LAYERS, *ROLES)
    }

    BINDINGS: ClassVar[list[BindingType]] = ROW_KEYS

    class CursorMoved(Message):
        """The cursor is on another row."""

    def __init__(self, kind: Kind[Row], tick_of: TickOf, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.order = RowOrder()
        self.painter = LinePainter(kind.columns, self._role_style)
        self.filter_text = ""
        """Only rows that contain this are shown; case does not matter."""
        self.kind = kind
        self._tick_of = tick_of
        self._sort, self._reverse = kind.order
        self._rows: dict[Hashable, Row] = {}
        self._lines: dict[Hashable, Line] = {}
        self._now_ms = 0
        self._shown_title = ""
        self._touched = False
        """Whether the trader has moved or sorted here since the pane was entered."""

    def title_parts(self) -> list[str]:
        """Return the parts of the pane's title."""
        kind, order = self.kind, (self._sort, self._reverse)
        parts = [f"{kind.name} {len(self._rows)}"]
        if self._rows and not (kind.plain_order and order == kind.order):
            title = next(c.title for c in kind.columns if c.key == self._sort)
            parts.append(f"sort {title.lower()} {'▼' if self._reverse else '▲'}")
        if self.order.fresh:
            parts.append(f"NEW {len(self.order.fresh)}")
        if self.filter_text:
            parts.append(f"/{ui_text(self.filter_text, 20)}")
        return parts

    @property
    def rows(self) -> Collection[Row]:
        """All rows that the filter lets through."""
        return self._rows.values()

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows.get(self.order.cursor)

    @property
    def visible_rows(self) -> list[Row]:
        """The rows on the screen now, first to last."""
        return [self._rows[self.order.keys[line]] for line in self._visible_lines()]

    def cursor_text(self) -> str:
        """Write the row under the cursor as tab-separated text, all columns, as shown."""
        row = self.cursor_row
        if row is None:
            return ""
        look = Look(self._now_ms, self._tick_of(self.kind.symbol(row)))
        cells = [column.cell(row, look) for column in self.kind.columns]
        return "\t".join("".join(part for part, _ in cell).strip() for cell in cells)

    # Painting.

    def show(self, rows: Sequence[Row], now_ms: int) -> None:
        """Take the newest values and draw what changed.

        Args:
            rows: All rows, in their natural order.
            now_ms: Exchange time for ages, milliseconds UTC.
        """
        cursor = self.order.cursor
        self._now_ms = now_ms
        wanted = self.filter_text.casefold()
        self._rows = {
            self.kind.key(row): row
            for row in rows
            if not wanted or wanted in self.kind.words(row).casefold()
        }
        if self.order.update(self._rows):
            if not self._touched:
                self._sort_rows()
                if cursor is None:
                    self.order.go(0)
            self._rows_moved()
        else:
            self._draw_changes()
        self._show_title()
        if self.order.cursor != cursor:
            self.post_message(self.CursorMoved())

    def jump(self, key: Hashable) -> bool:
        """Put the cursor on the row named *key*; False when it is not in the table."""
        found = self.order.jump(key)
        if found:
            self._cursor_moved()
        return found

    def render_line(self, y: int) -> Strip:
        """Draw one line: the headings, a row, or a sentence where there are no rows."""
        if self.painter.resize(self.scrollable_content_region.width):
            self._lines.clear()
        if y == 0:
            return self.painter.header(self._sort)
        line = y - 1 + self.scroll_offset.y
        if line < len(self.order.keys):
            key = self.order.keys[line]
            return self.painter.row(key, self._lines.get(key) or self._line(line))
        if not self.order.keys:
            return self.painter.sentence(self._sentence(y))
        return self.painter.sentence("")

    def notify_style_update(self) -> None:
        """Forget drawn lines when the theme or a class changes."""
        super().notify_style_update()
        self.painter.forget()

    def _sentence(self, y: int) -> str:
        words = self.kind.when_empty
        if self.filter_text:
            words = (f"Nothing matches /{ui_text(self.filter_text, 20)}",)
        at = y - max(1, (self.size.height - len(words)) // 2)
        return words[at] if 0 <= at < len(words) else ""

    def _line(self, line: int) -> Line:
        key = self.order.keys[line]
        row = self._rows[key]
        look = Look(self._now_ms, self._tick_of(self.kind.symbol(row)))
        under_cursor = key == self.order.cursor
        fresh = "•" if key in self.order.fresh else " "
        return Line(
            cells=tuple(column.cell(row, look) for column in self.painter.shown),
            marker="▸" if under_cursor else fresh,
            dim=self.kind.dim(row),
            lit=under_cursor and self._cursor_inside,
            odd=line % 2 == 1,
        )

    def _visible_lines(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(top + self._page, len(self.order.keys)))

    def _draw_changes(self) -> None:
        width = self.size.width
        self.painter.resize(self.scrollable_content_region.width)
        keys, visible = self.order.keys, self._visible_lines()
        self._lines = {keys[line]: self._line(line) for line in visible}
        for line in visible:
            if self.painter.changed(keys[line], self._lines[keys[line]]):
                self.refresh(Region(0, 1 + line - self.scroll_offset.y, width, 1))

    def _rows_moved(self) -> None:
        self.painter.keep(self.order.keys)
        self._lines.clear()
        self.virtual_size = Size(0, 1 + len(self.order.keys))
        self._show_cursor()
        self.refresh()

    def _show_title(self) -> None:
        title = " · ".join(self.title_parts())
        if title != self._shown_title:
            self._shown_title = title
            self.border_title = Content(title)

    # The cursor.

    @property
    def _cursor_inside(self) -> bool:
        """Whether the trader is in this table, also while a dialog covers it."""
        return self.is_attached and self.screen.focused is self

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def _cursor_moved(self) -> None:
        self._touched = self._cursor_inside
        self._show_cursor()
        self._draw_changes()
        self._show_title()
        self.post_message(self.CursorMoved())

    def _show_cursor(self) -> None:
        """Scroll just so far that the cursor is on the screen."""
        line, top = self.order.position, self.scroll_offset.y
        if line < 0:
            return
        if line < top:
            self.scroll_to(y=line, animate=False)
        elif line >= top + self._page:
            self.scroll_to(y=line - self._page + 1, animate=False)

    def action_move(self, lines: int) -> None:
        """Move the cursor by *lines*."""
        self.action_go(max(0, self.order.position + lines))

    def action_go(self, line: int) -> None:
        """Move the cursor to *line*; -1 is the last one."""
        self.order.go(line if line >= 0 else len(self.order.keys) - 1)
        self._cursor_moved()

    def action_half_pages(self, halves: int) -> None:
        """Move the cursor by half pages; two are a page."""
        self.action_move(halves * self._page // 2)

    # Sorting, only ever on request.

    def _sort_rows(self) -> None:
        value = next(c.sort for c in self.kind.columns if c.key == self._sort)
        if value is not None:
            values = {key: value(row) for key, row in self._rows.items()}
            self.order.sort(values, reverse=self._reverse)

    def sort_by(self, column: str, *, reverse: bool) -> None:
        """Sort the rows once by *column*; they stay so until the next request."""
        self._touched = self._cursor_inside
        self._sort, self._reverse = column, reverse
        self._sort_rows()
        self._rows_moved()
        self._show_title()

    def action_sort(self) -> None:
        """Sort again by the present column."""
        self.sort_by(self._sort, reverse=self._reverse)

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.sort_by(self._sort, reverse=not self._reverse)

    def action_pick(self, step: int) -> None:
        """Sort by the next or previous column on the screen."""
        keys = [column.key for column in self.painter.shown if column.sort is not None]
        at = keys.index(self._sort) + step if self._sort in keys else 0
        self.sort_by(keys[at % len(keys)], reverse=self._reverse)

    def on_focus(self) -> None:
        """Take the selection colour."""
        self._draw_changes()

    def on_blur(self) -> None:
        """Leave the selection colour to the other pane."""
        self._touched = False
        self._draw_changes()

    def on_resize(self) -> None:
        """Keep the cursor on the screen."""
        self._rows_moved()

    def on_click(self, event: events.Click) -> None:
        """Select the row, or sort by the heading, that was clicked; again: the other way."""
        spot = event.get_content_offset(self)
        if spot is None:
            return
        if spot.y > 0:
            line = spot.y - 1 + self.scroll_offset.y
            if line < len(self.order.keys):
                self.action_go(line)
            return
        column = self.painter.column_at(spot.x)
        if column is not None:
            self.sort_by(column, reverse=self._reverse != (column == self._sort))

    def _role_style(self, role: str) -> Style:
        if not role:
            return self.rich_style
        return self.get_component_rich_style(f"live-table--{role}", partial=True)
