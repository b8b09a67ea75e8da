"""Stops that move by themselves: what was agreed, and how far each has come (rules §§12, 21).

A trade has up to three stops at once, the one set by hand, a break-even stop and a trailing
one; the tightest is in force.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine.money import ZERO


class StopReason(StrEnum):
    """Which of a trade's stops is in force."""

    INITIAL = "initial"
    MOVED = "moved"
    """Set by hand after the opening."""
    PREVIOUS_TARGET = "previous_target"
    BREAK_EVEN = "break_even"
    TRAILING = "trailing"


class StopPolicy(StrEnum):
    """What the stop does when a target has filled and something is left."""

    KEEP = "keep"
    BREAK_EVEN = "break_even"
    PREVIOUS_TARGET = "previous_target"
    """To the target before the one that filled; after the first one, to break-even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailing:
    """A stop that follows the best price since its activation (rules TRL-1 to TRL-4)."""

    distance: Decimal
    """From the best price: a fraction of it if `relative`, else quote per base."""
    relative: bool
    step: Decimal = ZERO
    """Least move of the stop, quote per base; 0 follows at every price."""
    tick: Decimal
    """Price grid on which the stop lies, as it was when the stop was agreed."""
    activation: Decimal | None = None
    """Print from which it works; None: from the beginning."""
    best: Decimal | None = None
    """Best print since the activation; None until then."""
    stop: Decimal | None = None
    """Where it stands; None until the activation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """A stop that goes once to where the trade costs nothing (rules BE-2)."""

    trigger: Decimal | None = None
    """Print that sets it off; None: only a target or the trader does."""
    offset: Decimal = ZERO
    """Beyond break-even, in the trade's favour, quote per base."""
    due: bool = False
    """Whether it was set off and waits until its price is strictly behind the market."""
    stop: Decimal | None = None
    """Where it stands; None before it has moved."""
