"""The books re-added: every total against the rows that it is the sum of (rules §§10, 11, 18).

Reads only, one row after the other, so the size of the books does not matter. A finding is a
sentence; none means that everything adds up. It is computed with the engine's own formulas.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Generic, NamedTuple, Protocol, TypeVar

from engine.model import CloseReason, Direction, FillKind, TradeStatus
from engine.money import ZERO, plain
from engine.pnl import fee, gross, released_cost
from store.fields import from_e8

# Rows as they are stored: amounts are whole numbers of 0.00000001.


class _Trade(NamedTuple):
    id: int
    account: str
    symbol: str
    market: str
    direction: str
    status: str
    close_reason: str | None
    signal_id: str | None
    entry_price: int
    initial_quantity: int
    quantity: int
    initial_stop: int
    stop: int
    stop_reason: str
    costs_maker: int
    costs_taker: int
    opened_ms: int
    closed_ms: int | None
    exit_price: int | None
    gross: int
    fees: int
    funding: int


class _Fill(NamedTuple):
    trade: int
    seq: int
    kind: str
    price: int
    quantity: int
    fee: int
    gross: int
    time_ms: int


class _Target(NamedTuple):
    trade: int
    position: int
    price: int
    quantity: int
    filled: int


class _Totals(NamedTuple):
    gross: int = 0
    fees: int = 0
    funding: int = 0
    closed: int = 0
    wins: int = 0
    losses: int = 0

    def after(self, trade: _Trade) -> "_Totals":
        net = trade.gross - trade.fees + trade.funding
        closed = trade.status not in _NEVER_CLOSED
        return _Totals(
            self.gross + trade.gross,
            self.fees + trade.fees,
            self.funding + trade.funding,
            self.closed + closed,
            self.wins + (closed and net > 0),
            self.losses + (closed and net < 0),
        )


_ACTIVE = frozenset({TradeStatus.PENDING.value, TradeStatus.OPEN.value})
_NEVER_OPENED = frozenset({TradeStatus.PENDING.value, TradeStatus.CANCELLED.value})
_NEVER_CLOSED = _ACTIVE | _NEVER_OPENED
_AMOUNTS = ("gross", "fees", "funding")


def audit(db: sqlite3.Connection) -> Iterator[str]:
    """Re-add all books in *db*, whose values must be of the right kinds.

    Args:
        db: A database of the present schema that stands still meanwhile.

    Yields:
        A sentence for each thing that does not add up.
    """
    totals: defaultdict[str, _Totals] = defaultdict(_Totals)
    active: dict[tuple[str, ...], int] = {}
    fills = _InStep(map(_Fill._make, db.execute(_all(_Fill, "fill", "trade, seq"))))
    targets = _InStep(
        map(_Target._make, db.execute(_all(_Target, "target", "trade, position")))
    )
    for trade in map(_Trade._make, db.execute(_all(_Trade, "trade", "id"))):
        for what in _on_trade(trade, fills.of(trade.id), targets.of(trade.id)):
            yield f"Trade #{trade.id}: {what}."
        totals[trade.account] = totals[trade.account].after(trade)
        if trade.status in _ACTIVE:
            yield from _on_rivals(trade, active)
    yield from _on_accounts(db, totals)


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


def _on_trade(
    trade: _Trade, fills: Sequence[_Fill], targets: Sequence[_Target]
) -> Iterator[str]:
    if [fill.seq for fill in fills] != list(range(len(fills))):
        yield "its fills are not numbered in a row"
    if trade.status in _NEVER_OPENED:
        if fills:
            yield f"it has fills though it is {trade.status}"
        return
    if not fills or fills[0].kind != FillKind.ENTRY:
        yield "its fills do not begin with an entry"
        return
    yield from _on_sums(trade, fills)
    yield from _on_fills(trade, fills)
    yield from _on_levels(trade, targets)
    if trade.status in _ACTIVE:
        yield from _on_open(trade, targets)
    else:
        yield from _on_closed(trade, fills[-1])


def _on_sums(trade: _Trade, fills: Sequence[_Fill]) -> Iterator[str]:
    fees, results = sum(fill.fee for fill in fills), sum(fill.gross for fill in fills)
    if trade.fees != fees:
        yield f"its fees are {_text(trade.fees)}, those of its fills {_text(fees)}"
    if trade.gross != results:
        yield f"its gross result is {_text(trade.gross)}, that of its fills {_text(results)}"
    if trade.entry_price != fills[0].price:
        yield f"its entry price is {_text(trade.entry_price)}, filled {_text(fills[0].price)}"


def _on_fills(trade: _Trade, fills: Sequence[_Fill]) -> Iterator[str]:
    """Go through the fills with a cost pool, as the engine did (rules PRT-1)."""
    direction = Direction(trade.direction)
    cost, quantity, entered = ZERO, ZERO, ZERO
    for fill in fills:
        price, amount, result = from_e8(fill.price), from_e8(fill.quantity), ZERO
        if fill.kind == FillKind.ENTRY:
            cost += price * amount
            quantity += amount
            entered += amount
        elif 0 < amount <= quantity:
            released = released_cost(cost, quantity, amount)
            result = gross(direction, released, price, amount)
            cost -= released
            quantity -= amount
        else:
            yield f"fill {fill.seq} closes {plain(amount)} of {plain(quantity)}"
            return
        if result != from_e8(fill.gross):
            yield f"fill {fill.seq} says {_text(fill.gross)}, its price makes {plain(result)}"
        if not _is_charged(trade, fill, price, amount):
            yield f"the fee {_text(fill.fee)} of fill {fill.seq} is not what was agreed"
    if quantity != from_e8(trade.quantity):
        yield f"{_text(trade.quantity)} is open, by its fills {plain(quantity)}"
    if entered != from_e8(trade.initial_quantity):
        yield f"it opened with {_text(trade.initial_quantity)}, by its fills {plain(entered)}"


def _is_charged(trade: _Trade, fill: _Fill, price: Decimal, quantity: Decimal) -> bool:
    charged = from_e8(fill.fee)
    return any(
        charged == fee(price, quantity, from_e8(rate))
        for rate in (trade.costs_taker, trade.costs_maker)
    )


def _on_levels(trade: _Trade, targets: Sequence[_Target]) -> Iterator[str]:
    if [target.position for target in targets] != list(range(len(targets))) or not targets:
        yield "its targets are not numbered in a row"
    if any(target.price <= 0 or target.quantity <= 0 for target in targets):
        yield "a target is not above 0"
    if sum(target.quantity for target in targets) > trade.initial_quantity:
        yield "its targets close more than it opened with"
    sign = Direction(trade.direction).sign
    if sign * (trade.entry_price - trade.initial_stop) <= 0:
        yield f"its first stop {_text(trade.initial_stop)} is on the wrong side of the entry"
    if trade.stop_reason == "initial" and trade.stop != trade.initial_stop:
        yield f"its stop {_text(trade.stop)} is not its first stop {_text(trade.initial_stop)}"


def _on_open(trade: _Trade, targets: Sequence[_Target]) -> Iterator[str]:
    if trade.quantity <= 0:
        yield f"it is {trade.status} with nothing open"
    if sum(target.quantity for target in targets if not target.filled) > trade.quantity:
        yield "its targets close more than is open"
    if (trade.closed_ms, trade.exit_price, trade.close_reason) != (None, None, None):
        yield f"it is {trade.status} and says how it closed"


def _on_closed(trade: _Trade, last: _Fill) -> Iterator[str]:
    if trade.quantity != 0:
        yield f"it is {trade.status} with {_text(trade.quantity)} open"
    reason = trade.close_reason
    if reason is None or CloseReason(reason).status != trade.status:
        yield f"it is {trade.status} by reason of {reason}"
    if (trade.closed_ms, trade.exit_price) != (last.time_ms, last.price):
        yield "it did not close with its last fill"
    if trade.closed_ms is not None and trade.closed_ms < trade.opened_ms:
        yield "it closed before it opened"


def _on_rivals(trade: _Trade, active: dict[tuple[str, ...], int]) -> Iterator[str]:
    """Look for an earlier active trade that forbids this one; *active* holds those seen."""
    side = ("side", trade.account, trade.market, trade.symbol, trade.direction)
    keys: list[tuple[str, ...]] = [side]
    if trade.signal_id is not None:
        keys.append(("signal", trade.account, trade.signal_id))
    for key in keys:
        first = active.setdefault(key, trade.id)
        if first != trade.id:
            yield f"Trades #{first} and #{trade.id} are both active on one {key[0]}."


def _on_accounts(db: sqlite3.Connection, sums: dict[str, _Totals]) -> Iterator[str]:
    names = ", ".join(_Totals._fields)
    for name, *booked in db.execute(f"SELECT name, {names} FROM account ORDER BY name"):
        added = sums.get(name, _Totals())
        for field, stored, summed in zip(_Totals._fields, booked, added, strict=True):
            if stored != summed:
                write = _text if field in _AMOUNTS else str
                yield (
                    f"Account {name}: {field} is {write(stored)}, its trades add up to "
                    f"{write(summed)}."
                )


def _text(stored: int) -> str:
    return plain(from_e8(stored))
