"""What an order would do, before it is given: the order ticket's live figures."""

from dataclasses import dataclass
from decimal import Decimal

from engine.model import EntryMode, PriceModel, Target, Trade
from engine.stops import BreakEven, StopPolicy, Trailing


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the account has left for a new order."""

    available: Decimal
    """What the order may cost with its fee, quote (rules ACC-2)."""
    trades: tuple[Trade, ...] = ()
    """All active trades, pending ones too: the caps count them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An order that the rules would accept now; all money in quote asset."""

    entry_mode: EntryMode
    """How it enters; a limit that the market has reached already enters at the market."""
    waits_for: Decimal | None
    """Price that a pending entry waits for; None: it fills now."""
    price: Decimal
    """Price that the entry would fill at, slippage included."""
    reference: Decimal | None
    """That price before slippage; None where slippage plays no part."""
    model: PriceModel
    quantity: Decimal
    """Base asset, on the quantity grid."""
    notional: Decimal
    entry_fee: Decimal
    stake: Decimal
    """The stake asked for, else the notional."""
    leverage: int
    margin: Decimal
    """What it takes of the available money besides the fee: notional over leverage (MRG-1)."""
    liquidation: Decimal | None
    """Futures: mark price that would liquidate it; None where no price does."""
    liquidation_estimated: bool
    """Whether the margin table behind it is only a careful guess."""
    stop: Decimal
    targets: tuple[Target, ...]
    """Nearest first; what they leave over runs without a target."""
    trailing: Trailing | None
    """As agreed; it starts with the entry fill, or at its activation."""
    break_even: BreakEven | None
    after_target: StopPolicy
    hold_ms: int | None
    expires_ms: int | None
    """When a pending entry is given up, milliseconds UTC; None: it fills now."""
    net_at_stop: Decimal
    """Net result if the stop fills at its own price; negative."""
    net_at_targets: Decimal
    """Net result if every target fills at its own price and the runner at the last of them."""
    risk: Decimal
    """|entry - stop| · quantity, before fees: one R."""
    reward_risk: Decimal
    """Reward over risk before fees; the reward is the ladder's quantity-weighted average."""
    reward_risk_net: Decimal | None
    """Net at the targets over net loss at the stop; None where the stop loses nothing."""
    break_even_win_rate: Decimal | None
    """Share of such trades that must win, by net results; None where not even winners earn."""
    break_even_price: Decimal
    """Exit price at which both fees are just paid (rules BE-1)."""
    drift_r: Decimal | None
    """How far the entry is from the signal's, in R of the signal; signed."""
    warnings: tuple[str, ...] = ()
    """Sentences that do not forbid the order."""

    @property
    def waits(self) -> bool:
        """Whether the entry does not fill now but waits for its price."""
        return self.waits_for is not None
