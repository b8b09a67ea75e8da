"""Everything about one trade over the desk, at each moment; and why its prices are so."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from desk.view import TradeView
from engine.model import Trade
from tui.about_trade import about_trade, why_text
from tui.port import DeskSession, tick_of
from tui.screens.page import Page

FindTrade = Callable[[int], TradeView | None]
"""Gives the newest view of a trade; None once it is neither active nor just finished."""


class TradePage(Page):
    """A trade's page; it follows the trade while it stands open, to its very end."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "Why these prices?", id="page.why"),
    ]

    def __init__(self, session: DeskSession, view: TradeView, find: FindTrade) -> None:
        """Show the trade of *view*.

        Args:
            session: Gives time and price grid.
            view: The trade, and its market now.
            find: Gives its newest view.
        """
        self._session = session
        self._view = view
        self._find = find
        super().__init__(f"Trade #{view.trade.id}", self._words(), keys="w why   esc back")

    def paint(self) -> None:
        """Show the trade as it is now."""
        self._view = self._find(self._view.trade.id) or self._view
        self.show(self._words())

    def action_why(self) -> None:
        """Explain the price of every fill."""
        self.app.push_screen(why_page(self._view.trade))

    def _words(self) -> Content:
        tick = tick_of(self._session, self._view.trade.symbol)
        return about_trade(self._view, tick, self._session.header().now_ms)


def why_page(trade: Trade) -> Page:
    """Return the page that explains every fill of *trade*."""
    return Page(f"Trade #{trade.id}: why these prices?", why_text(trade))
