"""Tables and lines for the command line; no Textual here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.model import Signal, Trade
from engine.money import plain
from engine.text import clean


def trade_table(trades: Sequence[Trade]) -> str:
    """Return trades as an aligned table, or a sentence when there are none."""
    if not trades:
        return "No trades."
    head = ("ID", "SYMBOL", "SIDE", "STATUS", "QTY", "ENTRY", "EXIT", "NET", "OPENED (UTC)")
    rows = [
        (
            f"#{trade.id}",
            clean(trade.symbol),
            trade.direction.value,
            trade.status.value,
            plain(trade.initial_quantity),
            plain(trade.entry_price),
            plain(trade.exit_price) if trade.exit_price is not None else "-",
            signed(trade.net) if trade.fills else "-",
            clock(trade.opened_ms),
        )
        for trade in trades
    ]
    return aligned(head, rows)


def signal_table(signals: Sequence[Signal]) -> str:
    """Return signals as an aligned table, or a sentence when there are none."""
    if not signals:
        return "No signals."
    head = ("ID", "SYMBOL", "TF", "SIDE", "STATUS", "ENTRY", "STOP", "TARGETS", "SOURCE")
    rows = [
        (
            signal.id,
            clean(signal.symbol),
            signal.timeframe or "-",
            signal.direction.value,
            signal.status.value,
            plain(signal.entry),
            plain(signal.stop),
            " ".join(plain(target) for target in signal.targets),
            clean(signal.source, 24),
        )
        for signal in signals
    ]
    return aligned(head, rows)


def signal_report(answer: Mapping[str, Any]) -> Iterator[str]:
    """Say in lines what became of delivered signals."""
    for signal in answer["signals"]:
        targets = " ".join(signal["targets"])
        yield (
            f"{signal['id']}  {clean(signal['symbol'])} {signal['direction']} "
            f"entry {signal['entry']} stop {signal['stop']} target {targets}"
        )
    for row in answer["refused"]:
        yield f"row {row['line']} refused: {clean(row['message'], 400)}"
    known = len(answer["signals"]) - answer["added"]
    yield f"{answer['added']} added, {known} already known, {len(answer['refused'])} refused."


def trade_line(trade: Mapping[str, Any]) -> str:
    """Say in one line what became of a trade."""
    head = _head(trade)
    if trade["status"] == "PENDING":
        mode, price, size = trade["entry_mode"], trade["entry_price"], trade["quantity"]
        until = f", until {clock(trade['expires_ms'])} UTC" if trade["expires_ms"] else ""
        return f"{head} waits: {mode} {size} @ {price}, {_levels(trade)}{until}"
    if trade["status"] == "CANCELLED":
        why = (trade["cancel_reason"] or "").replace("_", " ")
        return f"{head} cancelled: {why}"
    if trade["closed_ms"] is None and len(trade["fills"]) > 1:
        part = trade["fills"][-1]
        return (
            f"{head} part closed: {part['quantity']} @ {part['price']}, "
            f"{trade['quantity']} of {trade['initial_quantity']} still open"
        )
    if trade["closed_ms"] is None:
        return (
            f"{head} opened: {trade['quantity']} @ {trade['entry_price']}, {_levels(trade)}, "
            f"fee {trade['fees']}"
        )
    net = signed(Decimal(trade["net"]))
    return f"{head} closed @ {trade['exit_price']}: net {net} ({trade['net_percent']} %)"


def exits_line(trade: Mapping[str, Any]) -> str:
    """Say in one line how a trade will end."""
    words = [_levels(trade)]
    if trailing := trade["trailing"]:
        stands = trailing["stop"] or f"from {trailing['activation']}"
        words.append(f"trailing {_distance(trailing)} ({stands})")
    if even := trade["break_even"]:
        words.append(f"break-even {even['stop'] or even['trigger'] or 'as soon as it can'}")
    if trade["deadline_ms"]:
        words.append(f"until {clock(trade['deadline_ms'])} UTC")
    return f"{_head(trade)}: {', '.join(words)}"


def all_closed(answer: Mapping[str, Any]) -> str:
    """Say what became of every trade that was to be closed."""
    lines = [trade_line(trade) for trade in answer["trades"]]
    lines += [f"#{one['trade_id']} {clean(one['message'], 400)}" for one in answer["refused"]]
    return "\n".join(lines) or "No trade is open."


def plan_text(plan: Mapping[str, Any]) -> str:
    """Say in lines what an order would do."""
    how = "waits for" if plan["waits"] else "now at"
    lines = [
        f"{clean(plan['symbol'])} {plan['direction']} {plan['quantity']} {how} {plan['price']} "
        f"({plan['entry_mode']}), worth {plan['notional']}, fee {plan['fee']}",
        f"margin {plan['margin']} at {plan['leverage']}x{_liquidation(plan)}",
        f"{_levels(plan)}, net {_money(plan['net_at_stop'])} at the stop, "
        f"{_money(plan['net_at_targets'])} at the targets",
        f"R:R {plan['reward_risk']}, net {plan['reward_risk_net'] or 'none'}; "
        f"{_share(plan['break_even_win_rate'])} must win; break-even "
        f"at {plan['break_even_price']}",
        *(f"! {clean(warning, 400)}" for warning in plan["warnings"]),
        "Nothing was done.",
    ]
    return "\n".join(lines)


def _head(trade: Mapping[str, Any]) -> str:
    return f"#{trade['id']} {clean(trade['symbol'])} {trade['direction']}"


def _levels(trade: Mapping[str, Any]) -> str:
    """Name the stop in force and the targets that have not filled."""
    ahead = [target["price"] for target in trade["targets"] if not target["filled"]]
    reason = trade.get("stop_reason", "initial")
    moved = "" if reason == "initial" else f" ({reason.replace('_', ' ')})"
    targets = f"target {' '.join(ahead)}" if ahead else "no target"
    return f"stop {trade['stop']}{moved}, {targets}"


def _distance(trailing: Mapping[str, Any]) -> str:
    if trailing["unit"] == "price":
        return str(trailing["distance"])
    return f"{plain(Decimal(trailing['distance']) * 100)}%"


def _liquidation(plan: Mapping[str, Any]) -> str:
    if plan["liquidation"] is None:
        return ""
    guess = " (estimated)" if plan["liquidation_estimated"] else ""
    return f", liquidation at {plan['liquidation']}{guess}"


def _money(amount: str) -> str:
    return signed(Decimal(amount))


def _share(fraction: str | None) -> str:
    """Write how many of such trades must win: ``45.3 %``, or that none suffice."""
    if fraction is None:
        return "more than all"
    return f"{Decimal(fraction) * 100:.1f} %"


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under a heading, each column as wide as its widest cell."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def signed(amount: Decimal) -> str:
    """Write money with its sign: ``+1.25``, ``-0.5``, ``0``."""
    return ("+" if amount > 0 else "") + plain(amount)


def clock(time_ms: int) -> str:
    """Write a time as ``2026-01-02 03:04:05``, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
