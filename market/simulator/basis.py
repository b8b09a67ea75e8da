"""How a perpetual's price stands to the spot price that it follows.

Pure, like the paths: the same seed, symbol and minute give the same price, in any order of
asking. The basis swings slowly, which the mark price and the funding rate follow, and quickly,
which only the prints do.
"""

import math
from functools import lru_cache
from math import exp, sin
from random import Random
from typing import NamedTuple

from market.simulator.perpetuals import Perpetual
from market.simulator.prices import BLOCK, Path
from market.simulator.words import UNIT

_LEAN = 0.0004
"""Most that the basis leans to one side for good, a fraction."""
_SLOW = ((190, 0.0003), (1_130, 0.0004))
"""Swings of the basis: length in minutes, height as a fraction of the price."""
_FAST = ((11, 0.0001), (37, 0.0001))
_LEVELS_KEPT = 128

Waves = list[tuple[float, float, float]]
"""Height, angle in a minute and phase of each swing."""


class Edge(NamedTuple):
    """Prices at the beginning of a minute, 10^-8 quote."""

    spot: int
    """Of one unit of the perpetual's base."""
    mark: int


class Basis:
    """A perpetual's distance from spot, as the natural logarithm of their ratio."""

    def __init__(self, name: str) -> None:
        rng = Random(f"{name}/basis")
        self._lean = rng.uniform(-_LEAN / 2, _LEAN)
        self._slow = _waves(_SLOW, rng)
        self._fast = _waves(_FAST, rng)

    def slow(self, minute: int) -> float:
        """Return what the mark price has of it."""
        return self._lean + _swing(self._slow, minute)

    def whole(self, minute: int) -> float:
        """Return what the prints have of it."""
        return self.slow(minute) + _swing(self._fast, minute)


class PerpetualPath(Path):
    """The way of a perpetual's price: its spot symbol's way, a little beside."""

    listing: Perpetual

    def __init__(self, seed: int, listing: Perpetual) -> None:
        super().__init__(seed, listing)
        # Distinct from the spot symbol of the same name: they share the way, not the prints.
        self.name = self._name = f"{seed}/perpetual/{listing.symbol}"
        self.basis = Basis(self.name)
        self._spot_levels = lru_cache(_LEVELS_KEPT)(Path(seed, listing.follows).levels)

    def edges(self, index: int) -> list[Edge]:
        """Return spot and mark prices where a block's minutes begin, and at its end."""
        middle = self.listing.price * UNIT
        return [
            Edge(
                round(middle * exp(level)),
                round(middle * exp(level + self.basis.slow(index * BLOCK + i))),
            )
            for i, level in enumerate(self._spot_levels(index))
        ]

    def _levels(self, index: int, _: Random, __: int) -> list[float]:
        start = index * BLOCK
        levels = self._spot_levels(index)
        return [one + self.basis.whole(start + i) for i, one in enumerate(levels)]


def _waves(swings: tuple[tuple[int, float], ...], rng: Random) -> Waves:
    return [
        (
            height * rng.uniform(0.7, 1.3),
            math.tau / (length * rng.uniform(0.8, 1.25)),
            rng.uniform(0, math.tau),
        )
        for length, height in swings
    ]


def _swing(waves: Waves, minute: int) -> float:
    return sum(height * sin(pace * minute + phase) for height, pace, phase in waves)
