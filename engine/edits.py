"""How the trader changes the exits of an active trade (rules §21).

Law: an edit either leaves a trade that goes on, or it is refused and nothing has changed.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.commands import EditTrade, Removed, TargetOrder, TrailOrder
from engine.entry_price import check_sides
from engine.errors import Refused
from engine.filters import check_precision, check_price
from engine.instrument import Instrument
from engine.ladder import laddered
from engine.margin import (
    initial_margin,
    liquidation_of,
    liquidation_shown,
    stop_behind_liquidation,
)
from engine.model import EntryMode, Market, Quote, Trade, TradeStatus
from engine.money import plain
from engine.moving import after_price, followed, started
from engine.planning import check_span
from engine.resolve import Anchor, break_even_of, price_of, trailing_of
from engine.stops import StopReason, Trailing


def edited(trade: Trade, order: EditTrade, instrument: Instrument, available: Decimal) -> Trade:
    """Return a trade as an edit leaves it.

    Args:
        trade: Active, as it stands after the last print.
        order: What is to change.
        instrument: Supplies the price grid and the margin table.
        available: What the account could add to the margin, quote.

    Raises:
        Refused: If it makes no sense, would close the trade at once, or widens the stop
            without saying so.
    """
    changed = _with_stop(trade, order, instrument)
    changed = _with_targets(changed, order.targets, order, instrument)
    if trade.status is TradeStatus.PENDING:
        levels = [target.price for target in changed.targets]
        check_sides(trade.direction, trade.entry_price, changed.stop, levels)
    changed = _with_trailing(changed, order, instrument)
    changed = _with_break_even(changed, order, instrument)
    if order.after_target is not None:
        changed = replace(changed, after_target=order.after_target)
    changed = _with_hold(changed, order.hold_ms)
    changed = _with_margin(changed, order.add_margin, available)
    if changed == trade:
        raise _refused(trade, "nothing_to_change", "That would change nothing.")
    if changed.status is TradeStatus.OPEN and order.break_even is not None:
        changed = after_price(changed, _last(trade, order.quote), instrument)
    _check(trade, changed, order, instrument)
    return changed


def undone(trade: Trade, before: Trade, quote: Quote | None, instrument: Instrument) -> Trade:
    """Return a trade with its exits as they were before its last edit.

    Args:
        trade: Active, as it stands after the last print.
        before: The same trade before the edit; nothing has filled since.
        quote: The market at this moment.
        instrument: Supplies the margin table.

    Raises:
        Refused: If that would close the trade at once.
    """
    trailing = before.trailing
    if trailing and trailing.best is not None:
        # A stop that was taken away did not follow; a new best of the trade came since.
        best = trade.trailing.best if trade.trailing else trade.best
        if best is not None and (trade.trailing or trade.best != before.best):
            trailing = followed(trailing, trade.direction, best)
    restored = replace(
        trade,
        initial_stop=before.initial_stop,
        fixed_stop=before.fixed_stop,
        fixed_reason=before.fixed_reason,
        targets=before.targets,
        after_target=before.after_target,
        trailing=trailing,
        break_even=before.break_even,
        hold_ms=before.hold_ms,
        margin=before.margin,
    )
    _check_goes_on(restored, quote)
    _check_liquidation(restored, quote, instrument)
    return restored


# -- one thing at a time ----------------------------------------------------------------------


def _with_stop(trade: Trade, order: EditTrade, instrument: Instrument) -> Trade:
    if order.stop is None:
        return trade
    check_price(instrument, order.stop, "Stop")
    if trade.status is TradeStatus.PENDING:
        return replace(trade, initial_stop=order.stop, fixed_stop=order.stop)
    first = order.stop == trade.initial_stop
    reason = StopReason.INITIAL if first else StopReason.MOVED
    return replace(trade, fixed_stop=order.stop, fixed_reason=reason)


def _with_targets(
    trade: Trade,
    asked: Sequence[TargetOrder] | None,
    order: EditTrade,
    instrument: Instrument,
) -> Trade:
    if asked is None:
        return trade
    done = tuple(target for target in trade.targets if target.filled)
    anchor = _anchor(trade, order, instrument)
    levels = [
        (
            None
            if one.price is None
            else price_of(one.price, anchor, favourable=True, name="Target"),
            one.fraction,
        )
        for one in asked
    ]
    if all(price is None for price, _ in levels):
        return replace(trade, targets=done)
    ladder, _ = laddered(levels, trade.quantity, instrument, direction=trade.direction)
    return replace(trade, targets=(*done, *ladder))


def _with_trailing(trade: Trade, order: EditTrade, instrument: Instrument) -> Trade:
    if order.trailing is None:
        return trade
    if isinstance(order.trailing, Removed):
        return replace(trade, trailing=None)
    return replace(trade, trailing=_trailing(trade, order.trailing, order, instrument))


def _trailing(
    trade: Trade, asked: TrailOrder, order: EditTrade, instrument: Instrument
) -> Trailing:
    trailing = trailing_of(asked, _anchor(trade, order, instrument))
    if trade.status is TradeStatus.PENDING:
        return trailing
    last = _last(trade, order.quote)
    if trailing.activation is None:
        return started(trailing, trade.direction, last)
    return followed(trailing, trade.direction, last)


def _with_break_even(trade: Trade, order: EditTrade, instrument: Instrument) -> Trade:
    if order.break_even is None:
        return trade
    if isinstance(order.break_even, Removed):
        return replace(trade, break_even=None)
    asked = break_even_of(order.break_even, _anchor(trade, order, instrument))
    return replace(trade, break_even=asked)


def _anchor(trade: Trade, order: EditTrade, instrument: Instrument) -> Anchor:
    return Anchor(
        entry=trade.entry_price,
        stop=trade.initial_stop,
        direction=trade.direction,
        atr=order.atr,
        instrument=instrument,
    )


def _with_hold(trade: Trade, hold_ms: int | Removed | None) -> Trade:
    if hold_ms is None:
        return trade
    if isinstance(hold_ms, Removed):
        return replace(trade, hold_ms=None)
    check_span(hold_ms, "time stop")
    return replace(trade, hold_ms=hold_ms)


def _with_margin(trade: Trade, added: Decimal | None, available: Decimal) -> Trade:
    if added is None:
        return trade
    if trade.market is not Market.FUTURES or trade.status is not TradeStatus.OPEN:
        raise _refused(trade, "no_margin", "Only an open futures trade has a margin to change.")
    check_precision(added, "The margin")
    if not added.is_finite() or added > available:
        raise _refused(
            trade, "insufficient", f"{plain(available)} is available to add to the margin."
        )
    least = initial_margin(trade.cost, trade.leverage)
    if added < 0 and trade.margin + added < least:
        raise _refused(
            trade,
            "insufficient",
            f"The margin can be taken back down to {plain(least)}, what the trade needs.",
        )
    return replace(trade, margin=trade.margin + added)


# -- what must hold afterwards ----------------------------------------------------------------


def _check(trade: Trade, changed: Trade, order: EditTrade, instrument: Instrument) -> None:
    sign = trade.direction.sign
    if order.stop is not None and changed.stop != order.stop:
        raise _refused(
            trade,
            "tighter_stop",
            f"The {changed.stop_reason.replace('_', '-')} stop at {plain(changed.stop)} is "
            "tighter and stays in force; change or remove that one.",
        )
    widened = sign * (changed.stop - trade.stop) < 0
    if widened and not order.widen and trade.status is TradeStatus.OPEN:
        raise _refused(
            trade,
            "stop_wider",
            f"That moves the stop away from the market, from {plain(trade.stop)} to "
            f"{plain(changed.stop)}; allow a wider stop if you mean it (--widen, ctrl+w).",
        )
    if order.stop is not None or order.add_margin is not None:
        _check_liquidation(changed, order.quote, instrument)
    if _touches_market(order):
        _check_goes_on(changed, order.quote)


def _check_liquidation(trade: Trade, quote: Quote | None, instrument: Instrument) -> None:
    """Check that a futures trade lives, and that its stop comes before its liquidation."""
    line = liquidation_of(trade, instrument)
    if line is None:
        return
    shown = plain(liquidation_shown(line, trade.direction, instrument) or line)
    if trade.direction.sign * (_last(trade, quote) - line) <= 0:
        raise _refused(
            trade,
            "would_close",
            f"With that margin the trade would be liquidated at once, at about {shown}.",
        )
    if stop_behind_liquidation(trade.direction, trade.stop, line):
        raise _refused(
            trade,
            "stop_behind_liquidation",
            f"The stop {plain(trade.stop)} lies behind the liquidation at about {shown}: it "
            "could never work.",
        )


def _touches_market(order: EditTrade) -> bool:
    """Tell whether an edit could close a trade at once."""
    parts = (order.stop, order.targets, order.trailing, order.break_even, order.hold_ms)
    return any(part is not None for part in parts)


def _check_goes_on(trade: Trade, quote: Quote | None) -> None:
    """Check that a trade would not be closed, or entered, by the price that holds now."""
    last, sign = _last(trade, quote), trade.direction.sign
    pending = trade.status is TradeStatus.PENDING
    target = trade.next_target
    if target and sign * (last - target.price) >= 0:
        verb = "end the wait" if pending else "fill"
        raise _refused(
            trade,
            "would_close",
            f"The target {plain(target.price)} would {verb} at once: the market is at "
            f"{plain(last)}.",
        )
    breakout = pending and trade.entry_mode is EntryMode.STOP
    if (breakout or not pending) and sign * (last - trade.stop) <= 0:
        verb = "end the wait" if pending else "close the trade"
        raise _refused(
            trade,
            "would_close",
            f"A stop at {plain(trade.stop)} would {verb} at once: the market is at "
            f"{plain(last)}.",
        )
    late = trade.deadline_ms is not None and quote and quote.time_ms >= trade.deadline_ms
    if late:
        raise _refused(trade, "would_close", "The time stop would close the trade at once.")


def _last(trade: Trade, quote: Quote | None) -> Decimal:
    if quote is None or quote.last is None:
        raise _refused(
            trade, "no_price", f"There is no fresh price for {trade.symbol}; nothing was done."
        )
    return quote.last


def _refused(trade: Trade, code: str, sentence: str) -> Refused:
    return Refused(code, sentence, trade_id=trade.id)
