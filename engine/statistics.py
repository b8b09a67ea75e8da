"""Statistics of closed trades (rules §14), folded from one result after the other.

The same results in the same order give the same figures; memory does not grow with their
number, but for the symbols and sources among them.
"""

from collections.abc import Mapping
from decimal import Decimal

from engine.equity import Curve
from engine.results import Result, outcome
from engine.stats import DAY_MS
from engine.tally import Tally

HOUR_MS = 3_600_000
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


def weekday(time_ms: int) -> str:
    """Return the UTC day of the week, such as ``Mon``."""
    return WEEKDAYS[(time_ms // DAY_MS + _EPOCH_WEEKDAY) % 7]


def hour(time_ms: int) -> str:
    """Return the UTC hour, ``00`` to ``23``."""
    return f"{time_ms % DAY_MS // HOUR_MS:02}"


class Statistics:
    """Everything that is said about some closed trades."""

    def __init__(self, start: Decimal | None = None, start_ms: int | None = None) -> None:
        """Begin without trades.

        Args:
            start: The account's booked equity before the first of them, quote; None where
                they are not all of the account's, so that they make no curve of it.
            start_ms: When the period begins, milliseconds UTC; None for the first opening.
        """
        self.total = Tally()
        self.curve = Curve(start, start_ms)
        self.streaks = Streaks()
        self.holding = Holding()
        self._parts: dict[str, dict[str, Tally]] = {
            "symbol": {},
            "source": {},
            "direction": {},
            "hour": {},
            "weekday": {},
        }

    def add(self, result: Result) -> None:
        """Add a closed trade; they come ordered by closing time, then id."""
        trade = outcome(result)
        self.total.add(trade)
        self.curve.add(trade.net, result.opened_ms, result.closed_ms)
        self.streaks.add(trade.net)
        self.holding.add(result.opened_ms, result.closed_ms)
        for kind, key in (
            ("symbol", result.symbol),
            ("source", result.source),
            ("direction", result.direction.value),
            ("hour", hour(result.opened_ms)),
            ("weekday", weekday(result.opened_ms)),
        ):
            group = self._parts[kind]
            if key not in group:
                group[key] = Tally()
            group[key].add(trade)

    def finish(self) -> "Statistics":
        """Close the last day; nothing may be added behind this."""
        self.curve.finish()
        return self

    @property
    def parts(self) -> Mapping[str, Mapping[str, Tally]]:
        """The same trades by symbol, source, direction, and hour and weekday of opening."""
        return {kind: _ordered(kind, group) for kind, group in self._parts.items()}


def _ordered(kind: str, group: Mapping[str, Tally]) -> dict[str, Tally]:
    keys = sorted(group)
    if kind == "weekday":
        keys.sort(key=WEEKDAYS.index)
    return {key: group[key] for key in keys}


class Streaks:
    """The longest runs of wins and of losses; a zero trade ends both (ST-3)."""

    def __init__(self) -> None:
        self.wins = self.losses = 0
        self._sign = self._run = 0

    def add(self, net: Decimal) -> None:
        """Add the next result."""
        sign = (net > 0) - (net < 0)
        self._run = self._run + 1 if sign == self._sign else 1
        self._sign = sign
        if sign > 0:
            self.wins = max(self.wins, self._run)
        elif sign < 0:
            self.losses = max(self.losses, self._run)


class Holding:
    """How much of the time from the first opening to the last closing was in a trade (ST-9)."""

    def __init__(self) -> None:
        self.first_ms: int | None = None
        """The first opening."""
        self.last_ms: int | None = None
        """The last closing."""
        self.held_ms = 0
        """Time with at least one trade open."""
        self._spans: list[tuple[int, int]] = []

    def add(self, opened_ms: int, closed_ms: int) -> None:
        """Add a span; its end is not before the end of any span so far."""
        self.first_ms = opened_ms if self.first_ms is None else min(self.first_ms, opened_ms)
        self.last_ms = closed_ms
        while self._spans and self._spans[-1][1] >= opened_ms:
            start, end = self._spans.pop()
            self.held_ms -= end - start
            opened_ms = min(opened_ms, start)
        self._spans.append((opened_ms, closed_ms))
        self.held_ms += closed_ms - opened_ms

    @property
    def exposure(self) -> Decimal | None:
        """The fraction; None where no time has passed."""
        if self.first_ms is None or self.last_ms is None or self.last_ms <= self.first_ms:
            return None
        return Decimal(self.held_ms) / (self.last_ms - self.first_ms)
