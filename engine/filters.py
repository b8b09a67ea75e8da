"""What the exchange would accept: grids, ranges, order values (rules §2).

Every check either passes silently or refuses with a sentence.
"""

from decimal import Decimal

from engine.errors import Refused
from engine.model import Instrument
from engine.money import ceil_to, floor_to, on_grid, plain


def check_price(instrument: Instrument, price: Decimal, name: str) -> None:
    """Check a price that somebody typed; it is never moved silently (rules RND-5, FLT-4).

    Args:
        instrument: Supplies the price grid and range.
        price: Quote per base.
        name: What the price is, for the sentence: "Stop", "Target".

    Raises:
        Refused: If the price is off the grid or out of range.
    """
    if not price.is_finite() or price <= 0:
        raise Refused("price_out_of_range", f"{name} must be a price above 0.")
    if not on_grid(price, instrument.tick):
        below, above = floor_to(price, instrument.tick), ceil_to(price, instrument.tick)
        raise Refused(
            "price_off_tick",
            f"{name} {plain(price)} is off the price grid of {instrument.symbol}: "
            f"take {plain(below)} or {plain(above)}.",
        )
    if instrument.min_price and price < instrument.min_price:
        raise Refused(
            "price_out_of_range",
            f"{name} {plain(price)} is below the lowest price of {instrument.symbol}, "
            f"{plain(instrument.min_price)}.",
        )
    if instrument.max_price and price > instrument.max_price:
        raise Refused(
            "price_out_of_range",
            f"{name} {plain(price)} is above the highest price of {instrument.symbol}, "
            f"{plain(instrument.max_price)}.",
        )


def market_quantity(instrument: Instrument, quantity: Decimal) -> Decimal:
    """Round a market order's quantity down to its grid (rules RND-2, FLT-1)."""
    return floor_to(quantity, instrument.market_step or instrument.step)


def smallest_market_order(instrument: Instrument) -> Decimal:
    """Return the smallest quantity of a market order, base asset; 0 where any will do."""
    return max(instrument.min_quantity, instrument.market_min_quantity)


def check_market_order(instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
    """Check a market order's rounded quantity and value (rules FLT-2, FLT-3).

    Args:
        instrument: Supplies the limits.
        quantity: Base asset, already on the grid.
        price: The desk's reference price for the order's value.

    Raises:
        Refused: If quantity or value lie outside the limits.
    """
    base, quote = instrument.base, instrument.quote
    smallest = smallest_market_order(instrument)
    if quantity <= 0 or quantity < smallest:
        least = smallest or instrument.market_step or instrument.step
        raise Refused(
            "quantity_too_small",
            f"The size comes to {plain(quantity)} {base}; the smallest order is "
            f"{plain(least)} {base}.",
        )
    for largest in (instrument.max_quantity, instrument.market_max_quantity):
        if largest and quantity > largest:
            raise Refused(
                "quantity_too_large",
                f"The size comes to {plain(quantity)} {base}; the largest market order is "
                f"{plain(largest)} {base}.",
            )
    notional = price * quantity
    if notional < instrument.min_notional:
        raise Refused(
            "below_notional",
            f"The order is worth {plain(notional)} {quote}; the exchange minimum is "
            f"{plain(instrument.min_notional)} {quote}.",
        )
    if instrument.max_notional and notional > instrument.max_notional:
        raise Refused(
            "above_notional",
            f"The order is worth {plain(notional)} {quote}; the exchange maximum is "
            f"{plain(instrument.max_notional)} {quote}.",
        )
