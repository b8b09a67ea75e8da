"""The exits of a trade as its owner would type them."""

from decimal import Decimal

from desk import words
from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, TargetOrder, TrailOrder
from engine.model import Trade
from engine.money import ZERO
from engine.stops import BreakEven, Trailing
from tui.entry import editable
from tui.trade_words import runner

_SHARE = Decimal("0.0001")
"""Shares of a ladder are written so exactly, as fractions."""


def typed_exits(trade: Trade, tick: Decimal | None) -> dict[str, str]:
    """Write the exits of *trade* as the fields of the edit dialog, by field name.

    Args:
        trade: Active.
        tick: The symbol's price grid.
    """
    even = trade.break_even
    return {
        "stop": editable(trade.stop, tick),
        "targets": _targets(trade),
        "trail": words.write_trail(None if trade.trailing is None else _trail(trade.trailing)),
        "break_even": words.write_break_even(None if even is None else _break_even(even)),
        "after_target": words.write_policy(trade.after_target),
        "hold": words.write_hold(trade.hold_ms),
        "margin": "",
    }


def _targets(trade: Trade) -> str:
    """Write what is ahead as shares of what is open; the last part takes what is left over."""
    ahead = [target for target in trade.targets if not target.filled]
    prices: list[Decimal | None] = [target.price for target in ahead]
    sizes = [target.quantity for target in ahead]
    if (rest := runner(trade)) > 0:
        prices.append(None)
        sizes.append(rest)
    shares = [(size / trade.quantity).quantize(_SHARE) for size in sizes[:-1]]
    shares.append(Decimal(1) - sum(shares, ZERO))
    return words.write_targets(
        tuple(
            TargetOrder(price=price, fraction=share)
            for price, share in zip(prices, shares, strict=True)
        )
    )


def _trail(trailing: Trailing) -> TrailOrder:
    unit = Unit.FRACTION if trailing.relative else Unit.PRICE
    waits = trailing.best is None
    return TrailOrder(
        distance=Offset(trailing.distance, unit),
        activation=trailing.activation if waits else None,
        step=Offset(trailing.step, Unit.PRICE) if trailing.step else None,
    )


def _break_even(even: BreakEven) -> BreakEvenOrder:
    offset = Offset(even.offset, Unit.PRICE) if even.offset else None
    waits = even.stop is None and not even.due
    return BreakEvenOrder(trigger=even.trigger if waits else None, offset=offset)
