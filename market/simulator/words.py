"""Numbers of the simulated exchange as Binance writes them: as texts."""

from typing import Any

from market.simulator.listings import Listing
from market.simulator.perpetuals import Perpetual

Payload = dict[str, Any]

RAW_AHEAD = 200_000_000
"""Ids of raw trades run ahead of those of aggregate trades; here each holds one raw trade."""
UNIT = 10**8


def fixed(amount: int) -> str:
    """Write a number of 10^-8."""
    return written(amount, 8)


def written(amount: int, decimals: int) -> str:
    """Write a number of 10^-decimals with all its decimals."""
    if not decimals:
        return str(amount)
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    whole, part = divmod(amount, 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}"


class Words:
    """One symbol's numbers as texts."""

    def __init__(self, listing: Listing) -> None:
        self._tick, self._step = listing.tick, listing.step
        self._value = 10 ** (8 - listing.tick_decimals - listing.step_decimals)

    def price(self, ticks: int) -> str:
        """Write a price, quote per base."""
        return fixed(ticks * self._tick)

    def quantity(self, steps: int) -> str:
        """Write a quantity, base asset."""
        return fixed(steps * self._step)

    def value(self, units: int) -> str:
        """Write price × quantity, quote asset."""
        return fixed(units * self._value)

    def average(self, units: int, steps: int) -> str:
        """Write a mean price weighted by quantity; 0 where nothing was traded."""
        return fixed(units * self._tick // steps if steps else 0)


class PerpetualWords(Words):
    """A perpetual's numbers as texts: with as many decimals as it is listed with."""

    def __init__(self, listing: Perpetual) -> None:
        super().__init__(listing)
        self._price_cut = 10 ** (8 - listing.price_decimals)
        self._price_decimals = listing.price_decimals
        self._step_decimals = listing.step_decimals

    def price(self, ticks: int) -> str:
        """Write a price, quote per base."""
        return written(ticks * self._tick // self._price_cut, self._price_decimals)

    def quantity(self, steps: int) -> str:
        """Write a quantity, base asset."""
        return written(steps, self._step_decimals)

    def average(self, units: int, steps: int) -> str:
        """Write a mean price weighted by quantity; 0 where nothing was traded."""
        mean = units * self._tick // steps if steps else 0
        return written(mean // self._price_cut, self._price_decimals)
