"""The machine interface: trades, signals, events and refusals as JSON.

Stable and the same everywhere. Decimals are strings, times are integer milliseconds UTC.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from desk.errors import DeskError
from desk.view import CaughtUp, Fact, Notice, SignalsArrived, WhileAway
from engine.errors import Refused
from engine.events import TradeClosed, TradeOpened, TradeReduced
from engine.model import Fill, Signal, Trade
from engine.money import plain
from engine.pnl import r_multiple, unrealised
from market.feed import FeedStatus

_HUNDRED = Decimal(100)
_RATIO = Decimal("0.0001")


def dumps(value: object) -> str:
    """Write one line of JSON; text from outside is escaped to ASCII."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def signal_json(signal: Signal) -> dict[str, Any]:
    """Return a signal as JSON values."""
    return {
        "id": signal.id,
        "status": signal.status.value,
        "symbol": signal.symbol,
        "market": signal.market.value,
        "direction": signal.direction.value,
        "entry": plain(signal.entry),
        "stop": plain(signal.stop),
        "targets": [plain(target) for target in signal.targets],
        "score": _number(signal.score),
        "timeframe": signal.timeframe or None,
        "source": signal.source,
        "reason": signal.reason,
        "created_ms": signal.created_ms,
        "expires_ms": signal.expires_ms,
    }


def trade_json(trade: Trade, last: Decimal | None = None) -> dict[str, Any]:
    """Return a trade as JSON values.

    Args:
        trade: Open or finished.
        last: Newest price of the symbol, for the unrealised result; None where unknown.
    """
    active = trade.status.active
    open_result = (
        unrealised(trade.direction, trade.cost, last, trade.quantity)
        if active and last is not None
        else None
    )
    r = r_multiple(trade, trade.net)
    return {
        "id": trade.id,
        "account": trade.account,
        "symbol": trade.symbol,
        "market": trade.market.value,
        "direction": trade.direction.value,
        "status": trade.status.value,
        "close_reason": trade.close_reason.value if trade.close_reason else None,
        "signal_id": trade.signal.id if trade.signal else None,
        "signal": signal_json(trade.signal) if trade.signal else None,
        "entry_mode": trade.entry_mode.value,
        "entry_price": plain(trade.entry_price),
        "initial_quantity": plain(trade.initial_quantity),
        "quantity": plain(trade.quantity),
        "stake": plain(trade.stake),
        "leverage": trade.leverage,
        "costs": trade.costs.profile,
        "initial_stop": plain(trade.initial_stop),
        "stop": plain(trade.stop),
        "stop_reason": trade.stop_reason,
        "targets": [
            {
                "price": plain(target.price),
                "quantity": plain(target.quantity),
                "filled": target.filled,
            }
            for target in trade.targets
        ],
        "trailing": None,
        "opened_ms": trade.opened_ms,
        "closed_ms": trade.closed_ms,
        "exit_price": _number(trade.exit_price),
        "last_price": _number(last) if active else None,
        "unrealised": _number(open_result),
        "gross": plain(trade.gross),
        "fees": plain(trade.fees),
        "funding": plain(trade.funding),
        "net": plain(trade.net),
        "net_percent": _ratio(trade.net / trade.stake * _HUNDRED),
        "r": None if r is None else _ratio(r),
        "best": plain(trade.best),
        "worst": plain(trade.worst),
        "note": trade.note,
        "fills": [fill_json(fill) for fill in trade.fills],
    }


def fill_json(fill: Fill) -> dict[str, Any]:
    """Return a fill as JSON values, with all that explains its price."""
    return {
        "kind": fill.kind.value,
        "price": plain(fill.price),
        "quantity": plain(fill.quantity),
        "fee": plain(fill.fee),
        "gross": plain(fill.gross),
        "time_ms": fill.time_ms,
        "level": _number(fill.level),
        "print": _number(fill.print_price),
        "trade_id": fill.trade_id,
        "model": fill.model.value,
        "source": fill.source.value,
        "reconstructed": fill.reconstructed,
        "ambiguous": fill.ambiguous,
    }


_EVENTS = {
    TradeOpened: "TradeOpened",
    TradeReduced: "TradeReduced",
    TradeClosed: "TradeClosed",
}


def events_json(happening: Fact | FeedStatus, time_ms: int) -> list[dict[str, Any]]:
    """Return what happened as events in JSON values; of signals, one event each.

    Args:
        happening: A fact, or the new state of the prices.
        time_ms: When it happened, milliseconds UTC.
    """

    def event(name: str, **values: Any) -> dict[str, Any]:
        return {"event": name, "time_ms": time_ms, **values}

    match happening:
        case TradeOpened(trade) | TradeReduced(trade) | TradeClosed(trade):
            return [event(_EVENTS[type(happening)], trade=trade_json(trade))]
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


def error_json(error: Exception) -> dict[str, Any]:
    """Return a refusal as JSON values: a stable word, a sentence, the trade it is about."""
    if isinstance(error, Refused):
        return {"error": error.code, "message": str(error), "trade_id": error.trade_id}
    code = "halted" if isinstance(error, DeskError) else "failed"
    return {"error": code, "message": str(error), "trade_id": None}


def refusal_from_json(answer: Mapping[str, Any]) -> Refused:
    """Turn `error_json` back into the refusal that it came from."""
    return Refused(
        str(answer["error"]), str(answer["message"]), trade_id=answer.get("trade_id")
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _ratio(value: Decimal) -> str:
    return plain(value.quantize(_RATIO))
