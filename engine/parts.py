"""How much of a trade an order to close takes, and what that part would bring (rules §11).

Pure: the question on the screen and the book give the same answer.
"""

from decimal import Decimal
from typing import NamedTuple

from engine.commands import CloseTrade
from engine.errors import Refused
from engine.fills import slipped
from engine.filters import market_quantity, smallest_market_order
from engine.instrument import Instrument
from engine.model import Direction, Market, Trade
from engine.money import plain
from engine.pnl import fee, gross, open_entry_fee, released_cost


class Part(NamedTuple):
    """A part of a trade, as it would be closed now."""

    quantity: Decimal
    """Base asset, on the quantity grid."""
    net: Decimal
    """Expected result with the exit fee and its share of the entry fee paid, quote."""


def closing_quantity(
    trade: Trade, order: CloseTrade, price: Decimal, instrument: Instrument
) -> Decimal:
    """Return the quantity that an order closes, base asset (rules PRT-3).

    It is never more than what is open, and all of it where the rest could not be sold.

    Args:
        trade: As it stands.
        order: Asks for a fraction of what is open, a quantity, or all.
        price: At which the part would be filled.
        instrument: Supplies the quantity grid and the smallest order.

    Raises:
        Refused: If that is no part, or one too small to be an order.
    """
    wanted = _wanted(trade, order)
    if wanted >= trade.quantity:
        return trade.quantity
    part = market_quantity(instrument, wanted)
    if refusal := _too_small(trade, part, price, instrument):
        raise refusal
    rest = trade.quantity - part
    return trade.quantity if _too_small(trade, rest, price, instrument) else part


def expected(trade: Trade, order: CloseTrade, mark: Decimal, instrument: Instrument) -> Part:
    """Work out what an order to close would do if the market offered *mark*.

    Raises:
        Refused: If the order asks for no part that can be closed.
    """
    costs = trade.costs
    buying = trade.direction is Direction.SHORT
    price = slipped(mark, buying=buying, costs=costs, instrument=instrument)
    quantity = closing_quantity(trade, order, price, instrument)
    released = released_cost(trade.cost, trade.quantity, quantity)
    entry_fee = released_cost(open_entry_fee(trade.fills), trade.quantity, quantity)
    result = gross(trade.direction, released, price, quantity)
    return Part(quantity, result - fee(price, quantity, costs.taker) - entry_fee)


def _wanted(trade: Trade, order: CloseTrade) -> Decimal:
    fraction, quantity = order.fraction, order.quantity
    if fraction is not None and quantity is not None:
        raise _refused(trade, "bad_part", "Give a fraction or a quantity to close, not both.")
    if fraction is not None:
        if not fraction.is_finite() or not 0 < fraction <= 1:
            raise _refused(
                trade, "bad_fraction", "The fraction to close must be above 0 and at most 1."
            )
        return fraction * trade.quantity
    if quantity is not None:
        if not quantity.is_finite() or quantity <= 0:
            raise _refused(trade, "bad_quantity", "The quantity to close must be above 0.")
        return quantity
    return trade.quantity


def _too_small(
    trade: Trade, quantity: Decimal, price: Decimal, instrument: Instrument
) -> Refused | None:
    """Return why a quantity cannot be sold alone; on futures any value can (rules FLT-3)."""
    smallest = smallest_market_order(instrument)
    if quantity <= 0 or quantity < smallest:
        least = smallest or instrument.market_step or instrument.step
        return _refused(
            trade,
            "quantity_too_small",
            f"That part comes to {plain(quantity)} {instrument.base}; the smallest order is "
            f"{plain(least)} {instrument.base}.",
        )
    notional = price * quantity
    if trade.market is Market.SPOT and notional < instrument.min_notional:
        return _refused(
            trade,
            "below_notional",
            f"That part is worth {plain(notional)} {instrument.quote}; the exchange minimum "
            f"is {plain(instrument.min_notional)} {instrument.quote}.",
        )
    return None


def _refused(trade: Trade, code: str, sentence: str) -> Refused:
    return Refused(code, sentence, trade_id=trade.id)
