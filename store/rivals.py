"""What to say when another process was first."""

from engine.entries import duplicate_sentence
from engine.errors import DuplicateTrade, NotOpen
from engine.model import Trade
from store import queries
from store.connection import Connection


def duplicate(db: Connection, trade: Trade) -> DuplicateTrade | None:
    """Find out which stored trade forbids *trade*."""
    if trade.signal and (
        earlier := queries.active_on_signal(db, trade.account, trade.signal.id)
    ):
        return DuplicateTrade(duplicate_sentence(earlier, same_signal=True), earlier.id)
    earlier = queries.active_on_side(
        db, trade.account, trade.market, trade.symbol, trade.direction
    )
    if earlier:
        return DuplicateTrade(duplicate_sentence(earlier, same_signal=False), earlier.id)
    if queries.trade(db, trade.id):
        return DuplicateTrade(
            f"Another process has stored trade #{trade.id} meanwhile. Nothing was opened; "
            "try again.",
            trade.id,
        )
    return None


def changed(trade: Trade, stored: Trade | None) -> NotOpen:
    """Say that a trade is not as it was known; *stored* is what became of it."""
    if stored is None or not stored.status.active:
        return NotOpen(f"Trade #{trade.id} is not open (any more).", trade.id)
    smaller = stored.quantity < trade.initial_quantity
    what = "closed a part of" if smaller else "changed"
    return NotOpen(
        f"Another process has {what} trade #{trade.id} meanwhile. Nothing was done; try again.",
        trade.id,
    )
