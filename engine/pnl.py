"""Profit and loss: fees, results, break-even, R (rules §§4–6, 11).

Pure formulas on exact decimals. Each money component is rounded once, to 0.00000001 quote.
"""

from collections.abc import Iterable
from decimal import Decimal

from engine.instrument import Instrument
from engine.model import Direction, Fill, FillKind, Trade
from engine.money import ONE, ZERO, ceil_to, floor_to, money


def in_favour(value: Decimal, tick: Decimal, direction: Direction) -> Decimal:
    """Round a computed stop or target to the price grid in the trader's favour (RND-3)."""
    return ceil_to(value, tick) if direction is Direction.LONG else floor_to(value, tick)


def fee(price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    """Return the fee of one fill in quote; a negative rate is a rebate (rules FEE-1)."""
    return money(price * quantity * rate)


def released_cost(cost: Decimal, quantity: Decimal, closing: Decimal) -> Decimal:
    """Return the part of a cost pool that closing some of the quantity frees (PRT-1).

    Args:
        cost: Cost of the open quantity, quote.
        quantity: Open quantity, base.
        closing: Quantity being closed, at most *quantity*.
    """
    return cost if closing == quantity else money(cost * closing / quantity)


def gross(
    direction: Direction, released: Decimal, price: Decimal, quantity: Decimal
) -> Decimal:
    """Return the result of one closing fill before fees, quote (rules PNL-1, PRT-1).

    Args:
        direction: Of the trade.
        released: Cost that the fill frees, quote.
        price: Fill price.
        quantity: Filled quantity, base.
    """
    return money(direction.sign * (price * quantity - released))


def unrealised(
    direction: Direction, cost: Decimal, price: Decimal, quantity: Decimal
) -> Decimal:
    """Return what the open quantity would bring at *price*, before fees (rules MARK-1)."""
    return gross(direction, cost, price, quantity)


def open_cost(direction: Direction, fills: Iterable[Fill]) -> Decimal:
    """Re-add the cost pool of what is still open from a trade's fills, exactly.

    The pool may have more digits than money has, so it is derived, never stored.
    """
    cost, quantity = ZERO, ZERO
    for fill in fills:
        if fill.kind is FillKind.ENTRY:
            cost += fill.price * fill.quantity
            quantity += fill.quantity
        else:
            cost -= released_cost(cost, quantity, fill.quantity)
            quantity -= fill.quantity
    return cost


def open_entry_fee(fills: Iterable[Fill]) -> Decimal:
    """Return the part of a trade's entry fee that no closing fill has released (PRT-2)."""
    pool, quantity = ZERO, ZERO
    for fill in fills:
        if fill.kind is FillKind.ENTRY:
            pool += fill.fee
            quantity += fill.quantity
        else:
            pool -= released_cost(pool, quantity, fill.quantity)
            quantity -= fill.quantity
    return pool


def realised(trade: Trade) -> Decimal:
    """Return the net result of what is closed of a trade, quote (rules PRT-2)."""
    return trade.net + open_entry_fee(trade.fills)


def net_of_last(trade: Trade) -> Decimal:
    """Return the net result of a trade's last fill, a closing one, quote (rules PRT-2).

    Its own fee and its share of the entry fee are paid.
    """
    fill = trade.fills[-1]
    share = open_entry_fee(trade.fills[:-1]) - open_entry_fee(trade.fills)
    return fill.gross - fill.fee - share


def break_even(
    direction: Direction,
    entry: Decimal,
    fee_in: Decimal,
    fee_out: Decimal,
    instrument: Instrument,
) -> Decimal:
    """Return the exit price at which both fees are just paid, on the grid (rules BE-1)."""
    exact = break_even_exact(direction, entry, fee_in, fee_out)
    return in_favour(exact, instrument.tick, direction)


def break_even_exact(
    direction: Direction, entry: Decimal, fee_in: Decimal, fee_out: Decimal
) -> Decimal:
    """Return the exit price at which both fees are just paid, before rounding (BE-1)."""
    sign = direction.sign
    return entry * (ONE + sign * fee_in) / (ONE - sign * fee_out)


def break_even_of(trade: Trade, tick: Decimal) -> Decimal:
    """Return the price at which closing the rest makes the whole trade cost nothing (BE-1).

    What parts have earned, all fees and funding are counted; the exit is a taker.

    Args:
        trade: Open.
        tick: Price grid.
    """
    sign = trade.direction.sign
    needed = trade.cost + sign * (trade.fees - trade.gross - trade.funding)
    exact = needed / (trade.quantity * (ONE - sign * trade.costs.taker))
    return in_favour(exact, tick, trade.direction)


def initial_risk(trade: Trade) -> Decimal:
    """Return one R in quote: |entry - first stop| · opened quantity (rules RM-1)."""
    return abs(trade.entry_price - trade.initial_stop) * trade.initial_quantity


def r_multiple(trade: Trade, net: Decimal) -> Decimal | None:
    """Return *net* in R, or None where the trade has no risk distance (rules RM-1)."""
    risk = initial_risk(trade)
    return net / risk if risk else None


def reward_risk(entry: Decimal, stop: Decimal, target: Decimal) -> Decimal:
    """Return planned reward over risk, before fees (rules RM-2); 0 without a risk."""
    risk = abs(entry - stop)
    return abs(target - entry) / risk if risk else ZERO


def favourable_move(trade: Trade) -> Decimal:
    """Return the best move from the entry so far as a fraction of it (rules ST-8, MFE)."""
    return (
        max(ZERO, trade.direction.sign * (trade.best - trade.entry_price)) / trade.entry_price
    )


def adverse_move(trade: Trade) -> Decimal:
    """Return the worst move from the entry so far as a fraction of it (rules ST-8, MAE)."""
    return (
        max(ZERO, trade.direction.sign * (trade.entry_price - trade.worst)) / trade.entry_price
    )
