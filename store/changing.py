"""How trades change on disk between their fills: edits, stops that move, funding.

Law: a change is a compare-and-set on an active trade of the known quantity. Several changes of
a trade behind one fill are one: the last is written, all are noted. They were stored before if
the trade stands as they leave it, or has gone on and they are noted.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.events import FundingPaid, StopMoved, TradeEdited
from engine.model import Trade
from store import changes, queries, rows
from store.connection import Connection
from store.entering import set_targets
from store.fields import to_e8
from store.rivals import changed

Change = TradeEdited | StopMoved


def change(db: Connection, events: Sequence[Change], time_ms: int) -> None:
    """Write what changed the exits of one trade.

    Args:
        db: Inside a transaction.
        events: Of one trade, with no fill between them.
        time_ms: When the desk learned of the last print, milliseconds UTC.

    Raises:
        NotOpen: If the trade was not active any more, or has other fills than were known.
    """
    after = events[-1].trade
    stored = queries.trade(db, after.id)
    if stored is None or not _is_at(stored, after):
        if stored is None or not changes.noted(db, events[-1]):
            raise changed(after, stored)
        return
    if _agreed(stored) == _agreed(after) and changes.noted(db, events[-1]):
        return
    db.execute(rows.CHANGE_TRADE, (*rows.CHANGED.of(after), after.id, to_e8(after.quantity)))
    set_targets(db, after)
    for event in events:
        changes.note(db, event, max(time_ms, event.trade.opened_ms))


def pay(db: Connection, event: FundingPaid) -> None:
    """Write a funding payment.

    Raises:
        NotOpen: If the trade was not open any more, or not as it was known.
    """
    trade, seq = event.trade, len(event.trade.payments) - 1
    values = (*rows.FUNDED.of(trade), trade.id, to_e8(trade.quantity))
    stored = queries.trade(db, trade.id)
    if stored is not None and stored.payments[: seq + 1] == trade.payments:
        return  # this very payment was made already, whatever became of the trade since
    at_hand = stored is not None and stored.payments == trade.payments[:seq]
    if not at_hand or db.execute(rows.FUND_TRADE, values).rowcount != 1:
        raise changed(trade, stored)
    db.execute(rows.ADD_PAYMENT, (trade.id, seq, *rows.PAYMENT.of(event.payment)))
    changes.note(db, event, event.payment.time_ms)


def _is_at(stored: Trade, trade: Trade) -> bool:
    """Tell whether nothing has filled or ended since *trade*, nor been paid."""
    return (
        stored.status is trade.status
        and stored.fills == trade.fills
        and stored.payments == trade.payments
    )


def _agreed(trade: Trade) -> Trade:
    """Return a trade without what each print may move."""
    trailing, break_even = trade.trailing, trade.break_even
    return replace(
        trade,
        trailing=trailing and replace(trailing, best=None, stop=None),
        break_even=break_even and replace(break_even, due=False),
        best=trade.entry_price,
        worst=trade.entry_price,
    )
