"""The path that prices are taken to have gone through a candle (rules §13).

Only for times of which no prints can be had. The path is open, adverse extreme, favourable
extreme, close: the trader never gets the benefit of the doubt. The step to the open is a jump;
behind it prices move without gaps, so that a level on the way fills at its own price.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.exits import closed_by, exit_due, exit_fill
from engine.model import Candle, CloseReason, Direction, Fill, Instrument, Source, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exit:
    """Where on a candle's path a trade is left."""

    reason: CloseReason
    observed: Decimal
    """The price that met the level: the open for a jump, else the level itself."""
    time_ms: int
    """The candle's open for a jump, else its close: when inside it happened is unknown."""
    ambiguous: bool
    """Whether prints might have shown that the other level was first."""
    seen: tuple[Decimal, ...]
    """Turning points of the path up to the exit."""


def closed_in_candle(
    trade: Trade, candle: Candle, source: Source, instrument: Instrument
) -> tuple[Trade, Fill]:
    """Return a finished trade and its last fill; *candle* reaches one of its levels."""
    found = _exit_in(trade, candle)
    assert found is not None  # the level index names only trades with a level reached
    fill = exit_fill(
        trade,
        found.reason,
        found.observed,
        instrument,
        time_ms=found.time_ms,
        source=source,
        ambiguous=found.ambiguous,
    )
    return closed_by(having_seen(trade, *found.seen), fill, found.reason), fill


def _exit_in(trade: Trade, candle: Candle) -> _Exit | None:
    if jumped := exit_due(trade, candle.open):
        return _Exit(
            reason=jumped,
            observed=candle.open,
            time_ms=candle.open_ms,
            ambiguous=False,
            seen=(candle.open,),
        )
    long = trade.direction is Direction.LONG
    adverse, favourable = (candle.low, candle.high) if long else (candle.high, candle.low)
    stopped = exit_due(trade, adverse) is CloseReason.STOP
    earned = exit_due(trade, favourable) is CloseReason.TARGET
    if not stopped and not earned:
        return None
    target = trade.targets[-1].price
    return _Exit(
        reason=CloseReason.STOP if stopped else CloseReason.TARGET,
        observed=trade.stop if stopped else target,
        time_ms=candle.close_ms,
        ambiguous=stopped and earned,
        seen=(candle.open, trade.stop) if stopped else (candle.open, adverse, target),
    )


def having_seen(trade: Trade, *prices: Decimal) -> Trade:
    """Return the trade with its best and worst price widened to *prices*."""
    low, high = min(prices), max(prices)
    if trade.direction is Direction.LONG:
        best, worst = max(trade.best, high), min(trade.worst, low)
    else:
        best, worst = min(trade.best, low), max(trade.worst, high)
    if best == trade.best and worst == trade.worst:
        return trade
    return replace(trade, best=best, worst=worst)
