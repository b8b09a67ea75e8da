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
            signed(trade.net),
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
    head = f"#{trade['id']} {clean(trade['symbol'])} {trade['direction']}"
    if trade["closed_ms"] is None and len(trade["fills"]) > 1:
        part = trade["fills"][-1]
        return (
            f"{head} part closed: {part['quantity']} @ {part['price']}, "
            f"{trade['quantity']} of {trade['initial_quantity']} still open"
        )
    if trade["closed_ms"] is None:
        target = trade["targets"][0]["price"]
        return (
            f"{head} opened: {trade['quantity']} @ {trade['entry_price']}, "
            f"stop {trade['stop']}, target {target}, fee {trade['fees']}"
        )
    net = signed(Decimal(trade["net"]))
    return f"{head} closed @ {trade['exit_price']}: net {net} ({trade['net_percent']} %)"


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
