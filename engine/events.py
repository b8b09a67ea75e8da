"""What happened, in order: the book's answers. An event never changes after the fact."""

from dataclasses import dataclass

from engine.model import Fill, Payment, Trade


@dataclass(frozen=True, slots=True)
class TradePlaced:
    """An order to enter waits for its price; *trade* is pending."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class TradeOpened:
    """A trade was entered; *trade* is as it stands after the fill."""

    trade: Trade
    fill: Fill


@dataclass(frozen=True, slots=True)
class TradeReduced:
    """A part of a trade was closed; *trade* is as it stands with the rest still open."""

    trade: Trade
    fill: Fill


@dataclass(frozen=True, slots=True)
class TradeClosed:
    """A trade is finished; *trade* is as it stands after its last fill."""

    trade: Trade
    fill: Fill


@dataclass(frozen=True, slots=True)
class TradeCancelled:
    """A pending trade ended without an entry."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class TradeEdited:
    """The trader has changed a trade's stops, targets or margin."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class StopMoved:
    """A stop has moved by itself: break-even, or behind a target; not each trailing step."""

    trade: Trade


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """A futures trade has paid or received funding; *trade* is as it stands after it."""

    trade: Trade
    payment: Payment


Event = (
    TradePlaced
    | TradeOpened
    | TradeReduced
    | TradeClosed
    | TradeCancelled
    | TradeEdited
    | StopMoved
    | FundingPaid
)

Filled = TradeOpened | TradeReduced | TradeClosed
"""The events that carry a fill."""
