"""The order of a live table's rows, and the cursor that belongs to a row, not to a line.

Two rules hold: prices never move a row, and whatever comes, goes or is sorted, the cursor stays
on its row as long as that row exists.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import Any


class RowOrder:
    """Row keys in display order."""

    def __init__(self) -> None:
        self.keys: list[Hashable] = []
        self.cursor: Hashable | None = None
        """Key of the row under the cursor; None only while there is no row."""
        self.fresh: set[Hashable] = set()
        """Rows that arrived since the last sort and were not yet looked at."""

    @property
    def position(self) -> int:
        """Line of the cursor, 0 for the first row; -1 while there is none."""
        return self.keys.index(self.cursor) if self.cursor is not None else -1

    def update(self, present: Collection[Hashable]) -> bool:
        """Drop the rows that are gone and append the new ones.

        Returns:
            Whether anything came or went.
        """
        if len(present) == len(self.keys) and all(key in present for key in self.keys):
            return False
        line = self.position
        known = set(self.keys)
        arrived = [key for key in present if key not in known]
        self.keys = [key for key in self.keys if key in present] + arrived
        self.fresh = {key for key in self.fresh if key in present}
        if known:
            self.fresh.update(arrived)
        if self.cursor not in present:
            self.cursor = None
            self.go(max(0, line))
        return True

    def sort(self, values: Mapping[Hashable, Any], *, reverse: bool) -> None:
        """Order the rows by their *values*, None last; no row counts as fresh after that."""
        known = [key for key in self.keys if values[key] is not None]
        unknown = [key for key in self.keys if values[key] is None]
        self.keys = sorted(known, key=values.__getitem__, reverse=reverse) + unknown
        self.fresh.clear()

    def go(self, line: int) -> None:
        """Put the cursor on the row at *line*, or on the nearest one there is."""
        if self.keys:
            self.cursor = self.keys[min(max(line, 0), len(self.keys) - 1)]
            self.fresh.discard(self.cursor)

    def jump(self, key: Hashable) -> bool:
        """Put the cursor on the row named *key*; False when there is no such row."""
        if key not in self.keys:
            return False
        self.cursor = key
        self.fresh.discard(key)
        return True
