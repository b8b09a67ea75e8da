"""The curve of booked results: drawdowns, daily returns and what follows from them (ST-5 to 7).

It knows finished trades only, so a loss that is still open is not in it.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.money import ZERO
from engine.results import Spread
from engine.stats import DAY_MS, day_start

DAYS_A_YEAR = 365
MIN_DAYS_FOR_CAGR = 30


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall of the curve from a peak."""

    depth: Decimal
    """Peak minus value in quote, or that as a fraction of the peak."""
    peak_ms: int
    trough_ms: int
    recovered_ms: int | None = None
    """When the peak was reached again; None while it was not."""


class _Deepest:
    """Remembers the deepest fall from the running peak, and when it was made good."""

    def __init__(self) -> None:
        self.fall: Drawdown | None = None

    def fell(self, depth: Decimal, peak_ms: int, now_ms: int) -> None:
        if depth > (self.fall.depth if self.fall else ZERO):
            self.fall = Drawdown(depth, peak_ms, now_ms)

    def rose(self, now_ms: int) -> None:
        """Note that the running peak is reached again."""
        fall = self.fall
        if fall and fall.recovered_ms is None:
            self.fall = Drawdown(fall.depth, fall.peak_ms, fall.trough_ms, now_ms)


class Curve:
    """Follows equity from result to result, in the order of closing."""

    def __init__(self, start: Decimal | None, start_ms: int | None) -> None:
        """Begin a curve.

        Args:
            start: Equity before the first result; None where the curve is not an account's,
                so that nothing can be said in percent.
            start_ms: When it begins, milliseconds UTC; None for the first opening.
        """
        self.start = start
        self.value = start or ZERO
        self._start_ms = start_ms
        self._peak = self.value
        self._peak_ms = 0
        self._money, self._percent = _Deepest(), _Deepest()
        self._days = _Days(self.value) if start and start > 0 else None

    def add(self, net: Decimal, opened_ms: int, closed_ms: int) -> None:
        """Book one result."""
        if self._start_ms is None:
            self._start_ms = opened_ms
        self._peak_ms = self._peak_ms or self._start_ms
        if self._days:
            self._days.go_to(day_start(closed_ms), self.value, day_start(self._start_ms))
        self.value += net
        if self.value >= self._peak:
            self._peak, self._peak_ms = self.value, closed_ms
            self._money.rose(closed_ms)
            self._percent.rose(closed_ms)
            return
        fall = self._peak - self.value
        self._money.fell(fall, self._peak_ms, closed_ms)
        if self.start and self._peak > 0:
            self._percent.fell(fall / self._peak, self._peak_ms, closed_ms)

    def finish(self) -> None:
        """Count the last day, too."""
        if self._days:
            self._days.end(self.value)

    @property
    def drawdown(self) -> Drawdown | None:
        """The largest fall in quote (ST-6); None where the curve never fell."""
        return self._money.fall

    @property
    def drawdown_percent(self) -> Drawdown | None:
        """The largest fall as a fraction of its peak, which may be another one (ST-6)."""
        return self._percent.fall

    @property
    def days(self) -> int:
        """Calendar days with a return."""
        return self._days.returns.count if self._days else 0

    @property
    def sharpe(self) -> Decimal | None:
        """Mean daily return over its deviation, a year's (ST-7)."""
        ratio = self._days.returns.signal_to_noise if self._days else None
        return None if ratio is None else ratio * _YEARLY

    @property
    def sortino(self) -> Decimal | None:
        """Mean daily return over the root mean square of the negative ones (ST-7)."""
        days = self._days
        if days is None or not days.shortfall:
            return None
        count = days.returns.count
        return days.returns.total / count / (days.shortfall / count).sqrt() * _YEARLY

    @property
    def cagr(self) -> Decimal | None:
        """Growth a year as a fraction (ST-7); None below 30 days."""
        if not self.start or self.days < MIN_DAYS_FOR_CAGR:
            return None
        if self.value <= 0:
            return Decimal(-1)
        years = Decimal(self.days) / DAYS_A_YEAR
        return Decimal((self.value / self.start) ** (1 / years)) - 1

    @property
    def calmar(self) -> Decimal | None:
        """CAGR over the largest drawdown in percent (ST-7)."""
        cagr, fall = self.cagr, self.drawdown_percent
        return cagr / fall.depth if cagr is not None and fall else None

    @property
    def recovery(self) -> Decimal | None:
        """Result over the largest drawdown in quote (ST-7)."""
        fall = self.drawdown
        return (self.value - (self.start or ZERO)) / fall.depth if fall else None


_YEARLY = Decimal(DAYS_A_YEAR).sqrt()


class _Days:
    """Daily returns; a day without a result is a day with the return 0."""

    def __init__(self, start: Decimal) -> None:
        self.returns = Spread()
        self.shortfall = ZERO
        """Sum of the squares of the negative returns."""
        self._before = start
        """Equity when the day began."""
        self._day: int | None = None
        self._ruined = False
        """Nothing can be earned on nothing: no returns behind a day that ended at 0 or less."""

    def go_to(self, day: int, equity: Decimal, first: int) -> None:
        """End the days before *day*; *equity* is what they ended with."""
        if self._day is None:
            self._day = first
        if day > self._day:
            self._end_day(equity)
            self._pause((day - self._day) // DAY_MS - 1)
            self._day = day

    def end(self, equity: Decimal) -> None:
        """End the last day."""
        if self._day is not None:
            self._end_day(equity)

    def _end_day(self, equity: Decimal) -> None:
        if self._ruined:
            return
        gain = equity - self._before
        earned = gain / self._before
        self.returns.add(earned, gain, self._before)
        if gain < 0:
            self.shortfall += earned * earned
        self._before = equity
        self._ruined = equity <= 0

    def _pause(self, days: int) -> None:
        if days > 0 and not self._ruined:
            self.returns.add(ZERO, ZERO, self._before, days)
