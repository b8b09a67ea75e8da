"""The USD-M perpetuals of the simulated exchange and their trading rules.

Each follows the spot price of one base. Where a coin is worth next to nothing, a contract is
about a thousand of it and says so in its name: 1000PEPEUSDT.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from market.simulator.listings import Listing

NEVER_DELIVERED_MS = 4_133_404_800_000
"""What perpetuals name as the date of their delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perpetual(Listing):
    """One perpetual as it is listed."""

    follows: Listing
    """The spot symbol whose price is its index."""
    scale: int = 1
    """Units of the spot symbol's base in one of its own."""
    price_decimals: int
    """How prices are written; not the price grid."""
    interval_h: int = 8
    """Hours between two settlements of funding."""
    min_notional: int = 5
    """Smallest order value, quote."""


# base, spot base, scale, tick decimals, price decimals, step decimals, hours, min notional
_ROWS = (
    ("BTC", "BTC", 1, 1, 2, 3, 8, 50),
    ("ETH", "ETH", 1, 2, 2, 3, 8, 20),
    ("SOL", "SOL", 1, 2, 4, 2, 8, 5),
    ("BNB", "BNB", 1, 2, 3, 2, 8, 5),
    ("XRP", "XRP", 1, 4, 4, 1, 8, 5),
    ("DOGE", "DOGE", 1, 5, 6, 0, 8, 5),
    ("ADA", "ADA", 1, 4, 5, 0, 8, 5),
    ("TRX", "TRX", 1, 5, 5, 0, 8, 5),
    ("AVAX", "AVAX", 1, 3, 4, 0, 8, 5),
    ("LINK", "LINK", 1, 3, 3, 2, 8, 20),
    ("SUI", "SUI", 1, 4, 6, 1, 4, 5),
    ("TON", "TON", 1, 4, 7, 1, 8, 5),
    ("DOT", "DOT", 1, 3, 3, 1, 8, 5),
    ("LTC", "LTC", 1, 2, 2, 3, 8, 20),
    ("BCH", "BCH", 1, 2, 2, 3, 8, 20),
    ("HBAR", "HBAR", 1, 5, 5, 0, 4, 5),
    ("NEAR", "NEAR", 1, 3, 4, 0, 8, 5),
    ("AAVE", "AAVE", 1, 2, 3, 1, 4, 5),
    ("APT", "APT", 1, 4, 5, 1, 4, 5),
    ("ARB", "ARB", 1, 4, 6, 1, 8, 5),
    ("OP", "OP", 1, 4, 7, 1, 4, 5),
    ("FIL", "FIL", 1, 3, 3, 1, 8, 5),
    ("INJ", "INJ", 1, 3, 6, 1, 4, 5),
    ("WLD", "WLD", 1, 4, 7, 0, 4, 5),
    ("ENA", "ENA", 1, 4, 7, 0, 4, 5),
    ("WIF", "WIF", 1, 4, 7, 1, 1, 5),
    ("TIA", "TIA", 1, 4, 7, 0, 1, 5),
    ("1000BONK", "BONK", 1_000, 6, 7, 0, 4, 5),
    ("1000PEPE", "PEPE", 1_000, 7, 7, 0, 8, 5),
    ("1000SHIB", "SHIB", 1_000, 6, 6, 0, 8, 5),
    ("币安人生", "币安人生", 1, 5, 7, 0, 4, 5),
)
_SETTLING = ("1000LUNC", "LUNC", 1_000, 5, 7, 0, 8, 5)
"""Off the market for good; whoever asks for its candles is refused."""


def perpetuals(listings: Iterable[Listing]) -> list[Perpetual]:
    """Return the perpetuals on those spot symbols, quoted in USDT, that exist."""
    spot = {one.base: one for one in listings if one.quote == "USDT" and one.every == 1}
    trading = [_listed(spot[row[1]], row, "TRADING") for row in _ROWS if row[1] in spot]
    down = [_listed(spot[row[1]], row, "SETTLING") for row in (_SETTLING,) if row[1] in spot]
    return trading + down


def _listed(
    spot: Listing, row: tuple[str, str, int, int, int, int, int, int], status: str
) -> Perpetual:
    base, _, scale, tick_decimals, price_decimals, step_decimals, hours, least = row
    return Perpetual(
        base=base,
        price=spot.price * scale,
        tick_decimals=tick_decimals,
        price_decimals=price_decimals,
        step_decimals=step_decimals,
        prints=spot.prints + 2,  # so that its ids are not those of the spot symbol
        worth=3 * spot.worth,
        follows=spot,
        scale=scale,
        interval_h=hours,
        min_notional=least,
        status=status,
    )
