"""What one price does to a pending trade: it is entered, cancelled, or goes on waiting (§20).

Pure: the same trade and price give the same answer live, in replay and in catch-up.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.entries import entered
from engine.events import TradeCancelled, TradeOpened
from engine.exits import Moment
from engine.fills import slipped
from engine.instrument import Instrument
from engine.model import (
    CancelReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    PriceModel,
    Trade,
    TradeStatus,
)
from engine.money import ZERO
from engine.pnl import fee

Entry = TradeOpened | TradeCancelled


def at_price(
    trade: Trade, moment: Moment, instrument: Instrument, available: Decimal
) -> tuple[Trade, Sequence[Entry]]:
    """Let one price work on a pending trade.

    Args:
        trade: Pending.
        moment: The price and its time.
        instrument: Supplies the price grid.
        available: What the account could pay on top of what is set aside, quote.

    Returns:
        The trade as it stands afterwards, and what happened: one event, or none.
    """
    if expired := expired_at(trade, moment.time_ms):
        return expired.trade, [expired]
    reason = _forestalled(trade, moment.price)
    if reason is None and not entry_reached(trade, moment.price):
        return trade, []
    if reason is None:
        opened = _entered(trade, moment, instrument)
        if opened.trade.used + opened.fill.fee <= available + trade.margin:
            return opened.trade, [opened]
        reason = CancelReason.UNAFFORDABLE
    gone = cancelled(trade, reason, moment.time_ms)
    return gone, [TradeCancelled(gone)]


def expired_at(trade: Trade, time_ms: int) -> TradeCancelled | None:
    """Return the end of a pending trade whose time has come, or None."""
    if trade.expires_ms is None or time_ms < trade.expires_ms:
        return None
    return TradeCancelled(cancelled(trade, CancelReason.EXPIRED, trade.expires_ms))


def cancelled(trade: Trade, reason: CancelReason, time_ms: int) -> Trade:
    """Return a pending trade after its end."""
    return replace(
        trade,
        status=TradeStatus.CANCELLED,
        cancel_reason=reason,
        closed_ms=time_ms,
        margin=ZERO,
    )


def entry_reached(trade: Trade, price: Decimal) -> bool:
    """Tell whether a price reaches the entry: a limit from above, a breakout from below."""
    beyond = trade.direction.sign * (price - trade.entry_price)
    return beyond >= 0 if trade.entry_mode is EntryMode.STOP else beyond <= 0


def target_touched(trade: Trade, price: Decimal) -> bool:
    """Tell whether a price reaches the first target, which ends the wait."""
    if not trade.targets:
        return False
    return trade.direction.sign * (price - trade.targets[0].price) >= 0


def _forestalled(trade: Trade, price: Decimal) -> CancelReason | None:
    if target_touched(trade, price):
        return CancelReason.TARGET_FIRST
    breakout = trade.entry_mode is EntryMode.STOP
    if breakout and trade.direction.sign * (price - trade.fixed_stop) <= 0:
        return CancelReason.STOP_FIRST
    return None


def _entered(trade: Trade, moment: Moment, instrument: Instrument) -> TradeOpened:
    """Fill the entry: a limit at its own price as maker, a breakout at the print as taker."""
    rests = trade.entry_mode is EntryMode.LIMIT
    costs = trade.costs
    price = trade.entry_price
    if not rests:
        price = slipped(
            moment.price,
            buying=trade.direction is Direction.LONG,
            costs=costs,
            instrument=instrument,
        )
    fill = Fill(
        kind=FillKind.ENTRY,
        price=price,
        quantity=trade.quantity,
        fee=fee(price, trade.quantity, costs.maker if rests else costs.taker),
        time_ms=moment.time_ms,
        level=trade.entry_price,
        print_price=moment.price,
        trade_id=moment.trade_id,
        model=PriceModel.LEVEL if rests else PriceModel.LAST,
        source=moment.source,
        reference=None if rests else moment.price,
        candle=moment.candle,
        candle_ms=moment.candle_ms,
        reconstructed=moment.trade_id is None,
        ambiguous=moment.ambiguous,
    )
    return TradeOpened(entered(trade, fill), fill)
