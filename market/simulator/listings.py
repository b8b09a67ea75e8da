"""The symbols of the simulated exchange and their trading rules.

Price grids and quantity grids are powers of ten whose decimals add up to at most eight, so that
price × quantity is exact in the eight decimals that Binance shows.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One symbol as it is listed."""

    base: str
    quote: str = "USDT"
    price: float
    """Where the price swings around, quote per base."""
    tick_decimals: int
    """The price grid is 10^-tick_decimals quote."""
    step_decimals: int
    """The quantity grid is 10^-step_decimals base."""
    prints: int
    """Aggregate trades in a minute that trades; even, at least 4."""
    every: int = 1
    """The symbol trades in every so-manieth minute only; divides 240."""
    worth: float
    """Mean value of one print, quote."""
    status: str = "TRADING"

    @property
    def symbol(self) -> str:
        """As the exchange spells it."""
        return self.base + self.quote

    @property
    def tick(self) -> int:
        """Price grid, 10^-8 quote."""
        return int(10 ** (8 - self.tick_decimals))

    @property
    def step(self) -> int:
        """Quantity grid, 10^-8 base."""
        return int(10 ** (8 - self.step_decimals))


# base, price, tick decimals, step decimals, prints a minute
_USDT = (
    ("BTC", 104_250.10, 2, 5, 40),
    ("ETH", 3_518.42, 2, 4, 40),
    ("SOL", 141.27, 2, 3, 36),
    ("BNB", 902.55, 2, 3, 30),
    ("XRP", 2.2417, 4, 1, 36),
    ("DOGE", 0.16384, 5, 0, 32),
    ("ADA", 0.5231, 4, 1, 24),
    ("TRX", 0.2874, 4, 1, 20),
    ("AVAX", 17.84, 2, 2, 20),
    ("LINK", 15.63, 2, 2, 20),
    ("SUI", 1.9842, 4, 1, 28),
    ("TON", 1.987, 3, 2, 16),
    ("XLM", 0.2511, 4, 0, 16),
    ("DOT", 2.784, 3, 2, 16),
    ("LTC", 98.41, 2, 3, 18),
    ("BCH", 498.7, 1, 3, 14),
    ("HBAR", 0.15422, 5, 0, 16),
    ("UNI", 7.512, 3, 2, 16),
    ("NEAR", 2.391, 3, 1, 18),
    ("AAVE", 178.93, 2, 3, 14),
    ("ICP", 5.127, 3, 2, 14),
    ("ETC", 15.02, 2, 2, 12),
    ("APT", 2.963, 3, 2, 14),
    ("ARB", 0.2448, 4, 1, 16),
    ("OP", 0.3791, 4, 2, 14),
    ("FIL", 1.844, 3, 2, 14),
    ("ATOM", 2.812, 3, 2, 12),
    ("INJ", 6.73, 2, 2, 12),
    ("RENDER", 1.931, 3, 2, 12),
    ("SEI", 0.1477, 4, 1, 14),
    ("TIA", 0.6842, 4, 2, 14),
    ("WLD", 0.6893, 4, 1, 18),
    ("ENA", 0.2764, 4, 2, 18),
    ("FET", 0.2583, 4, 1, 14),
    ("WIF", 0.3872, 4, 2, 16),
    ("BONK", 0.00001024, 8, 0, 20),
    ("PEPE", 0.00001234, 8, 0, 32),
    ("SHIB", 0.00000897, 8, 0, 22),
    ("PAXG", 4_133.0, 0, 4, 10),
)


def _worth(prints: int) -> float:
    return 8.0 * prints * prints


LISTINGS = (
    *(
        Listing(
            base=base,
            price=price,
            tick_decimals=tick_decimals,
            step_decimals=step_decimals,
            prints=prints,
            worth=_worth(prints),
        )
        for base, price, tick_decimals, step_decimals, prints in _USDT
    ),
    Listing(
        base="币安人生",
        price=0.13174,
        tick_decimals=5,
        step_decimals=0,
        prints=12,
        worth=_worth(12),
    ),
    Listing(
        base="ETH",
        quote="BTC",
        price=0.03375,
        tick_decimals=5,
        step_decimals=3,
        prints=10,
        every=2,
        worth=0.012,
    ),
    Listing(
        base="LUNC",
        price=0.00004271,
        tick_decimals=8,
        step_decimals=0,
        prints=10,
        worth=_worth(10),
        status="BREAK",
    ),
)
"""Whole market; one symbol trades every other minute only, one is down for good."""
