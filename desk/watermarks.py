"""How far the prints of each watched symbol have gone through the book.

Law: no hole is stepped over. A print is accepted only if its id follows the last one; behind a
hole the feed is asked to deliver again from there. Only the exchange's own history may leave
ids out: they do not exist.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.model import Candle, Quote, Source, Tick
from market.feed import Feed, Meeting
from store.ledger import Checkpoint

MARGIN_MS = 1_000
"""A print may carry an earlier time than the one before it, by less than this."""
NEVER_MS = 2**63
ASK_AGAIN_MS = 10_000
"""Exchange time after which an unanswered wish to resume is repeated."""


@dataclass(slots=True)
class _Mark:
    trade_id: int
    time_ms: int
    price: Decimal | None = None
    asked_ms: int | None = None
    """Time of the print at which the feed was last asked to resume; None when it was not."""
    due_ms: int = NEVER_MS
    """When funding is settled next; prints from then on wait until it is."""
    told_due: bool = False
    doubtful: bool = False
    """Whether prints were thrown away on this side, so that a jump proves nothing."""


class Watermarks:
    """The last accepted print by symbol; symbols without active trades have none."""

    def __init__(self, feed: Feed) -> None:
        self.on_change: Callable[[], None] = lambda: None
        """Called when other symbols are watched than before."""
        self.on_due: Callable[[str], None] = lambda _: None
        """Called once when a symbol's prints have come to a time at which funding is due."""
        self._feed = feed
        self._marks: dict[str, _Mark] = {}

    def __contains__(self, symbol: str) -> bool:
        """Tell whether a symbol is being watched."""
        return symbol in self._marks

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols being watched."""
        return frozenset(self._marks)

    def accept(self, tick: Tick) -> bool:
        """Say whether a print is the next one of a watched symbol, and move on to it if so."""
        mark = self._marks.get(tick.symbol)
        if mark is None or tick.trade_id <= mark.trade_id:
            return False
        if tick.time_ms >= mark.due_ms:
            self._come_due(tick.symbol, mark)
            return False
        if tick.trade_id == mark.trade_id + 1:
            mark.doubtful = False
        elif tick.source is not Source.BACKFILL or mark.doubtful:
            self._ask_again(tick, mark)
            return False
        mark.trade_id, mark.time_ms, mark.price = tick.trade_id, tick.time_ms, tick.price
        mark.asked_ms = None
        return True

    def doubt(self, symbols: Iterable[str]) -> None:
        """Note that prints of these symbols were thrown away before they were looked at."""
        for symbol in symbols:
            if mark := self._marks.get(symbol):
                mark.doubtful = True

    def _ask_again(self, tick: Tick, mark: _Mark) -> None:
        if mark.asked_ms is None or tick.time_ms - mark.asked_ms >= ASK_AGAIN_MS:
            mark.asked_ms = tick.time_ms
            self._feed.resume(tick.symbol, mark.trade_id)

    def _come_due(self, symbol: str, mark: _Mark) -> None:
        if not mark.told_due:
            mark.told_due = True
            self.on_due(symbol)

    def set_due(self, symbol: str, due_ms: int) -> None:
        """Note when funding of a symbol is due next, milliseconds UTC."""
        if mark := self._marks.get(symbol):
            mark.due_ms, mark.told_due = due_ms, False

    def look_for_due(self, now_ms: int) -> None:
        """Notice the symbols whose funding is due though they do not trade."""
        for symbol in tuple(self._marks):
            self.falls_due(symbol, now_ms)

    def falls_due(self, symbol: str, time_ms: int) -> bool:
        """Tell whether funding comes before what happens at a time, and notice that."""
        mark = self._marks.get(symbol)
        if mark is None or time_ms < mark.due_ms:
            return False
        self._come_due(symbol, mark)
        return True

    def due_ms(self, symbol: str) -> int | None:
        """Return when funding of a symbol is due next; None where it is not watched."""
        mark = self._marks.get(symbol)
        return None if mark is None else mark.due_ms

    def begin(self, symbol: str, behind: Checkpoint) -> None:
        """Watch a symbol from just behind a print, unless it is watched already."""
        if symbol not in self._marks:
            self._marks[symbol] = _Mark(behind.trade_id, behind.time_ms)
            self.on_change()

    def reached(self, symbol: str) -> Checkpoint | None:
        """Return how far a watched symbol has been followed; None where it is not watched."""
        return self.checkpoints((symbol,)).get(symbol)

    def pass_candle(self, candle: Candle) -> None:
        """Note that a candle stood in for its prints: what it covers was followed."""
        mark = self._marks[candle.symbol]
        mark.time_ms, mark.price = max(mark.time_ms, candle.close_ms), candle.close

    def join(self, symbol: str, meeting: Meeting) -> None:
        """Note that everything before the first live print was followed."""
        mark = self._marks[symbol]
        mark.trade_id, mark.time_ms = meeting.trade_id - 1, meeting.time_ms - MARGIN_MS
        mark.price = meeting.open.open

    def pass_time(self, symbol: str, until_ms: int) -> None:
        """Note that everything up to a moment was followed."""
        if mark := self._marks.get(symbol):
            mark.time_ms = max(mark.time_ms, until_ms)

    def keep_only(self, symbols: Collection[str]) -> None:
        """Stop watching all other symbols."""
        if gone := self._marks.keys() - symbols:
            for symbol in gone:
                del self._marks[symbol]
            self.on_change()

    def clear(self) -> None:
        """Stop watching everything."""
        self.keep_only(())

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
        same = quote.last_trade_id == mark.trade_id
        last = mark.price or (quote.last if same else None)
        return replace(quote, last=last, last_trade_id=mark.trade_id)
