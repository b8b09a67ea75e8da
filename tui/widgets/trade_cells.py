"""What stands in the cells of the open trades table."""

from decimal import Decimal

from desk.view import TradeView
from engine.model import Trade, TradeStatus
from engine.pnl import realised
from tui import format as fmt
from tui.text import ui_text
from tui.widgets import gauge
from tui.widgets.columns import Cell, Look, text

CLOSED_WORDS = {
    TradeStatus.CLOSED_TP: ("▲ CLOSED TP", "profit"),
    TradeStatus.CLOSED_SL: ("▼ CLOSED SL", "loss"),
    TradeStatus.CLOSED_MANUAL: ("■ CLOSED", "accent"),
    TradeStatus.CANCELLED: ("◌ CANCELLED", "accent"),
}
"""What stands in the gauge's place once a trade is finished."""


def waits(row: TradeView) -> bool:
    """Tell whether the trade still waits for its entry."""
    return row.trade.status is TradeStatus.PENDING


def signed_cell(value: Decimal | None, written: str) -> Cell:
    """Draw a result in its colour."""
    return text(written, fmt.tone(value))


def size_of(trade: Trade) -> Decimal:
    """Return what is open, or what was open at first of a finished trade; base asset."""
    return trade.quantity if trade.status.active else trade.initial_quantity


def result_cell(row: TradeView, _: Look) -> Cell:
    """Draw the unrealised result; of an order that it is one."""
    if waits(row):
        return text("PENDING", "entry")
    return signed_cell(row.unrealised, fmt.signed(row.unrealised))


def percent_cell(row: TradeView, _: Look) -> Cell:
    """Write the result over the stake; of an order how far the price is from its entry."""
    if waits(row):
        away = None if row.to_entry is None else abs(row.to_entry)
        return text(f"→ {fmt.share(away, 2)}", "entry")
    return signed_cell(row.percent, fmt.percent(row.percent))


def realised_cell(row: TradeView, _: Look) -> Cell:
    """Draw what the closed part has brought, where a part was closed."""
    if len(row.trade.fills) <= 1:
        return text("")
    net = realised(row.trade)
    return signed_cell(net, fmt.signed(net))


def levels_cell(row: TradeView, look: Look) -> Cell:
    """Draw the gauge, or in words why there is none."""
    trade = row.trade
    if trade.status in CLOSED_WORDS:
        return (CLOSED_WORDS[trade.status],)
    if row.catching_up:
        part = "" if row.caught_up is None else f" {fmt.share(row.caught_up)}"
        return text(f"REPLAYING{part}", "accent")
    if row.halted:
        return text(f"HALTED {ui_text(row.halted, 10)}", "accent")
    if not row.live:
        return text("not watched", "accent")
    if waits(row):
        left = "" if trade.expires_ms is None else fmt.age(trade.expires_ms - look.now_ms)
        return text(f"{trade.entry_mode.value} {left}", "entry")
    return gauge.trade_gauge(trade, row.last)


def symbol_cell(row: TradeView, _: Look) -> Cell:
    """Draw the symbol."""
    return text(ui_text(row.trade.symbol, 40), "strong")


def age_cell(row: TradeView, look: Look) -> Cell:
    """Draw for how long the trade is open, or was."""
    return text(fmt.age((row.trade.closed_ms or look.now_ms) - row.trade.opened_ms), "quiet")


def next_target(trade: Trade) -> Decimal | None:
    """Return the level that is next, or was last; None while a rest runs without one."""
    if (target := trade.next_target) is not None:
        return target.price
    return None if trade.status.active or not trade.targets else trade.targets[-1].price


def target_cell(row: TradeView, look: Look) -> Cell:
    """Draw the next target."""
    price = next_target(row.trade)
    return text("runner", "quiet") if price is None else text(fmt.price(price, look.tick))


def to_liquidation_cell(row: TradeView, _: Look) -> Cell:
    """Draw the way to the liquidation; ``~`` where it is an estimate."""
    if row.to_liquidation is None:
        return text(fmt.MISSING, "quiet")
    sign = "~" if row.liquidation_estimated else ""
    return text(f"{sign}{fmt.percent(row.to_liquidation, 1)}")


def funding_cell(row: TradeView, _: Look) -> Cell:
    """Draw all funding so far."""
    amount = row.trade.funding
    return signed_cell(amount, fmt.signed(amount)) if row.trade.payments else text("")
