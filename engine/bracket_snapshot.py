"""Margin tables of the main futures symbols, written down by hand: estimates, with a date.

They follow what Binance has published on its *Leverage & Margin* page and in announcements
over the years, from general knowledge, one table for all symbols of a kind. They were not
compared with the exchange when they were written, and the exchange changes its tables at any
time. So whoever shows a number that comes from here calls it estimated; a table that the
trader has imported replaces it.
"""

from collections.abc import Mapping

COMPILED = "2026-11-24"
"""When the tables were written down, year-month-day."""

Rows = tuple[tuple[int, str, int], ...]
"""Notional up to which it holds (quote), maintenance rate (fraction), largest leverage."""

BITCOIN: Rows = (
    (50_000, "0.004", 125),
    (600_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (70_000_000, "0.02", 25),
    (100_000_000, "0.025", 20),
    (230_000_000, "0.05", 10),
    (480_000_000, "0.1", 5),
    (600_000_000, "0.125", 4),
    (800_000_000, "0.15", 3),
    (1_200_000_000, "0.25", 2),
    (1_800_000_000, "0.5", 1),
)

ETHER: Rows = (
    (50_000, "0.004", 125),
    (600_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (50_000_000, "0.02", 25),
    (65_000_000, "0.025", 20),
    (150_000_000, "0.05", 10),
    (320_000_000, "0.1", 5),
    (400_000_000, "0.125", 4),
    (530_000_000, "0.15", 3),
    (800_000_000, "0.25", 2),
    (1_200_000_000, "0.5", 1),
)

LARGE: Rows = (
    (10_000, "0.005", 75),
    (20_000, "0.0065", 50),
    (160_000, "0.01", 40),
    (800_000, "0.02", 25),
    (1_600_000, "0.025", 20),
    (8_000_000, "0.05", 10),
    (16_000_000, "0.1", 5),
    (20_000_000, "0.125", 4),
    (40_000_000, "0.25", 2),
    (80_000_000, "0.5", 1),
)

MEDIUM: Rows = (
    (10_000, "0.01", 50),
    (50_000, "0.02", 25),
    (150_000, "0.025", 20),
    (1_500_000, "0.05", 10),
    (3_000_000, "0.1", 5),
    (3_750_000, "0.125", 4),
    (7_500_000, "0.25", 2),
    (15_000_000, "0.5", 1),
)

CAREFUL: Rows = (
    (5_000, "0.025", 20),
    (25_000, "0.05", 10),
    (100_000, "0.1", 5),
    (250_000, "0.125", 4),
    (1_000_000, "0.25", 2),
    (10_000_000, "0.5", 1),
)
"""For symbols that nothing is known about: little leverage, early liquidation."""

SNAPSHOT: Mapping[str, Rows] = {
    "BTCUSDT": BITCOIN,
    "ETHUSDT": ETHER,
    "BNBUSDT": LARGE,
    "DOGEUSDT": LARGE,
    "SOLUSDT": LARGE,
    "XRPUSDT": LARGE,
    "1000PEPEUSDT": MEDIUM,
    "1000SHIBUSDT": MEDIUM,
    "AAVEUSDT": MEDIUM,
    "ADAUSDT": MEDIUM,
    "APTUSDT": MEDIUM,
    "ARBUSDT": MEDIUM,
    "ATOMUSDT": MEDIUM,
    "AVAXUSDT": MEDIUM,
    "BCHUSDT": MEDIUM,
    "DOTUSDT": MEDIUM,
    "ETCUSDT": MEDIUM,
    "FILUSDT": MEDIUM,
    "LINKUSDT": MEDIUM,
    "LTCUSDT": MEDIUM,
    "NEARUSDT": MEDIUM,
    "OPUSDT": MEDIUM,
    "SUIUSDT": MEDIUM,
    "TONUSDT": MEDIUM,
    "TRXUSDT": MEDIUM,
    "UNIUSDT": MEDIUM,
    "WIFUSDT": MEDIUM,
    "XLMUSDT": MEDIUM,
}
