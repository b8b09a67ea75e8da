"""What is read from the database: plain functions, each run inside one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import peewee

from engine.account import Account
from engine.model import (
    Direction,
    Fill,
    Market,
    Payment,
    Signal,
    SignalStatus,
    Target,
    Trade,
)
from store.account_tables import AccountRow, CheckpointRow
from store.connection import Connection
from store.fields import from_e8
from store.rows import account_of, fill_of, payment_of, signal_of, target_of, trade_of
from store.schema import (
    ACTIVE,
    FillRow,
    PaymentRow,
    SignalRow,
    TargetRow,
    TradeRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last print of a symbol that has gone through the book."""

    trade_id: int
    """Aggregate-trade id."""
    time_ms: int
    """Exchange time of the print, milliseconds UTC."""


def account(db: Connection, name: str) -> Account | None:
    """Return an account's totals, or None."""
    rows = db.rows(AccountRow.select().where(AccountRow.name == name))
    return account_of(rows[0]) if rows else None


def trades(
    db: Connection, *conditions: Any, limit: int | None = None, newest_first: bool = False
) -> list[Trade]:
    """Return the trades that meet all conditions, by id, each with all that belongs to it."""
    order = TradeRow.id.desc() if newest_first else TradeRow.id.asc()
    chosen = TradeRow.select().where(*conditions).order_by(order).limit(limit)
    ids = TradeRow.select(TradeRow.id).where(*conditions).order_by(order).limit(limit)
    fills: defaultdict[int, list[Fill]] = defaultdict(list)
    targets: defaultdict[int, list[Target]] = defaultdict(list)
    for row in _parts(db, FillRow, FillRow.seq, ids):
        fills[row["trade"]].append(fill_of(row))
    for row in _parts(db, TargetRow, TargetRow.position, ids):
        targets[row["trade"]].append(target_of(row))
    payments: defaultdict[int, list[Payment]] = defaultdict(list)
    for row in _parts(db, PaymentRow, PaymentRow.seq, ids):
        payments[row["trade"]].append(payment_of(row))
    return [
        trade_of(row, targets[row["id"]], fills[row["id"]], payments[row["id"]])
        for row in db.rows(chosen)
    ]


def _parts(
    db: Connection, table: Any, position: peewee.Field, trade_ids: Any
) -> list[dict[str, Any]]:
    query = table.select().where(table.trade.in_(trade_ids)).order_by(table.trade, position)
    return db.rows(query)


def trade(db: Connection, trade_id: int) -> Trade | None:
    """Return one trade of any account, or None."""
    found = trades(db, TradeRow.id == trade_id)
    return found[0] if found else None


def active_trades(db: Connection, account_name: str) -> list[Trade]:
    """Return an account's active trades in id order."""
    return trades(db, TradeRow.account == account_name, ACTIVE)


def active_on_signal(db: Connection, account_name: str, signal_id: str) -> Trade | None:
    """Return the account's active trade on a signal, or None."""
    found = trades(
        db, TradeRow.account == account_name, TradeRow.signal_id == signal_id, ACTIVE
    )
    return found[0] if found else None


def active_on_side(
    db: Connection, account_name: str, market: Market, symbol: str, direction: Direction
) -> Trade | None:
    """Return the account's active trade on a symbol in one direction, or None."""
    found = trades(
        db,
        TradeRow.account == account_name,
        TradeRow.market == market,
        TradeRow.symbol == symbol,
        TradeRow.direction == direction,
        ACTIVE,
    )
    return found[0] if found else None


def next_trade_id(db: Connection) -> int:
    """Return the first trade id that no account has used."""
    return int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM trade").fetchone()[0])


def net_since(
    db: Connection, account_name: str, since_ms: int, session: int | None = None
) -> Decimal:
    """Return the net result of the trades closed at or after *since_ms*, quote.

    Args:
        db: Inside a transaction.
        account_name: Whose trades.
        since_ms: Milliseconds UTC.
        session: Of the account; None for the present one.
    """
    row = db.execute(
        "SELECT coalesce(sum(gross - fees + funding), 0) FROM trade "
        "WHERE account = ?1 AND closed_ms >= ?2 "
        "AND session = coalesce(?3, (SELECT session FROM account WHERE name = ?1))",
        (account_name, since_ms, session),
    ).fetchone()
    return from_e8(row[0])


def checkpoints(db: Connection, account_name: str) -> dict[str, Checkpoint]:
    """Return how far each symbol was followed, by symbol."""
    rows = db.rows(CheckpointRow.select().where(CheckpointRow.account == account_name))
    return {
        row["symbol"]: Checkpoint(trade_id=row["trade_id"], time_ms=row["time_ms"])
        for row in rows
    }


def signals(
    db: Connection, *, statuses: Sequence[SignalStatus] | None = None, limit: int | None = None
) -> list[Signal]:
    """Return the last *limit* signals, in order of arrival."""
    query = SignalRow.select().order_by(SignalRow.arrival.desc()).limit(limit)
    if statuses is not None:
        query = query.where(SignalRow.status.in_(statuses))
    return [signal_of(row) for row in reversed(db.rows(query))]


def signal(db: Connection, signal_id: str) -> Signal | None:
    """Return one signal, or None."""
    rows = db.rows(SignalRow.select().where(SignalRow.id == signal_id))
    return signal_of(rows[0]) if rows else None


def signals_since(db: Connection, arrival: int) -> tuple[list[Signal], int]:
    """Return the signals that arrived behind a position, and the position now."""
    query = SignalRow.select().where(SignalRow.arrival > arrival).order_by(SignalRow.arrival)
    rows = db.rows(query)
    return [signal_of(row) for row in rows], rows[-1]["arrival"] if rows else arrival


def last_arrival(db: Connection) -> int:
    """Return the position behind the signal that arrived last; 0 when there is none."""
    return int(db.execute("SELECT coalesce(max(arrival), 0) FROM signal").fetchone()[0])


def latest_ms(db: Connection) -> int | None:
    """Return the newest exchange time of anything stored, milliseconds UTC; None if empty."""
    row = db.execute(
        "SELECT max(ms) FROM (SELECT max(opened_ms) AS ms FROM trade "
        "UNION ALL SELECT max(closed_ms) FROM trade "
        "UNION ALL SELECT max(created_ms) FROM signal "
        "UNION ALL SELECT max(time_ms) FROM checkpoint)"
    ).fetchone()
    return None if row[0] is None else int(row[0])
