"""Why a trade looks as it does: every fill can say where its price came from."""

from collections.abc import Iterable
from decimal import Decimal

from textual.content import Content

from desk.view import SignalView, TradeView
from engine.model import Direction, Fill, FillKind, Market, PriceModel, Source, Trade
from engine.pnl import realised
from tui import format as fmt
from tui.text import ui_text

_SOURCES = {
    Source.BACKFILL: "found while catching up",
    Source.REPLAY: "replayed",
    Source.SIMULATED: "simulated exchange",
}


def about_signal(view: SignalView, tick: Decimal | None, now_ms: int) -> Content:
    """Describe a signal: its levels, where the market stands, and the reason given.

    Args:
        view: The signal and its market.
        tick: The symbol's price grid.
        now_ms: Exchange time, milliseconds UTC.
    """
    signal = view.signal
    score = "" if signal.score is None else f"   score {signal.score:.0f}"
    drift = fmt.MISSING if view.drift_r is None else f"{fmt.multiple(view.drift_r)}R"
    rows = [
        headline(signal.symbol, signal.direction, ui_text(signal.timeframe, 8))
        + Content(score),
        Content(""),
        _pair("Entry", fmt.price(signal.entry, tick), f"R:R {view.reward_risk:.2f}"),
        _pair("Last", fmt.price(view.last, tick), f"drift {drift}"),
        _pair(
            "Target", fmt.price(signal.targets[0], tick), _away(signal.targets[0], signal.entry)
        ),
        _pair("Stop", fmt.price(signal.stop, tick), _away(signal.stop, signal.entry)),
        Content(""),
        Content.styled("Why", "bold"),
        Content(f"  {ui_text(signal.reason, 300) or 'no reason given'}"),
        Content.styled(f"  {ui_text(signal.source, 60)}", "$quiet"),
        Content(""),
        Content.styled(_life(signal.created_ms, signal.expires_ms, now_ms), "$quiet"),
    ]
    if view.trade_id is not None:
        rows.insert(1, Content.styled(f"#{view.trade_id} is open on this signal", "$accent"))
    return Content("\n").join(rows)


def about_trade(view: TradeView, tick: Decimal | None) -> Content:
    """Describe a trade: result, levels, costs and every fill with the reason for its price.

    Args:
        view: The trade and its market.
        tick: The symbol's price grid.
    """
    trade = view.trade
    rows = [
        Content.styled(f"#{trade.id} ", "$quiet") + headline(trade.symbol, trade.direction, ""),
        Content.styled(_kind(trade), "$quiet"),
        Content(""),
        _pair(
            "Entry", fmt.price(trade.entry_price, tick), fmt.quantity(trade.initial_quantity)
        ),
        _pair("Last", fmt.price(view.last, tick), "" if view.live else "not live: not watched"),
        _pair("Target", fmt.price(trade.targets[0].price, tick), ""),
        _pair("Stop", fmt.price(trade.stop, tick), ui_text(trade.stop_reason, 40)),
        Content(""),
        *_parts(trade),
        _money("P/L", view.unrealised, fmt.percent(view.percent)),
        _money("Net now", view.net_now, f"{fmt.multiple(view.r_now)}R, all fees paid"),
        _pair("Fees", fmt.money(trade.fees), f"paid so far, {trade.costs.profile}"),
        Content(""),
        Content.styled("Fills", "bold"),
        *_fills(trade.fills, tick),
    ]
    if trade.note:
        rows += [
            Content(""),
            Content.styled("Note", "bold"),
            Content(f"  {ui_text(trade.note)}"),
        ]
    return Content("\n").join(rows)


def why(fill: Fill, tick: Decimal | None) -> str:
    """Say why *fill* has its price.

    Args:
        fill: One execution.
        tick: The symbol's price grid.
    """
    match fill.model:
        case PriceModel.TOUCH:
            reason = "at the best price on the other side"
        case PriceModel.LAST:
            reason = "at the last trade"
        case PriceModel.SIGNAL:
            reason = "at the signal's own price"
        case PriceModel.LEVEL:
            reason = "at its own price"
    if fill.kind is FillKind.STOP and fill.level is not None:
        reason = f"first print at or beyond {fmt.price(fill.level, tick)}"
    if fill.kind is FillKind.TARGET and fill.level is not None:
        reason = f"target {fmt.price(fill.level, tick)} was reached"
    details = [reason]
    if fill.print_price is not None and fill.trade_id:
        details.append(f"print {fmt.price(fill.print_price, tick)} no. {fill.trade_id}")
    details += [_SOURCES[fill.source]] if fill.source in _SOURCES else []
    details += ["rebuilt from candles"] if fill.reconstructed else []
    details += ["order of prints unknown"] if fill.ambiguous else []
    return ", ".join(details)


def _fills(fills: Iterable[Fill], tick: Decimal | None) -> list[Content]:
    rows: list[Content] = []
    for fill in fills:
        price = fmt.price(fill.price, tick)
        size = fmt.quantity(fill.quantity)
        what = f"  {fmt.clock(fill.time_ms)} {fill.kind.value} {size} @ {price}"
        rows += [
            Content(f"{what}  fee {fmt.money(fill.fee)}"),
            Content.styled(f"    {why(fill, tick)}", "$quiet"),
        ]
    return rows


def headline(symbol: str, direction: Direction, timeframe: str) -> Content:
    """Name an idea or a trade: symbol, sign, direction, timeframe."""
    sign, role = ("▲", "$profit") if direction is Direction.LONG else ("▼", "$loss")
    return Content.assemble(
        (ui_text(symbol, 40), "bold"),
        "  ",
        (f"{sign} {direction.value}", role),
        f"  {timeframe}" if timeframe else "",
    )


def _parts(trade: Trade) -> list[Content]:
    """Say what is open and what the rest has brought, where a part was closed."""
    if not trade.status.active or len(trade.fills) == 1:
        return []
    return [
        _pair("Open", fmt.quantity(trade.quantity), "the rest is closed"),
        _money("Realised", realised(trade), "of the closed part, fees paid"),
    ]


def _kind(trade: Trade) -> str:
    short = trade.direction is Direction.SHORT and trade.market is Market.SPOT
    paper_short = ", an unlevered paper short without borrow cost" if short else ""
    opened = f"opened {fmt.clock(trade.opened_ms)}Z"
    return f"{trade.market.value} {trade.entry_mode.value} entry, {opened}{paper_short}"


def _pair(name: str, value: str, remark: str) -> Content:
    return Content.assemble(
        (f"{name:<8}", "$quiet"), f"{value:>14}", (f"  {remark}" if remark else "", "$quiet")
    )


def _money(name: str, value: Decimal | None, remark: str) -> Content:
    tone = fmt.tone(value)
    return Content.assemble(
        (f"{name:<8}", "$quiet"),
        (fmt.result(value).rjust(14), f"${tone}" if tone else ""),
        (f"  {remark}", "$quiet"),
    )


def _away(price: Decimal, entry: Decimal) -> str:
    return fmt.percent((price - entry) / entry)


def _life(created_ms: int, expires_ms: int, now_ms: int) -> str:
    born = f"{fmt.age(now_ms - created_ms)} old"
    return f"{born}, expires in {fmt.age(expires_ms - now_ms)}" if expires_ms > now_ms else born
