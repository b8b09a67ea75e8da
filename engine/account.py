"""A paper account: money in, results, fees; balances follow from them (rules §10)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.model import Fill, Trade
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

    def after_opening(self, fill: Fill) -> "Account":
        """Return the totals after an entry."""
        return replace(self, fees=self.fees + fill.fee)

    def after_part(self, fill: Fill) -> "Account":
        """Return the totals after a fill that leaves a trade open."""
        return replace(self, gross=self.gross + fill.gross, fees=self.fees + fill.fee)

    def after_close(self, trade: Trade, fill: Fill) -> "Account":
        """Return the totals after the last fill of a finished trade."""
        return replace(
            self.after_part(fill),
            closed=self.closed + 1,
            wins=self.wins + (trade.net > 0),
            losses=self.losses + (trade.net < 0),
        )
