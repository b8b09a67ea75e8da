"""What a replay knows of a symbol: its trading rules and the last price of the tape.

Rules are made up where nobody can be asked: they allow nearly everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from engine.instrument import Instrument
from engine.model import Candle, Direction, Quote, Tick
from engine.money import MONEY_UNIT
from market.tape.tape import Item, Touch
from store.ledger import Checkpoint

_QUOTES: Final = (
    *("USDT", "FDUSD", "USDC", "TUSD", "BUSD", "USDP", "USD1", "DAI"),
    *("BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "GBP", "AUD", "ARS", "MXN", "PLN"),
)
"""What Binance's symbols are paid in; the last part of their names."""
MOST_DECIMALS: Final = 8


def decimals_by_symbol(items: Iterable[Item]) -> dict[str, int]:
    """Return how many decimals the prices of each symbol have at most."""
    found: dict[str, int] = {}
    for item in items:
        if isinstance(item, Candle):
            prices = [item.open, item.high, item.low, item.close]
        else:
            prices = [item.bid, item.ask] if isinstance(item, Touch) else [item.price]
        most = max(map(_decimals, prices))
        found[item.symbol] = max(most, found.get(item.symbol, 0))
    return found


def permissive(symbol: str, decimals: int, currency: str) -> Instrument:
    """Return rules that allow nearly everything, for a symbol whose real ones are not known.

    Args:
        symbol: As the exchange spells it.
        decimals: Of its prices.
        currency: The account's; the quote asset of symbols that end in no known one.
    """
    quotes = (currency, *_QUOTES)
    quote = next((q for q in quotes if symbol.endswith(q) and symbol != q), currency)
    return Instrument(
        symbol=symbol,
        base=symbol.removesuffix(quote) or symbol,
        quote=quote,
        tick=Decimal(1).scaleb(-min(decimals, MOST_DECIMALS)),
        step=MONEY_UNIT,
    )


def _decimals(price: Decimal) -> int:
    exponent = price.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(slots=True)
class SymbolState:
    """Where the tape is with one symbol."""

    instrument: Instrument
    behind: Checkpoint | None
    """How far it was followed before this replay: nothing up to there is played again."""
    due_ms: int = 0
    """When its next signal is due, milliseconds UTC."""
    tick: Tick | None = None
    """The last print."""
    candle: Candle | None = None
    """The last candle; with prints, None."""
    at_open: bool = False
    """Whether that candle has only opened."""
    touch: Touch | None = None

    @property
    def last(self) -> Decimal | None:
        """The last price; None before the first."""
        if self.candle is not None:
            return self.candle.open if self.at_open else self.candle.close
        return None if self.tick is None else self.tick.price

    @property
    def time_ms(self) -> int:
        """When the last price was, milliseconds UTC."""
        if self.candle is not None:
            return self.candle.open_ms if self.at_open else self.candle.close_ms
        return 0 if self.tick is None else self.tick.time_ms

    def seen_before(self, item: Tick | Candle) -> bool:
        """Tell whether an item was followed before this replay, at least in part."""
        behind = self.behind
        if behind is None:
            return False
        if isinstance(item, Candle):
            return item.open_ms <= behind.time_ms
        if behind.trade_id:
            return item.trade_id <= behind.trade_id
        return item.time_ms <= behind.time_ms

    def quote(self, *, touch: bool = True) -> Quote:
        """Return what an order may use now; without *touch* only the last price."""
        offered = self.touch if touch else None
        return Quote(
            bid=offered and offered.bid,
            ask=offered and offered.ask,
            last=self.last,
            last_trade_id=self.tick.trade_id if self.tick else 0,
            time_ms=self.time_ms,
        )

    def mark(self, direction: Direction) -> Decimal | None:
        """Return what closing would get now: bid for a LONG, ask for a SHORT, else last."""
        if self.touch is None:
            return self.last
        return self.touch.bid if direction is Direction.LONG else self.touch.ask

    def reached(self) -> Checkpoint:
        """Return how far this symbol has been followed."""
        behind = self.behind or Checkpoint(trade_id=0, time_ms=0)
        trade_id = self.tick.trade_id if self.tick else behind.trade_id
        return Checkpoint(trade_id=trade_id, time_ms=max(self.time_ms, behind.time_ms))
