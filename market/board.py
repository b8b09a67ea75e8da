"""The newest price of every followed symbol, for the eye and for orders by hand.

The feed writes it, everyone reads it. Automatic exits never look here: they depend on prints
alone, which travel through the session's inbox.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.model import Quote, Tick

CALM_DOWN, CALM_UP = Decimal("0.75"), Decimal("1.3")
"""From this to this part of a price, the next one is believed at sight."""


@dataclass(slots=True)
class SymbolPrice:
    """What is known of one symbol right now; None is not known yet."""

    symbol: str
    last: Decimal | None = None
    last_trade_id: int = 0
    """Aggregate-trade id of the last print; 0 before the first."""
    last_ms: int = 0
    """Exchange time of the last print or ticker, milliseconds UTC."""
    bid: Decimal | None = None
    ask: Decimal | None = None
    touch_fresh: bool = False
    """Whether bid and ask came over the present connection."""
    low: Decimal = Decimal("Infinity")
    """Prices from here to `high` are believed at sight; others are looked at twice."""
    high: Decimal = Decimal("-Infinity")
    mark: Decimal | None = None
    """Futures: mark price; liquidation is decided by it alone."""
    mark_fresh: bool = False
    """Whether the mark price came over the present connection."""
    funding_rate: Decimal | None = None
    """Futures: rate of the next settlement as it stands, a fraction; above 0 longs pay."""
    next_funding_ms: int | None = None
    """Futures: when funding is settled next, milliseconds UTC."""
    open_24h: Decimal | None = None
    """Price 24 hours ago, for the 24h change."""
    live: bool = False
    """Whether data flows for this symbol and no hole is open behind the last print."""
    catching_up: bool = False
    """Whether a hole is being repaired now."""

    def show(self, tick: Tick) -> None:
        """Take a print, unless a newer one is known."""
        if tick.trade_id > self.last_trade_id:
            self.last, self.last_ms, self.last_trade_id = (
                tick.price,
                tick.time_ms,
                tick.trade_id,
            )
            if not self.low < tick.price < self.high:
                self.low, self.high = tick.price * CALM_DOWN, tick.price * CALM_UP

    @property
    def change_24h(self) -> Decimal | None:
        """Change over 24 hours as a fraction, or None where unknown."""
        if self.last is None or not self.open_24h:
            return None
        return self.last / self.open_24h - 1


class Board:
    """Latest prices by symbol."""

    def __init__(self) -> None:
        self._prices: dict[str, SymbolPrice] = {}

    def __getitem__(self, symbol: str) -> SymbolPrice:
        """Return the entry of *symbol*, an empty one if it was never heard of."""
        price = self._prices.get(symbol)
        if price is None:
            price = self._prices[symbol] = SymbolPrice(symbol)
        return price

    def mark_all_stale(self) -> None:
        """Say of every symbol that its price is no longer live (the connection is gone)."""
        for price in self._prices.values():
            price.live = price.touch_fresh = price.mark_fresh = False

    def quote(self, symbol: str, now_ms: int) -> Quote | None:
        """Return what an order by hand may use now, or None when nothing is fresh.

        Args:
            symbol: As the exchange spells it.
            now_ms: Exchange time that the quote is stamped with.
        """
        price = self[symbol]
        if not price.live or price.last is None or not price.last_trade_id:
            return None
        fresh = price.touch_fresh
        return Quote(
            bid=price.bid if fresh else None,
            ask=price.ask if fresh else None,
            last=price.last,
            last_trade_id=price.last_trade_id,
            time_ms=now_ms,
        )
