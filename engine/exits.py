"""What one price does to an open trade: stops, targets, time stop (rules FILL-3 to FILL-5).

Pure: the same trade and price give the same answer live, in replay and in catch-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.commands import CloseTrade
from engine.events import Filled, StopMoved, TradeClosed, TradeReduced
from engine.fills import market_price, reference_price, slipped
from engine.instrument import Instrument
from engine.ladder import resized
from engine.model import (
    CloseReason,
    Direction,
    Fill,
    FillKind,
    PriceModel,
    Source,
    Target,
    Tick,
    Trade,
)
from engine.moving import after_price, after_target
from engine.parts import closing_quantity
from engine.pnl import fee, gross, released_cost
from engine.stops import StopReason

Exit = TradeReduced | TradeClosed | StopMoved


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A price that the rules look at: a print, or a point on a candle's path."""

    price: Decimal
    time_ms: int
    """Exchange time, milliseconds UTC."""
    source: Source
    trade_id: int | None = None
    """Aggregate-trade id of the print; None for a point of a candle."""
    candle: str = ""
    """Timeframe of that candle."""
    candle_ms: int | None = None
    """When that candle opened."""
    ambiguous: bool = False
    """Whether finer data could have shown another order of events."""
    on_the_way: bool = False
    """Whether it lies inside a candle: its time is not known, and no time stop acts on it."""
    opens: bool = False
    """Whether it opens a candle: stops follow the favourable extreme, not this (CU-5)."""

    @classmethod
    def of(cls, tick: Tick) -> "Moment":
        """Return the moment that a print is."""
        return cls(
            price=tick.price, time_ms=tick.time_ms, source=tick.source, trade_id=tick.trade_id
        )


def stop_reached(trade: Trade, price: Decimal) -> bool:
    """Tell whether a price reaches the stop in force; equality counts."""
    return trade.direction.sign * (price - trade.stop) <= 0


def target_reached(trade: Trade, price: Decimal) -> bool:
    """Tell whether a price reaches the next target; equality counts."""
    target = trade.next_target
    return target is not None and trade.direction.sign * (price - target.price) >= 0


def at_price(
    trade: Trade, moment: Moment, instrument: Instrument
) -> tuple[Trade, Sequence[Exit]]:
    """Let one price work on an open trade: stop, targets, time stop, then moving stops.

    Returns:
        The trade as it stands afterwards, perhaps finished, and what happened in order.
    """
    if stop_reached(trade, moment.price):
        closed = _stopped(trade, moment, instrument)
        return closed.trade, [closed]
    events: list[Exit] = []
    stood = trade.stop
    while trade.quantity and target_reached(trade, moment.price):
        event = _target_filled(trade, moment)
        events.append(event)
        trade = event.trade
    if not trade.status.active:
        return trade, events
    if not events and _time_is_up(trade, moment):
        closed = _timed_out(trade, moment, instrument)
        return closed.trade, [closed]
    if not moment.opens:
        trade = after_price(trade, moment.price, instrument)
    if trade.stop != stood and trade.stop_reason is not StopReason.TRAILING:
        events.append(StopMoved(trade))
    return trade, events


def _time_is_up(trade: Trade, moment: Moment) -> bool:
    deadline_ms = trade.deadline_ms
    return deadline_ms is not None and moment.time_ms >= deadline_ms and not moment.on_the_way


def closed_by_hand(trade: Trade, order: CloseTrade, instrument: Instrument) -> Filled:
    """Return what an order to close a trade, or a part of it, at the market does.

    Raises:
        Refused: If there is no fresh price, or the part cannot be an order.
    """
    quote, costs = order.quote, trade.costs
    buying = trade.direction is Direction.SHORT
    price, model = market_price(quote, buying=buying, costs=costs, instrument=instrument)
    assert quote is not None  # market_price refuses without one
    assert quote.last is not None
    quantity = closing_quantity(trade, order, price, instrument)
    fill = Fill(
        kind=FillKind.MANUAL,
        price=price,
        quantity=quantity,
        fee=fee(price, quantity, costs.taker),
        gross=_gross(trade, price, quantity),
        time_ms=quote.time_ms,
        print_price=quote.last,
        trade_id=quote.last_trade_id,
        model=model,
        source=Source.MANUAL,
        reference=reference_price(quote, quote.last, buying=buying, costs=costs)[0],
    )
    if quantity == trade.quantity:
        return TradeClosed(finished(trade, fill, order.reason), fill)
    left = _after(trade, fill)
    targets = resized(trade.targets, trade.quantity, left.quantity, instrument)
    return TradeReduced(replace(left, targets=targets), fill)


def finished(trade: Trade, fill: Fill, reason: CloseReason) -> Trade:
    """Return a trade after its last fill."""
    return replace(
        _after(trade, fill),
        status=reason.status,
        close_reason=reason,
        closed_ms=fill.time_ms,
        exit_price=fill.price,
    )


# -- fills --------------------------------------------------------------------------------


_REASONS = {
    StopReason.TRAILING: CloseReason.TRAILING_STOP,
    StopReason.BREAK_EVEN: CloseReason.BREAK_EVEN_STOP,
}


def _stopped(trade: Trade, moment: Moment, instrument: Instrument) -> TradeClosed:
    fill = _market_exit(trade, moment, instrument, FillKind.STOP, level=trade.stop)
    reason = _REASONS.get(trade.stop_reason, CloseReason.STOP)
    return TradeClosed(finished(trade, fill, reason), fill)


def _timed_out(trade: Trade, moment: Moment, instrument: Instrument) -> TradeClosed:
    fill = _market_exit(trade, moment, instrument, FillKind.TIME, level=None)
    return TradeClosed(finished(trade, fill, CloseReason.TIME_STOP), fill)


def _market_exit(
    trade: Trade,
    moment: Moment,
    instrument: Instrument,
    kind: FillKind,
    *,
    level: Decimal | None,
) -> Fill:
    """Sell or buy all back as a market order: at the price seen, gap and all, then slippage."""
    price = slipped(
        moment.price,
        buying=trade.direction is Direction.SHORT,
        costs=trade.costs,
        instrument=instrument,
    )
    return Fill(
        kind=kind,
        price=price,
        quantity=trade.quantity,
        fee=fee(price, trade.quantity, trade.costs.taker),
        gross=_gross(trade, price, trade.quantity),
        time_ms=moment.time_ms,
        level=level,
        print_price=moment.price,
        trade_id=moment.trade_id,
        model=PriceModel.LAST,
        source=moment.source,
        reference=moment.price,
        candle=moment.candle,
        candle_ms=moment.candle_ms,
        reconstructed=moment.trade_id is None,
        ambiguous=moment.ambiguous,
    )


def _target_filled(trade: Trade, moment: Moment) -> TradeReduced | TradeClosed:
    """Fill the next target, a resting order: at its own price as maker."""
    target, costs = trade.next_target, trade.costs
    assert target is not None  # the caller has looked
    price = moment.price if costs.targets_at_print else target.price
    quantity = min(target.quantity, trade.quantity)
    fill = Fill(
        kind=FillKind.TARGET,
        price=price,
        quantity=quantity,
        fee=fee(price, quantity, costs.maker),
        gross=_gross(trade, price, quantity),
        time_ms=moment.time_ms,
        level=target.price,
        print_price=moment.price,
        trade_id=moment.trade_id,
        model=PriceModel.LAST if costs.targets_at_print else PriceModel.LEVEL,
        source=moment.source,
        candle=moment.candle,
        candle_ms=moment.candle_ms,
        reconstructed=moment.trade_id is None,
        ambiguous=moment.ambiguous,
    )
    ticked = replace(trade, targets=_ticked_off(trade.targets, target))
    if quantity == trade.quantity:
        return TradeClosed(finished(ticked, fill, CloseReason.TARGET), fill)
    return TradeReduced(after_target(_after(ticked, fill)), fill)


def _ticked_off(targets: Sequence[Target], done: Target) -> tuple[Target, ...]:
    return tuple(replace(t, filled=True) if t is done else t for t in targets)


def _after(trade: Trade, fill: Fill) -> Trade:
    """Take a closing fill out of what is open and add its result."""
    closing, quantity = fill.quantity, trade.quantity
    return replace(
        trade,
        quantity=quantity - closing,
        cost=trade.cost - released_cost(trade.cost, quantity, closing),
        margin=trade.margin - released_cost(trade.margin, quantity, closing),
        gross=trade.gross + fill.gross,
        fees=trade.fees + fill.fee,
        fills=(*trade.fills, fill),
    )


def _gross(trade: Trade, price: Decimal, quantity: Decimal) -> Decimal:
    released = released_cost(trade.cost, trade.quantity, quantity)
    return gross(trade.direction, released, price, quantity)
