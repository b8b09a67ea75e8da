"""Mark prices on their way to the board, and behind the prints before them to the desk.

While prints of a symbol are missing, its mark prices wait: a liquidation must not overtake a
stop. While its past is read elsewhere they are let go, since candles tell them too.
"""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from engine.marks import MarkPrice
from market.binance import wire
from market.binance.doubts import Doubts
from market.binance.wire import MarkUpdate
from market.board import SymbolPrice
from market.continuity import Continuity
from market.feed import OnMark

MOST_WAITING = 10_000
"""Marks kept behind holes, of all symbols together; beyond it the oldest go."""


class Marks:
    """Takes in the mark prices of one market."""

    def __init__(self, doubts: Doubts) -> None:
        self.on_mark: OnMark | None = None
        self.waiting: deque[MarkPrice] = deque(maxlen=MOST_WAITING)
        """Not handed out yet, oldest first."""
        self._doubts = doubts

    def take(self, event: MarkUpdate, price: SymbolPrice) -> bool:
        """Show a mark price and keep it for `hand_out`; returns whether it is believed."""
        mark = wire.price(event.price)
        if self._doubts.unbelievable(event.symbol, mark, price.mark or price.last):
            return False
        price.mark, price.mark_fresh = mark, True
        price.funding_rate = Decimal(event.funding_rate) if event.funding_rate else None
        price.next_funding_ms = event.next_funding_ms or None
        if self.on_mark:
            self.waiting.append(MarkPrice(event.symbol, mark, event.event_ms))
        return True

    def hand_out(self, strict: Mapping[str, Continuity]) -> None:
        """Pass on what waits for nothing any more, of the symbols that are traded."""
        for _ in range(len(self.waiting)):
            mark = self.waiting.popleft()
            order = strict.get(mark.symbol)
            if order is None or order.held or self.on_mark is None:
                continue
            if order.flowing:
                self.on_mark(mark)
            else:
                self.waiting.append(mark)
