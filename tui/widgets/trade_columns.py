"""The columns of the open trades: what each earns now, and how far its levels are."""

from decimal import Decimal

from desk.view import TradeView
from engine.model import Trade, TradeStatus
from engine.pnl import realised
from tui import format as fmt
from tui.text import ui_text
from tui.widgets import gauge
from tui.widgets.columns import Cell, Column, Kind, Look, text
from tui.widgets.signals_table import direction_cell, last_cell

CLOSED_WORDS = {
    TradeStatus.CLOSED_TP: ("▲ CLOSED TP", "profit"),
    TradeStatus.CLOSED_SL: ("▼ CLOSED SL", "loss"),
    TradeStatus.CLOSED_MANUAL: ("■ CLOSED", "accent"),
}
"""What stands in the gauge's place once a trade is finished."""


def _result(value: Decimal | None, written: str) -> Cell:
    return text(written, fmt.tone(value))


def _size(trade: Trade) -> Decimal:
    """Return what is open, or what was open at first of a finished trade; base asset."""
    return trade.quantity if trade.status.active else trade.initial_quantity


def _realised(row: TradeView, _: Look) -> Cell:
    if len(row.trade.fills) == 1:
        return text("")
    net = realised(row.trade)
    return _result(net, fmt.signed(net))


def _levels(row: TradeView, _: Look) -> Cell:
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
    return gauge.gauge(trade.stop, trade.entry_price, trade.targets[0].price, row.last)


def _symbol(row: TradeView, _: Look) -> Cell:
    return text(ui_text(row.trade.symbol, 40), "strong")


def _age(row: TradeView, look: Look) -> Cell:
    return text(fmt.age((row.trade.closed_ms or look.now_ms) - row.trade.opened_ms), "quiet")


COLUMNS: tuple[Column[TradeView], ...] = (
    Column(
        key="id",
        title="#",
        width=4,
        cell=lambda row, _: text(str(row.trade.id), "quiet"),
        sort=lambda row: row.trade.id,
        right=True,
        rank=2,
    ),
    Column(
        key="symbol", title="SYMBOL", width=10, cell=_symbol, sort=lambda row: row.trade.symbol
    ),
    Column(
        key="side",
        title="SIDE",
        width=4,
        cell=lambda row, _: direction_cell(row.trade.direction, short=True),
        sort=lambda row: row.trade.direction.value,
    ),
    Column(
        key="quantity",
        title="QTY",
        width=10,
        cell=lambda row, _: text(fmt.quantity(_size(row.trade))),
        sort=lambda row: _size(row.trade),
        right=True,
        rank=5,
    ),
    Column(
        key="entry",
        title="ENTRY",
        width=11,
        cell=lambda row, look: text(fmt.price(row.trade.entry_price, look.tick)),
        sort=lambda row: row.trade.entry_price,
        right=True,
        rank=1,
    ),
    Column(
        key="last",
        title="LAST",
        width=12,
        cell=last_cell,
        sort=lambda row: row.last,
        right=True,
    ),
    Column(
        key="result",
        title="P/L",
        width=10,
        cell=lambda row, _: _result(row.unrealised, fmt.signed(row.unrealised)),
        sort=lambda row: row.unrealised,
        right=True,
    ),
    Column(
        key="percent",
        title="P/L%",
        width=8,
        cell=lambda row, _: _result(row.percent, fmt.percent(row.percent)),
        sort=lambda row: row.percent,
        right=True,
    ),
    Column(key="levels", title="SL ───── TP", width=gauge.WIDTH, cell=_levels),
    Column(
        key="stop",
        title="SL",
        width=11,
        cell=lambda row, look: text(fmt.price(row.trade.stop, look.tick)),
        sort=lambda row: row.trade.stop,
        right=True,
        rank=4,
    ),
    Column(
        key="target",
        title="TP",
        width=11,
        cell=lambda row, look: text(fmt.price(row.trade.targets[0].price, look.tick)),
        sort=lambda row: row.trade.targets[0].price,
        right=True,
        rank=4,
    ),
    Column(
        key="r",
        title="R",
        width=5,
        cell=lambda row, _: _result(row.r_now, fmt.multiple(row.r_now)),
        sort=lambda row: row.r_now,
        right=True,
        rank=6,
    ),
    Column(
        key="realised",
        title="REALISED",
        width=9,
        cell=_realised,
        sort=lambda row: realised(row.trade),
        right=True,
        rank=8,
    ),
    Column(
        key="fees",
        title="FEES",
        width=6,
        cell=lambda row, _: text(fmt.money(row.trade.fees), "quiet"),
        sort=lambda row: row.trade.fees,
        right=True,
        rank=8,
    ),
    Column(
        key="age",
        title="AGE",
        width=6,
        cell=_age,
        sort=lambda row: -row.trade.opened_ms,
        right=True,
        rank=7,
    ),
    Column(
        key="mfe",
        title="MFE",
        width=7,
        cell=lambda row, _: _result(row.mfe, fmt.percent(row.mfe, 1)),
        sort=lambda row: row.mfe,
        right=True,
        rank=9,
    ),
    Column(
        key="mae",
        title="MAE",
        width=7,
        cell=lambda row, _: _result(-row.mae, fmt.percent(-row.mae, 1)),
        sort=lambda row: row.mae,
        right=True,
        rank=9,
    ),
    Column(
        key="note",
        title="NOTE",
        width=12,
        cell=lambda row, _: text(ui_text(row.trade.note), "quiet"),
        sort=lambda row: row.trade.note,
        rank=10,
        stretch=True,
    ),
)


def _words(row: TradeView) -> str:
    trade = row.trade
    return f"#{trade.id} {trade.symbol} {trade.direction} {trade.note}"


TRADES: Kind[TradeView] = Kind(
    name="Open trades",
    columns=COLUMNS,
    key=lambda row: row.trade.id,
    symbol=lambda row: row.trade.symbol,
    words=_words,
    # A trade whose price is old is dim as a whole: its result is old too.
    dim=lambda row: not row.live and row.trade.status.active,
    order=("id", False),
    plain_order=True,
    when_empty=("No open trades", "", "Press o on a signal to open one."),
)
