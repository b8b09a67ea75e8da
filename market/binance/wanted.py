"""What the desk needs to hear, as the names of streams, the most important first."""

from collections.abc import Sequence

CANARIES = ("btcusdt@aggTrade", "btcusdt@bookTicker")
"""Hardly ever silent for a second, so that silence means a dead connection, no quiet symbol."""


class Wanted:
    """Symbols and candles that somebody asked for."""

    def __init__(self, kinds: Sequence[str]) -> None:
        """Begin with nothing; *kinds* are the streams that every symbol has."""
        self._kinds = kinds
        self.active: frozenset[str] = frozenset()
        self.visible: frozenset[str] = frozenset()
        self.pairs: tuple[tuple[str, str], ...] = ()
        """Symbol and timeframe of wanted candles."""
        self.resumed: set[str] = set()
        """Asked to go on from a checkpoint before they were called active."""
        self.candles_held: dict[str, str] = {}
        """By symbol whose prints are held, the timeframe of the candles heard beside them."""
        self._borrowed: dict[str, float] = {}

    def borrow(self, symbol: str, until_s: float) -> None:
        """Want a symbol up to a moment, monotonic seconds."""
        self._borrowed[symbol] = until_s

    def return_borrowed(self, now_s: float) -> bool:
        """Let go of what was wanted up to now; returns whether there was any."""
        over = [symbol for symbol, until_s in self._borrowed.items() if until_s < now_s]
        for symbol in over:
            del self._borrowed[symbol]
        return bool(over)

    @property
    def strict(self) -> list[str]:
        """Symbols whose every print matters."""
        return sorted(self.active | self.resumed)

    @property
    def loose(self) -> list[str]:
        """Symbols whose newest price is enough."""
        return sorted((self.visible | self._borrowed.keys()) - self.active - self.resumed)

    def names(self) -> list[str]:
        """Return all stream names."""
        candles = (
            f"{symbol.lower()}@kline_{timeframe}"
            for symbol, timeframe in (*self.candles_held.items(), *self.pairs)
        )
        symbols = (
            f"{symbol.lower()}@{kind}"
            for symbol in (*self.strict, *self.loose)
            for kind in self._kinds
        )
        return list(dict.fromkeys((*CANARIES, *symbols, *candles)))
