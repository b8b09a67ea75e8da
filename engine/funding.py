"""Funding: what open futures trades pay each other at fixed times (rules §9).

A time is settled once: whatever was paid for it is not owed again.
"""

from dataclasses import replace

from engine.marks import FundingDue
from engine.model import Market, Payment, Trade, TradeStatus
from engine.money import money

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def on_minute(time_ms: int) -> int:
    """Return the full minute nearest to a funding time, which comes with some jitter."""
    return (time_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


def due_times(interval_h: int, after_ms: int, until_ms: int) -> range:
    """Return the funding times of a symbol, counted from 00:00 UTC.

    Args:
        interval_h: Hours between two of them, at least 1.
        after_ms: Only later ones, milliseconds UTC.
        until_ms: This one too, if it is one.
    """
    step = interval_h * HOUR_MS
    return range((after_ms // step + 1) * step, until_ms + 1, step)


def owes(trade: Trade, due: FundingDue) -> bool:
    """Tell whether a trade takes part in a settlement (rules FND-2).

    A trade that was opened at that very time does not; one that will be closed at it does.
    """
    return (
        trade.symbol == due.symbol
        and trade.market is Market.FUTURES
        and trade.status is TradeStatus.OPEN
        and trade.opened_ms < due.time_ms
        and all(payment.time_ms != due.time_ms for payment in trade.payments)
    )


def payment_of(trade: Trade, due: FundingDue) -> Payment:
    """Return what a trade receives, or below 0 pays, for what is open of it (rules FND-1)."""
    amount = money(-trade.direction.sign * trade.quantity * due.mark * due.rate)
    return Payment(time_ms=due.time_ms, rate=due.rate, mark=due.mark, amount=amount)


def paid(trade: Trade, payment: Payment) -> Trade:
    """Return the trade after a payment, which moves its wallet too (rules FND-3)."""
    return replace(
        trade,
        funding=trade.funding + payment.amount,
        margin=trade.margin + payment.amount,
        payments=(*trade.payments, payment),
    )
