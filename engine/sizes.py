"""The ways to say how large a trade is to be (rules §7)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Basis(StrEnum):
    """What a share of equity is a share of."""

    NOTIONAL = "notional"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class Stake:
    """A fixed amount of quote asset (SIZ-1)."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A fixed amount of base asset."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class EquityShare:
    """A fraction of equity, as notional or as margin (SIZ-2)."""

    fraction: Decimal
    basis: Basis = Basis.NOTIONAL


@dataclass(frozen=True, slots=True)
class Risk:
    """So that the stop costs this fraction of equity (SIZ-4; without fees SIZ-3)."""

    fraction: Decimal
    fees: bool = True


@dataclass(frozen=True, slots=True)
class AtrUnit:
    """So that one average true range is this fraction of equity (SIZ-6)."""

    fraction: Decimal


@dataclass(frozen=True, slots=True)
class Kelly:
    """A part of what the Kelly formula would risk, at most a cap (SIZ-5)."""

    multiplier: Decimal
    """Of the full Kelly fraction, above 0 and at most 1; up to 0.5 is recommended."""
    cap: Decimal
    """Largest fraction of equity at risk."""
    win_rate: Decimal | None = None
    """Stamped by the session: wins among the account's closed trades, a fraction."""
    payoff: Decimal | None = None
    """Stamped by the session: average win over average loss, in R."""
    sample: int = 0
    """Stamped by the session: number of trades that both come from."""


Size = Stake | Quantity | EquityShare | Risk | AtrUnit | Kelly
