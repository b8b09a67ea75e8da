"""What a trader types for an order, read and written: levels, ladders, stops that move.

One syntax for the command line, requests, the order ticket and the settings (sizes are in
`size_words`). Every reader has a writer that is its inverse. Mistakes are ValueErrors whose
text completes the sentence "it must be …"; blanks, upper and lower case never matter.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from desk.values import parse_number, parse_percent
from engine.asked import Level, Offset, Unit
from engine.commands import (
    REMOVED,
    BreakEvenOrder,
    Removed,
    TargetOrder,
    TrailOrder,
    equal_targets,
)
from engine.model import EntryMode
from engine.money import ONE, ZERO, plain
from engine.stops import StopPolicy

T = TypeVar("T")

OFF = "off"
"""Takes something away, or leaves it out."""
RUNNER = "runner"
"""A part of a ladder that has no target."""

_HUNDRED = Decimal(100)
_SUFFIXES = {"%": Unit.FRACTION, "r": Unit.R, "atr": Unit.ATR}
_LEVEL = re.compile(r"([0-9.]+)\s*(%|r|atr)?", re.ASCII)
_SPAN = re.compile(r"(\d{1,12})\s*(ms|s|m|h|d)", re.ASCII)
_SPANS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""Longest first."""
_LONGEST_MS = 3650 * _SPANS_MS["d"]
_TRAIL = re.compile(r"([^@/]+)(?:@([^@/]+))?(?:/([^@/]+))?")

_A_LEVEL = "a price such as 65600, or a distance such as 2%, 1.5R or 2ATR, above 0"
_A_TRAIL = "a distance such as 1%, 250 or 2ATR, perhaps with @ACTIVATION and /STEP, or off"
_A_BREAK_EVEN = "now, off, a price or a distance such as 1R or 0.8%, perhaps with +OFFSET"
_TARGETS = "targets such as 65600, or 65600:50%,2R:30%,runner:20%"
_A_SPAN = "a length of time such as 90m, 4h or 2d, at most 3650d"


def present(value: T | Removed) -> T | None:
    """Return what was read, or None for ``off``: how an order says that it wants none."""
    return None if isinstance(value, Removed) else value


# -- levels and distances ---------------------------------------------------------------------


def parse_level(text: str) -> Level:
    """Read a price, or a distance from the entry: ``65600``, ``2%``, ``1.5R``, ``2ATR``.

    Raises:
        ValueError: If *text* is neither, or 0.
    """
    match = _LEVEL.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(_A_LEVEL)
    number, suffix = match.groups()
    try:
        amount = parse_percent(f"{number}%") if suffix == "%" else parse_number(number)
    except ValueError:
        raise ValueError(_A_LEVEL) from None
    if not amount:
        raise ValueError(_A_LEVEL)
    return Offset(amount, _SUFFIXES[suffix]) if suffix else amount


def write_level(level: Level) -> str:
    """Write a level as `parse_level` reads it."""
    if isinstance(level, Decimal):
        return plain(level)
    if level.unit is Unit.FRACTION:
        return f"{plain(level.amount * _HUNDRED)}%"
    return plain(level.amount) + ("" if level.unit is Unit.PRICE else level.unit.value)


def parse_distance(text: str) -> Offset:
    """Read a distance: as a level, but a plain number is so much in quote per base.

    Raises:
        ValueError: If *text* is none, or 0.
    """
    level = parse_level(text)
    return level if isinstance(level, Offset) else Offset(level, Unit.PRICE)


# -- the ladder -------------------------------------------------------------------------------


def parse_targets(text: str) -> tuple[TargetOrder, ...]:
    """Read a ladder: ``65600``, ``65600,2R``, ``65600:0.5,67000:30%,runner:0.2``.

    Without shares all parts are equal, and the last one takes what rounding leaves. The last
    one may leave out its share: it gets the rest.

    Raises:
        ValueError: If *text* is none, or leaves out some other part's share.
    """
    parts = [part.strip().lower() for part in text.split(",")]
    if len(parts) > 1 and ":" not in parts[-1] and all(":" in part for part in parts[:-1]):
        given = sum((parse_share(part.split(":", 1)[1]) for part in parts[:-1]), ZERO)
        parts[-1] += f":{plain(max(ZERO, ONE - given))}"
    if all(":" in part for part in parts):
        pairs = [part.split(":", 1) for part in parts]
        return tuple(
            TargetOrder(price=_target(price), fraction=parse_share(share))
            for price, share in pairs
        )
    if any(":" in part for part in parts):
        raise ValueError(
            f"{_TARGETS}; with a share for each part, or for all but the last, or for none"
        )
    return equal_targets([_target(price) for price in parts])


def write_targets(targets: tuple[TargetOrder, ...]) -> str:
    """Write a ladder as `parse_targets` reads it."""
    names = [RUNNER if one.price is None else write_level(one.price) for one in targets]
    if len(targets) == 1 and targets[0].fraction == ONE:
        return names[0]
    return ",".join(
        f"{name}:{plain(one.fraction * _HUNDRED)}%"
        for name, one in zip(names, targets, strict=True)
    )


def parse_share(text: str) -> Decimal:
    """Read ``0.5`` or ``50%`` as the fraction 0.5.

    Raises:
        ValueError: If *text* is neither.
    """
    return parse_percent(text) if "%" in text else parse_number(text)


def _target(text: str) -> Level | None:
    try:
        return None if text.strip() == RUNNER else parse_level(text)
    except ValueError:
        raise ValueError(_TARGETS) from None


# -- stops that move by themselves ------------------------------------------------------------


def parse_trail(text: str) -> TrailOrder | Removed:
    """Read a trailing stop: ``1%``, ``250``, ``2ATR@1R``, ``1%@2R/0.1%``, ``off``.

    Raises:
        ValueError: If *text* is none.
    """
    compact = "".join(text.lower().split())
    if compact == OFF:
        return REMOVED
    match = _TRAIL.fullmatch(compact)
    if match is None:
        raise ValueError(_A_TRAIL)
    distance, activation, step = match.groups()
    try:
        return TrailOrder(
            distance=parse_distance(distance),
            activation=parse_level(activation) if activation else None,
            step=parse_distance(step) if step else None,
        )
    except ValueError:
        raise ValueError(_A_TRAIL) from None


def write_trail(order: TrailOrder | Removed | None) -> str:
    """Write a trailing stop as `parse_trail` reads it; none is ``off``."""
    if not isinstance(order, TrailOrder):
        return OFF
    activation = f"@{write_level(order.activation)}" if order.activation else ""
    step = f"/{write_level(order.step)}" if order.step else ""
    return f"{write_level(order.distance)}{activation}{step}"


def parse_break_even(text: str) -> BreakEvenOrder | Removed:
    """Read a break-even stop: ``1R``, ``0.8%``, ``65600``, ``now``, ``1R+0.1%``, ``off``.

    Raises:
        ValueError: If *text* is none.
    """
    compact = "".join(text.lower().split())
    if compact == OFF:
        return REMOVED
    trigger, plus, offset = compact.partition("+")
    try:
        return BreakEvenOrder(
            trigger=None if trigger == "now" else parse_level(trigger),
            offset=parse_distance(offset) if plus else None,
        )
    except ValueError:
        raise ValueError(_A_BREAK_EVEN) from None


def write_break_even(order: BreakEvenOrder | Removed | None) -> str:
    """Write a break-even stop as `parse_break_even` reads it; none is ``off``."""
    if not isinstance(order, BreakEvenOrder):
        return OFF
    trigger = "now" if order.trigger is None else write_level(order.trigger)
    return trigger + (f"+{write_level(order.offset)}" if order.offset else "")


def parse_signed(text: str) -> Decimal:
    """Read an amount to add, ``50``, or with a minus to take away, ``-50``.

    Raises:
        ValueError: If *text* is neither, or 0.
    """
    digits = text.strip().removeprefix("-")
    try:
        amount = parse_number(digits)
    except ValueError:
        amount = ZERO
    if not amount:
        raise ValueError("an amount such as 50, or -50 to take back")
    return -amount if text.strip().startswith("-") else amount


# -- times and words --------------------------------------------------------------------------


def parse_hold(text: str) -> int | Removed:
    """Read how long a trade is held at most, ``90m``, ``4h``, ``2d``, in ms; or ``off``.

    Raises:
        ValueError: If *text* is neither.
    """
    if text.strip().lower() == OFF:
        return REMOVED
    try:
        return parse_span(text)
    except ValueError:
        raise ValueError(f"off, or {_A_SPAN}") from None


def write_hold(hold_ms: int | Removed | None) -> str:
    """Write a length of time as `parse_hold` reads it; none is ``off``."""
    return write_span(hold_ms) if isinstance(hold_ms, int) else OFF


def parse_span(text: str) -> int:
    """Read a length of time above 0 as milliseconds: ``45s``, ``90m``, ``4h``, ``2d``.

    Raises:
        ValueError: If *text* is none.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    span_ms = int(match[1]) * _SPANS_MS[match[2]] if match else 0
    if not 0 < span_ms <= _LONGEST_MS:
        raise ValueError(_A_SPAN)
    return span_ms


def write_span(span_ms: int) -> str:
    """Write milliseconds as `parse_span` reads them, in the largest unit that is exact."""
    unit = next(unit for unit, size in _SPANS_MS.items() if span_ms % size == 0)
    return f"{span_ms // _SPANS_MS[unit]}{unit}"


def parse_policy(text: str) -> StopPolicy:
    """Read what the stop does after a target: ``keep``, ``break-even``, ``previous-target``.

    Raises:
        ValueError: If *text* is something else.
    """
    return _one_of(text, {write_policy(policy): policy for policy in StopPolicy})


def write_policy(policy: StopPolicy) -> str:
    """Write what the stop does after a target as `parse_policy` reads it."""
    return policy.value.replace("_", "-")


def parse_entry(text: str) -> EntryMode:
    """Read how a trade enters: ``market``, ``limit``, ``stop`` or ``classic``.

    Raises:
        ValueError: If *text* is something else.
    """
    return _one_of(text, {mode.value: mode for mode in EntryMode})


def _one_of(text: str, words: Mapping[str, T]) -> T:
    word = text.strip().lower().replace("_", "-")
    if word not in words:
        raise ValueError("one of " + ", ".join(words))
    return words[word]
