"""Records to rows and back; the SQL of the write path, made once from the tables.

The store writes with prepared SQL, because each close waits for it; it reads with queries.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

import peewee

from engine.account import Account
from engine.costs import Costs
from engine.model import Fill, Payment, Signal, Target, Trade
from engine.pnl import open_cost
from engine.stops import BreakEven, Trailing
from store.account_tables import AccountRow
from store.connection import Value
from store.schema import FillRow, PaymentRow, SignalRow, TargetRow, TradeRow

Row = Mapping[str, Any]

_COSTS, _TRAILING, _BREAK_EVEN = "costs_", "trailing_", "break_even_"
"""Columns of these names hold the fields of a part of the trade, which may be missing."""
_PARTS = {_COSTS: "costs", _TRAILING: "trailing", _BREAK_EVEN: "break_even"}
_PATHS = {"print_id": "trade_id"}
"""Columns that are not called like the field they hold."""
_DERIVED = frozenset({"signal_id", "stop", "stop_reason"})
"""Columns that hold what follows from other columns, so that they can be asked for."""


class Columns:
    """Some columns of one table, and how to fill them from a record."""

    def __init__(self, table: type[peewee.Model], names: Iterable[str]) -> None:
        fields = [table._meta.fields[name] for name in names]
        self.names = [field.column_name for field in fields]
        self._fill = [(field.db_value, _reader(field.name)) for field in fields]

    def of(self, record: object) -> tuple[Value, ...]:
        """Return the values of *record* in the order of the columns."""
        return tuple(convert(read(record)) for convert, read in self._fill)


def _reader(column: str) -> Callable[[Any], Any]:
    if column == "signal_id":
        return _signal_id
    for prefix, part in _PARTS.items():
        if column.startswith(prefix):
            return _reader_of_part(part, column.removeprefix(prefix))
    return attrgetter(_PATHS.get(column, column))


def _reader_of_part(part: str, field: str) -> Callable[[Any], Any]:
    def read(record: object) -> Any:
        found = getattr(record, part)
        return None if found is None else getattr(found, field)

    return read


def _signal_id(trade: Trade) -> str | None:
    return trade.signal.id if trade.signal else None


def _insert(table: str, first: Iterable[str], columns: Columns) -> str:
    names = [*first, *columns.names]
    marks = ", ".join("?" * len(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})'


def _set(columns: Columns) -> str:
    return ", ".join(f'"{name}" = ?' for name in columns.names)


def _all_but(table: type[peewee.Model], *left_out: str) -> Columns:
    fields = table._meta.sorted_field_names
    return Columns(table, [name for name in fields if name not in left_out])


ACCOUNT = _all_but(AccountRow, "created_ms")
SIGNAL = _all_but(SignalRow, "arrival")
TRADE = _all_but(TradeRow)
TARGET = _all_but(TargetRow, "trade", "position")
FILL = _all_but(FillRow, "trade", "seq")
PAYMENT = _all_but(PaymentRow, "trade", "seq")
TOTALS = Columns(AccountRow, ("gross", "fees", "funding", "closed", "wins", "losses"))

_MOVED_BY_PRINTS = (
    *("best", "worst", "stop", "stop_reason", "trailing_best", "trailing_stop"),
    *("break_even_due", "break_even_stop"),
)
_EXITS = (
    *("initial_stop", "fixed_stop", "fixed_reason", "after_target", "hold_ms", "margin"),
    *(name for name in TRADE.names if name.startswith((_TRAILING, _BREAK_EVEN))),
    *("best", "worst", "stop", "stop_reason"),
)
MOVED = Columns(TradeRow, _MOVED_BY_PRINTS)
CHANGED = Columns(TradeRow, _EXITS)
PART = Columns(TradeRow, ("quantity", "gross", "fees", "funding", *_EXITS))
CLOSING = Columns(
    TradeRow,
    (
        *("status", "close_reason", "quantity", "margin", "closed_ms", "exit_price"),
        *("gross", "fees", "funding", *_MOVED_BY_PRINTS),
    ),
)
CANCELLING = Columns(
    TradeRow,
    ("status", "cancel_reason", "closed_ms", "quantity", "margin", *_MOVED_BY_PRINTS),
)
FUNDED = Columns(TradeRow, ("margin", "funding"))

ADD_ACCOUNT = _insert("account", ("created_ms",), ACCOUNT) + " ON CONFLICT (name) DO NOTHING"
ADD_SIGNAL = _insert("signal", (), SIGNAL) + " ON CONFLICT (id) DO NOTHING"
HAS_TRADE = "SELECT 1 FROM trade WHERE id = ?"
ADD_TRADE = _insert("trade", (), TRADE)
SET_TARGET = (
    _insert("target", ("trade", "position"), TARGET) + " ON CONFLICT (trade, position) "
    "DO UPDATE SET price = excluded.price, quantity = excluded.quantity, "
    "filled = excluded.filled"
)
DROP_TARGETS = "DELETE FROM target WHERE trade = ? AND position >= ?"
FILL_TARGET = "UPDATE target SET filled = ? WHERE trade = ? AND position = ?"
ADD_FILL = _insert("fill", ("trade", "seq"), FILL) + " ON CONFLICT (trade, seq) DO NOTHING"
ADD_PAYMENT = (
    _insert("payment", ("trade", "seq"), PAYMENT) + " ON CONFLICT (trade, seq) DO NOTHING"
)
_AS_KNOWN = "WHERE id = ? AND status = 'OPEN' AND quantity = ?"
"""Each fill makes the open quantity smaller, so it tells one state of a trade from another."""
_WAITING = "WHERE id = ? AND status = 'PENDING'"
_ACTIVE = "WHERE id = ? AND status IN ('PENDING', 'OPEN')"
ENTER_TRADE = f"UPDATE trade SET {_set(TRADE)} {_WAITING}"
CANCEL_TRADE = f"UPDATE trade SET {_set(CANCELLING)} {_WAITING}"
CLOSE_TRADE = f"UPDATE trade SET {_set(CLOSING)} {_AS_KNOWN}"
REDUCE_TRADE = f"UPDATE trade SET {_set(PART)} {_AS_KNOWN}"
FUND_TRADE = f"UPDATE trade SET {_set(FUNDED)} {_AS_KNOWN}"
CHANGE_TRADE = f"UPDATE trade SET {_set(CHANGED)} {_ACTIVE} AND quantity = ?"
MOVE_TRADE = f"UPDATE trade SET {_set(MOVED)} {_ACTIVE}"
TAKE_SIGNAL = "UPDATE signal SET status = 'TAKEN' WHERE id = ? AND status = 'ACTIVE'"
DUE_SIGNALS = (
    "SELECT id FROM signal WHERE status IN ('ACTIVE', 'TAKEN') AND expires_ms <= ? "
    "ORDER BY arrival"
)
EXPIRE_SIGNAL = "UPDATE signal SET status = 'EXPIRED' WHERE id = ?"
SET_TOTALS = f"UPDATE account SET {_set(TOTALS)} WHERE name = ? AND session = ?"
SET_CHECKPOINT = (
    "INSERT INTO checkpoint (account, market, symbol, trade_id, time_ms) "
    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, market, symbol) "
    "DO UPDATE SET trade_id = excluded.trade_id, time_ms = excluded.time_ms"
)


def account_of(row: Row) -> Account:
    """Return the account that a row holds."""
    return Account(**{name: row[name] for name in ACCOUNT.names})


def signal_of(row: Row) -> Signal:
    """Return the signal that a row holds."""
    return Signal(**{name: row[name] for name in SIGNAL.names})


def fill_of(row: Row) -> Fill:
    """Return the fill that a row holds."""
    return Fill(**{_PATHS.get(name, name): row[name] for name in FILL.names})


def target_of(row: Row) -> Target:
    """Return the target that a row holds."""
    return Target(**{name: row[name] for name in TARGET.names})


def payment_of(row: Row) -> Payment:
    """Return the funding payment that a row holds."""
    return Payment(**{name: row[name] for name in PAYMENT.names})


def trade_of(
    row: Row, targets: Iterable[Target], fills: Iterable[Fill], payments: Iterable[Payment]
) -> Trade:
    """Put a trade together from its four tables."""
    own = {
        name: row[name]
        for name in TRADE.names
        if name not in _DERIVED and not name.startswith(tuple(_PARTS))
    }
    own_fills = tuple(fills)
    return Trade(
        **own,
        costs=Costs(**_part(row, _COSTS)),
        trailing=_trailing(row),
        break_even=_break_even(row),
        targets=tuple(targets),
        fills=own_fills,
        payments=tuple(payments),
        cost=open_cost(row["direction"], own_fills),
    )


def _trailing(row: Row) -> Trailing | None:
    return None if row["trailing_distance"] is None else Trailing(**_part(row, _TRAILING))


def _break_even(row: Row) -> BreakEven | None:
    return None if row["break_even_offset"] is None else BreakEven(**_part(row, _BREAK_EVEN))


def _part(row: Row, prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): row[name] for name in TRADE.names if name.startswith(prefix)
    }
