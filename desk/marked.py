"""How far the mark prices of each watched symbol were looked at, and where some were missed.

Law: a mark price that was missed is looked at later, in the candle of its minute: nobody is
spared a liquidation because the connection was lost.
"""

from collections.abc import Collection
from dataclasses import dataclass

MINUTE_MS = 60_000
HOLE_MS = 3_000
"""Mark prices come about once a second: after more than this some were missed."""
SETTLED_MS = 3_000
"""A candle's last prices may be added so long after its end."""


@dataclass(slots=True)
class _Looked:
    until_ms: int
    """Time of the last mark price that was heard, missed or not."""
    since_ms: int | None = None
    """Where mark prices were missed first; None where none were."""
    end_ms: int = 0
    """Up to where they were missed."""


class MarkHoles:
    """Where mark prices were missed, by symbol."""

    def __init__(self) -> None:
        self._looked: dict[str, _Looked] = {}

    def begin(self, symbol: str, time_ms: int) -> None:
        """Note that a symbol is watched from a moment on, unless it was already."""
        self._looked.setdefault(symbol, _Looked(time_ms))

    def keep_only(self, symbols: Collection[str]) -> None:
        """Forget all other symbols."""
        for symbol in self._looked.keys() - symbols:
            del self._looked[symbol]

    def heard(self, symbol: str, time_ms: int) -> None:
        """Note that a mark price was looked at."""
        if looked := self._looked.get(symbol):
            if time_ms - looked.until_ms > HOLE_MS:
                self.missed(symbol, time_ms)
            looked.until_ms = max(looked.until_ms, time_ms)

    def missed(self, symbol: str, until_ms: int) -> None:
        """Note that the mark prices up to a moment were not looked at."""
        if looked := self._looked.get(symbol):
            if looked.since_ms is None:
                looked.since_ms = looked.until_ms
            looked.until_ms = looked.end_ms = max(looked.until_ms, until_ms)

    def looked_into(self, symbol: str, until_ms: int) -> None:
        """Note that candles have told all mark prices before a moment."""
        if looked := self._looked.get(symbol):
            looked.until_ms = max(looked.until_ms, until_ms)
            if looked.since_ms is not None:
                later_ms = max(looked.since_ms, until_ms)
                looked.since_ms = later_ms if later_ms < looked.end_ms else None

    def first_minute(self, symbol: str) -> int | None:
        """Return where the first minute opens whose mark prices are not all looked at."""
        looked = self._looked.get(symbol)
        if looked is None:
            return None
        since_ms = looked.until_ms if looked.since_ms is None else looked.since_ms
        return since_ms // MINUTE_MS * MINUTE_MS

    def over(self, now_ms: int) -> dict[str, range]:
        """Return, by symbol, the minutes with missed prices that are over."""
        found = {}
        over_ms = (now_ms - SETTLED_MS) // MINUTE_MS * MINUTE_MS
        for symbol, looked in self._looked.items():
            if looked.since_ms is None:
                continue
            start_ms = looked.since_ms // MINUTE_MS * MINUTE_MS
            end_ms = min(over_ms, -(-looked.end_ms // MINUTE_MS) * MINUTE_MS)
            if start_ms < end_ms:
                found[symbol] = range(start_ms, end_ms)
        return found
