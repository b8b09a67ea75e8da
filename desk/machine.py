"""The machine interface: trades, signals, plans and refusals as JSON.

Stable and the same everywhere. Decimals are strings, times are integer milliseconds UTC.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from desk.errors import DeskError
from desk.why import slippage_of
from engine.asked import Unit
from engine.errors import Refused
from engine.instrument import Instrument
from engine.margin import liquidation_of, liquidation_shown
from engine.model import Fill, Payment, Signal, Target, Trade, TradeStatus
from engine.money import plain
from engine.plan import Plan
from engine.pnl import r_multiple, realised, unrealised
from engine.stops import BreakEven, Trailing

_HUNDRED = Decimal(100)
_RATIO = Decimal("0.0001")
_PRICE = Decimal("0.00000001")


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


def trade_json(
    trade: Trade, last: Decimal | None = None, instrument: Instrument | None = None
) -> dict[str, Any]:
    """Return a trade as JSON values.

    Args:
        trade: Waiting, open or finished.
        last: Newest price of the symbol, for the unrealised result; None where unknown.
        instrument: Of the symbol, for the liquidation price; None where unknown.
    """
    return {
        "id": trade.id,
        "account": trade.account,
        "session": trade.session,
        "symbol": trade.symbol,
        "market": trade.market.value,
        "direction": trade.direction.value,
        "status": trade.status.value,
        "close_reason": trade.close_reason.value if trade.close_reason else None,
        "cancel_reason": trade.cancel_reason.value if trade.cancel_reason else None,
        "signal_id": trade.signal.id if trade.signal else None,
        "signal": signal_json(trade.signal) if trade.signal else None,
        "entry_mode": trade.entry_mode.value,
        "entry_price": plain(trade.entry_price),
        "initial_quantity": plain(trade.initial_quantity),
        "quantity": plain(trade.quantity),
        "stake": plain(trade.stake),
        "leverage": trade.leverage,
        "margin": plain(trade.margin),
        "liquidation": _liquidation(trade, instrument),
        "costs": trade.costs.profile,
        **_exits_json(trade),
        "placed_ms": trade.placed_ms,
        "expires_ms": trade.expires_ms,
        "opened_ms": trade.opened_ms,
        "closed_ms": trade.closed_ms,
        "exit_price": _number(trade.exit_price),
        **_results_json(trade, last),
        "best": plain(trade.best),
        "worst": plain(trade.worst),
        "note": trade.note,
        "payments": [payment_json(payment) for payment in trade.payments],
        "fills": [fill_json(fill) for fill in trade.fills],
    }


def _exits_json(trade: Trade) -> dict[str, Any]:
    return {
        "initial_stop": plain(trade.initial_stop),
        "stop": plain(trade.stop),
        "stop_reason": trade.stop_reason.value,
        "targets": [_target_json(target) for target in trade.targets],
        "after_target": trade.after_target.value,
        "trailing": _trailing_json(trade.trailing) if trade.trailing else None,
        "break_even": _break_even_json(trade.break_even) if trade.break_even else None,
        "hold_ms": trade.hold_ms,
        "deadline_ms": trade.deadline_ms,
    }


def _results_json(trade: Trade, last: Decimal | None) -> dict[str, Any]:
    """Return what a trade has brought; one that was never entered has no result in R."""
    open_result = None
    if trade.status is TradeStatus.OPEN and last is not None:
        open_result = unrealised(trade.direction, trade.cost, last, trade.quantity)
    r = r_multiple(trade, trade.net) if trade.fills else None
    return {
        "last_price": _number(last) if trade.status.active else None,
        "unrealised": _number(open_result),
        "realised": plain(realised(trade)),
        "gross": plain(trade.gross),
        "fees": plain(trade.fees),
        "funding": plain(trade.funding),
        "net": plain(trade.net),
        "net_percent": _ratio(trade.net / trade.stake * _HUNDRED),
        "r": None if r is None else _ratio(r),
    }


def _target_json(target: Target) -> dict[str, Any]:
    return {
        "price": plain(target.price),
        "quantity": plain(target.quantity),
        "filled": target.filled,
    }


def _trailing_json(trailing: Trailing) -> dict[str, Any]:
    return {
        "distance": plain(trailing.distance),
        "unit": (Unit.FRACTION if trailing.relative else Unit.PRICE).value,
        "step": plain(trailing.step),
        "activation": _number(trailing.activation),
        "best": _number(trailing.best),
        "stop": _number(trailing.stop),
    }


def _break_even_json(break_even: BreakEven) -> dict[str, Any]:
    return {
        "trigger": _number(break_even.trigger),
        "offset": plain(break_even.offset),
        "due": break_even.due,
        "stop": _number(break_even.stop),
    }


def _liquidation(trade: Trade, instrument: Instrument | None) -> str | None:
    if instrument is None:
        return None
    price = liquidation_of(trade, instrument)
    return _number(liquidation_shown(price, trade.direction, instrument))


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return what an order would do as JSON values."""
    return {
        "entry_mode": plan.entry_mode.value,
        "price": plain(plan.price),
        "waits": plan.waits,
        "model": plan.model.value,
        "quantity": plain(plan.quantity),
        "notional": plain(plan.notional),
        "fee": plain(plan.entry_fee),
        "stake": plain(plan.stake),
        "leverage": plan.leverage,
        "margin": plain(plan.margin),
        "liquidation": None if plan.liquidation is None else _rounded(plan.liquidation, _PRICE),
        "liquidation_estimated": plan.liquidation_estimated,
        "stop": plain(plan.stop),
        "targets": [_target_json(target) for target in plan.targets],
        "after_target": plan.after_target.value,
        "trailing": _trailing_json(plan.trailing) if plan.trailing else None,
        "break_even": _break_even_json(plan.break_even) if plan.break_even else None,
        "hold_ms": plan.hold_ms,
        "expires_ms": plan.expires_ms,
        "risk": _rounded(plan.risk, _PRICE),
        "net_at_stop": _rounded(plan.net_at_stop, _PRICE),
        "net_at_targets": _rounded(plan.net_at_targets, _PRICE),
        "reward_risk": _ratio(plan.reward_risk),
        "reward_risk_net": _ratio_or_none(plan.reward_risk_net),
        "break_even_win_rate": _ratio_or_none(plan.break_even_win_rate),
        "break_even_price": plain(plan.break_even_price),
        "drift_r": _ratio_or_none(plan.drift_r),
        "warnings": list(plan.warnings),
    }


def payment_json(payment: Payment) -> dict[str, Any]:
    """Return a funding payment as JSON values."""
    return {
        "time_ms": payment.time_ms,
        "rate": plain(payment.rate),
        "mark": plain(payment.mark),
        "amount": plain(payment.amount),
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
        "reference": _number(fill.reference),
        "slippage": plain(slippage_of(fill)),
        "source": fill.source.value,
        "candle": fill.candle or None,
        "candle_ms": fill.candle_ms,
        "reconstructed": fill.reconstructed,
        "ambiguous": fill.ambiguous,
    }


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
    return _rounded(value, _RATIO)


def _ratio_or_none(value: Decimal | None) -> str | None:
    return None if value is None else _ratio(value)


def _rounded(value: Decimal, unit: Decimal) -> str:
    return plain(value.quantize(unit))
