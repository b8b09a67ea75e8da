"""At which price an order is filled (rules §3).

The touch prices only what the trader does by hand; automatic exits depend on prints alone.
"""

from decimal import Decimal

from engine.costs import Costs
from engine.errors import Refused
from engine.instrument import Instrument
from engine.model import PriceModel, Quote
from engine.money import ceil_to, floor_to


def slipped(
    reference: Decimal, *, buying: bool, costs: Costs, instrument: Instrument
) -> Decimal:
    """Move a taker's price against the trader, on the grid (rules FILL-2, RND-4).

    Args:
        reference: Price before slippage, quote per base.
        buying: Whether the order buys; a buyer pays more, a seller gets less.
        costs: The slippage agreed, as a fraction of the price and an amount; 0 changes nothing.
        instrument: Supplies the price grid.
    """
    if not costs.slippage and not costs.slippage_amount:
        return reference
    tick = instrument.tick
    moved = reference * costs.slippage + costs.slippage_amount
    if buying:
        return max(ceil_to(reference + moved, tick), reference + tick)
    worse = min(floor_to(reference - moved, tick), reference - tick)
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
    reference, model = reference_price(quote, quote.last, buying=buying, costs=costs)
    price = slipped(reference, buying=buying, costs=costs, instrument=instrument)
    return price, model


def reference_price(
    quote: Quote, last: Decimal, *, buying: bool, costs: Costs
) -> tuple[Decimal, PriceModel]:
    """Return what a market order is priced by before slippage, and the model that says so."""
    touch = quote.ask if buying else quote.bid
    if costs.use_touch and touch is not None:
        return touch, PriceModel.TOUCH
    return last, PriceModel.LAST
