"""How much to buy or sell (rules §7). Results are not yet rounded to the exchange's grid."""

from decimal import Decimal

from engine.commands import Risk, Size, Stake
from engine.errors import Refused


def quantity_for(
    size: Size, *, price: Decimal, stop_fill: Decimal, taker: Decimal, equity: Decimal | None
) -> Decimal:
    """Turn a size rule into base quantity.

    Args:
        size: The trader's rule.
        price: Expected entry price, quote per base.
        stop_fill: Price at which the stop would fill, slippage included.
        taker: Fee rate of entry and stop, a fraction.
        equity: Account equity in quote; needed for `Risk`.

    Raises:
        Refused: If the rule's number makes no sense.
    """
    match size:
        case Stake(amount):
            return quantity_for_stake(amount, price)
        case Risk(fraction):
            if equity is None:
                raise Refused("no_equity", "Equity is not known yet; size by stake instead.")
            return quantity_for_risk(fraction, equity, price, stop_fill, taker)


def quantity_for_stake(amount: Decimal, price: Decimal) -> Decimal:
    """Return what *amount* quote buys at *price* (rules SIZ-1)."""
    if not amount.is_finite() or amount <= 0:
        raise Refused("bad_size", "The stake must be above 0.")
    return amount / price


def quantity_for_risk(
    fraction: Decimal, equity: Decimal, price: Decimal, stop_fill: Decimal, taker: Decimal
) -> Decimal:
    """Return the quantity whose stop-out costs *fraction* of equity, fees included (SIZ-4).

    Raises:
        Refused: If the fraction is not in (0, 1], equity is spent, or nothing is at risk.
    """
    if not fraction.is_finite() or not 0 < fraction <= 1:
        raise Refused("bad_size", "The risk must be above 0 % and at most 100 %.")
    if equity <= 0:
        raise Refused("insufficient", "The account has no equity left to risk.")
    distance = abs(price - stop_fill)
    if not distance:
        raise Refused("no_risk_distance", "The stop is at the entry: there is nothing to risk.")
    return fraction * equity / (distance + price * taker + stop_fill * taker)
