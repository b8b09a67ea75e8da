"""The keys that every live table knows."""

from textual.binding import Binding, BindingType

ROW_KEYS: list[BindingType] = [
    Binding("down,j", "move(1)", "Row below", show=False, id="move.down"),
    Binding("up,k", "move(-1)", "Row above", show=False, id="move.up"),
    Binding("home,g", "go(0)", "First row", show=False, id="move.first"),
    Binding("end,G", "go(-1)", "Last row", show=False, id="move.last"),
    Binding("pagedown", "half_pages(2)", "Page down", show=False, id="move.page_down"),
    Binding("pageup", "half_pages(-2)", "Page up", show=False, id="move.page_up"),
    Binding("ctrl+d", "half_pages(1)", "Half a page down", show=False, id="move.half_down"),
    Binding("ctrl+u", "half_pages(-1)", "Half a page up", show=False, id="move.half_up"),
    Binding("S", "reverse", "Sort the other way", show=False, id="table.reverse"),
    Binding(
        "greater_than_sign",
        "pick(1)",
        "Sort by the next column",
        show=False,
        id="table.next_column",
    ),
    Binding(
        "less_than_sign",
        "pick(-1)",
        "Sort by the column before",
        show=False,
        id="table.prev_column",
    ),
]

SORT_KEY = Binding(
    "s", "sort", "Sort", tooltip="Sort again; nothing moves by itself", id="table.sort"
)
"""Stands behind a table's own keys, so that the footer begins with those."""
