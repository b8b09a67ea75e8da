"""A paper account: money in, results, fees; balances follow from them (rules §10)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.events import Event, FundingPaid, TradeClosed, TradeOpened, TradeReduced
from engine.model import Fill, Market
from engine.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Booked totals of one account; all money in `currency`."""

    name: str
    currency: str
    market: Market = Market.SPOT
    """What it trades: an account is for one market."""
    session: int = 1
    """Counts fresh starts; the totals are those of this session."""
    session_ms: int = 0
    """When this session began, milliseconds UTC."""
    deposits: Decimal
    """Deposits minus withdrawals, opening balance included."""
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

    def after(self, event: Event) -> "Account":
        """Return the totals after something has happened to one of the account's trades."""
        match event:
            case TradeOpened(fill=fill):
                return replace(self, fees=self.fees + fill.fee)
            case TradeReduced(fill=fill):
                return self._after_exit(fill)
            case TradeClosed(trade, fill):
                return replace(
                    self._after_exit(fill),
                    closed=self.closed + 1,
                    wins=self.wins + (trade.net > 0),
                    losses=self.losses + (trade.net < 0),
                )
            case FundingPaid(payment=payment):
                return replace(self, funding=self.funding + payment.amount)
            case _:
                return self

    def _after_exit(self, fill: Fill) -> "Account":
        return replace(self, gross=self.gross + fill.gross, fees=self.fees + fill.fee)
