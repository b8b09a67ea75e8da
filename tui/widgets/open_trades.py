"""The open trades table: its keys, its title, and the trades that have just finished."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from desk.view import TradeView
from engine.model import Market, Trade, TradeStatus
from engine.money import ZERO
from tui import format as fmt
from tui.widgets.columns import Kind
from tui.widgets.line_painter import LinePainter
from tui.widgets.live_table import LiveTable, TickOf
from tui.widgets.table_keys import SORT_KEY
from tui.widgets.trade_columns import FUTURES_TRADES, TRADES


class Wish(StrEnum):
    """What a trader wants done with one trade."""

    CLOSE = "close"
    EDIT = "edit"
    BREAK_EVEN = "break_even"
    DETAIL = "detail"
    WHY = "why"
    UNDO = "undo"


_OF_FINISHED_TOO = frozenset((Wish.DETAIL, Wish.WHY))


def _key(key: str, wish: Wish, name: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(
        key,
        f"ask('{wish}')",
        name,
        tooltip=tooltip,
        show=show,
        key_display=key.split(",", maxsplit=1)[0],
        id=f"trade.{wish}",
    )


class OpenTrades(LiveTable[TradeView]):
    """Every active trade; a finished one stays a moment, so that the eye can follow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("x", Wish.CLOSE, "Close", "Close a trade or a part, take an order back; asks"),
        _key("e", Wish.EDIT, "Edit", "Edit stop, targets, trailing, break-even, time stop"),
        _key("b", Wish.BREAK_EVEN, "B/E", "Stop to break-even, now or once it can be"),
        _key("enter,o", Wish.DETAIL, "Detail", "Everything about the trade"),
        _key("w", Wish.WHY, "Why", "Why these prices? Explains every fill", show=False),
        _key("u", Wish.UNDO, "Undo", "Take the last edit of the trade back", show=False),
        replace(SORT_KEY, show=False),
    ]

    class Requested(Message):
        """The trader wants something done with one trade, whatever the table does meanwhile."""

        def __init__(self, wish: Wish, view: TradeView) -> None:
            super().__init__()
            self.wish = wish
            self.view = view

    def __init__(self, tick_of: TickOf) -> None:
        super().__init__(TRADES, tick_of, widget_id="trades")
        self.total = ""
        """Result of all open trades together, as the title shows it."""
        self._finished: dict[int, TradeView] = {}

    def title_parts(self) -> list[str]:
        """Put the result of all open trades behind their number."""
        _, *rest = super().title_parts()
        statuses = [row.trade.status for row in self.rows]
        waiting = statuses.count(TradeStatus.PENDING)
        parts = (
            f"{self.kind.name} {statuses.count(TradeStatus.OPEN)}",
            f"{waiting} pending" if waiting else "",
            self.total,
            *rest,
        )
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
        """Keep showing a finished *trade* until `release`."""
        self._finished[trade.id] = finished(trade)

    def finished_view(self, trade_id: int) -> TradeView | None:
        """Return the last row of a trade that has just finished, while it is remembered."""
        return self._finished.get(trade_id)

    def release(self, trade_id: int) -> None:
        """Let a finished trade leave."""
        self._finished.pop(trade_id, None)

    def show(self, rows: Sequence[TradeView], now_ms: int) -> None:
        """Take the newest values, with the trades that have just finished among them."""
        if rows:
            futures = rows[0].trade.market is Market.FUTURES  # an account trades one market
            self._use(FUTURES_TRADES if futures else TRADES)
        still = [row for row in rows if row.trade.id not in self._finished]
        super().show([*still, *self._finished.values()], now_ms)

    def _use(self, kind: Kind[TradeView]) -> None:
        if kind is self.kind:
            return
        self.kind = kind
        self.painter = LinePainter(kind.columns, self._role_style)
        self.refresh()

    def action_ask(self, wish: str) -> None:
        """Ask for something to be done with the trade under the cursor."""
        view = self.cursor_row
        if view is not None and (view.trade.status.active or wish in _OF_FINISHED_TOO):
            self.post_message(self.Requested(Wish(wish), view))


def finished(trade: Trade) -> TradeView:
    """Return the last row of a *trade* that is closed or cancelled."""
    cancelled = trade.status is TradeStatus.CANCELLED
    return TradeView(
        trade=trade,
        last=trade.exit_price,
        live=True,
        catching_up=False,
        unrealised=None if cancelled else trade.net,
        net_now=None if cancelled else trade.net,
        percent=trade.net / trade.stake if trade.stake and not cancelled else None,
        r_now=None,
        mfe=ZERO,
        mae=ZERO,
    )
