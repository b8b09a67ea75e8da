"""What trading costs: fees, slippage and the fill model, in two ready profiles."""

from dataclasses import dataclass
from decimal import Decimal

from engine.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading costs and how exits are priced; copied onto every trade at opening."""

    profile: str = "realistic"
    maker: Decimal = Decimal("0.001")
    """Fee rate of resting orders, a fraction."""
    taker: Decimal = Decimal("0.001")
    """Fee rate of market and stop orders, a fraction."""
    slippage: Decimal = ZERO
    """Added against the trader on taker fills, a fraction of the price."""
    slippage_amount: Decimal = ZERO
    """Added to that, quote per base."""
    use_touch: bool = True
    """Fill the trader's own market orders at bid or ask; False: at the last trade."""
    targets_at_print: bool = False
    """Fill targets at the observed price instead of their own (classic)."""
    enter_at_signal: bool = False
    """Open at the signal's entry whatever the market says (classic)."""


REALISTIC = Costs()
CLASSIC = Costs(
    profile="classic",
    maker=ZERO,
    taker=ZERO,
    use_touch=False,
    targets_at_print=True,
    enter_at_signal=True,
)
