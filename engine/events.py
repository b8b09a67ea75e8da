"""What happened, in order: the book's answers. An event never changes after the fact."""

from dataclasses import dataclass

from engine.model import Fill, Trade


@dataclass(frozen=True, slots=True)
class TradeOpened:
    """A trade was entered; *trade* is as it stands after the fill."""

    trade: Trade
    fill: Fill


@dataclass(frozen=True, slots=True)
class TradeClosed:
    """A trade is finished; *trade* is as it stands after its last fill."""

    trade: Trade
    fill: Fill


@dataclass(frozen=True, slots=True)
class TradeReduced:
    """A part of a trade was closed; *trade* is as it stands with the rest still open."""

    trade: Trade
    fill: Fill


Event = TradeOpened | TradeReduced | TradeClosed
