"""What an order would do, before it is given: the order ticket's live figures."""

from dataclasses import dataclass
from decimal import Decimal

from engine.model import PriceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An order that the rules would accept now; all money in quote asset."""

    quantity: Decimal
    """Base asset, on the quantity grid."""
    price: Decimal
    """Price that the entry would fill at, slippage included."""
    model: PriceModel
    notional: Decimal
    entry_fee: Decimal
    stake: Decimal
    """The stake asked for, else the notional."""
    net_at_stop: Decimal
    """Net result if the stop fills at its own price; negative."""
    net_at_target: Decimal
    """Net result if the target fills at its own price."""
    risk: Decimal
    """|entry - stop| · quantity, before fees: one R."""
    reward_risk: Decimal
    """|target - entry| / |entry - stop|, before fees."""
    drift_r: Decimal | None
    """How far the market has run from the signal's entry, in R of the signal; signed."""
    warnings: tuple[str, ...] = ()
    """Sentences that do not forbid the order."""
