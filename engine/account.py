"""A paper account: money in, results, fees; balances follow from them (rules §10)."""

from dataclasses import dataclass
from decimal import Decimal

from engine.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Booked totals of one account; all money in `currency`."""

    name: str
    currency: str
    deposits: Decimal
    """Deposits minus withdrawals."""
    gross: Decimal = ZERO
    """Realised results before fees, of all fills."""
    fees: Decimal = ZERO
    """All fees, entry fees of open trades included."""
    funding: Decimal = ZERO
    """All funding received minus paid."""
    closed: int = 0
    """Number of closed trades."""
    wins: int = 0
    """Closed trades with a net result above 0."""
    losses: int = 0
    """Closed trades with a net result below 0."""

    @property
    def balance(self) -> Decimal:
        """Money booked so far, unrealised results left out (rules ACC-1)."""
        return self.deposits + self.gross - self.fees + self.funding

    @property
    def win_rate(self) -> Decimal | None:
        """Wins among all closed trades as a fraction; None before the first (rules ST-1)."""
        return Decimal(self.wins) / self.closed if self.closed else None
