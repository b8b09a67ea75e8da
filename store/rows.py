"""Records to rows and back; the SQL of the write path, made once from the tables.

The store writes with prepared SQL, because each close waits for it; it reads with queries.
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import peewee

from engine.account import Account
from engine.costs import Costs
from engine.model import Fill, Signal, Target, Trade
from engine.pnl import open_cost
from store.connection import Value
from store.schema import AccountRow, FillRow, SignalRow, TargetRow, TradeRow

Row = Mapping[str, Any]

_COSTS = "costs_"
_PATHS = {"print_id": "trade_id"}
"""Columns that are not called like the field they hold; `costs_x` holds `costs.x`."""


class Columns:
    """Some columns of one table, and how to fill them from a record."""

    def __init__(self, table: type[peewee.Model], names: Iterable[str]) -> None:
        fields = [table._meta.fields[name] for name in names]
        self.names = [field.column_name for field in fields]
        self._fill = [(field.db_value, _reader(field.name)) for field in fields]

    def of(self, record: object) -> tuple[Value, ...]:
        """Return the values of *record* in the order of the columns."""
        return tuple(convert(read(record)) for convert, read in self._fill)


def _reader(column: str) -> Any:
    if column == "signal_id":
        return _signal_id
    if column.startswith(_COSTS):
        return attrgetter("costs." + column.removeprefix(_COSTS))
    return attrgetter(_PATHS.get(column, column))


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
TOTALS = _all_but(AccountRow, "name", "currency", "created_ms")
CLOSING = Columns(
    TradeRow,
    (
        *("status", "close_reason", "quantity", "stop", "stop_reason", "closed_ms"),
        *("exit_price", "gross", "fees", "funding", "best", "worst"),
    ),
)
PART = Columns(TradeRow, ("quantity", "gross", "fees", "funding", "best", "worst"))
EXTREMES = Columns(TradeRow, ("best", "worst"))

ADD_ACCOUNT = _insert("account", ("created_ms",), ACCOUNT) + " ON CONFLICT (name) DO NOTHING"
ADD_SIGNAL = _insert("signal", (), SIGNAL) + " ON CONFLICT (id) DO NOTHING"
HAS_TRADE = "SELECT 1 FROM trade WHERE id = ?"
ADD_TRADE = _insert("trade", (), TRADE)
ADD_TARGET = _insert("target", ("trade", "position"), TARGET)
ADD_FILL = _insert("fill", ("trade", "seq"), FILL) + " ON CONFLICT (trade, seq) DO NOTHING"
_AS_KNOWN = "WHERE id = ? AND status = 'OPEN' AND quantity = ?"
"""Each fill makes the open quantity smaller, so it tells one state of a trade from another."""
CLOSE_TRADE = f"UPDATE trade SET {_set(CLOSING)} {_AS_KNOWN}"
REDUCE_TRADE = f"UPDATE trade SET {_set(PART)} {_AS_KNOWN}"
MOVE_TRADE = f"UPDATE trade SET {_set(EXTREMES)} WHERE id = ? AND status IN ('PENDING', 'OPEN')"
SIZE_TARGET = "UPDATE target SET quantity = ? WHERE trade = ? AND position = ?"
FILL_TARGET = "UPDATE target SET filled = ? WHERE trade = ? AND position = ?"
TAKE_SIGNAL = "UPDATE signal SET status = 'TAKEN' WHERE id = ? AND status = 'ACTIVE'"
DUE_SIGNALS = (
    "SELECT id FROM signal WHERE status IN ('ACTIVE', 'TAKEN') AND expires_ms <= ? "
    "ORDER BY arrival"
)
EXPIRE_SIGNAL = "UPDATE signal SET status = 'EXPIRED' WHERE id = ?"
SET_TOTALS = f"UPDATE account SET {_set(TOTALS)} WHERE name = ?"
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


def trade_of(row: Row, targets: Iterable[Target], fills: Iterable[Fill]) -> Trade:
    """Put a trade together from its three tables."""
    costs, plain = {}, {}
    for name in TRADE.names:
        if name.startswith(_COSTS):
            costs[name.removeprefix(_COSTS)] = row[name]
        elif name != "signal_id":
            plain[name] = row[name]
    own_fills = tuple(fills)
    return Trade(
        **plain,
        costs=Costs(**costs),
        targets=tuple(targets),
        fills=own_fills,
        cost=open_cost(row["direction"], own_fills),
    )
