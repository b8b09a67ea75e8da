"""The columns of the open trades: what each earns now, and how far its levels are."""

from collections.abc import Sequence

from desk.view import TradeView
from engine.pnl import realised
from tui import format as fmt
from tui.text import ui_text
from tui.trade_words import exit_marks
from tui.widgets import gauge
from tui.widgets.columns import Column, Kind, text
from tui.widgets.signals_table import direction_cell, last_cell
from tui.widgets.trade_cells import (
    age_cell,
    funding_cell,
    levels_cell,
    next_target,
    percent_cell,
    realised_cell,
    result_cell,
    signed_cell,
    size_of,
    symbol_cell,
    target_cell,
    to_liquidation_cell,
)

_ALL: tuple[Column[TradeView], ...] = (
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
        key="symbol",
        title="SYMBOL",
        width=10,
        cell=symbol_cell,
        sort=lambda row: row.trade.symbol,
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
        cell=lambda row, _: text(fmt.quantity(size_of(row.trade))),
        sort=lambda row: size_of(row.trade),
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
        cell=result_cell,
        sort=lambda row: row.unrealised,
        right=True,
    ),
    Column(
        key="percent",
        title="P/L%",
        width=8,
        cell=percent_cell,
        sort=lambda row: row.percent,
        right=True,
    ),
    Column(key="levels", title="SL ───── TP", width=gauge.WIDTH, cell=levels_cell),
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
        cell=target_cell,
        sort=lambda row: next_target(row.trade),
        right=True,
        rank=4,
    ),
    Column(
        key="exit",
        title="EXIT",
        width=9,
        cell=lambda row, _: text(exit_marks(row.trade), "quiet"),
        sort=lambda row: exit_marks(row.trade),
        rank=6,
    ),
    Column(
        key="r",
        title="R",
        width=5,
        cell=lambda row, _: signed_cell(row.r_now, fmt.multiple(row.r_now)),
        sort=lambda row: row.r_now,
        right=True,
        rank=6,
    ),
    Column(
        key="realised",
        title="REALISED",
        width=9,
        cell=realised_cell,
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
        key="leverage",
        title="LEV",
        width=4,
        cell=lambda row, _: text(f"{row.trade.leverage}x"),
        sort=lambda row: row.trade.leverage,
        right=True,
        rank=7,
    ),
    Column(
        key="liquidation",
        title="TO LIQ",
        width=7,
        cell=to_liquidation_cell,
        sort=lambda row: abs(row.to_liquidation) if row.to_liquidation is not None else None,
        right=True,
        rank=7,
    ),
    Column(
        key="funding",
        title="FUNDING",
        width=8,
        cell=funding_cell,
        sort=lambda row: row.trade.funding,
        right=True,
        rank=8,
    ),
    Column(
        key="age",
        title="AGE",
        width=6,
        cell=age_cell,
        sort=lambda row: -row.trade.opened_ms,
        right=True,
        rank=7,
    ),
    Column(
        key="mfe",
        title="MFE",
        width=7,
        cell=lambda row, _: signed_cell(row.mfe, fmt.percent(row.mfe, 1)),
        sort=lambda row: row.mfe,
        right=True,
        rank=9,
    ),
    Column(
        key="mae",
        title="MAE",
        width=7,
        cell=lambda row, _: signed_cell(-row.mae, fmt.percent(-row.mae, 1)),
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

_FUTURES_ONLY = frozenset(("leverage", "liquidation", "funding"))


def _words(row: TradeView) -> str:
    trade = row.trade
    return f"#{trade.id} {trade.symbol} {trade.direction} {trade.status} {trade.note}"


def _kind(columns: Sequence[Column[TradeView]]) -> Kind[TradeView]:
    return Kind(
        name="Open trades",
        columns=columns,
        key=lambda row: row.trade.id,
        symbol=lambda row: row.trade.symbol,
        words=_words,
        # A trade whose price is old is dim as a whole: its result is old too.
        dim=lambda row: not row.live and row.trade.status.active,
        order=("id", False),
        plain_order=True,
        when_empty=("No open trades", "", "Press o on a signal to open one."),
    )


TRADES = _kind([column for column in _ALL if column.key not in _FUTURES_ONLY])
FUTURES_TRADES = _kind([column for column in _ALL if column.key not in {"mfe", "mae"}])
"""An account trades one market: where leverage is, it takes the place of the extremes."""
