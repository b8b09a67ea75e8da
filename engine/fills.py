"""At which price an order is filled (rules §3).

The touch prices only what the trader does by hand; automatic exits depend on prints alone.
"""

from decimal import Decimal

from engine.costs import Costs
from engine.errors import Refused
from engine.model import Instrument, PriceModel, Quote
from engine.money import ONE, ceil_to, floor_to


def slipped(
    reference: Decimal, *, buying: bool, rate: Decimal, instrument: Instrument
) -> Decimal:
    """Move a taker's price against the trader, on the grid (rules FILL-2, RND-4).

    Args:
        reference: Price before slippage, quote per base.
        buying: Whether the order buys; a buyer pays more, a seller gets less.
        rate: Slippage as a fraction of the price; 0 changes nothing.
        instrument: Supplies the price grid.
    """
    if not rate:
        return reference
    tick = instrument.tick
    if buying:
        return max(ceil_to(reference * (ONE + rate), tick), reference + tick)
    worse = min(floor_to(reference * (ONE - rate), tick), reference - tick)
    return worse if worse > 0 else min(reference, tick)


def market_price(
    quote: Quote | None, *, buying: bool, costs: Costs, instrument: Instrument
) -> tuple[Decimal, PriceModel]:
    """Price a market order given by hand: touch if fresh, else last (rules FILL-1).

    Returns:
        The fill price with slippage, and the model that gave the reference.

    Raises:
        Refused: If there is no fresh price at all.
    """
    if quote is None or quote.last is None:
        raise Refused(
            "no_price", f"There is no fresh price for {instrument.symbol}; nothing was done."
        )
    touch = quote.ask if buying else quote.bid
    if costs.use_touch and touch is not None:
        reference, model = touch, PriceModel.TOUCH
    else:
        reference, model = quote.last, PriceModel.LAST
    price = slipped(reference, buying=buying, rate=costs.slippage, instrument=instrument)
    return price, model
