"""What holders of a perpetual pay each other, and when.

Pure but for what is forced. A rate comes from the mean distance between mark and index since
the last settlement; what is told of the next one is what it would be now.
"""

from random import Random
from typing import NamedTuple

from market.simulator.basis import Basis
from market.simulator.prices import MINUTE_MS
from market.simulator.words import UNIT

HOUR_MS = 3_600_000
CAP = UNIT // 50
"""Largest rate, 10^-8: 2 %."""
INTEREST_8H = UNIT // 10_000
"""What borrowing the quote costs more than the base, in eight hours, 10^-8."""
_CLAMP = UNIT // 2_000
"""Most that interest and premium pull the rate to each other, 10^-8."""
_SAMPLES = 20
"""Looks at the premium in one interval; the last of them come early enough to be told."""
_JITTER_MS = 21
"""Settlements are stamped less than so much behind the full hour."""


class Settlement(NamedTuple):
    """One payment of funding."""

    due_ms: int
    """On the hour, milliseconds UTC."""
    time_ms: int
    """The same as it is told: some milliseconds later."""


class Funding:
    """The funding of one symbol."""

    def __init__(self, name: str, basis: Basis, interval_h: int) -> None:
        self.interval_ms = interval_h * HOUR_MS
        self.interest = INTEREST_8H * interval_h // 8
        """Part of the rate that does not depend on prices, 10^-8."""
        self._name = name
        self._basis = basis
        self._set: dict[int, int] = {}

    def next_ms(self, now_ms: int) -> int:
        """Return when funding is settled next after *now_ms*."""
        return (now_ms // self.interval_ms + 1) * self.interval_ms

    def rate(self, now_ms: int) -> int:
        """Return what the next settlement's rate would be at *now_ms*, 10^-8."""
        due_ms = self.next_ms(now_ms)
        if due_ms in self._set:
            return self._set[due_ms]
        start, pace = (due_ms - self.interval_ms), self.interval_ms // _SAMPLES
        looks = (now_ms - start) // pace + 1
        minutes = [(start + i * pace) // MINUTE_MS for i in range(looks)]
        premium = round(UNIT * sum(map(self._basis.slow, minutes)) / looks)
        rate = premium + max(-_CLAMP, min(self.interest - premium, _CLAMP))
        return max(-CAP, min(rate, CAP))

    def settled_rate(self, due_ms: int) -> int:
        """Return the rate of a settlement, 10^-8 of the notional; above 0 longs pay."""
        return self.rate(due_ms - 1)

    def set_next(self, rate: int, now_ms: int) -> None:
        """Decide the rate of the next settlement, 10^-8."""
        self._set[self.next_ms(now_ms)] = rate

    def settled(self, first_ms: int, last_ms: int) -> list[Settlement]:
        """Return the settlements told from *first_ms* to *last_ms*, both included."""
        due_ms = self.next_ms(first_ms - _JITTER_MS)
        found = []
        while due_ms <= last_ms:
            jitter = Random(f"{self._name}/funding/{due_ms}").randrange(_JITTER_MS)
            if first_ms <= due_ms + jitter <= last_ms:
                found.append(Settlement(due_ms, due_ms + jitter))
            due_ms += self.interval_ms
        return found
