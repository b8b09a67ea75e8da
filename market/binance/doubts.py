"""Which events are too strange to be believed at sight.

A price at twice or half the last one may be true, so it is not thrown away: the next one, or
the exchange's own record, must confirm it. An id or a time from another world is thrown away.
"""

import logging
from decimal import Decimal

from market.board import SymbolPrice
from market.clock import ExchangeClock

WILD = 2
"""So many times the last price, or so small a part of it, needs to be confirmed."""
MOST_IDS_AHEAD = 100_000_000
"""No symbol trades so often that the next print heard could be so far ahead."""
MOST_AHEAD_MS = 30 * 86_400_000
"""An event from so much later says nothing about what time it is."""

log = logging.getLogger(__name__)


class Doubts:
    """Remembers the prices that wait to be confirmed."""

    def __init__(self, clock: ExchangeClock) -> None:
        self._clock = clock
        self._suspects: dict[str, Decimal] = {}
        """By symbol, the price that nothing has confirmed yet."""

    def unbelievable(self, symbol: str, price: Decimal, known: Decimal | None) -> bool:
        """Tell whether a price must be confirmed by another one before it counts.

        Args:
            symbol: Whose price it is.
            price: One that is not believed at sight.
            known: The last one that was believed; None before the first.
        """
        known = self._suspects.pop(symbol, None) or known
        if known is None or known / WILD < price < known * WILD:
            return False
        log.warning("%s at %s, far from %s: not believed yet", symbol, price, known)
        self._suspects[symbol] = price
        return True

    @staticmethod
    def absurd_id(price: SymbolPrice, trade_id: int) -> bool:
        """Tell whether an id is out of all proportion to the last one."""
        known = price.last_trade_id
        return known > 0 and trade_id - known > MOST_IDS_AHEAD

    def absurd_time(self, event_ms: int) -> bool:
        """Tell whether a time would carry the clock away for good."""
        return self._clock.synced and event_ms - self._clock.now_ms() > MOST_AHEAD_MS
