"""What trades, their stops and their endings are called, everywhere on the screen."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from engine.model import CancelReason, CloseReason, EntryMode, Fill, Target, Trade
from engine.money import ZERO
from engine.pnl import r_multiple
from engine.stops import StopPolicy, StopReason
from tui import format as fmt
from tui.text import ui_text

WAITING = frozenset((EntryMode.LIMIT, EntryMode.STOP))
"""Entries that may wait for their price."""

STOP_NAMES = {
    StopReason.INITIAL: "the first stop",
    StopReason.MOVED: "the stop set by hand",
    StopReason.PREVIOUS_TARGET: "the target before",
    StopReason.BREAK_EVEN: "break-even",
    StopReason.TRAILING: "the trailing stop",
}

STOP_TAGS = {StopReason.BREAK_EVEN: "BE", StopReason.TRAILING: "TR"}
"""Two letters for the stop in force; every other one is ``SL``."""

POLICY_NAMES = {
    StopPolicy.KEEP: "stays",
    StopPolicy.BREAK_EVEN: "goes to break-even",
    StopPolicy.PREVIOUS_TARGET: "follows to the target before",
}

_CANCEL_REASONS = {
    CancelReason.TRADER: "cancelled by hand",
    CancelReason.EXPIRED: "its time was up",
    CancelReason.TARGET_FIRST: "its target was reached before the entry",
    CancelReason.STOP_FIRST: "its stop was reached before the entry",
    CancelReason.HALTED: "the symbol does not trade any more",
    CancelReason.UNAFFORDABLE: "the account could not pay for it any more",
    CancelReason.SESSION_END: "the session has ended",
}


class Ending(NamedTuple):
    """How a trade ended."""

    sign: str
    """▲ ▼ ■: what the colour says, without colour."""
    title: str
    """For a toast."""
    short: str
    """For the event line."""
    role: str
    """Colour role."""


_ENDINGS = {
    CloseReason.TARGET: Ending("▲", "Take profit", "TP hit", "profit"),
    CloseReason.STOP: Ending("▼", "Stop loss", "SL hit", "loss"),
    CloseReason.LIQUIDATION: Ending("▼", "Liquidated", "LIQUIDATED", "loss"),
    CloseReason.MANUAL: Ending("■", "Closed by hand", "closed", "accent"),
    CloseReason.TIME_STOP: Ending("■", "Time stop", "time stop", "accent"),
    CloseReason.SESSION_END: Ending("■", "Session ended", "session ended", "accent"),
}

_MOVING = {
    CloseReason.TRAILING_STOP: ("Trailing stop", "TR hit"),
    CloseReason.BREAK_EVEN_STOP: ("Break-even stop", "BE hit"),
}
"""Stops that may end a trade either way: their sign is that of the result."""

_COUNTED = (
    (CloseReason.TARGET, "▲ {} take profit"),
    (CloseReason.TRAILING_STOP, "{} trailing stop"),
    (CloseReason.BREAK_EVEN_STOP, "{} break-even stop"),
    (CloseReason.STOP, "▼ {} stop loss"),
    (CloseReason.LIQUIDATION, "▼ {} liquidated"),
    (CloseReason.TIME_STOP, "■ {} time stop"),
    (CloseReason.SESSION_END, "■ {} session end"),
    (CloseReason.MANUAL, "■ {} by hand"),
)


def name(trade: Trade) -> str:
    """Name a trade for a sentence: ``SOLUSDT LONG``."""
    return f"{ui_text(trade.symbol, 20)} {trade.direction.value}"


def result(trade: Trade) -> str:
    """Write a closed trade's result: ``+41.20 (+2.0R)``."""
    multiple = r_multiple(trade, trade.net)
    in_r = f" ({fmt.multiple(multiple)}R)" if multiple is not None else ""
    return f"{fmt.signed(trade.net)}{in_r}"


def ending(trade: Trade) -> Ending:
    """Say how a closed *trade* ended."""
    reason = trade.close_reason or CloseReason.MANUAL
    if reason not in _MOVING:
        return _ENDINGS[reason]
    title, short = _MOVING[reason]
    sign = "▲" if trade.net > 0 else "▼" if trade.net < 0 else "■"
    return Ending(sign, title, short, fmt.tone(trade.net) or "accent")


def counts(trades: Sequence[Trade]) -> str:
    """Say how many trades ended how, and what they earned together."""
    parts = [
        written.format(number)
        for reason, written in _COUNTED
        if (number := sum(trade.close_reason is reason for trade in trades))
    ]
    net = sum((trade.net for trade in trades), ZERO)
    return f"{', '.join(parts)}, together {fmt.signed(net)}"


def cancel_reason(trade: Trade) -> str:
    """Say why an order ended without an entry."""
    return _CANCEL_REASONS[trade.cancel_reason or CancelReason.TRADER]


def waiting_for(trade: Trade, tick: Decimal | None) -> str:
    """Say what a pending order waits for: ``limit @ 150.00``."""
    return f"{trade.entry_mode.value} @ {fmt.price(trade.entry_price, tick)}"


def stop_tag(trade: Trade) -> str:
    """Return the two letters of the stop in force: SL, BE or TR."""
    return STOP_TAGS.get(trade.stop_reason, "SL")


def target_tags(trade: Trade) -> list[tuple[str, Target]]:
    """Name the targets: ``TP`` where there is one, else ``TP1``, ``TP2``, …, filled or not."""
    if len(trade.targets) == 1:
        return [("TP", trade.targets[0])]
    return [(f"TP{number}", target) for number, target in enumerate(trade.targets, start=1)]


def target_number(trade: Trade, fill: Fill) -> int:
    """Return which of the targets a *fill* has closed, counted from 1."""
    levels = [target.price for target in trade.targets]
    return levels.index(fill.level) + 1 if fill.level in levels else len(levels)


def runner(trade: Trade) -> Decimal:
    """Return what of the open quantity has no target, base asset."""
    aimed = sum((target.quantity for target in trade.targets if not target.filled), ZERO)
    return trade.quantity - aimed


def exits(trade: Trade, tick: Decimal | None) -> str:
    """Say in a line where a trade would end: ``stop 150.20, target 155.74, trailing``."""
    target = trade.next_target
    parts = [
        f"stop {fmt.price(trade.stop, tick)}",
        f"target {fmt.price(target.price, tick)}" if target else "no target",
        "trailing" if trade.trailing else "",
        "break-even armed" if trade.break_even and trade.break_even.stop is None else "",
        f"held at most {fmt.age(trade.hold_ms)}" if trade.hold_ms else "",
    ]
    return ", ".join(part for part in parts if part)


def exit_marks(trade: Trade) -> str:
    """Say in a few letters what would end a trade: the stop in force, then what is armed.

    ``SL tr be``: the stop set, with a trailing and a break-even stop behind it.
    """
    tag = stop_tag(trade)
    armed = (
        ("tr", trade.trailing is not None and tag != "TR"),
        ("be", trade.break_even is not None and trade.break_even.stop is None),
        ("t", trade.hold_ms is not None),
    )
    return " ".join([tag, *(mark for mark, there in armed if there)])
