"""The market of this moment, put on a command before it reaches the book."""

from dataclasses import replace

from desk.figures import equity
from desk.settings import Settings
from desk.watermarks import Watermarks
from engine.book import Book
from engine.commands import CloseTrade, Command, OpenTrade
from engine.model import Quote, Source
from market.feed import Feed


class Stamp:
    """Gives commands the quote, the equity and the costs that hold now."""

    def __init__(self, feed: Feed, settings: Settings, watermarks: Watermarks) -> None:
        self._feed = feed
        self._settings = settings
        self._watermarks = watermarks

    def command(self, command: Command, book: Book) -> Command:
        """Stamp a command with the market as far as *book* has seen it."""
        if isinstance(command, OpenTrade):
            return self.opening(command, book)
        return self._closing(command, book)

    def opening(self, command: OpenTrade, book: Book) -> OpenTrade:
        """Stamp an order to open."""
        total, _, complete = equity(book, self._feed.board)
        return replace(
            command,
            costs=self._settings.costs,
            quote=self._quote(command.symbol),
            equity=total if complete else None,
            source=Source.SIMULATED if self._feed.simulated else Source.STREAM,
        )

    def _closing(self, command: CloseTrade, book: Book) -> CloseTrade:
        trade = book.get(command.trade_id)
        return replace(command, quote=self._quote(trade.symbol) if trade else None)

    def _quote(self, symbol: str) -> Quote | None:
        quote = self._feed.board.quote(symbol, self._feed.clock.now_ms())
        return quote and self._watermarks.as_reached(symbol, quote)
