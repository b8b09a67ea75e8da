"""The machine interface: what happens, as JSON, one value an event."""

from typing import Any

from desk.machine import payment_json, signal_json, trade_json
from desk.view import CaughtUp, Fact, Notice, SignalsArrived, WhileAway
from engine.events import Event, FundingPaid
from market.feed import FeedStatus


def events_json(happening: Fact | FeedStatus, time_ms: int) -> list[dict[str, Any]]:
    """Return what happened as events in JSON values; of signals, one event each.

    Args:
        happening: A fact, or the new state of the prices.
        time_ms: When it happened, milliseconds UTC.
    """

    def event(name: str, **values: Any) -> dict[str, Any]:
        return {"event": name, "time_ms": time_ms, **values}

    match happening:
        case WhileAway(past):
            return events_json(past, time_ms)
        case CaughtUp(since_ms=since, symbols=symbols, closed=closed):
            ids = [trade.id for trade in closed]
            return [event("CaughtUp", since_ms=since, symbols=symbols, closed=ids)]
        case SignalsArrived(signals):
            return [event("SignalArrived", signal=signal_json(signal)) for signal in signals]
        case Notice(text, severity):
            return [event("Notice", severity=severity, text=text)]
        case FeedStatus(state=state, detail=detail):
            return [event("FeedState", state=state.value, detail=detail)]
        case _:
            return [event(type(happening).__name__, **_of_trade(happening))]


def _of_trade(happening: Event) -> dict[str, Any]:
    """Return what a trade's event is about."""
    values = {"trade": trade_json(happening.trade)}
    if isinstance(happening, FundingPaid):
        values["payment"] = payment_json(happening.payment)
    return values
