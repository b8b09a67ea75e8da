"""Facts in a trader's words: the line for the event list, and the toast where one is due.

Many facts at once become one toast, so that a crash of the market does not bury the screen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from desk.view import CaughtUp, Fact, Notice, SignalsArrived, WhileAway
from engine.events import TradeClosed, TradeOpened, TradeReduced
from engine.model import CloseReason, Fill, Trade
from engine.money import ZERO
from engine.pnl import net_of_last, r_multiple
from tui import format as fmt
from tui.text import ui_text

TickOf = Callable[[str], Decimal | None]

Severity = Literal["information", "warning", "error"]

TOASTS_AT_ONCE = 3
"""More closes or notices than this at one time share one toast."""

_ENDINGS = {
    CloseReason.TARGET: ("▲ Take profit", "▲ TP hit", "profit"),
    CloseReason.STOP: ("▼ Stop loss", "▼ SL hit", "loss"),
    CloseReason.MANUAL: ("■ Closed by hand", "■ closed", "accent"),
}
"""Toast title, words of the event line, colour role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """A short notice over the screen."""

    title: str
    message: str
    severity: Severity = "information"
    seconds: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One fact as the screen tells it."""

    time_ms: int
    sign: str
    """Words that carry the colour: ``▲ TP hit``."""
    role: str
    """Colour role of the sign."""
    words: str
    toast: Toast | None = None
    closed: Trade | None = None
    """The trade that ended, if that is the fact."""

    @property
    def minor(self) -> bool:
        """Whether this should not push a trade's news out of sight."""
        return self.role == "quiet"


def tell(fact: Fact, tick_of: TickOf, now_ms: int) -> Told:
    """Put *fact* into words.

    Args:
        fact: What happened.
        tick_of: Gives a symbol's price grid.
        now_ms: Exchange time, for facts that carry none; milliseconds UTC.
    """
    match fact:
        case TradeClosed(trade):
            return _closed(trade, tick_of(trade.symbol))
        case WhileAway(event):
            return replace(_closed(event.trade, tick_of(event.trade.symbol)), toast=None)
        case CaughtUp():
            return _caught_up(fact, now_ms)
        case TradeOpened(trade):
            return _opened(trade, tick_of(trade.symbol))
        case TradeReduced(trade, fill):
            return _reduced(trade, fill, tick_of(trade.symbol))
        case SignalsArrived(signals):
            names = ", ".join(ui_text(s.symbol, 20) for s in signals[:5])
            more = f" and {len(signals) - 5} more" if len(signals) > 5 else ""
            count = "1 signal" if len(signals) == 1 else f"{len(signals)} signals"
            return Told(
                time_ms=now_ms, sign="• new", role="quiet", words=f"{count}: {names}{more}"
            )
        case Notice():
            return _notice(fact, now_ms)


def toasts(told: Sequence[Told]) -> list[Toast]:
    """Return the toasts for what happened at one moment, joined where they are many."""
    closed = [one for one in told if one.closed is not None]
    others = [one.toast for one in told if one.closed is None and one.toast is not None]
    result = [one.toast for one in closed if one.toast is not None]
    if len(result) > TOASTS_AT_ONCE:
        result = [_together([one.closed for one in closed if one.closed is not None])]
    if len(others) > TOASTS_AT_ONCE:
        last = others[-1]
        title = f"{len(others)} notices, the last of them"
        others = [Toast(title=title, message=last.message, severity=last.severity)]
    return [*others, *result]


def name(trade: Trade) -> str:
    """Name a trade for a sentence: ``SOLUSDT LONG``."""
    return f"{ui_text(trade.symbol, 20)} {trade.direction.value}"


def result(trade: Trade) -> str:
    """Write a closed trade's result: ``+41.20 (+2.0R)``."""
    multiple = r_multiple(trade, trade.net)
    in_r = f" ({fmt.multiple(multiple)}R)" if multiple is not None else ""
    return f"{fmt.signed(trade.net)}{in_r}"


def _closed(trade: Trade, tick: Decimal | None) -> Told:
    title, sign, role = _ENDINGS[trade.close_reason or CloseReason.MANUAL]
    at = fmt.price(trade.exit_price, tick)
    severity: Severity = "warning" if trade.close_reason is CloseReason.STOP else "information"
    message = f"{name(trade)} closed at {at}\n{result(trade)}"
    return Told(
        time_ms=trade.closed_ms or 0,
        sign=sign,
        role=role,
        words=f"{name(trade)} {result(trade)}",
        toast=Toast(title=title, message=message, severity=severity),
        closed=trade,
    )


def _opened(trade: Trade, tick: Decimal | None) -> Told:
    size = fmt.quantity(trade.initial_quantity)
    words = f"{name(trade)} {size} @ {fmt.price(trade.entry_price, tick)}"
    toast = Toast(title=f"● Opened #{trade.id}", message=words, seconds=4.0)
    return Told(
        time_ms=trade.opened_ms, sign="● opened", role="entry", words=words, toast=toast
    )


def _reduced(trade: Trade, fill: Fill, tick: Decimal | None) -> Told:
    net = fmt.signed(net_of_last(trade))
    size, rest = fmt.quantity(fill.quantity), fmt.quantity(trade.quantity)
    message = f"{name(trade)} {size} closed at {fmt.price(fill.price, tick)}\n{net}"
    return Told(
        time_ms=fill.time_ms,
        sign="■ part",
        role="accent",
        words=f"{name(trade)} {net}, {rest} open",
        toast=Toast(title="■ Part closed", message=f"{message}, {rest} stays open"),
    )


def _caught_up(fact: CaughtUp, now_ms: int) -> Told:
    away = fmt.age(now_ms - fact.since_ms)
    symbols = "1 symbol" if fact.symbols == 1 else f"{fact.symbols} symbols"
    toast = None
    words = f"{symbols}, {away}: nothing was closed meanwhile"
    if fact.closed:
        message = "\n".join(
            [*(f"{name(t)} {result(t)}" for t in fact.closed[:3]), _counts(fact.closed)]
        )
        count = "1 trade" if len(fact.closed) == 1 else f"{len(fact.closed)} trades"
        title = f"{count} closed while you were away ({away})"
        toast = Toast(title=title, message=message, seconds=20.0)
        words = f"{symbols}, {away}: {_counts(fact.closed)}"
    return Told(time_ms=now_ms, sign="↻ caught up", role="accent", words=words, toast=toast)


def _notice(notice: Notice, now_ms: int) -> Told:
    severity: Severity = "information"
    if notice.severity in {"warning", "error"}:
        severity = "error" if notice.severity == "error" else "warning"
    words = ui_text(notice.text, 300)
    return Told(
        time_ms=now_ms,
        sign="! note" if severity != "information" else "· note",
        role="accent" if severity != "information" else "quiet",
        words=words,
        toast=Toast(title="Notice", message=words, severity=severity),
    )


def _counts(trades: Sequence[Trade]) -> str:
    """Say how many trades ended how, and what they earned together."""
    kinds = [
        (CloseReason.TARGET, "▲ {} take profit"),
        (CloseReason.STOP, "▼ {} stop loss"),
        (CloseReason.MANUAL, "■ {} by hand"),
    ]
    parts = [
        words.format(number)
        for reason, words in kinds
        if (number := sum(trade.close_reason is reason for trade in trades))
    ]
    net = sum((trade.net for trade in trades), ZERO)
    return f"{', '.join(parts)}, together {fmt.signed(net)}"


def _together(trades: Sequence[Trade]) -> Toast:
    """Tell many closes in one toast."""
    lost = any(trade.close_reason is CloseReason.STOP for trade in trades)
    return Toast(
        title=f"{len(trades)} trades closed",
        message=_counts(trades),
        severity="warning" if lost else "information",
    )
