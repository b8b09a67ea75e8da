"""The nouns of the desk: instruments, prints, quotes, signals, fills, trades.

All are frozen values. A number's unit stands beside its field.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from engine.costs import Costs
from engine.money import MONEY_UNIT, ZERO


class Direction(StrEnum):
    """Which way a trade earns."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT."""
        return 1 if self is Direction.LONG else -1


class Market(StrEnum):
    """Where an instrument is traded."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"


class TradeStatus(StrEnum):
    """A trade's state; PENDING and OPEN are active, all others are final (rules §19)."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    CANCELLED = "CANCELLED"
    CLOSED_TP = "CLOSED_TP"
    CLOSED_SL = "CLOSED_SL"
    CLOSED_MANUAL = "CLOSED_MANUAL"

    @property
    def active(self) -> bool:
        """Whether the trade still waits for an entry or an exit."""
        return self in {TradeStatus.PENDING, TradeStatus.OPEN}


class CloseReason(StrEnum):
    """What emptied a trade, finer than its status."""

    STOP = "stop"
    TARGET = "target"
    MANUAL = "manual"

    @property
    def status(self) -> TradeStatus:
        """The final status that this reason leads to."""
        return _STATUS_OF_REASON[self]


_STATUS_OF_REASON = {
    CloseReason.STOP: TradeStatus.CLOSED_SL,
    CloseReason.TARGET: TradeStatus.CLOSED_TP,
    CloseReason.MANUAL: TradeStatus.CLOSED_MANUAL,
}


class FillKind(StrEnum):
    """Which order of a trade was filled."""

    ENTRY = "ENTRY"
    STOP = "STOP"
    TARGET = "TARGET"
    MANUAL = "MANUAL"


class EntryMode(StrEnum):
    """How a trade enters the market (rules §20)."""

    MARKET = "market"
    CLASSIC = "classic"


class PriceModel(StrEnum):
    """Where a fill's reference price came from (rules FILL-1 to FILL-4)."""

    TOUCH = "touch"
    LAST = "last"
    LEVEL = "level"
    SIGNAL = "signal"


class Source(StrEnum):
    """How the desk learned of the event behind a fill."""

    STREAM = "STREAM"
    BACKFILL = "BACKFILL"
    REPLAY = "REPLAY"
    MANUAL = "MANUAL"
    SIMULATED = "SIMULATED"


class SignalStatus(StrEnum):
    """A signal's state."""

    ACTIVE = "ACTIVE"
    TAKEN = "TAKEN"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A symbol with its trading rules; 0 switches a bound or grid off (rules §2)."""

    symbol: str
    """As the exchange spells it; may be Unicode, never upper-cased here."""
    base: str
    quote: str
    market: Market = Market.SPOT
    trading: bool = True
    """Whether the exchange accepts orders (status TRADING)."""
    status: str = "TRADING"
    """The exchange's own word for the state."""
    tick: Decimal
    """Price grid, quote per base."""
    step: Decimal
    """Quantity grid, base."""
    min_price: Decimal = ZERO
    max_price: Decimal = ZERO
    min_quantity: Decimal = ZERO
    max_quantity: Decimal = ZERO
    market_step: Decimal = ZERO
    """Quantity grid of market orders; 0 means: use `step`."""
    market_min_quantity: Decimal = ZERO
    market_max_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    """Smallest order value, quote."""
    max_notional: Decimal = ZERO


def unlisted(symbol: str, currency: str) -> Instrument:
    """Return rules for what is still open on a symbol that is gone from the exchange."""
    return Instrument(
        symbol=symbol,
        base=symbol,
        quote=currency,
        trading=False,
        status="not listed",
        tick=MONEY_UNIT,
        step=MONEY_UNIT,
    )


@dataclass(slots=True)
class Tick:
    """One market print: an aggregate trade.

    Never changed after it is made; not frozen only because that makes each print four times
    as dear to create, and thousands arrive in a second.
    """

    symbol: str
    price: Decimal
    quantity: Decimal
    trade_id: int
    """Aggregate-trade id, contiguous per symbol."""
    time_ms: int
    """Exchange trade time, milliseconds UTC."""
    source: Source = Source.STREAM


class Candle(NamedTuple):
    """One candle (Binance: kline) of a symbol; times are milliseconds UTC."""

    symbol: str
    timeframe: str
    """Binance spelling: 1m, 15m, 1h, 4h, 1d, …"""
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    """Base asset."""
    close_ms: int
    """Last millisecond that belongs to the candle."""
    trades: int
    """Number of prints; a candle with 0 never triggers anything."""
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the market offered at one moment; a price that was missing or stale is None."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    last_trade_id: int = 0
    """Aggregate-trade id of the last print seen; the rules start watching behind it."""
    time_ms: int = 0
    """Exchange time of the moment, milliseconds UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A validated idea: immutable but for its status."""

    id: str
    symbol: str
    market: Market
    direction: Direction
    entry: Decimal
    """Price at which the idea was born, quote per base."""
    stop: Decimal
    targets: tuple[Decimal, ...]
    """At least one; nearest first."""
    source: str
    """Who had the idea: a strategy's name, a file, a person."""
    timeframe: str = ""
    """Binance spelling (1m, 15m, 1h, 4h, 1d), or empty."""
    score: Decimal | None = None
    """0 to 100, or None where the source gave none."""
    reason: str = ""
    created_ms: int
    expires_ms: int
    status: SignalStatus = SignalStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution; it carries what is needed to explain its price (rules §22)."""

    kind: FillKind
    price: Decimal
    quantity: Decimal
    fee: Decimal
    """Quote asset; positive is paid."""
    gross: Decimal = ZERO
    """Result of this fill before fees, quote; 0 for entries."""
    time_ms: int
    level: Decimal | None = None
    """The stop or target that triggered it."""
    print_price: Decimal | None = None
    """The market print that triggered or priced it."""
    trade_id: int | None = None
    """Aggregate-trade id of that print."""
    model: PriceModel
    source: Source
    reconstructed: bool = False
    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One take-profit level."""

    price: Decimal
    quantity: Decimal
    """Base asset that this level closes."""
    filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A paper trade from opening to its end: the sum of its fills."""

    id: int
    account: str
    symbol: str
    market: Market
    direction: Direction
    status: TradeStatus
    close_reason: CloseReason | None = None
    signal: Signal | None = None
    """The whole idea as it was at opening."""
    entry_mode: EntryMode
    entry_price: Decimal
    initial_quantity: Decimal
    quantity: Decimal
    """Base asset still open."""
    cost: Decimal
    """Cost pool of the open quantity, quote (rules PRT-1)."""
    stake: Decimal
    """What the trader put in, quote: the stake asked for, else the entry's notional."""
    leverage: int = 1
    initial_stop: Decimal
    stop: Decimal
    stop_reason: str = "initial"
    targets: tuple[Target, ...]
    costs: Costs
    opened_ms: int
    closed_ms: int | None = None
    exit_price: Decimal | None = None
    gross: Decimal = ZERO
    """Realised result before fees, quote."""
    fees: Decimal = ZERO
    """All fees so far, quote."""
    funding: Decimal = ZERO
    best: Decimal
    """Most favourable print since the opening."""
    worst: Decimal
    """Most adverse print since the opening."""
    note: str = ""
    fills: tuple[Fill, ...] = ()

    @property
    def net(self) -> Decimal:
        """Realised result after fees and funding, quote (rules PNL-2)."""
        return self.gross - self.fees + self.funding
