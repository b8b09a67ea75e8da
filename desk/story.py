"""What happened to a trade from its order until now, told again from how it stands.

The newest event shows the trade as it stands; in earlier ones its margin, its extremes, and the
terms of its exits are those of now. Its fills, money, status and stop are those of then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.commands import CloseTrade, Command, OpenTrade
from engine.events import (
    Event,
    Filled,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import Fill, FillKind, Target, Trade, TradeStatus
from engine.money import ZERO
from engine.pnl import open_cost
from engine.stops import StopReason
from store.changes import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    event: Event
    time_ms: int
    """Exchange time, milliseconds UTC; of an edit or a stop that moved, about that."""
    is_fill: bool
    number: int
    """Among the trade's fills, or among its changes, from 0."""


def happened(trade: Trade, changes: Sequence[Change]) -> Iterator[Step]:
    """Give everything that happened to a trade, in order.

    Args:
        trade: As it is stored.
        changes: All that happened to it beside its fills, in order.
    """
    then, items = _Then(stop=trade.initial_stop), list(_in_order(trade, changes))
    for place, item in enumerate(items, 1):
        then.add(item)
        as_then = trade if place == len(items) else _as_of(trade, then)
        if isinstance(item, Fill):
            filled = _filled(as_then, item, first=then.fills == 1)
            yield Step(filled, item.time_ms, is_fill=True, number=then.fills - 1)
        else:
            changed = _changed(as_then, item.kind)
            yield Step(changed, item.time_ms, is_fill=False, number=then.changes - 1)


def answer_to(command: Command, story: Iterable[Step], fills: int) -> Event:
    """Return what a command has brought about.

    Args:
        command: Carried out.
        story: Of its trade, read since.
        fills: How many the trade had when the command was answered.
    """
    fills_only = fills > 0 and isinstance(command, OpenTrade | CloseTrade)
    events = [step.event for step in story if step.is_fill is fills_only]
    return events[fills - 1 if fills_only else -1]


def _in_order(trade: Trade, changes: Sequence[Change]) -> Iterator[Fill | Change]:
    passed = 0
    for change in changes:
        yield from trade.fills[passed : change.fills]
        passed = max(passed, change.fills)
        yield change
    yield from trade.fills[passed:]


@dataclass(slots=True)
class _Then:
    """How far a trade had come at some moment."""

    stop: Decimal
    reason: StopReason = StopReason.INITIAL
    fills: int = 0
    changes: int = 0
    payments: int = 0

    def add(self, item: Fill | Change) -> None:
        if isinstance(item, Fill):
            self.fills += 1
        else:
            self.changes += 1
            self.payments += item.kind is ChangeKind.FUNDING
            self.stop, self.reason = item.stop, item.stop_reason


def _filled(trade: Trade, fill: Fill, *, first: bool) -> Filled:
    if first:
        return TradeOpened(replace(trade, best=fill.price, worst=fill.price), fill)
    return TradeReduced(trade, fill) if trade.status.active else TradeClosed(trade, fill)


def _changed(trade: Trade, kind: ChangeKind) -> Event:
    match kind:
        case ChangeKind.PLACED:
            return TradePlaced(trade)
        case ChangeKind.CANCELLED:
            return TradeCancelled(trade)
        case ChangeKind.EDITED:
            return TradeEdited(trade)
        case ChangeKind.STOP_MOVED:
            return StopMoved(trade)
        case ChangeKind.FUNDING:
            return FundingPaid(trade, trade.payments[-1])


def _as_of(trade: Trade, then: _Then) -> Trade:
    fills, payments = trade.fills[: then.fills], trade.payments[: then.payments]
    left = trade.initial_quantity - sum((fill.quantity for fill in fills[1:]), ZERO)
    trailing, break_even = trade.trailing, trade.break_even
    return replace(
        trade,
        **({"status": TradeStatus.OPEN} if fills else _waiting(trade)),
        close_reason=None,
        cancel_reason=None,
        quantity=left,
        cost=open_cost(trade.direction, fills),
        fixed_stop=then.stop,
        fixed_reason=then.reason,
        trailing=trailing and replace(trailing, best=None, stop=None),
        break_even=break_even and replace(break_even, due=False, stop=None),
        targets=_targets_of(trade, fills, left),
        closed_ms=None,
        exit_price=None,
        gross=sum((fill.gross for fill in fills), ZERO),
        fees=sum((fill.fee for fill in fills), ZERO),
        funding=sum((payment.amount for payment in payments), ZERO),
        payments=payments,
        fills=fills,
    )


def _waiting(trade: Trade) -> dict[str, Any]:
    """Return what was different before a trade's entry."""
    waited_for = trade.fills[0].level if trade.fills else None
    return {
        "status": TradeStatus.PENDING,
        "entry_price": waited_for or trade.entry_price,
        "opened_ms": trade.placed_ms,
    }


def _targets_of(trade: Trade, fills: Sequence[Fill], left: Decimal) -> tuple[Target, ...]:
    """Return the targets as they were; a lone one closes all that is left."""
    reached = {fill.level for fill in fills if fill.kind is FillKind.TARGET}
    alone = len(trade.targets) == 1
    return tuple(
        Target(
            price=target.price,
            quantity=left if alone else target.quantity,
            filled=target.filled and target.price in reached,
        )
        for target in trade.targets
    )
