"""From what an order asks for, so far from the entry, to prices (rules RND-3, RND-5, §12).

What is typed as a price must lie on the grid and is never moved. What is worked out is rounded
in the trade's favour, once; from then on it is a price like any other.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.asked import Level, Offset, Unit
from engine.commands import BreakEvenOrder, TrailOrder
from engine.errors import Refused
from engine.filters import LARGEST, check_precision, check_price
from engine.instrument import Instrument
from engine.model import Direction
from engine.money import MONEY_UNIT, ZERO, money, plain
from engine.pnl import in_favour
from engine.stops import BreakEven, Trailing


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What distances are measured from, and in."""

    entry: Decimal
    """Entry price, planned or filled, quote per base."""
    stop: Decimal | None
    """First stop: its distance from the entry is one R; None where there is none yet."""
    direction: Direction
    atr: Decimal | None
    """Average true range, quote per base; None where it is not known."""
    instrument: Instrument
    """Supplies the price grid and range."""


def price_of(level: Level, anchor: Anchor, *, favourable: bool, name: str) -> Decimal:
    """Return the price that a level asks for, quote per base.

    Args:
        level: A price, or a distance from the entry.
        anchor: What the distance is measured from.
        favourable: Whether a distance goes to the winning side of the entry, or to the other.
        name: What the level is, for the sentence: "Stop", "Target".

    Raises:
        Refused: If a typed price is off the grid, or the distance leads to no price.
    """
    instrument, direction = anchor.instrument, anchor.direction
    if not isinstance(level, Offset):
        check_price(instrument, level, name)
        return level
    away = distance_of(level, anchor, name=name)
    exact = anchor.entry + direction.sign * (away if favourable else -away)
    price = in_favour(exact, instrument.tick or MONEY_UNIT, direction)
    if price <= 0:
        raise Refused(
            "price_out_of_range",
            f"{name} would lie {plain(money(away))} below {plain(anchor.entry)}: "
            "there is no such price.",
        )
    check_price(instrument, price, name)
    return price


def distance_of(offset: Offset, anchor: Anchor, *, name: str) -> Decimal:
    """Return a distance in quote per base, not rounded.

    Args:
        offset: The distance.
        anchor: What it is measured in.
        name: What it belongs to, for the sentence.

    Raises:
        Refused: If it is not above 0, or what it is measured in is not known.
    """
    amount, entry = offset.amount, anchor.entry
    if not amount.is_finite() or not 0 < amount <= LARGEST:
        raise Refused("bad_distance", f"{name} needs a distance above 0.")
    check_precision(amount, f"{name}'s distance")
    match offset.unit:
        case Unit.PRICE:
            return amount
        case Unit.FRACTION:
            return amount * entry
        case Unit.R:
            return amount * _one_r(anchor, name)
        case Unit.ATR:
            return amount * _one_atr(anchor, name)


def trailing_of(order: TrailOrder, anchor: Anchor) -> Trailing:
    """Return the trailing stop that an order asks for; it has not started yet.

    A percentage goes on following the best price; any other distance is fixed in quote per base
    from now on (rules TRL-4).

    Raises:
        Refused: If it could never be a stop, or would start on the losing side of the entry.
    """
    name = "Trailing stop"
    away = distance_of(order.distance, anchor, name=name)
    if away >= anchor.entry:
        raise Refused(
            "trail_too_wide",
            f"The trailing stop would keep {plain(money(away))} away: that is wider than the "
            f"price itself, {plain(anchor.entry)}.",
        )
    relative = order.distance.unit is Unit.FRACTION
    return Trailing(
        distance=order.distance.amount if relative else money(away),
        relative=relative,
        step=_length(order.step, anchor, "Trailing step"),
        tick=anchor.instrument.tick or MONEY_UNIT,
        activation=_ahead(order.activation, anchor, "Trailing activation"),
    )


def break_even_of(order: BreakEvenOrder, anchor: Anchor) -> BreakEven:
    """Return the break-even stop that an order asks for; without a trigger it is due at once.

    Raises:
        Refused: If its trigger lies on the losing side of the entry.
    """
    return BreakEven(
        trigger=_ahead(order.trigger, anchor, "Break-even trigger"),
        offset=_length(order.offset, anchor, "Break-even offset"),
        due=order.trigger is None,
    )


def _ahead(level: Level | None, anchor: Anchor, name: str) -> Decimal | None:
    """Return the price of a level that must lie on the winning side of the entry."""
    if level is None:
        return None
    price = price_of(level, anchor, favourable=True, name=name)
    if anchor.direction.sign * (price - anchor.entry) <= 0:
        word = "above" if anchor.direction is Direction.LONG else "below"
        raise Refused(
            "trigger_on_wrong_side",
            f"{name} {plain(price)} must be {word} the entry, {plain(anchor.entry)}.",
        )
    return price


def _length(offset: Offset | None, anchor: Anchor, name: str) -> Decimal:
    return ZERO if offset is None else money(distance_of(offset, anchor, name=name))


def _one_r(anchor: Anchor, name: str) -> Decimal:
    if anchor.stop is None or anchor.stop == anchor.entry:
        raise Refused(
            "no_risk_distance",
            f"{name} cannot be given in R: there is no distance from the entry to a stop.",
        )
    return abs(anchor.entry - anchor.stop)


def _one_atr(anchor: Anchor, name: str) -> Decimal:
    if anchor.atr is None or not anchor.atr.is_finite() or anchor.atr <= 0:
        raise Refused(
            "no_atr",
            f"{name} is given in ATR, but the average true range is not known now; "
            "give a price or a percentage.",
        )
    return anchor.atr
