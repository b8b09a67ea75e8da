"""What a futures market says besides its prints: mark prices and funding."""

from decimal import Decimal
from typing import NamedTuple


class MarkPrice(NamedTuple):
    """The mark price of a symbol at one moment; liquidation is decided by it alone."""

    symbol: str
    price: Decimal
    """Quote per base."""
    time_ms: int
    """Exchange time, milliseconds UTC."""


class FundingDue(NamedTuple):
    """A settlement of funding: everyone with an open trade pays or receives."""

    symbol: str
    time_ms: int
    """When it was due, on the minute, milliseconds UTC."""
    rate: Decimal
    """Fraction of the notional; above 0 longs pay shorts."""
    mark: Decimal
    """Mark price at that time, quote per base."""
