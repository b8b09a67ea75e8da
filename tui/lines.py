"""What happens, as lines of a log for a person: one line each, harmless to a terminal."""

from decimal import Decimal

from desk.view import CaughtUp, Notice, SignalsArrived, WhileAway
from desk.watch import Happening
from engine.events import TradeClosed, TradeOpened, TradeReduced
from engine.model import CloseReason, Fill, Signal, Source, Trade
from engine.money import ZERO, plain
from engine.pnl import net_of_last
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
    CloseReason.MANUAL: "Closed by hand",
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


def _opened(trade: Trade, fill: Fill) -> str:
    size = fmt.quantity(trade.initial_quantity)
    targets = " / ".join(plain(target.price) for target in trade.targets)
    return (
        f"Opened: {clean(trade.symbol, 20)} {trade.direction} {size} @ {plain(fill.price)} "
        f"(Stop: {plain(trade.stop)}, Target: {targets}) {_number(trade, fill)}"
    )


def _reduced(trade: Trade, fill: Fill, currency: str) -> str:
    size, rest = fmt.quantity(fill.quantity), fmt.quantity(trade.quantity)
    return (
        f"Part closed: {clean(trade.symbol, 20)} {size} @ {plain(fill.price)} "
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
