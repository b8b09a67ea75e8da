"""A closed trade as statistics see it: what came of it, and what was risked for it.

Exact: nothing here is rounded, and a quotient is taken only when it is asked for.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from engine.model import Direction
from engine.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One closed position, all its parts together."""

    id: int
    symbol: str
    source: str
    """Who had the idea; empty where the trade was opened without a signal."""
    direction: Direction
    opened_ms: int
    closed_ms: int
    entry_price: Decimal
    initial_stop: Decimal
    quantity: Decimal
    """Base asset at the opening."""
    gross: Decimal
    """Before fees, quote."""
    fees: Decimal
    funding: Decimal
    best: Decimal
    """Most favourable print while it was open."""
    worst: Decimal
    """Most adverse print while it was open."""

    @property
    def net(self) -> Decimal:
        """Result after fees and funding, quote (rules PNL-2)."""
        return self.gross - self.fees + self.funding

    @property
    def risk(self) -> Decimal:
        """One R, quote (rules RM-1); 0 where the trade had no risk distance."""
        return abs(self.entry_price - self.initial_stop) * self.quantity

    @property
    def notional(self) -> Decimal:
        """What was bought or sold at the opening, quote."""
        return self.entry_price * self.quantity

    @property
    def favourable(self) -> Decimal:
        """Best move from the entry on the opened quantity, quote (rules ST-8, MFE)."""
        return max(ZERO, self.direction.sign * (self.best - self.entry_price)) * self.quantity

    @property
    def adverse(self) -> Decimal:
        """Worst move from the entry on the opened quantity, quote (rules ST-8, MAE)."""
        return max(ZERO, self.direction.sign * (self.entry_price - self.worst)) * self.quantity


class Outcome(NamedTuple):
    """What a result comes to in every unit, divided once for all the sums it goes into."""

    net: Decimal
    gross: Decimal
    fees: Decimal
    funding: Decimal
    held_ms: int
    risk: Decimal
    r: Decimal | None
    """Net result in R; None without a risk distance."""
    favourable: "Move"
    adverse: "Move"


class Move(NamedTuple):
    """How far prices went one way."""

    money: Decimal
    """Quote."""
    fraction: Decimal
    """Of the entry price."""
    r: Decimal | None


def outcome(result: Result) -> Outcome:
    """Return what *result* comes to."""
    net, risk = result.net, result.risk
    notional = result.notional

    def move(amount: Decimal) -> Move:
        return Move(amount, amount / notional, amount / risk if risk else None)

    return Outcome(
        net=net,
        gross=result.gross,
        fees=result.fees,
        funding=result.funding,
        held_ms=result.closed_ms - result.opened_ms,
        risk=risk,
        r=net / risk if risk else None,
        favourable=move(result.favourable),
        adverse=move(result.adverse),
    )


class Spread:
    """Mean and spread of a series of quotients, from running sums.

    Whether all values are equal is decided on the exact numerators and denominators: a
    computed spread of almost 0 would tell nothing.
    """

    __slots__ = ("_differ", "_first", "_squares", "count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = ZERO
        self._squares = ZERO
        self._first: tuple[Decimal, Decimal] | None = None
        self._differ = False

    def add(
        self, value: Decimal, numerator: Decimal, denominator: Decimal, times: int = 1
    ) -> None:
        """Add *value*, which is *numerator* / *denominator*, *times* times."""
        self.count += times
        self.total += value * times
        self._squares += value * value * times
        if self._first is None:
            self._first = (numerator, denominator)
        first, under = self._first
        self._differ = self._differ or numerator * under != first * denominator

    @property
    def mean(self) -> Decimal | None:
        """The mean; None before the first value."""
        return self.total / self.count if self.count else None

    @property
    def deviation(self) -> Decimal | None:
        """The sample standard deviation; None where all values are equal."""
        if not self._differ:
            return None
        scatter = self._squares - self.total * self.total / self.count
        return (scatter / (self.count - 1)).sqrt()

    @property
    def signal_to_noise(self) -> Decimal | None:
        """Mean over standard deviation; None where there is no deviation."""
        deviation = self.deviation
        return self.total / self.count / deviation if deviation else None
