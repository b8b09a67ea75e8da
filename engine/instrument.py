"""What can be traded, by which rules: price and quantity grids, limits, margin brackets."""

from dataclasses import dataclass
from decimal import Decimal

from engine.model import Market
from engine.money import MONEY_UNIT, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One step of a futures symbol's margin table: it holds for notionals up to its cap."""

    floor: Decimal
    """Notional from which it holds, quote."""
    cap: Decimal
    """Notional up to which it holds, quote."""
    rate: Decimal
    """Maintenance margin rate, a fraction of the notional."""
    leverage: int
    """Largest leverage allowed."""
    cum: Decimal
    """Maintenance amount, quote: what makes the margin continuous at the floor (MRG-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A symbol with its trading rules; 0 switches a bound or grid off (rules §2)."""

    symbol: str
    """As the exchange spells it; may be Unicode, never upper-cased here."""
    base: str
    quote: str
    market: Market = Market.SPOT
    trading: bool = True
    """Whether the exchange accepts orders (status TRADING)."""
    status: str = "TRADING"
    """The exchange's own word for the state."""
    tick: Decimal
    """Price grid, quote per base."""
    step: Decimal
    """Quantity grid, base."""
    min_price: Decimal = ZERO
    max_price: Decimal = ZERO
    min_quantity: Decimal = ZERO
    max_quantity: Decimal = ZERO
    market_step: Decimal = ZERO
    """Quantity grid of market orders; 0 means: use `step`."""
    market_min_quantity: Decimal = ZERO
    market_max_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    """Smallest order value, quote."""
    max_notional: Decimal = ZERO
    brackets: tuple[Bracket, ...] = ()
    """Futures only: the margin table, smallest notional first."""
    brackets_estimated: bool = True
    """Whether `brackets` is only a careful guess; a liquidation price is then an estimate."""


def unlisted(symbol: str, currency: str) -> Instrument:
    """Return rules for what is still open on a symbol that is gone from the exchange."""
    return Instrument(
        symbol=symbol,
        base=symbol,
        quote=currency,
        trading=False,
        status="not listed",
        tick=MONEY_UNIT,
        step=MONEY_UNIT,
    )
