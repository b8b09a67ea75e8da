"""What the exchange would accept: grids, ranges, order values (rules §2).

Every check either passes silently or refuses with a sentence.
"""

from decimal import Decimal
from typing import NamedTuple

from engine.errors import Refused
from engine.instrument import Instrument
from engine.money import MONEY_UNIT, ceil_to, floor_to, on_grid, plain

LARGEST = Decimal("92233720368.54775807")
"""No number that the exchange or the ledger handles is larger (rules NUM-4)."""
DECIMALS = 8
"""More decimals than these no price, quantity or rate has (rules NUM-4)."""


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
    if price > LARGEST:
        raise Refused("price_out_of_range", f"{name} is larger than any price can be.")
    if not on_grid(price, instrument.tick):
        below, above = floor_to(price, instrument.tick), ceil_to(price, instrument.tick)
        offered = f"{plain(below)} or {plain(above)}" if below else plain(above)
        raise Refused(
            "price_off_tick",
            f"{name} {plain(price)} is off the price grid of {instrument.symbol}: "
            f"take {offered}.",
        )
    check_precision(price, name)
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


def check_precision(number: Decimal, name: str) -> None:
    """Check that a number can be stored exactly (rules NUM-4).

    Raises:
        Refused: If it has more than eight decimals.
    """
    if number != round(number, DECIMALS):
        raise Refused("too_precise", f"{name} has more than {DECIMALS} decimals.")


def market_quantity(instrument: Instrument, quantity: Decimal) -> Decimal:
    """Round a market order's quantity down to its grid (rules RND-2, FLT-1)."""
    return floor_to(quantity, market_step(instrument))


def limit_quantity(instrument: Instrument, quantity: Decimal) -> Decimal:
    """Round a limit order's quantity down to its grid (rules RND-2, FLT-1)."""
    return floor_to(quantity, limit_step(instrument))


def market_step(instrument: Instrument) -> Decimal:
    """Return the quantity grid of market orders, base asset (rules FLT-1)."""
    return instrument.market_step or limit_step(instrument)


def limit_step(instrument: Instrument) -> Decimal:
    """Return the quantity grid of limit orders, base asset; never 0, as nothing is finer."""
    return instrument.step or MONEY_UNIT


def smallest_market_order(instrument: Instrument) -> Decimal:
    """Return the smallest quantity of a market order, base asset; 0 where any will do."""
    return max(instrument.min_quantity, instrument.market_min_quantity)


class _Bounds(NamedTuple):
    """What a kind of order may be in size; 0 switches a bound off."""

    kind: str
    step: Decimal
    smallest: Decimal
    largest: tuple[Decimal, ...]


def check_market_order(instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
    """Check a market order's rounded quantity and value (rules FLT-2, FLT-3).

    Args:
        instrument: Supplies the limits.
        quantity: Base asset, already on the grid.
        price: The desk's reference price for the order's value.

    Raises:
        Refused: If quantity or value lie outside the limits.
    """
    largest = (instrument.max_quantity, instrument.market_max_quantity)
    bounds = _Bounds(
        "market", market_step(instrument), smallest_market_order(instrument), largest
    )
    _check_quantity(instrument, quantity, bounds)
    _check_notional(instrument, price * quantity)


def check_limit_order(instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
    """Check a limit order's rounded quantity and value (rules FLT-2, FLT-3).

    Args:
        instrument: Supplies the limits.
        quantity: Base asset, already on the grid.
        price: The order's own.

    Raises:
        Refused: If quantity or value lie outside the limits.
    """
    bounds = _Bounds(
        "limit", limit_step(instrument), instrument.min_quantity, (instrument.max_quantity,)
    )
    _check_quantity(instrument, quantity, bounds)
    _check_notional(instrument, price * quantity)


def _check_quantity(instrument: Instrument, quantity: Decimal, bounds: _Bounds) -> None:
    base = instrument.base
    if quantity <= 0 or quantity < bounds.smallest:
        least = bounds.smallest or bounds.step
        raise Refused(
            "quantity_too_small",
            f"The size comes to {plain(quantity)} {base}; the smallest order is "
            f"{plain(least)} {base}.",
        )
    for largest in bounds.largest:
        if largest and quantity > largest:
            raise Refused(
                "quantity_too_large",
                f"The size comes to {plain(quantity)} {base}; the largest {bounds.kind} order "
                f"is {plain(largest)} {base}.",
            )


def _check_notional(instrument: Instrument, notional: Decimal) -> None:
    quote = instrument.quote
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
    if notional > LARGEST:
        raise Refused("too_large", f"The order is worth more than {plain(LARGEST)} {quote}.")
