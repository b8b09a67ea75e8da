"""What happened to trades beside their fills, for processes that only look on.

A trade shows its fills and payments; that it was placed, cancelled or edited, or that its stop
has moved, nobody could tell from how it stands. Law: a change is noted once, in the commit that
makes it, and stays at least as long as its trade is active.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.events import (
    Event,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeEdited,
    TradePlaced,
)
from engine.model import Trade
from engine.stops import StopReason
from store.connection import Connection
from store.fields import to_e8
from store.schema import ChangeKind, ChangeRow

__all__ = ["Change", "ChangeKind", "Changing", "changes", "forget", "note", "noted"]

Changing = TradePlaced | TradeCancelled | TradeEdited | StopMoved | FundingPaid
"""The events that carry no fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event without a fill, as far as the trade does not tell it."""

    kind: ChangeKind
    fills: int
    """How many fills the trade had by then."""
    time_ms: int
    """When it happened, milliseconds UTC; of what is no fill or payment, about when."""
    stop: Decimal
    """Of the trade, from then on."""
    stop_reason: StopReason


_KINDS: Mapping[type[Event], ChangeKind] = {
    TradePlaced: ChangeKind.PLACED,
    TradeCancelled: ChangeKind.CANCELLED,
    TradeEdited: ChangeKind.EDITED,
    StopMoved: ChangeKind.STOP_MOVED,
    FundingPaid: ChangeKind.FUNDING,
}
_SAME = "trade = ? AND kind = ? AND fills = ? AND stop = ? AND stop_reason = ?"
_ADD = (
    "INSERT INTO change (trade, seq, kind, fills, stop, stop_reason, time_ms) "
    "SELECT ?1, coalesce(max(seq) + 1, 0), ?2, ?3, ?4, ?5, ?6 FROM change WHERE trade = ?1"
)
_FORGET = (
    "DELETE FROM change WHERE trade IN (SELECT id FROM trade "
    "WHERE status NOT IN ('PENDING', 'OPEN') AND closed_ms < ?)"
)


def note(db: Connection, event: Changing, time_ms: int) -> None:
    """Note a change behind the earlier ones of its trade."""
    db.execute(_ADD, (*_values(event), time_ms))


def noted(db: Connection, event: Changing) -> bool:
    """Tell whether such a change was noted for the trade since its last fill then."""
    return (
        db.execute(f"SELECT 1 FROM change WHERE {_SAME}", _values(event)).fetchone() is not None
    )


def _values(event: Changing) -> tuple[int, str, int, int, str]:
    trade = event.trade
    kind, stop = _KINDS[type(event)], to_e8(trade.stop)
    return trade.id, kind.value, len(trade.fills), stop, trade.stop_reason.value


def changes(db: Connection, trades: Sequence[Trade]) -> dict[int, tuple[Change, ...]]:
    """Return the changes of some trades in order, by trade id."""
    ids = [trade.id for trade in trades]
    query = ChangeRow.select().where(ChangeRow.trade.in_(ids))
    found: defaultdict[int, list[Change]] = defaultdict(list)
    for row in db.rows(query.order_by(ChangeRow.trade, ChangeRow.seq)):
        found[row["trade"]].append(_change_of(row))
    return {trade_id: tuple(those) for trade_id, those in found.items()}


def _change_of(row: Mapping[str, Any]) -> Change:
    names = ("kind", "fills", "time_ms", "stop", "stop_reason")
    return Change(**{name: row[name] for name in names})


def forget(db: Connection, before_ms: int) -> None:
    """Delete the changes of trades that ended before a time."""
    db.execute(_FORGET, (before_ms,))
