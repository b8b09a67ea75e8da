"""What a trader can ask of the book.

A command carries everything the rules need: the session stamps it with the market of that
moment, so that the same commands and prints always give the same events.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.costs import Costs
from engine.model import Direction, EntryMode, Quote, Signal, Source


@dataclass(frozen=True, slots=True)
class Stake:
    """Size a trade by a fixed amount of quote asset (rules SIZ-1)."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Risk:
    """Size a trade so that its stop costs this fraction of equity, fees included (SIZ-4)."""

    fraction: Decimal


Size = Stake | Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrade:
    """Open a trade, at the market or (classic) at its signal's price."""

    symbol: str
    direction: Direction
    stop: Decimal
    target: Decimal
    size: Size
    signal: Signal | None = None
    entry_mode: EntryMode = EntryMode.MARKET
    note: str = ""
    costs: Costs | None = None
    """Stamped by the session: the account's cost profile."""
    quote: Quote | None = None
    """Stamped by the session: the market at this moment; None when no price is fresh."""
    equity: Decimal | None = None
    """Stamped by the session: the account's equity at this moment, quote asset."""
    source: Source = Source.STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTrade:
    """Close a trade at the market, by hand: a part of it, or all that is left."""

    trade_id: int
    fraction: Decimal | None = None
    """Of what is open now, above 0 and at most 1."""
    quantity: Decimal | None = None
    """Base asset; without it and without a fraction, all."""
    quote: Quote | None = None
    """Stamped by the session."""


Command = OpenTrade | CloseTrade
