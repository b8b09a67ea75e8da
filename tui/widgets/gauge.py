"""Where a price stands between stop and target, at a glance and without colour.

``──┼━━●────`` runs from the stop on the left to the target on the right, also for a SHORT:
right is always profit. The cross is the entry, the heavy line what has been won or lost since.
"""

from decimal import Decimal

from tui.widgets.columns import Cell

WIDTH = 11
"""Cells."""


def gauge(stop: Decimal, entry: Decimal, target: Decimal, price: Decimal | None) -> Cell:
    """Draw the way from *stop* to *target* with the entry and the present price on it.

    Args:
        stop: Stop price, quote per base.
        entry: Entry price.
        target: Target price.
        price: Present price; None draws no dot. Outside the levels it stays at the end.
    """
    cross = _cell(entry, stop, target)
    if price is None:
        return ((_line(cross), "quiet"), ("┼", "quiet"), (_line(WIDTH - cross - 1), "quiet"))
    dot = _cell(price, stop, target)
    role = "profit" if dot > cross else "loss" if dot < cross else "strong"
    marks = {cross: ("┼", "quiet")} | {
        cell: ("━", role) for cell in range(min(cross, dot), max(cross, dot)) if cell != cross
    }
    marks[dot] = ("●", role)
    return tuple(marks.get(cell, ("─", "quiet")) for cell in range(WIDTH))


def _line(cells: int) -> str:
    return "─" * cells


def _cell(price: Decimal, stop: Decimal, target: Decimal) -> int:
    """Return the cell of *price*; outside the levels it is the nearest end."""
    if stop == target:
        return WIDTH // 2
    share = (price - stop) / (target - stop)
    return round(min(max(share, Decimal(0)), Decimal(1)) * (WIDTH - 1))
