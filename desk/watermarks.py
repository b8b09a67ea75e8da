"""How far the prints of each watched symbol have gone through the book.

Law: no hole is stepped over. A print is accepted only if its id follows the last one; behind a
hole the feed is asked, once, to deliver again from there.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.model import Quote, Tick
from market.feed import Feed
from store.ledger import Checkpoint


@dataclass(slots=True)
class _Mark:
    trade_id: int
    time_ms: int
    price: Decimal | None = None
    asked_again: bool = False
    """Whether the feed was already asked to resume behind this print."""


class Watermarks:
    """The last accepted print by symbol; symbols without active trades have none."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._marks: dict[str, _Mark] = {}

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols being watched."""
        return frozenset(self._marks)

    def accept(self, tick: Tick) -> bool:
        """Say whether a print is the next one of a watched symbol, and move on to it if so."""
        mark = self._marks.get(tick.symbol)
        if mark is None:
            return False
        if tick.trade_id != mark.trade_id + 1:
            if tick.trade_id > mark.trade_id and not mark.asked_again:
                mark.asked_again = True
                self._feed.resume(tick.symbol, mark.trade_id)
            return False
        mark.trade_id, mark.time_ms, mark.price = tick.trade_id, tick.time_ms, tick.price
        mark.asked_again = False
        return True

    def begin(self, symbol: str, behind: Checkpoint) -> None:
        """Watch a symbol from just behind a print, unless it is watched already."""
        self._marks.setdefault(symbol, _Mark(behind.trade_id, behind.time_ms))

    def resume(self, symbol: str, behind: Checkpoint) -> None:
        """Watch a symbol again after a pause: the feed fetches what was missed."""
        if symbol not in self._marks:
            self.begin(symbol, behind)
            self._feed.resume(symbol, behind.trade_id)

    def keep_only(self, symbols: Collection[str]) -> bool:
        """Stop watching all other symbols; returns whether there were any."""
        gone = self._marks.keys() - symbols
        for symbol in gone:
            del self._marks[symbol]
        return bool(gone)

    def clear(self) -> None:
        """Stop watching everything."""
        self._marks.clear()

    def checkpoints(self, symbols: Collection[str]) -> dict[str, Checkpoint]:
        """Return what to store so that a restart goes on from here."""
        return {
            symbol: Checkpoint(trade_id=mark.trade_id, time_ms=mark.time_ms)
            for symbol in symbols
            if (mark := self._marks.get(symbol))
        }

    def as_reached(self, symbol: str, quote: Quote) -> Quote:
        """Take a quote back to the print that the book has reached.

        The board may be ahead of the book by what still waits in the inbox; a trade must begin
        where the book stands, or prints between would be lost to it.
        """
        mark = self._marks.get(symbol)
        if mark is None:
            return quote
        return replace(quote, last=mark.price or quote.last, last_trade_id=mark.trade_id)
