"""What a trader can ask of the book.

A command carries everything the rules need: the session stamps it with the market of that
moment, so that the same commands and prints always give the same events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from engine.asked import Level, Offset
from engine.costs import Costs
from engine.limits import NO_LIMITS, Limits
from engine.model import CancelReason, CloseReason, Direction, EntryMode, Quote, Signal, Source
from engine.money import ONE, ZERO
from engine.sizes import Size
from engine.stops import StopPolicy

_SHARE_UNIT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOrder:
    """One level of the ladder that an order asks for."""

    price: Level | None
    """None: this part runs without a target."""
    fraction: Decimal = ONE
    """Of the quantity; those of all levels add up to 1."""


def one_target(price: Level) -> tuple[TargetOrder, ...]:
    """Return the ladder that closes everything at one price."""
    return (TargetOrder(price=price),)


def equal_targets(prices: Sequence[Level | None]) -> tuple[TargetOrder, ...]:
    """Return a ladder of equal parts; the last one takes what rounding leaves."""
    share = (ONE / len(prices)).quantize(_SHARE_UNIT)
    shares = [share] * (len(prices) - 1)
    shares.append(ONE - share * len(shares))
    return tuple(
        TargetOrder(price=price, fraction=part)
        for price, part in zip(prices, shares, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailOrder:
    """A trailing stop that an order asks for."""

    distance: Offset
    activation: Level | None = None
    step: Offset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvenOrder:
    """A break-even stop that an order asks for."""

    trigger: Level | None = None
    """Print that sets it off; None: at once, as soon as it is strictly behind the market."""
    offset: Offset | None = None
    """Beyond break-even, in the trade's favour."""


class Removed(Enum):
    """Says that something is to be taken away, where None means: leave it as it is."""

    REMOVED = "removed"


REMOVED = Removed.REMOVED


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrade:
    """Open a trade now, or place an order that waits for its price."""

    symbol: str
    direction: Direction
    stop: Level
    targets: tuple[TargetOrder, ...]
    """Nearest first."""
    size: Size
    signal: Signal | None = None
    entry_mode: EntryMode = EntryMode.MARKET
    entry: Decimal | None = None
    """Price that a limit or stop entry waits for; None: the signal's."""
    lives_ms: int | None = None
    """How long such an order waits; None: as long as its signal lives, or four hours."""
    leverage: int = 1
    trailing: TrailOrder | None = None
    break_even: BreakEvenOrder | None = None
    after_target: StopPolicy = StopPolicy.BREAK_EVEN
    hold_ms: int | None = None
    note: str = ""
    costs: Costs | None = None
    """Stamped by the session: the account's cost profile."""
    quote: Quote | None = None
    """Stamped by the session: the market at this moment; None when no price is fresh."""
    equity: Decimal | None = None
    """Stamped by the session: the account's equity at this moment, quote asset."""
    atr: Decimal | None = None
    """Stamped by the session where something is asked for in ATR, quote per base."""
    limits: Limits = NO_LIMITS
    """Stamped by the session: the account's caps."""
    today_net: Decimal = ZERO
    """Stamped by the session: net result of the trades closed today, quote asset."""
    source: Source = Source.STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTrade:
    """Close a trade at the market, by hand: a part of it, or all that is left."""

    trade_id: int
    fraction: Decimal | None = None
    """Of what is open now, above 0 and at most 1."""
    quantity: Decimal | None = None
    """Base asset; without it and without a fraction, all."""
    reason: CloseReason = CloseReason.MANUAL
    quote: Quote | None = None
    """Stamped by the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTrade:
    """Take back an order that still waits for its entry."""

    trade_id: int
    reason: CancelReason = CancelReason.TRADER
    now_ms: int | None = None
    """Stamped by the session: exchange time, milliseconds UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTrade:
    """Change the exits of an active trade; what is None stays as it is."""

    trade_id: int
    stop: Decimal | None = None
    widen: bool = False
    """Whether the stop in force may be moved away from the market."""
    targets: tuple[TargetOrder, ...] | None = None
    """For what is open now; targets that have filled stay on record."""
    trailing: TrailOrder | Removed | None = None
    break_even: BreakEvenOrder | Removed | None = None
    after_target: StopPolicy | None = None
    hold_ms: int | Removed | None = None
    add_margin: Decimal | None = None
    """Futures: quote to add to the isolated wallet; below 0 takes some back (rules MRG-3)."""
    quote: Quote | None = None
    """Stamped by the session."""
    atr: Decimal | None = None
    """Stamped by the session where something is asked for in ATR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoEdit:
    """Take the last edit of a trade back, if nothing has filled since."""

    trade_id: int
    quote: Quote | None = None
    """Stamped by the session."""


Command = OpenTrade | CloseTrade | CancelTrade | EditTrade | UndoEdit
