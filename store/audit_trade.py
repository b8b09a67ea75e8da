"""One trade re-added: its totals, stops and targets against its fills and payments.

Rows come as they are stored: amounts are whole numbers of 0.00000001.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from engine.model import CloseReason, Direction, FillKind, Market, TradeStatus
from engine.money import ZERO, plain
from engine.pnl import fee, gross, released_cost
from engine.stops import StopReason
from store.fields import from_e8

ACTIVE = frozenset({TradeStatus.PENDING.value, TradeStatus.OPEN.value})
_NEVER_OPENED = frozenset({TradeStatus.PENDING.value, TradeStatus.CANCELLED.value})


class TradeEntry(NamedTuple):
    """A row of `trade`."""

    id: int
    account: str
    session: int
    symbol: str
    market: str
    direction: str
    status: str
    close_reason: str | None
    cancel_reason: str | None
    signal_id: str | None
    entry_price: int
    initial_quantity: int
    quantity: int
    margin: int
    initial_stop: int
    stop: int
    stop_reason: str
    fixed_stop: int
    fixed_reason: str
    break_even_stop: int | None
    trailing_stop: int | None
    costs_maker: int
    costs_taker: int
    opened_ms: int
    closed_ms: int | None
    exit_price: int | None
    gross: int
    fees: int
    funding: int

    @property
    def has_closed(self) -> bool:
        """Whether it was entered and has ended."""
        return self.status not in ACTIVE | _NEVER_OPENED


class FillEntry(NamedTuple):
    """A row of `fill`."""

    trade: int
    seq: int
    kind: str
    price: int
    quantity: int
    fee: int
    gross: int
    time_ms: int
    level: int | None


class TargetEntry(NamedTuple):
    """A row of `target`."""

    trade: int
    position: int
    price: int
    quantity: int
    filled: int


class PaymentEntry(NamedTuple):
    """A row of `payment`."""

    trade: int
    seq: int
    amount: int


def on_trade(
    trade: TradeEntry,
    fills: Sequence[FillEntry],
    targets: Sequence[TargetEntry],
    payments: Sequence[PaymentEntry],
) -> Iterator[str]:
    """Say what does not add up about one trade, in words without its number."""
    yield from _on_numbers(fills, targets, payments)
    yield from _on_status(trade)
    yield from _on_stops(trade)
    yield from _on_margin(trade)
    yield from _on_sums(trade, fills, payments)
    yield from _on_targets(trade, fills, targets)
    if trade.status in _NEVER_OPENED:
        if fills or payments:
            yield f"it has fills though it is {trade.status}"
        return
    if not fills or fills[0].kind != FillKind.ENTRY:
        yield "its fills do not begin with an entry"
        return
    yield from _on_fills(trade, fills)
    if trade.has_closed:
        yield from _on_closed(trade, fills[-1])


def _on_numbers(
    fills: Sequence[FillEntry],
    targets: Sequence[TargetEntry],
    payments: Sequence[PaymentEntry],
) -> Iterator[str]:
    numbers = {
        "fills": [fill.seq for fill in fills],
        "targets": [target.position for target in targets],
        "payments": [payment.seq for payment in payments],
    }
    for what, found in numbers.items():
        if found != list(range(len(found))):
            yield f"its {what} are not numbered in a row"


def _on_status(trade: TradeEntry) -> Iterator[str]:
    if trade.status in ACTIVE:
        if trade.quantity <= 0:
            yield f"it is {trade.status} with nothing open"
        if (trade.closed_ms, trade.exit_price, trade.close_reason) != (None, None, None):
            yield f"it is {trade.status} and says how it closed"
    cancelled = trade.status == TradeStatus.CANCELLED
    if cancelled != (trade.cancel_reason is not None):
        yield f"it is {trade.status}, cancelled by reason of {trade.cancel_reason}"
    if cancelled and trade.closed_ms is None:
        yield "it does not say when it was cancelled"


def _on_stops(trade: TradeEntry) -> Iterator[str]:
    sign = Direction(trade.direction).sign
    if sign * (trade.entry_price - trade.initial_stop) <= 0:
        yield f"its first stop {text(trade.initial_stop)} is on the wrong side of the entry"
    if trade.fixed_reason == StopReason.INITIAL and trade.fixed_stop != trade.initial_stop:
        yield (
            f"its stop {text(trade.fixed_stop)} is not its first stop "
            f"{text(trade.initial_stop)}"
        )
    stop, reason = trade.fixed_stop, trade.fixed_reason
    for moving, its_reason in (
        (trade.break_even_stop, StopReason.BREAK_EVEN),
        (trade.trailing_stop, StopReason.TRAILING),
    ):
        if moving is not None and sign * (moving - stop) > 0:
            stop, reason = moving, its_reason
    if (trade.stop, trade.stop_reason) != (stop, reason):
        yield (
            f"its stop is {text(trade.stop)} ({trade.stop_reason}), the tightest one is "
            f"{text(stop)} ({reason})"
        )


def _on_margin(trade: TradeEntry) -> Iterator[str]:
    unused = trade.market == Market.SPOT and trade.status != TradeStatus.PENDING
    if trade.margin != 0 and (unused or trade.status not in ACTIVE):
        yield f"it is {trade.status} on {trade.market} with a margin of {text(trade.margin)}"
    elif trade.margin < 0 and trade.status == TradeStatus.PENDING:
        yield f"what it sets aside is {text(trade.margin)}"


def _on_sums(
    trade: TradeEntry, fills: Sequence[FillEntry], payments: Sequence[PaymentEntry]
) -> Iterator[str]:
    fees, results = sum(fill.fee for fill in fills), sum(fill.gross for fill in fills)
    paid = sum(payment.amount for payment in payments)
    if trade.fees != fees:
        yield f"its fees are {text(trade.fees)}, those of its fills {text(fees)}"
    if trade.gross != results:
        yield f"its gross result is {text(trade.gross)}, that of its fills {text(results)}"
    if trade.funding != paid:
        yield f"its funding is {text(trade.funding)}, its payments make {text(paid)}"
    if fills and trade.entry_price != fills[0].price:
        yield f"its entry price is {text(trade.entry_price)}, filled {text(fills[0].price)}"


def _on_targets(
    trade: TradeEntry, fills: Sequence[FillEntry], targets: Sequence[TargetEntry]
) -> Iterator[str]:
    if any(target.price <= 0 or target.quantity <= 0 for target in targets):
        yield "a target is not above 0"
    if sum(target.quantity for target in targets) > trade.initial_quantity:
        yield "its targets close more than it opened with"
    unfilled = sum(target.quantity for target in targets if not target.filled)
    if trade.status in ACTIVE and unfilled > trade.quantity:
        yield "its targets close more than is open"
    filled = Counter(target.price for target in targets if target.filled)
    if filled != Counter(fill.level for fill in fills if fill.kind == FillKind.TARGET):
        yield "its filled targets are not those of its fills"


def _on_fills(trade: TradeEntry, fills: Sequence[FillEntry]) -> Iterator[str]:
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
        if not _is_result(fill, result):
            yield f"fill {fill.seq} says {text(fill.gross)}, its price makes {plain(result)}"
        if not _is_charged(trade, fill, price, amount):
            yield f"the fee {text(fill.fee)} of fill {fill.seq} is not what was agreed"
    if quantity != from_e8(trade.quantity):
        yield f"{text(trade.quantity)} is open, by its fills {plain(quantity)}"
    if entered != from_e8(trade.initial_quantity):
        yield f"it opened with {text(trade.initial_quantity)}, by its fills {plain(entered)}"


def _is_result(fill: FillEntry, result: Decimal) -> bool:
    """Tell whether a fill says what its price makes.

    A liquidation takes exactly the margin; its price follows from that, rounded to 8 decimals.
    """
    if fill.kind != FillKind.LIQUIDATION:
        return result == from_e8(fill.gross)
    return abs(result - from_e8(fill.gross)) <= (from_e8(fill.quantity) + 1) * from_e8(1)


def _is_charged(trade: TradeEntry, fill: FillEntry, price: Decimal, quantity: Decimal) -> bool:
    if fill.kind == FillKind.LIQUIDATION:
        return fill.fee == 0
    charged = from_e8(fill.fee)
    return any(
        charged == fee(price, quantity, from_e8(rate))
        for rate in (trade.costs_taker, trade.costs_maker)
    )


def _on_closed(trade: TradeEntry, last: FillEntry) -> Iterator[str]:
    if trade.quantity != 0:
        yield f"it is {trade.status} with {text(trade.quantity)} open"
    reason = trade.close_reason
    if reason is None or CloseReason(reason).status != trade.status:
        yield f"it is {trade.status} by reason of {reason}"
    if (trade.closed_ms, trade.exit_price) != (last.time_ms, last.price):
        yield "it did not close with its last fill"
    if trade.closed_ms is not None and trade.closed_ms < trade.opened_ms:
        yield "it closed before it opened"


def text(stored: int) -> str:
    """Write an amount as it is stored."""
    return plain(from_e8(stored))
