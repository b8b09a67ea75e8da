"""What happens, as lines of a log for a person: one line each, harmless to a terminal."""

from decimal import Decimal

from desk.view import CaughtUp, Notice, SignalsArrived, WhileAway
from desk.watch import Happening
from engine.events import (
    Event,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import CancelReason, CloseReason, Fill, FillKind, Signal, Source, Trade
from engine.money import ZERO, plain
from engine.pnl import net_of_last
from engine.stops import StopReason
from engine.text import clean
from market.feed import FeedStatus
from tui import format as fmt
from tui.listing import clock

MAX_NAMES = 5
"""Signals named in one line; of more, only their number is told."""
MAX_WORDS = 300

_ENDINGS = {
    CloseReason.TARGET: "Take Profit hit",
    CloseReason.STOP: "Stop Loss hit",
    CloseReason.TRAILING_STOP: "Trailing Stop hit",
    CloseReason.BREAK_EVEN_STOP: "Break-even Stop hit",
    CloseReason.LIQUIDATION: "Liquidated",
    CloseReason.TIME_STOP: "Time Stop",
    CloseReason.SESSION_END: "Session ended",
    CloseReason.MANUAL: "Closed by hand",
}
_CANCELLED = {
    CancelReason.TRADER: "by hand",
    CancelReason.EXPIRED: "its time has passed",
    CancelReason.TARGET_FIRST: "the first target was touched before the entry",
    CancelReason.STOP_FIRST: "the stop was touched before the entry",
    CancelReason.HALTED: "the symbol is not trading",
    CancelReason.UNAFFORDABLE: "the entry costs more than is available",
    CancelReason.SESSION_END: "the session has ended",
}
_STOPS = {
    StopReason.INITIAL: "",
    StopReason.MOVED: "",
    StopReason.PREVIOUS_TARGET: " behind a target",
    StopReason.BREAK_EVEN: " to break-even",
    StopReason.TRAILING: " behind the price",
}


def line(happening: Happening, time_ms: int, currency: str) -> str:
    """Write what happened: ``2026-01-02 03:04:05Z Stop Loss hit: … (Loss: -1.40 USDT)``.

    Args:
        happening: What happened.
        time_ms: When, milliseconds UTC.
        currency: The account's money.
    """
    return f"{clock(time_ms)}Z {_words(happening, currency)}"


def _words(happening: Happening, currency: str) -> str:
    match happening:
        case TradeOpened(trade, fill):
            return _opened(trade, fill)
        case TradeReduced(trade, fill):
            return _reduced(trade, fill, currency)
        case TradeClosed(trade, fill) | WhileAway(TradeClosed(trade, fill)):
            return _closed(trade, fill, currency)
        case CaughtUp():
            return _caught_up(happening, currency)
        case SignalsArrived(signals):
            return _arrived(signals)
        case Notice(text, severity):
            mark = "Note" if severity == "information" else severity.capitalize()
            return f"{mark}: {clean(text, MAX_WORDS)}"
        case FeedStatus():
            return _prices(happening)
        case _:
            return _changed(happening, currency)


def _opened(trade: Trade, fill: Fill) -> str:
    size = fmt.quantity(trade.initial_quantity)
    return (
        f"Opened: {clean(trade.symbol, 20)} {trade.direction} {size} @ {plain(fill.price)} "
        f"{_exits(trade)} {_number(trade, fill)}"
    )


def _changed(happening: Event, currency: str) -> str:
    """Tell what changed of a trade without a fill."""
    trade = happening.trade
    name = f"{clean(trade.symbol, 20)} {trade.direction}"
    match happening:
        case TradePlaced():
            size, price = fmt.quantity(trade.quantity), plain(trade.entry_price)
            words = f"Order placed: {name} {trade.entry_mode} {size} @ {price} {_exits(trade)}"
        case TradeCancelled():
            why = _CANCELLED[trade.cancel_reason or CancelReason.TRADER]
            words = f"Order cancelled: {name}, {why}"
        case StopMoved():
            words = f"Stop moved: {name} to {plain(trade.stop)}{_STOPS[trade.stop_reason]}"
        case FundingPaid(payment=payment):
            words = f"Funding: {name} {fmt.signed(payment.amount)} {clean(currency, 12)}"
        case _:
            words = f"Edited: {name} {_exits(trade)}"
    return f"{words} #{trade.id}"


def _exits(trade: Trade) -> str:
    """Name the stop in force and the targets ahead: ``(Stop: 95, Target: 110 / 120)``."""
    ahead = [plain(target.price) for target in trade.targets if not target.filled]
    return f"(Stop: {plain(trade.stop)}, Target: {' / '.join(ahead) or 'none'})"


def _reduced(trade: Trade, fill: Fill, currency: str) -> str:
    size, rest = fmt.quantity(fill.quantity), fmt.quantity(trade.quantity)
    what = "Target hit" if fill.kind is FillKind.TARGET else "Part closed"
    return (
        f"{what}: {clean(trade.symbol, 20)} {size} @ {plain(fill.price)} "
        f"({_kind(net_of_last(trade), currency)}), {rest} open {_number(trade, fill)} "
        f"{trade.direction}"
    )


def _closed(trade: Trade, fill: Fill, currency: str) -> str:
    return (
        f"{_ENDINGS[trade.close_reason or CloseReason.MANUAL]}: {clean(trade.symbol, 20)} "
        f"@ {plain(fill.price)} ({_kind(trade.net, currency)}) "
        f"{_number(trade, fill)} {trade.direction}"
    )


def _caught_up(happening: CaughtUp, currency: str) -> str:
    since = f"since {clock(happening.since_ms)}Z"
    if not happening.closed:
        return f"Caught up: no trade was closed {since}"
    net = fmt.signed(sum((trade.net for trade in happening.closed), ZERO))
    names = ", ".join(f"#{trade.id} {clean(trade.symbol, 20)}" for trade in happening.closed)
    count = _count(len(happening.closed), "trade")
    words = f"{count} closed {since}, together {net} {clean(currency, 12)}: {names}"
    return f"Caught up: {clean(words, MAX_WORDS)}"


def _kind(net: Decimal, currency: str) -> str:
    """Write a result with its word: ``Loss: -1.40 USDT``."""
    result = fmt.signed(net)
    kind = {"-": "Loss", "+": "Profit"}.get(result[0], "Even")
    return f"{kind}: {result} {clean(currency, 12)}"


def _number(trade: Trade, fill: Fill) -> str:
    """Name the trade, and say where its price was not seen live but fetched afterwards."""
    return f"#{trade.id}" + (" caught up" if fill.source is Source.BACKFILL else "")


def _arrived(signals: tuple[Signal, ...]) -> str:
    names = ", ".join(f"{clean(s.symbol, 20)} {s.direction}" for s in signals[:MAX_NAMES])
    more = f" and {len(signals) - MAX_NAMES} more" if len(signals) > MAX_NAMES else ""
    return f"{_count(len(signals), 'signal')}: {names}{more}"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _prices(status: FeedStatus) -> str:
    source = f" from {clean(status.host, 80)}" if status.host else ""
    detail = f": {clean(status.detail, MAX_WORDS)}" if status.detail else ""
    return f"Prices {status.state}{source}{detail}"
