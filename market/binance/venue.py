"""What differs between Binance's markets, as data: the client itself is the same for all.

A `Venue` names paths, what a question weighs, how streams are spread over connections and how
far back the exchange remembers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model import Market
from market.binance.hosts import DEFAULT_HOSTS, FUTURES_HOSTS, Host

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Route:
    """One of the connections that a market's streams are spread over."""

    path: str
    """Behind the address of the streams."""
    prints: bool = True
    """Whether prints come this way, and everything else but quotes."""
    quotes: bool = True
    """Whether bid and ask come this way."""

    def carries(self, name: str) -> bool:
        """Tell whether a stream belongs on this connection: elsewhere it would stay silent."""
        return self.quotes if name.endswith("@bookTicker") else self.prints


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the exchange charges for a question."""

    prints: int
    """A page of prints, whatever its length."""
    candles: tuple[tuple[int, int], ...]
    """Rows asked for at most, and the weight; cheapest first."""
    rules: int
    all_tickers: int

    def of_candles(self, rows: int) -> int:
        """Return the weight of so many candles at once."""
        return next((weight for most, weight in self.candles if rows <= most), 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One market of the exchange."""

    market: Market
    root: str
    """What every path of the REST interface begins with."""
    hosts: Sequence[Host]
    """Where it answers, best first."""
    routes: tuple[Route, ...]
    kinds: tuple[str, ...]
    """Streams of a followed symbol, the most important first."""
    frames: tuple[str, ...]
    """Candles for catching up, coarsest first."""
    weights: Weights
    weight_per_minute: int
    """What an address may spend, until the exchange itself says how much."""
    page: int
    """Candles of one answer about the past: those that cost least each."""
    prints_kept_ms: int | None = None
    """How long REST remembers prints; None is for ever."""
    prints_span_ms: int | None = None
    """Longest time that one question about prints may span; None is any."""


SPOT = Venue(
    market=Market.SPOT,
    root="/api/v3",
    hosts=DEFAULT_HOSTS,
    routes=(Route("/stream"),),
    kinds=("aggTrade", "bookTicker", "miniTicker"),
    frames=("1h", "1m", "1s"),
    weights=Weights(prints=4, candles=((1000, 2),), rules=20, all_tickers=80),
    weight_per_minute=6000,
    page=1000,
)
FUTURES = Venue(
    market=Market.FUTURES,
    root="/fapi/v1",
    hosts=FUTURES_HOSTS,
    routes=(
        Route("/market/stream", quotes=False),
        Route("/public/stream", prints=False),
    ),
    kinds=("aggTrade", "bookTicker", "markPrice@1s", "miniTicker"),
    frames=("1h", "1m"),
    weights=Weights(prints=20, candles=((99, 1), (499, 2), (1000, 5)), rules=1, all_tickers=40),
    weight_per_minute=2400,
    page=499,
    prints_kept_ms=48 * HOUR_MS,
    prints_span_ms=HOUR_MS,
)
