"""The write path of trading: what happened goes to disk, whole or not at all.

Law: the database has the last word. The duplicate rule is two unique indexes; a close, of a
part or of all, is a compare-and-set on status and open quantity. What is already stored in
exactly the same way is accepted again, so that a commit with an unknown outcome can simply be
repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import peewee

from engine.account import Account
from engine.entries import duplicate_sentence
from engine.errors import DuplicateTrade, NotOpen
from engine.events import Event, TradeClosed, TradeOpened, TradeReduced
from engine.model import Market, Trade
from store import queries, rows
from store.connection import Connection
from store.errors import StoreError
from store.fields import to_e8
from store.queries import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one commit holds."""

    events: Sequence[Event]
    account: Account
    """Totals after the events."""
    checkpoints: Mapping[str, Checkpoint]
    """How far the prints of some symbols have gone through the book."""
    moved: Sequence[Trade]
    """Active trades whose extremes have changed."""


def write(db: Connection, entry: Entry) -> None:
    """Write one entry.

    Raises:
        DuplicateTrade: If an active trade forbids one of the openings.
        NotOpen: If a trade to close, or to close a part of, was not open any more, or another
            process has changed it.
        StoreError: If the account is unknown.
    """
    for kind, events in groupby(entry.events, type):
        if kind is TradeOpened:
            for event in events:
                _open(db, event.trade)
        elif kind is TradeReduced:
            for event in events:
                _reduce(db, event)
        else:
            _close(db, [event for event in events if isinstance(event, TradeClosed)])
    db.execute_many(
        rows.MOVE_TRADE, [(*rows.EXTREMES.of(trade), trade.id) for trade in entry.moved]
    )
    _set_totals(db, entry)


def _set_totals(db: Connection, entry: Entry) -> None:
    account = entry.account
    if db.execute(rows.SET_TOTALS, (*rows.TOTALS.of(account), account.name)).rowcount != 1:
        raise StoreError(f"The account {account.name} is not in the books.")
    db.execute_many(
        rows.SET_CHECKPOINT,
        [
            (account.name, Market.SPOT.value, symbol, reached.trade_id, reached.time_ms)
            for symbol, reached in entry.checkpoints.items()
        ],
    )


def _open(db: Connection, trade: Trade) -> None:
    if db.execute(rows.HAS_TRADE, (trade.id,)).fetchone() and _stored_already(db, trade):
        return
    try:
        db.execute(rows.ADD_TRADE, rows.TRADE.of(trade))
    except peewee.IntegrityError as exc:
        raise _duplicate(db, trade) or exc from exc
    db.execute_many(
        rows.ADD_TARGET,
        [
            (trade.id, position, *rows.TARGET.of(target))
            for position, target in enumerate(trade.targets)
        ],
    )
    db.execute_many(
        rows.ADD_FILL,
        [(trade.id, seq, *rows.FILL.of(fill)) for seq, fill in enumerate(trade.fills)],
    )
    if trade.signal:
        db.execute(rows.TAKE_SIGNAL, (trade.signal.id,))


def _stored_already(db: Connection, trade: Trade) -> bool:
    """Tell whether exactly this opening is on disk, whatever became of the trade since."""
    stored = queries.trade(db, trade.id)
    return (
        stored is not None
        and stored.account == trade.account
        and stored.symbol == trade.symbol
        and stored.direction is trade.direction
        and stored.signal == trade.signal
        and stored.note == trade.note
        and stored.fills[: len(trade.fills)] == trade.fills
    )


def _duplicate(db: Connection, trade: Trade) -> DuplicateTrade | None:
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


def _reduce(db: Connection, event: Event) -> None:
    trade, seq = event.trade, len(event.trade.fills) - 1
    known = to_e8(trade.quantity + event.fill.quantity)
    changed = db.execute(rows.REDUCE_TRADE, (*rows.PART.of(trade), trade.id, known))
    if changed.rowcount != 1:
        stored = queries.trade(db, trade.id)
        if stored is None or stored.fills[: len(trade.fills)] != trade.fills:
            raise _changed(trade, stored)
        return  # this very part was closed already, whatever became of the trade since
    db.execute(rows.ADD_FILL, (trade.id, seq, *rows.FILL.of(event.fill)))
    db.execute_many(
        rows.SIZE_TARGET,
        [
            (to_e8(target.quantity), trade.id, position)
            for position, target in enumerate(trade.targets)
        ],
    )


def _close(db: Connection, closings: Sequence[TradeClosed]) -> None:
    trades = [closing.trade for closing in closings]
    closed = db.execute_many(
        rows.CLOSE_TRADE,
        [
            (*rows.CLOSING.of(c.trade), c.trade.id, to_e8(c.trade.quantity + c.fill.quantity))
            for c in closings
        ],
    )
    all_were_open = closed == len(trades)
    if not all_were_open:
        _check_known(db, trades)
    db.execute_many(
        rows.ADD_FILL,
        [(c.trade.id, len(c.trade.fills) - 1, *rows.FILL.of(c.fill)) for c in closings],
    )
    db.execute_many(
        rows.FILL_TARGET,
        [
            (True, trade.id, position)
            for trade in trades
            for position, target in enumerate(trade.targets)
            if target.filled
        ],
    )
    if not all_were_open:
        # Fine only for those whose very same close was on disk already.
        for trade in trades:
            if (stored := queries.trade(db, trade.id)) != trade:
                raise _changed(trade, stored)


def _check_known(db: Connection, trades: Sequence[Trade]) -> None:
    for trade in trades:
        if not db.execute(rows.HAS_TRADE, (trade.id,)).fetchone():
            raise _changed(trade, None)


def _changed(trade: Trade, stored: Trade | None) -> NotOpen:
    """Say that another process was first; *stored* is what it made of the trade."""
    if stored is not None and stored.status.active:
        return NotOpen(
            f"Another process has closed a part of trade #{trade.id} meanwhile. Nothing was "
            "done; try again.",
            trade.id,
        )
    return NotOpen(f"Trade #{trade.id} is not open (any more).", trade.id)
