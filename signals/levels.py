"""A signal's prices on the instrument's grid, and the sides on which they must lie.

Rounding never flatters an idea: the stop moves away from the entry, targets move towards it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from engine.instrument import Instrument
from engine.model import Direction
from engine.money import MONEY_UNIT, ceil_to, floor_to, plain
from signals.errors import SignalRejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Entry, stop and targets on the price grid and on the right sides."""

    entry: Decimal
    stop: Decimal
    targets: tuple[Decimal, ...]
    """Nearest first, no two alike."""


def make_levels(
    direction: Direction,
    instrument: Instrument,
    entry: Decimal,
    stop: Decimal,
    targets: Iterable[Decimal],
) -> Levels:
    """Round prices to the instrument's tick and check their sides.

    Args:
        direction: Which way the idea earns.
        instrument: Supplies the tick.
        entry: Rounded to the nearest tick; quote per base, like all prices here.
        stop: Rounded away from the entry.
        targets: Rounded towards the entry, at least one.

    Raises:
        SignalRejected: If a price is not positive, or lies on the wrong side of the entry.
    """
    grid = instrument.tick or MONEY_UNIT
    # Down for a LONG is away for its stop and towards for its targets; a SHORT is the mirror.
    rounded = floor_to if direction is Direction.LONG else ceil_to
    levels = Levels(
        entry=(entry / grid).to_integral_value(ROUND_HALF_EVEN) * grid,
        stop=rounded(stop, grid),
        targets=tuple(
            sorted(
                {rounded(target, grid) for target in targets},
                reverse=direction is Direction.SHORT,
            )
        ),
    )
    _check_sides(direction, levels)
    return levels


def _check_sides(direction: Direction, levels: Levels) -> None:
    if min(levels.entry, levels.stop, *levels.targets) <= 0:
        raise SignalRejected("bad_number", "Entry, stop and targets must be above zero.")
    stop_side, target_side = (
        ("below", "above") if direction is Direction.LONG else ("above", "below")
    )
    if (levels.entry - levels.stop) * direction.sign <= 0:
        raise SignalRejected(
            "wrong_side",
            f"The stop {plain(levels.stop)} of a {direction} must be {stop_side} "
            f"its entry {plain(levels.entry)}.",
        )
    for target in levels.targets:
        if (target - levels.entry) * direction.sign <= 0:
            raise SignalRejected(
                "wrong_side",
                f"The target {plain(target)} of a {direction} must be {target_side} "
                f"its entry {plain(levels.entry)}.",
            )
