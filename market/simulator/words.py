"""Numbers of the simulated exchange as Binance writes them: texts with eight decimals."""

from typing import Any

from market.simulator.listings import Listing

Payload = dict[str, Any]

RAW_AHEAD = 200_000_000
"""Ids of raw trades run ahead of those of aggregate trades; here each holds one raw trade."""
UNIT = 10**8


def fixed(amount: int) -> str:
    """Write a number of 10^-8."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // UNIT}.{amount % UNIT:08d}"


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
