"""When and at which price a trade, or a part of it, closes (rules FILL-3 to FILL-5, §11).

Pure: the same trade and print give the same answer live, in replay and in catch-up.
"""

from dataclasses import replace
from decimal import Decimal

from engine.commands import CloseTrade
from engine.fills import market_price, slipped
from engine.model import (
    CloseReason,
    Direction,
    Fill,
    FillKind,
    Instrument,
    PriceModel,
    Source,
    Tick,
    Trade,
)
from engine.parts import closing_quantity
from engine.pnl import fee, gross, released_cost


def exit_due(trade: Trade, price: Decimal) -> CloseReason | None:
    """Say which level a print reaches: the stop first, then the target; equality counts."""
    sign = trade.direction.sign
    if sign * (price - trade.stop) <= 0:
        return CloseReason.STOP
    if sign * (price - trade.targets[-1].price) >= 0:
        return CloseReason.TARGET
    return None


def exit_fill(
    trade: Trade,
    reason: CloseReason,
    observed: Decimal,
    instrument: Instrument,
    *,
    time_ms: int,
    source: Source,
    trade_id: int | None = None,
    ambiguous: bool = False,
) -> Fill:
    """Price the fill of a level that the market has reached.

    A stop is a market order: it fills at the observed price itself, gap and all, then slippage.
    A target is a resting order: it fills at its own price as maker.

    Args:
        trade: Before the fill.
        reason: Which level.
        observed: The print that reached it; of a candle, its open or the level itself.
        instrument: Supplies the price grid.
        time_ms: Exchange time, milliseconds UTC.
        source: How the desk learned of it.
        trade_id: Aggregate-trade id of the print; None makes the fill a reconstructed one.
        ambiguous: Whether finer data could have shown another order of events.
    """
    costs = trade.costs
    if reason is CloseReason.STOP:
        level, kind, model, rate = trade.stop, FillKind.STOP, PriceModel.LAST, costs.taker
        buying = trade.direction is Direction.SHORT
        price = slipped(observed, buying=buying, rate=costs.slippage, instrument=instrument)
    else:
        level, kind, rate = trade.targets[-1].price, FillKind.TARGET, costs.maker
        price = observed if costs.targets_at_print else level
        model = PriceModel.LAST if costs.targets_at_print else PriceModel.LEVEL
    return Fill(
        kind=kind,
        price=price,
        quantity=trade.quantity,
        fee=fee(price, trade.quantity, rate),
        gross=_gross(trade, price, trade.quantity),
        time_ms=time_ms,
        level=level,
        print_price=observed,
        trade_id=trade_id,
        model=model,
        source=source,
        reconstructed=trade_id is None,
        ambiguous=ambiguous,
    )


def closed_at_print(trade: Trade, tick: Tick, instrument: Instrument) -> tuple[Trade, Fill]:
    """Return a finished trade and its last fill; *tick* reaches one of its levels."""
    reason = exit_due(trade, tick.price)
    assert reason is not None  # the level index names only trades with a level reached
    fill = exit_fill(
        trade,
        reason,
        tick.price,
        instrument,
        time_ms=tick.time_ms,
        source=tick.source,
        trade_id=tick.trade_id,
    )
    return closed_by(trade, fill, reason), fill


def closed_by_hand(
    trade: Trade, order: CloseTrade, instrument: Instrument
) -> tuple[Trade, Fill]:
    """Return a trade after an order to close it, or a part of it, at the market; and its fill.

    Raises:
        Refused: If there is no fresh price, or the part cannot be an order.
    """
    quote = order.quote
    price, model = market_price(
        quote,
        buying=trade.direction is Direction.SHORT,
        costs=trade.costs,
        instrument=instrument,
    )
    assert quote is not None  # market_price refuses without one
    quantity = closing_quantity(trade, order, price, instrument)
    fill = Fill(
        kind=FillKind.MANUAL,
        price=price,
        quantity=quantity,
        fee=fee(price, quantity, trade.costs.taker),
        gross=_gross(trade, price, quantity),
        time_ms=quote.time_ms,
        print_price=quote.last,
        trade_id=quote.last_trade_id,
        model=model,
        source=Source.MANUAL,
    )
    if quantity < trade.quantity:
        return _reduced_by(trade, fill), fill
    return closed_by(trade, fill, CloseReason.MANUAL), fill


def closed_by(trade: Trade, fill: Fill, reason: CloseReason) -> Trade:
    """Return the finished trade after its last fill."""
    filled = reason is CloseReason.TARGET
    return replace(
        _after(trade, fill),
        status=reason.status,
        close_reason=reason,
        targets=tuple(replace(t, filled=True) for t in trade.targets)
        if filled
        else trade.targets,
        closed_ms=fill.time_ms,
        exit_price=fill.price,
    )


def _reduced_by(trade: Trade, fill: Fill) -> Trade:
    """Return the trade after the fill of a part; its target closes what is left."""
    left = trade.quantity - fill.quantity
    targets = tuple(replace(target, quantity=left) for target in trade.targets)
    return replace(_after(trade, fill), targets=targets)


def _after(trade: Trade, fill: Fill) -> Trade:
    """Take a closing fill out of what is open and add its result."""
    return replace(
        trade,
        quantity=trade.quantity - fill.quantity,
        cost=trade.cost - released_cost(trade.cost, trade.quantity, fill.quantity),
        gross=trade.gross + fill.gross,
        fees=trade.fees + fill.fee,
        fills=(*trade.fills, fill),
    )


def _gross(trade: Trade, price: Decimal, quantity: Decimal) -> Decimal:
    released = released_cost(trade.cost, trade.quantity, quantity)
    return gross(trade.direction, released, price, quantity)
