"""Where a price stands between stop and target, at a glance and without colour.

``──┼━━●────`` runs from the stop on the left to the target on the right, also for a SHORT:
right is always profit. The cross is the entry, the heavy line what has been won or lost since.
At the left end ``├`` says that the stop has passed the entry, ``B`` and ``T`` that it is a
break-even or trailing stop; ``▸`` at the right end that there is no target.
"""

from decimal import Decimal

from engine.model import Trade
from engine.stops import StopReason
from tui.widgets.columns import Cell

WIDTH = 11
"""Cells."""


def gauge(
    stop: Decimal,
    entry: Decimal,
    target: Decimal,
    price: Decimal | None,
    *,
    open_end: bool = False,
) -> Cell:
    """Draw the way from *stop* to *target* with the entry and the present price on it.

    Args:
        stop: Stop price, quote per base.
        entry: Entry price.
        target: Target price.
        price: Present price; None draws no dot. Outside the levels it stays at the end.
        open_end: Whether the right end is no target, only as far as is drawn.
    """
    cross = _cell(entry, stop, target)
    passed = (entry - stop) * (target - stop) < 0
    marks = {WIDTH - 1: ("▸", "quiet")} if open_end else {}
    marks[cross] = ("├" if passed else "┼", "quiet")
    if price is not None:
        dot = _cell(price, stop, target)
        role = "profit" if dot > cross else "loss" if dot < cross else "strong"
        role = "profit" if passed else role
        between = range(min(cross, dot), max(cross, dot))
        marks |= {cell: ("━", role) for cell in between if cell != cross}
        marks[dot] = ("●", role)
    return tuple(marks.get(cell, ("─", "quiet")) for cell in range(WIDTH))


_STOP_MARKS = {StopReason.BREAK_EVEN: "B", StopReason.TRAILING: "T"}


def trade_gauge(trade: Trade, price: Decimal | None) -> Cell:
    """Draw where *trade* stands: from the stop in force to its next target.

    A trade without one is drawn as far as it has come, or as far as it has risked.
    """
    entry, sign, target = trade.entry_price, trade.direction.sign, trade.next_target
    reach = max(abs(entry - trade.initial_stop), sign * (trade.best - entry))
    end = entry + sign * reach if target is None else target.price
    cells = gauge(trade.stop, entry, end, price, open_end=target is None)
    mark = _STOP_MARKS.get(trade.stop_reason)
    if mark is None or cells[0][0] == "●":
        return cells
    return ((mark, "accent"), *cells[1:])


def _cell(price: Decimal, stop: Decimal, target: Decimal) -> int:
    """Return the cell of *price*; outside the levels it is the nearest end."""
    if stop == target:
        return WIDTH // 2
    share = (price - stop) / (target - stop)
    return round(min(max(share, Decimal(0)), Decimal(1)) * (WIDTH - 1))
