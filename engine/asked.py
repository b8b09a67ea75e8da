"""Price levels as they are asked for: a price, or so far from the entry."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    """What a distance from the entry is measured in."""

    PRICE = "price"
    """Quote per base."""
    FRACTION = "fraction"
    """Of the entry price; of the best price for a trailing stop."""
    R = "R"
    """Of the distance between entry and first stop."""
    ATR = "ATR"
    """Of the average true range."""


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance above 0, on the side where it makes sense."""

    amount: Decimal
    unit: Unit


Level = Decimal | Offset
"""A price, or the price at a distance from the entry."""
