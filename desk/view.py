"""What a screen may read of the desk: values computed on demand, never live objects."""

from dataclasses import dataclass
from decimal import Decimal

from engine.events import Event, TradeClosed
from engine.model import Signal, Trade
from market.feed import FeedStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """One row of the signals table."""

    signal: Signal
    last: Decimal | None
    """Newest price, quote per base; None before the first."""
    live: bool
    """Whether `last` is live; a price that is not must be shown as stale."""
    change_24h: Decimal | None
    """Fraction."""
    reward_risk: Decimal
    """Of the signal's own levels, nearest target."""
    drift_r: Decimal | None
    """How far the market has run from the entry, in R; positive is the signal's way."""
    trade_id: int | None
    """The active trade on this signal, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """One row of the open trades table."""

    trade: Trade
    last: Decimal | None
    live: bool
    catching_up: bool
    """Whether missed prints are being replayed; the level watch waits for them."""
    caught_up: Decimal | None = None
    """How much of a long gap is replayed already, 0 to 1; None where that is not known."""
    mark: Decimal | None = None
    """What the open quantity is valued at, quote per base (rules MARK-1); None: no price."""
    halted: str = ""
    """The exchange's word for a symbol that does not trade now; empty while it does."""
    to_entry: Decimal | None = None
    """Pending: how far the last price is from the entry, a signed fraction of the price."""
    liquidation: Decimal | None = None
    """Futures: mark price that would liquidate the trade; None where no price does."""
    liquidation_estimated: bool = False
    """Whether the margin table behind `liquidation` is only a careful guess."""
    to_liquidation: Decimal | None = None
    """Futures: the way from the mark to `liquidation`, a signed fraction of the mark."""
    funding_rate: Decimal | None = None
    """Futures: of the next settlement as it stands, a fraction; above 0 longs pay."""
    next_funding_ms: int | None = None
    """Futures: when funding is settled next, milliseconds UTC."""
    unrealised: Decimal | None
    """Result of the open quantity at the mark, before fees, quote (rules MARK-1)."""
    net_now: Decimal | None
    """Net result of the whole trade if closed now, all fees paid."""
    percent: Decimal | None
    """`unrealised` plus what is realised before fees, over the stake; a fraction."""
    r_now: Decimal | None
    """`net_now` in R."""
    mfe: Decimal
    """Best move from the entry so far, a fraction of it; never negative."""
    mae: Decimal
    """Worst move from the entry so far, a fraction of it; never negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The status line's figures; money in `currency`."""

    account: str
    currency: str
    balance: Decimal
    reserved: Decimal
    """What open trades and waiting orders take of the balance."""
    available: Decimal
    equity: Decimal
    """Balance plus unrealised results."""
    unrealised: Decimal
    complete: bool
    """False while some open trade has no price yet: then equity lacks its result."""
    today: Decimal
    """Net results of trades closed since 00:00 UTC."""
    today_percent: Decimal | None
    """`today` over the balance at 00:00 UTC, a fraction."""
    win_rate: Decimal | None
    closed: int
    open: int
    """Trades that are in the market."""
    pending: int = 0
    """Orders that wait for their entry."""
    risk: Decimal
    """What all stops together would lose from here, as a fraction of equity."""
    feed: FeedStatus
    simulated: bool
    halted: str
    """Why trading is halted, a sentence; empty when it is not."""
    attached: str = ""
    """To which process, if another one runs the desk: ``attached to process 123``."""
    now_ms: int
    """Exchange time, milliseconds UTC."""
    replaying: Decimal | None = None
    """How much of what happened meanwhile is replayed, 0 to 1; None once all is known."""


@dataclass(frozen=True, slots=True)
class SignalsArrived:
    """New signals entered the table."""

    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the trader should know that is not an event of the books."""

    text: str
    severity: str = "information"
    """information, warning or error."""


@dataclass(frozen=True, slots=True)
class WhileAway:
    """A close found while catching up: it happened in the past, and `CaughtUp` sums it up."""

    event: TradeClosed


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """The desk knows again all that has happened."""

    since_ms: int
    """Where the first symbol was taken up, milliseconds UTC."""
    symbols: int
    """How many symbols had to be caught up."""
    closed: tuple[Trade, ...]
    """Trades closed meanwhile, in order of their close."""


Fact = Event | WhileAway | CaughtUp | SignalsArrived | Notice
"""What listeners of a session hear, always after it was stored."""
