"""The caps of an account: how much one trade, and all trades together, may be."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps that an order must keep; None switches one off. Fractions are of equity."""

    max_position: Decimal | None = None
    """Largest notional of one trade."""
    max_trades: int | None = None
    """Most trades active at once, pending ones too."""
    max_risk: Decimal | None = None
    """Largest loss of all active trades together if every stop is hit, fees included."""
    max_daily_loss: Decimal | None = None
    """Loss of the day, by trades closed since 00:00 UTC, from which nothing more is opened."""
    reduce: bool = False
    """Whether an order that the account cannot pay is made smaller instead of refused."""


NO_LIMITS = Limits()
