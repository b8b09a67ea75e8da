"""The open trades table: its keys, its title, and the trades that have just finished."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from desk.view import TradeView
from engine.model import Trade
from engine.money import ZERO
from tui import format as fmt
from tui.widgets.live_table import LiveTable, TickOf
from tui.widgets.table_keys import SORT_KEY
from tui.widgets.trade_columns import TRADES


class OpenTrades(LiveTable[TradeView]):
    """Every open trade; a finished one stays a moment, so that the eye can follow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "close_trade",
            "Close",
            tooltip="Close the trade or a part of it; asks",
            id="trade.close",
        ),
        Binding(
            "enter,o",
            "detail",
            "Detail",
            key_display="enter",
            tooltip="Everything about the trade",
            id="trade.detail",
        ),
        SORT_KEY,
    ]

    class CloseRequested(Message):
        """The trader wants to close this trade, whatever happens to the table meanwhile."""

        def __init__(self, view: TradeView) -> None:
            super().__init__()
            self.view = view

    class DetailRequested(Message):
        """The trader wants to see all of this trade."""

        def __init__(self, view: TradeView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, tick_of: TickOf) -> None:
        super().__init__(TRADES, tick_of, widget_id="trades")
        self.total = ""
        """Result of all open trades together, as the title shows it."""
        self._finished: dict[int, TradeView] = {}

    def title_parts(self) -> list[str]:
        """Put the result of all open trades behind their number."""
        _, *rest = super().title_parts()
        still_open = sum(row.trade.status.active for row in self.rows)
        parts = (f"{self.kind.name} {still_open}", self.total, *rest)
        return [part for part in parts if part]

    def show_total(self, total: Decimal | None, share: Decimal | None) -> None:
        """Put the result of all open trades into the title.

        Args:
            total: Quote asset; None while nothing is open.
            share: Of equity, a fraction.
        """
        self.total = ""
        if total is not None:
            self.total = f"{fmt.result(total)} ({fmt.percent(share)})"

    def finish(self, trade: Trade) -> None:
        """Keep showing a closed *trade* until `release`."""
        self._finished[trade.id] = TradeView(
            trade=trade,
            last=trade.exit_price,
            live=True,
            catching_up=False,
            unrealised=trade.net,
            net_now=trade.net,
            percent=trade.net / trade.stake if trade.stake else None,
            r_now=None,
            mfe=ZERO,
            mae=ZERO,
        )

    def release(self, trade_id: int) -> None:
        """Let a closed trade leave."""
        self._finished.pop(trade_id, None)

    def show(self, rows: Sequence[TradeView], now_ms: int) -> None:
        """Take the newest values, with the trades that have just finished among them."""
        still = [row for row in rows if row.trade.id not in self._finished]
        super().show([*still, *self._finished.values()], now_ms)

    def action_close_trade(self) -> None:
        """Ask to close the trade under the cursor."""
        view = self.cursor_row
        if view is not None and view.trade.status.active:
            self.post_message(self.CloseRequested(view))

    def action_detail(self) -> None:
        """Ask for everything about the trade under the cursor."""
        view = self.cursor_row
        if view is not None:
            self.post_message(self.DetailRequested(view))
