"""Where candles of the past and live prints meet, proved by the exchange's own trade ids.

While a symbol is held, its candle stream runs beside its prints. A candle names the last trade
that is in it, a print the first trade that it is made of. Once the candle has come as far as
the trade before the first print held, nothing lies between the two.
"""

from dataclasses import dataclass
from itertools import pairwise

from engine.model import Candle
from market.binance.wire import AggTrade, Kline
from market.feed import Meeting


@dataclass(slots=True)
class Joint:
    """What the streams of one held symbol have shown so far."""

    timeframe: str
    _first: AggTrade | None = None
    """The held print with the smallest id."""
    _last_trade: int = -1
    """The newest trade that is in a candle."""
    _candles: dict[int, Candle] | None = None
    """By open time, each as it was told last."""

    def on_print(self, event: AggTrade) -> None:
        """Learn of a print that is held."""
        if self._first is None or event.trade_id < self._first.trade_id:
            self._first = event

    def on_candle(self, event: Kline) -> None:
        """Learn how a candle stands."""
        if event.body.timeframe == self.timeframe:
            self._candles = self._candles or {}
            self._candles[event.body.open_ms] = event.to_candle()
            self._last_trade = max(self._last_trade, event.body.last_trade)

    def meeting(self) -> Meeting | None:
        """Return where candles and prints meet, or None while that is not proved."""
        first, candles = self._first, self._candles
        if first is None or candles is None or self._last_trade < first.first_trade - 1:
            return None
        told = [candles[open_ms] for open_ms in sorted(candles)]
        if any(not a.closed or a.close_ms + 1 != b.open_ms for a, b in pairwise(told)):
            return None
        *closed, last = told
        return Meeting(
            closed=tuple(closed), open=last, trade_id=first.trade_id, time_ms=first.time_ms
        )
