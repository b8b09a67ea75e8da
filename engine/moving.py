"""How stops move by themselves: trailing, break-even, behind targets (rules §12, §21).

Pure: a moved stop is a new value. A stop only ever moves in the trade's favour.
"""

from dataclasses import replace
from decimal import Decimal

from engine.instrument import Instrument
from engine.model import Direction, PriceModel, Trade
from engine.money import ONE, ZERO
from engine.pnl import break_even_exact, in_favour
from engine.stops import BreakEven, StopPolicy, StopReason, Trailing

# -- trailing ---------------------------------------------------------------------------------


def started(trailing: Trailing, direction: Direction, price: Decimal) -> Trailing:
    """Return a trailing stop that begins to follow at *price* (rules TRL-3)."""
    return replace(trailing, best=price, stop=_behind(trailing, direction, price))


def followed(trailing: Trailing, direction: Direction, price: Decimal) -> Trailing:
    """Return a trailing stop after a print: begun, moved up behind it, or the same."""
    sign = direction.sign
    if trailing.best is None or trailing.stop is None:
        activation = trailing.activation
        if activation is not None and sign * (price - activation) < 0:
            return trailing
        return started(trailing, direction, price)
    if sign * (price - trailing.best) <= 0:
        return trailing
    candidate = _behind(trailing, direction, price)
    gain = sign * (candidate - trailing.stop)
    moves = gain > 0 and gain >= trailing.step
    return replace(trailing, best=price, stop=candidate if moves else trailing.stop)


def next_move(trailing: Trailing, direction: Direction) -> Decimal | None:
    """Return a price before which a trailing stop with a step stays where it is.

    It may be a little too near, never too far; None while the stop does not follow, or
    follows every print.
    """
    if trailing.stop is None or not trailing.step:
        return None
    sign = direction.sign
    wanted = trailing.stop + sign * (trailing.step - trailing.tick)
    if trailing.relative:
        return wanted / (ONE - sign * trailing.distance)
    return wanted + sign * trailing.distance


def _behind(trailing: Trailing, direction: Direction, best: Decimal) -> Decimal:
    """Return where the stop belongs behind *best* (rules TRL-1)."""
    sign, distance = direction.sign, trailing.distance
    away = best * distance if trailing.relative else distance
    return in_favour(best - sign * away, trailing.tick, direction)


# -- break-even and targets -------------------------------------------------------------------


def break_even_price(trade: Trade, tick: Decimal) -> Decimal:
    """Return the stop at which what is left of a trade costs nothing, on the grid (BE-1).

    Both fees are in it, funding is not; what other parts have earned is not counted.
    """
    entered = trade.fills[0]
    rested = entered.model is PriceModel.LEVEL
    fee_in = trade.costs.maker if rested else trade.costs.taker
    level = break_even_exact(trade.direction, trade.entry_price, fee_in, trade.costs.taker)
    offset = trade.break_even.offset if trade.break_even else ZERO
    return in_favour(level + trade.direction.sign * offset, tick, trade.direction)


def after_price(trade: Trade, price: Decimal, instrument: Instrument) -> Trade:
    """Return an open trade with its moving stops brought up to a print (FILL-5, step 6)."""
    trailing, moved = trade.trailing, trade.break_even
    if trailing:
        trailing = followed(trailing, trade.direction, price)
    if moved and moved.stop is None:
        moved = _broken_even(trade, moved, price, instrument)
    if trailing is trade.trailing and moved is trade.break_even:
        return trade
    return replace(trade, trailing=trailing, break_even=moved)


def _broken_even(
    trade: Trade, waiting: BreakEven, price: Decimal, instrument: Instrument
) -> BreakEven:
    sign, trigger = trade.direction.sign, waiting.trigger
    reached = trigger is not None and sign * (price - trigger) >= 0
    if not waiting.due and not reached:
        return waiting
    level = break_even_price(trade, instrument.tick)
    if sign * (price - level) > 0:
        return replace(waiting, due=False, stop=level)
    return waiting if waiting.due else replace(waiting, due=True)


def after_target(trade: Trade) -> Trade:
    """Return what is left of a trade after a target, with its stop due where agreed."""
    filled = [target for target in trade.targets if target.filled]
    policy = trade.after_target
    if policy is StopPolicy.KEEP or not filled:
        return trade
    if policy is StopPolicy.PREVIOUS_TARGET and len(filled) > 1:
        level = filled[-2].price
        if trade.direction.sign * (level - trade.fixed_stop) <= 0:
            return trade
        return replace(trade, fixed_stop=level, fixed_reason=StopReason.PREVIOUS_TARGET)
    waiting = trade.break_even or BreakEven()
    if waiting.stop is not None or waiting.due:
        return trade
    return replace(trade, break_even=replace(waiting, due=True))
