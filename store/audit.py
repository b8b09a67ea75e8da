"""The books re-added: every total against the rows that it is the sum of (rules §§10, 11, 18).

Reads only, one row after the other, so the size of the books does not matter. A finding is a
sentence; none means that everything adds up. It is computed with the engine's own formulas.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from store.audit_trade import (
    ACTIVE,
    FillEntry,
    PaymentEntry,
    TargetEntry,
    TradeEntry,
    on_trade,
    text,
)

_Session = tuple[str, int]
"""An account's name, and which of its sessions."""


class _Totals(NamedTuple):
    gross: int = 0
    fees: int = 0
    funding: int = 0
    closed: int = 0
    wins: int = 0
    losses: int = 0

    def after(self, trade: TradeEntry) -> "_Totals":
        net = trade.gross - trade.fees + trade.funding
        return _Totals(
            self.gross + trade.gross,
            self.fees + trade.fees,
            self.funding + trade.funding,
            self.closed + trade.has_closed,
            self.wins + (trade.has_closed and net > 0),
            self.losses + (trade.has_closed and net < 0),
        )


_AMOUNTS = ("gross", "fees", "funding")


def audit(db: sqlite3.Connection) -> Iterator[str]:
    """Re-add all books in *db*, whose values must be of the right kinds.

    Args:
        db: A database of the present schema that stands still meanwhile.

    Yields:
        A sentence for each thing that does not add up.
    """
    totals: defaultdict[_Session, _Totals] = defaultdict(_Totals)
    active: dict[tuple[str, ...], int] = {}
    fills = _InStep(map(FillEntry._make, db.execute(_all(FillEntry, "fill", "trade, seq"))))
    targets = _InStep(
        map(TargetEntry._make, db.execute(_all(TargetEntry, "target", "trade, position")))
    )
    payments = _InStep(
        map(PaymentEntry._make, db.execute(_all(PaymentEntry, "payment", "trade, seq")))
    )
    for trade in map(TradeEntry._make, db.execute(_all(TradeEntry, "trade", "id"))):
        own = fills.of(trade.id), targets.of(trade.id), payments.of(trade.id)
        for what in on_trade(trade, *own):
            yield f"Trade #{trade.id}: {what}."
        session = trade.account, trade.session
        totals[session] = totals[session].after(trade)
        if trade.status in ACTIVE:
            yield from _on_rivals(trade, active)
    yield from _on_sessions(db, totals)


def _all(row: type[NamedTuple], table: str, order: str) -> str:
    return f"SELECT {', '.join(row._fields)} FROM {table} ORDER BY {order}"


class _OfTrade(Protocol):
    @property
    def trade(self) -> int: ...


Part = TypeVar("Part", bound=_OfTrade)


class _InStep(Generic[Part]):
    """Hands out the parts of trades that are asked for in id order."""

    def __init__(self, parts: Iterator[Part]) -> None:
        self._parts = parts
        self._next = next(parts, None)

    def of(self, trade_id: int) -> list[Part]:
        found = []
        while self._next is not None and self._next.trade <= trade_id:
            if self._next.trade == trade_id:  # parts without a trade are not found here
                found.append(self._next)
            self._next = next(self._parts, None)
        return found


def _on_rivals(trade: TradeEntry, active: dict[tuple[str, ...], int]) -> Iterator[str]:
    """Look for an earlier active trade that forbids this one; *active* holds those seen."""
    side = ("side", trade.account, trade.market, trade.symbol, trade.direction)
    keys: list[tuple[str, ...]] = [side]
    if trade.signal_id is not None:
        keys.append(("signal", trade.account, trade.signal_id))
    for key in keys:
        first = active.setdefault(key, trade.id)
        if first != trade.id:
            yield f"Trades #{first} and #{trade.id} are both active on one {key[0]}."


def _on_sessions(db: sqlite3.Connection, sums: dict[_Session, _Totals]) -> Iterator[str]:
    """Compare what accounts and past sessions say with their trades and transfers."""
    paid_in = {
        (name, session): amount
        for name, session, amount in db.execute(
            "SELECT account, session, sum(amount) FROM transfer GROUP BY account, session"
        )
    }
    fields = ", ".join(("deposits", *_Totals._fields))
    known = set()
    for name, session, is_past, deposits, *booked in db.execute(
        f"SELECT name, session, 0, {fields} FROM account "
        f"UNION ALL SELECT account, session, 1, {fields} FROM session ORDER BY 1, 2"
    ):
        who = f"Account {name}, session {session}" if is_past else f"Account {name}"
        known.add((name, session))
        if deposits != (moved := paid_in.get((name, session), 0)):
            yield (
                f"{who}: deposits is {text(deposits)}, its transfers add up to {text(moved)}."
            )
        yield from _on_totals(who, booked, sums.get((name, session), _Totals()))
    for name, session in sorted((sums.keys() | paid_in.keys()) - known):
        yield f"Account {name} has no session {session}, but there is something of it."


def _on_totals(who: str, booked: list[int], added: _Totals) -> Iterator[str]:
    for field, stored, summed in zip(_Totals._fields, booked, added, strict=True):
        if stored != summed:
            write = text if field in _AMOUNTS else str
            yield f"{who}: {field} is {write(stored)}, its trades add up to {write(summed)}."
