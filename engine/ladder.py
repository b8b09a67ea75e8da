"""How a trade's quantity is shared among its targets (rules LAD-1 to LAD-4).

Law: the parts and what runs without a target add up to the quantity, on the grid, and no part
is an order that the exchange would not take.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate, pairwise

from engine.errors import Refused
from engine.filters import limit_quantity
from engine.instrument import Instrument
from engine.model import Direction, Market, Target
from engine.money import ONE, ZERO, plain

MOST_TARGETS = 10

Asked = tuple[Decimal | None, Decimal]
"""One level: its price, None for the runner; and its share, or its quantity."""


def laddered(
    levels: Sequence[Asked],
    quantity: Decimal,
    instrument: Instrument,
    *,
    direction: Direction,
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Share a quantity among levels.

    Args:
        levels: Price (None: this part runs without a target) and fraction, nearest first.
        quantity: Base asset, on the grid.
        instrument: Supplies the quantity grid and the smallest order.
        direction: Of the trade; its targets rise for a long and fall for a short.

    Returns:
        The targets, and a sentence for each level that was dropped or merged.

    Raises:
        Refused: If the fractions or the order of the levels make no sense.
    """
    check_levels(levels, direction)
    parts = _cut(levels, quantity, instrument)
    kept, notices = _merged(parts, instrument)
    return tuple(Target(price=p, quantity=q) for p, q in kept if p is not None), notices


def check_levels(levels: Sequence[Asked], direction: Direction) -> None:
    """Check that levels make a ladder: shares of 100 %, prices leading away (LAD-1).

    Raises:
        Refused: If they do not.
    """
    _check_order([price for price, _ in levels], direction)
    _check_fractions([fraction for _, fraction in levels])


def still_ahead(
    levels: Sequence[Asked], entry: Decimal, direction: Direction
) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
    """Leave out the targets that the market has passed; their shares go with the next (§20).

    Args:
        levels: A ladder; if all its targets are passed it stays as it is, to be refused.
        entry: Price at which the order would be filled now.
        direction: Of the trade.

    Returns:
        The levels ahead, and a sentence for each that is not.
    """

    def ahead(price: Decimal | None) -> bool:
        return price is not None and direction.sign * (price - entry) > 0

    if not any(ahead(price) for price, _ in levels):
        return tuple(levels), ()
    kept: list[Asked] = []
    notices: list[str] = []
    carried = ZERO
    for price, share in levels:
        if price is None or ahead(price):
            kept.append((price, share + carried))
            carried = ZERO
        else:
            carried += share
            notices.append(
                f"The market has passed the target at {plain(price)}; its part goes with the "
                "next one."
            )
    return tuple(kept), tuple(notices)


def resized(
    targets: Sequence[Target], before: Decimal, after: Decimal, instrument: Instrument
) -> tuple[Target, ...]:
    """Give the targets that have not filled their shares of what is left.

    Args:
        targets: Nearest first; filled ones stay as they are.
        before: Open quantity that the targets were for, base asset.
        after: Open quantity now, base asset.
        instrument: Supplies the quantity grid and the smallest order.
    """
    levels: list[Asked] = [(t.price, t.quantity) for t in targets if not t.filled]
    if not levels or not after:
        return tuple(target for target in targets if target.filled)
    runner = before - sum((quantity for _, quantity in levels), ZERO)
    if runner:
        levels.append((None, runner))
    kept, _ = _merged(_cut(levels, after, instrument), instrument)
    quantities = dict(kept)
    return tuple(
        target if target.filled else replace(target, quantity=quantities[target.price])
        for target in targets
        if target.filled or target.price in quantities
    )


def _check_fractions(fractions: Sequence[Decimal]) -> None:
    if not all(fraction.is_finite() and fraction > 0 for fraction in fractions):
        raise Refused("bad_fractions", "Each target's share must be above 0.")
    total = sum(fractions, ZERO)
    if total != ONE:
        raise Refused(
            "bad_fractions",
            f"The targets' shares add up to {plain(total * 100)} %; they must make 100 %.",
        )


def _check_order(prices: Sequence[Decimal | None], direction: Direction) -> None:
    priced = [price for price in prices if price is not None]
    if not priced:
        raise Refused("no_target", "At least one target needs a price.")
    if len(priced) > MOST_TARGETS:
        raise Refused(
            "too_many_targets",
            f"A trade has at most {MOST_TARGETS} targets, not {len(priced)}.",
        )
    if None in prices[:-1]:
        raise Refused(
            "bad_ladder", "Only the last part of a trade can run without a target, once."
        )
    for nearer, farther in pairwise(priced):
        if nearer == farther:
            raise Refused("bad_ladder", f"Two targets lie on the same price, {plain(nearer)}.")
        if direction.sign * (farther - nearer) < 0:
            raise Refused(
                "bad_ladder",
                f"The targets cross: {plain(farther)} is nearer than {plain(nearer)} and must "
                "stand before it.",
            )


def _cut(levels: Sequence[Asked], quantity: Decimal, instrument: Instrument) -> list[Asked]:
    """Cut a quantity by cumulative shares, so that the parts add up to it (LAD-2)."""
    *sums, total = accumulate(share for _, share in levels)
    ends = [limit_quantity(instrument, quantity * share / total) for share in sums]
    return [
        (price, end - start)
        for (price, _), start, end in zip(levels, [ZERO, *ends], [*ends, quantity], strict=True)
    ]


def _merged(
    parts: Sequence[Asked], instrument: Instrument
) -> tuple[list[tuple[Decimal, Decimal]], tuple[str, ...]]:
    """Join parts that are too small to be orders with their neighbours (LAD-4).

    A runner that could not be sold alone goes with the last target; a target that could not
    be sold alone, and has no other target beside it, takes the runner in.

    Returns:
        Price and quantity of each target that is left, and a sentence for each that is not.
    """
    priced = [(price, part) for price, part in parts if price is not None]
    runner = sum((part for price, part in parts if price is None), ZERO)
    last, part = priced[-1]
    notices: list[str] = []
    if runner and not _is_order(runner, last, instrument):
        notices.append(_too_small("The runner", "last target"))
        priced[-1], runner = (last, part + runner), ZERO
    kept, rest = _carried(priced, instrument, notices)
    if not kept:
        kept.append((last, rest + runner))
        if runner:
            notices.append(
                f"{_at(last)} is too small for an order of its own: all closes there."
            )
    elif rest:
        price, part = kept.pop()
        kept.append((price, part + rest))
        notices.append(_too_small(_at(last), "one before"))
    return kept, tuple(notices)


def _carried(
    priced: Sequence[tuple[Decimal, Decimal]], instrument: Instrument, notices: list[str]
) -> tuple[list[tuple[Decimal, Decimal]], Decimal]:
    """Carry what is too small on to the next target; return what the last could not sell."""
    kept: list[tuple[Decimal, Decimal]] = []
    carried = ZERO
    for place, (price, part) in enumerate(priced, 1):
        if not part:
            if kept or place < len(priced):
                notices.append(f"{_at(price)} is dropped: its part is less than one step.")
        elif _is_order(part + carried, price, instrument):
            kept.append((price, part + carried))
            carried = ZERO
        else:
            carried += part
            if place < len(priced):
                notices.append(_too_small(_at(price), "next one"))
    return kept, carried


def _is_order(quantity: Decimal, price: Decimal, instrument: Instrument) -> bool:
    """Tell whether the exchange would take a part; on futures any value (rules FLT-3)."""
    if quantity < instrument.min_quantity:
        return False
    spot = instrument.market is Market.SPOT
    return not spot or price * quantity >= instrument.min_notional


def _too_small(name: str, neighbour: str) -> str:
    return f"{name} is too small for an order of its own and goes with the {neighbour}."


def _at(price: Decimal) -> str:
    return f"The target at {plain(price)}"
