"""How trades begin on disk: placed, entered, opened at once, or cancelled before they opened.

Law: two unique indexes say whether a trade may begin; whether a pending one is still there to
be entered or cancelled is a compare-and-set on its status.
"""

import peewee

from engine.events import TradeCancelled, TradeOpened, TradePlaced
from engine.model import Trade, TradeStatus
from store import changes, queries, rows
from store.connection import Connection
from store.rivals import changed, duplicate


def place(db: Connection, event: TradePlaced) -> None:
    """Write a pending trade.

    Raises:
        DuplicateTrade: If an active trade forbids it.
    """
    trade = event.trade
    stored = queries.trade(db, trade.id)
    if stored is None or not _is_same(stored, trade):
        _insert(db, trade)
        changes.note(db, event, trade.placed_ms)


def open_trade(db: Connection, event: TradeOpened) -> None:
    """Write the entry of a new trade, or of a pending one.

    Raises:
        DuplicateTrade: If an active trade forbids a new one.
        NotOpen: If the pending one was cancelled meanwhile.
    """
    trade = event.trade
    known = db.execute(rows.HAS_TRADE, (trade.id,)).fetchone()
    stored = queries.trade(db, trade.id) if known else None
    if stored is None or not _is_same(stored, trade):
        _insert(db, trade)
    elif stored.status is TradeStatus.PENDING:
        _enter(db, trade)
    elif stored.status is TradeStatus.CANCELLED:
        raise changed(trade, stored)
    elif stored.fills[: len(trade.fills)] != trade.fills:
        _insert(db, trade)  # which the database forbids


def cancel(db: Connection, event: TradeCancelled) -> None:
    """Write the end of a pending trade.

    Raises:
        NotOpen: If it was entered or cancelled meanwhile.
    """
    trade = event.trade
    values = (*rows.CANCELLING.of(trade), trade.id)
    if db.execute(rows.CANCEL_TRADE, values).rowcount == 1:
        changes.note(db, event, trade.closed_ms or trade.placed_ms)
        return
    stored = queries.trade(db, trade.id)
    if stored != trade:
        raise changed(trade, stored)


def set_targets(db: Connection, trade: Trade) -> None:
    """Write a trade's targets in place of those it had."""
    db.execute_many(
        rows.SET_TARGET,
        [
            (trade.id, position, *rows.TARGET.of(target))
            for position, target in enumerate(trade.targets)
        ],
    )
    db.execute(rows.DROP_TARGETS, (trade.id, len(trade.targets)))


def _insert(db: Connection, trade: Trade) -> None:
    try:
        db.execute(rows.ADD_TRADE, rows.TRADE.of(trade))
    except peewee.IntegrityError as exc:
        raise duplicate(db, trade) or exc from exc
    set_targets(db, trade)
    _add_fills(db, trade)
    if trade.signal:
        db.execute(rows.TAKE_SIGNAL, (trade.signal.id,))


def _enter(db: Connection, trade: Trade) -> None:
    db.execute(rows.ENTER_TRADE, (*rows.TRADE.of(trade), trade.id))
    set_targets(db, trade)
    _add_fills(db, trade)


def _add_fills(db: Connection, trade: Trade) -> None:
    db.execute_many(
        rows.ADD_FILL,
        [(trade.id, seq, *rows.FILL.of(fill)) for seq, fill in enumerate(trade.fills)],
    )


def _is_same(stored: Trade, trade: Trade) -> bool:
    """Tell whether both are one order, whatever became of the trade since."""
    return (
        stored.account == trade.account
        and stored.session == trade.session
        and stored.symbol == trade.symbol
        and stored.direction is trade.direction
        and stored.signal == trade.signal
        and stored.placed_ms == trade.placed_ms
        and stored.note == trade.note
    )
