"""Facts in a trader's words: the line for the event list, and the toast where one is due.

Many facts at once become one toast, so that a crash of the market does not bury the screen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from desk.view import CaughtUp, Fact, Notice, SignalsArrived, WhileAway
from engine.events import (
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import CloseReason, Fill, FillKind, Trade
from engine.pnl import net_of_last
from tui import format as fmt
from tui import trade_words as words
from tui.text import ui_text

TickOf = Callable[[str], Decimal | None]

Severity = Literal["information", "warning", "error"]

TOASTS_AT_ONCE = 3
"""More closes or notices than this at one time share one toast."""

_BRIEF_S = 4.0
"""Seconds for what the trader has asked for, or what changes no result."""


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
    """The trade that was closed, if that is the fact."""
    cancelled: Trade | None = None
    """The order that ended without an entry, if that is the fact."""

    @property
    def ended(self) -> Trade | None:
        """The trade that is active no more, if that is the fact."""
        return self.closed or self.cancelled

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
        case WhileAway(event):
            return replace(_closed(event.trade, tick_of(event.trade.symbol)), toast=None)
        case CaughtUp():
            return _caught_up(fact, now_ms)
        case SignalsArrived():
            return _arrived(fact, now_ms)
        case Notice():
            return _notice(fact, now_ms)
        case TradeOpened() | TradeReduced() | TradeClosed():
            return _filled(fact, tick_of(fact.trade.symbol))
        case _:
            return _changed(fact, tick_of(fact.trade.symbol), now_ms)


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


def _filled(event: TradeOpened | TradeReduced | TradeClosed, tick: Decimal | None) -> Told:
    match event:
        case TradeOpened(trade):
            return _opened(trade, tick)
        case TradeReduced(trade, fill):
            return _reduced(trade, fill, tick)
        case TradeClosed(trade):
            return _closed(trade, tick)


def _changed(
    event: TradePlaced | TradeCancelled | TradeEdited | StopMoved | FundingPaid,
    tick: Decimal | None,
    now_ms: int,
) -> Told:
    match event:
        case TradePlaced(trade):
            return _placed(trade, tick)
        case TradeCancelled(trade):
            return _cancelled(trade, tick, now_ms)
        case TradeEdited(trade):
            exits = words.exits(trade, tick)
            said = f"{words.name(trade)} {exits}"
            return Told(time_ms=now_ms, sign="· edited", role="quiet", words=said)
        case StopMoved(trade):
            return _stop_moved(trade, tick, now_ms)
        case FundingPaid(trade, payment):
            said = f"{words.name(trade)} {fmt.signed(payment.amount)}"
            return Told(time_ms=payment.time_ms, sign="· funding", role="quiet", words=said)


def _closed(trade: Trade, tick: Decimal | None) -> Told:
    ending = words.ending(trade)
    at = fmt.price(trade.exit_price, tick)
    message = f"{words.name(trade)} closed at {at}\n{words.result(trade)}"
    severity: Severity = "information"
    if trade.close_reason is CloseReason.LIQUIDATION:
        severity = "error"
    elif ending.sign == "▼":
        severity = "warning"
    return Told(
        time_ms=trade.closed_ms or 0,
        sign=f"{ending.sign} {ending.short}",
        role=ending.role,
        words=f"{words.name(trade)} {words.result(trade)}",
        toast=Toast(title=f"{ending.sign} {ending.title}", message=message, severity=severity),
        closed=trade,
    )


def _opened(trade: Trade, tick: Decimal | None) -> Told:
    size = fmt.quantity(trade.initial_quantity)
    said = f"{words.name(trade)} {size} @ {fmt.price(trade.entry_price, tick)}"
    waited = trade.placed_ms < trade.opened_ms and trade.entry_mode in words.WAITING
    if waited:
        toast = Toast(title=f"● Order filled #{trade.id}", message=said)
    else:
        toast = Toast(title=f"● Opened #{trade.id}", message=said, seconds=_BRIEF_S)
    return Told(
        time_ms=trade.opened_ms,
        sign="● filled" if waited else "● opened",
        role="entry",
        words=said,
        toast=toast,
    )


def _reduced(trade: Trade, fill: Fill, tick: Decimal | None) -> Told:
    net = fmt.signed(net_of_last(trade))
    size, rest = fmt.quantity(fill.quantity), fmt.quantity(trade.quantity)
    message = f"{words.name(trade)} {size} closed at {fmt.price(fill.price, tick)}\n{net}"
    sign, title, role = "■ part", "■ Part closed", "accent"
    if fill.kind is FillKind.TARGET:
        number = words.target_number(trade, fill)
        sign, role = f"▲ TP{number} hit", "profit"
        title = f"▲ Target {number} of {len(trade.targets)}"
    return Told(
        time_ms=fill.time_ms,
        sign=sign,
        role=role,
        words=f"{words.name(trade)} {net}, {rest} open",
        toast=Toast(title=title, message=f"{message}, {rest} stays open"),
    )


def _placed(trade: Trade, tick: Decimal | None) -> Told:
    size = fmt.quantity(trade.initial_quantity)
    until = f", until {fmt.short_clock(trade.expires_ms)}Z" if trade.expires_ms else ""
    said = f"{words.name(trade)} {size} {words.waiting_for(trade, tick)}{until}"
    toast = Toast(title=f"◌ Order placed #{trade.id}", message=said, seconds=_BRIEF_S)
    return Told(time_ms=trade.placed_ms, sign="◌ placed", role="entry", words=said, toast=toast)


def _cancelled(trade: Trade, tick: Decimal | None, now_ms: int) -> Told:
    order = f"{words.name(trade)} {words.waiting_for(trade, tick)}"
    reason = words.cancel_reason(trade)
    toast = Toast(title=f"◌ Order cancelled #{trade.id}", message=f"{order}\n{reason}")
    return Told(
        time_ms=trade.closed_ms or now_ms,
        sign="◌ cancelled",
        role="accent",
        words=f"{order}: {reason}",
        toast=toast,
        cancelled=trade,
    )


def _stop_moved(trade: Trade, tick: Decimal | None, now_ms: int) -> Told:
    where = f"to {words.STOP_NAMES[trade.stop_reason]} {fmt.price(trade.stop, tick)}"
    symbol = ui_text(trade.symbol, 20)
    message = f"Stop of {symbol} {where}"
    return Told(
        time_ms=now_ms,
        sign="◆ stop",
        role="accent",
        words=f"of {symbol} {where}",
        toast=Toast(title="◆ Stop moved", message=message, seconds=_BRIEF_S),
    )


def _arrived(fact: SignalsArrived, now_ms: int) -> Told:
    signals = fact.signals
    names = ", ".join(ui_text(s.symbol, 20) for s in signals[:5])
    more = f" and {len(signals) - 5} more" if len(signals) > 5 else ""
    count = "1 signal" if len(signals) == 1 else f"{len(signals)} signals"
    return Told(time_ms=now_ms, sign="• new", role="quiet", words=f"{count}: {names}{more}")


def _caught_up(fact: CaughtUp, now_ms: int) -> Told:
    away = fmt.age(now_ms - fact.since_ms)
    symbols = "1 symbol" if fact.symbols == 1 else f"{fact.symbols} symbols"
    toast = None
    said = f"{symbols}, {away}: nothing was closed meanwhile"
    if fact.closed:
        first = (f"{words.name(t)} {words.result(t)}" for t in fact.closed[:3])
        message = "\n".join([*first, words.counts(fact.closed)])
        count = "1 trade" if len(fact.closed) == 1 else f"{len(fact.closed)} trades"
        title = f"{count} closed while you were away ({away})"
        toast = Toast(title=title, message=message, seconds=20.0)
        said = f"{symbols}, {away}: {words.counts(fact.closed)}"
    return Told(time_ms=now_ms, sign="↻ caught up", role="accent", words=said, toast=toast)


def _notice(notice: Notice, now_ms: int) -> Told:
    severity: Severity = "information"
    if notice.severity in {"warning", "error"}:
        severity = "error" if notice.severity == "error" else "warning"
    said = ui_text(notice.text, 300)
    return Told(
        time_ms=now_ms,
        sign="! note" if severity != "information" else "· note",
        role="accent" if severity != "information" else "quiet",
        words=said,
        toast=Toast(title="Notice", message=said, severity=severity),
    )


def _together(trades: Sequence[Trade]) -> Toast:
    """Tell many closes in one toast."""
    lost = any(words.ending(trade).sign == "▼" for trade in trades)
    return Toast(
        title=f"{len(trades)} trades closed",
        message=words.counts(trades),
        severity="warning" if lost else "information",
    )
