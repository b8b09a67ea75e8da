"""The market of this moment, put on a command before it reaches the book."""

from dataclasses import replace
from decimal import Decimal

from desk.figures import equity
from desk.settings import Settings
from desk.watermarks import Watermarks
from engine.book import Book
from engine.commands import CancelTrade, Command, OpenTrade
from engine.model import Quote, Source
from engine.money import ZERO
from market.feed import Feed


class Stamp:
    """Gives commands the quote, the equity, the costs and the caps that hold now."""

    def __init__(self, feed: Feed, settings: Settings, watermarks: Watermarks) -> None:
        self._feed = feed
        self._settings = settings
        self._watermarks = watermarks

    def command(self, command: Command, book: Book, today_net: Decimal = ZERO) -> Command:
        """Stamp a command with the market as far as *book* has seen it.

        Args:
            command: As it was asked for.
            book: Knows the trade that it is about.
            today_net: Net result of the trades closed today, quote.
        """
        if isinstance(command, OpenTrade):
            return self.opening(command, book, today_net)
        if isinstance(command, CancelTrade):
            return replace(command, now_ms=self._feed.clock.now_ms())
        trade = book.get(command.trade_id)
        return replace(command, quote=self._quote(trade.symbol) if trade else None)

    def opening(self, command: OpenTrade, book: Book, today_net: Decimal = ZERO) -> OpenTrade:
        """Stamp an order to open, as `command` does."""
        total, _, complete = equity(book, self._feed.board)
        return replace(
            command,
            costs=self._settings.costs,
            quote=self._quote(command.symbol),
            equity=total if complete else None,
            limits=self._settings.limits,
            today_net=today_net,
            source=Source.SIMULATED if self._feed.simulated else Source.STREAM,
        )

    def _quote(self, symbol: str) -> Quote | None:
        quote = self._feed.board.quote(symbol, self._feed.clock.now_ms())
        return quote and self._watermarks.as_reached(symbol, quote)
