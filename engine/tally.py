"""What a group of closed trades adds up to (rules §14, ST-1 to ST-4 and ST-8).

Money is exact; what is not defined is None. The order of the trades does not matter.
"""

from decimal import Decimal

from engine.money import ONE, ZERO
from engine.results import Move, Outcome, Spread

INFINITY = Decimal("Infinity")
SQN_CAP = 100
"""Behind this many trades the number is capped, and is to be called SQN100."""
_Z95 = Decimal("1.959963984540054")
"""Two-sided 95 % of the normal distribution."""


class Tally:
    """Running sums over closed trades."""

    def __init__(self) -> None:
        self.wins = 0
        self.losses = 0
        self.zeros = 0
        """Trades that neither won nor lost."""
        self.gains = ZERO
        """Sum of the wins, quote."""
        self.pains = ZERO
        """Sum of the losses, quote; 0 or negative."""
        self.gross = ZERO
        self.fees = ZERO
        self.funding = ZERO
        self.largest_win: Decimal | None = None
        self.largest_loss: Decimal | None = None
        self.held_ms = 0
        """All holding times together."""
        self.r = Spread()
        """Results in R, of the trades that had a risk distance."""
        self.adverse = Excursion()
        self.favourable = Excursion()

    def add(self, trade: Outcome) -> None:
        """Add one closed trade."""
        self._add_net(trade.net)
        self.gross += trade.gross
        self.fees += trade.fees
        self.funding += trade.funding
        self.held_ms += trade.held_ms
        if trade.r is not None:
            self.r.add(trade.r, trade.net, trade.risk)
        self.adverse.add(trade.adverse)
        self.favourable.add(trade.favourable)

    def _add_net(self, net: Decimal) -> None:
        if net > 0:
            self.wins += 1
            self.gains += net
            self.largest_win = max(net, self.largest_win or net)
        elif net < 0:
            self.losses += 1
            self.pains += net
            self.largest_loss = min(net, self.largest_loss or net)
        else:
            self.zeros += 1

    @property
    def count(self) -> int:
        """All closed trades."""
        return self.wins + self.losses + self.zeros

    @property
    def net(self) -> Decimal:
        """Sum of all net results, quote."""
        return self.gains + self.pains

    @property
    def win_rate(self) -> Decimal | None:
        """Wins among all trades as a fraction (ST-1)."""
        return _over(Decimal(self.wins), self.count)

    @property
    def win_interval(self) -> tuple[Decimal, Decimal] | None:
        """Where the true win rate lies in 95 of 100 such samples (Wilson's interval)."""
        n = self.count
        if not n:
            return None
        p, z2 = Decimal(self.wins) / n, _Z95 * _Z95
        scale = ONE + z2 / n
        centre = (p + z2 / (2 * n)) / scale
        half = _Z95 * (p * (1 - p) / n + z2 / (4 * n * n)).sqrt() / scale
        return max(ZERO, centre - half), min(ONE, centre + half)

    @property
    def average_win(self) -> Decimal | None:
        """Mean of the wins, quote."""
        return _over(self.gains, self.wins)

    @property
    def average_loss(self) -> Decimal | None:
        """Mean of the losses, quote; negative."""
        return _over(self.pains, self.losses)

    @property
    def payoff(self) -> Decimal | None:
        """Average win over average loss."""
        if not (self.wins and self.losses):
            return None
        return self.gains * self.losses / (-self.pains * self.wins)

    @property
    def profit_factor(self) -> Decimal | None:
        """Wins over losses; infinite where there are only wins (ST-2)."""
        if self.pains:
            return self.gains / -self.pains
        return INFINITY if self.gains else None

    @property
    def expectancy(self) -> Decimal | None:
        """Mean net result, quote (ST-2)."""
        return _over(self.net, self.count)

    @property
    def sqn(self) -> Decimal | None:
        """√n · mean R / deviation of R, n capped at `SQN_CAP` (ST-4)."""
        ratio = self.r.signal_to_noise
        return None if ratio is None else Decimal(min(self.r.count, SQN_CAP)).sqrt() * ratio

    @property
    def fees_share(self) -> Decimal | None:
        """What part of the gross result the fees took; None where there was no profit."""
        return self.fees / self.gross if self.gross > 0 else None

    @property
    def average_held_ms(self) -> int | None:
        """Mean holding time."""
        return self.held_ms // self.count if self.count else None


class Excursion:
    """How far prices went one way while trades were open (ST-8), in three units."""

    __slots__ = ("_count", "_fractions", "_money", "_r", "_risked")

    def __init__(self) -> None:
        self._count = self._risked = 0
        self._money = self._fractions = self._r = ZERO

    def add(self, move: Move) -> None:
        """Add one trade's move."""
        self._count += 1
        self._money += move.money
        self._fractions += move.fraction
        if move.r is not None:
            self._risked += 1
            self._r += move.r

    @property
    def money(self) -> Decimal | None:
        """Mean in quote."""
        return _over(self._money, self._count)

    @property
    def fraction(self) -> Decimal | None:
        """Mean as a fraction of the entry price."""
        return _over(self._fractions, self._count)

    @property
    def r(self) -> Decimal | None:
        """Mean in R, of the trades that had a risk distance."""
        return _over(self._r, self._risked)


def _over(total: Decimal, count: int) -> Decimal | None:
    return total / count if count else None
