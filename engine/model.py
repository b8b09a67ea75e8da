"""The nouns of the desk: instruments, prints, quotes, signals, fills, trades.

All are frozen values. A number's unit stands beside its field.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from engine.costs import Costs
from engine.money import ZERO
from engine.stops import BreakEven, StopPolicy, StopReason, Trailing


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
    TRAILING_STOP = "trailing_stop"
    BREAK_EVEN_STOP = "break_even_stop"
    LIQUIDATION = "liquidation"
    TARGET = "target"
    MANUAL = "manual"
    TIME_STOP = "time_stop"
    SESSION_END = "session_end"

    @property
    def status(self) -> TradeStatus:
        """The final status that this reason leads to."""
        return _STATUS_OF_REASON[self]


_STATUS_OF_REASON = {
    CloseReason.STOP: TradeStatus.CLOSED_SL,
    CloseReason.TRAILING_STOP: TradeStatus.CLOSED_SL,
    CloseReason.BREAK_EVEN_STOP: TradeStatus.CLOSED_SL,
    CloseReason.LIQUIDATION: TradeStatus.CLOSED_SL,
    CloseReason.TARGET: TradeStatus.CLOSED_TP,
    CloseReason.MANUAL: TradeStatus.CLOSED_MANUAL,
    CloseReason.TIME_STOP: TradeStatus.CLOSED_MANUAL,
    CloseReason.SESSION_END: TradeStatus.CLOSED_MANUAL,
}


class CancelReason(StrEnum):
    """Why a pending trade was never entered (rules §20)."""

    TRADER = "trader"
    EXPIRED = "expired"
    TARGET_FIRST = "target_first"
    """The first target was touched before the entry."""
    STOP_FIRST = "stop_first"
    """The stop was touched before a breakout entry."""
    HALTED = "halted"
    UNAFFORDABLE = "unaffordable"
    """A breakout filled so far away that its cost could not be paid."""
    SESSION_END = "session_end"


class FillKind(StrEnum):
    """Which order of a trade was filled."""

    ENTRY = "ENTRY"
    STOP = "STOP"
    TARGET = "TARGET"
    MANUAL = "MANUAL"
    TIME = "TIME"
    LIQUIDATION = "LIQUIDATION"


class EntryMode(StrEnum):
    """How a trade enters the market (rules §20)."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """Breakout: waits for a print at or beyond its price."""
    CLASSIC = "classic"


class PriceModel(StrEnum):
    """Where a fill's reference price came from (rules FILL-1 to FILL-4)."""

    TOUCH = "touch"
    LAST = "last"
    LEVEL = "level"
    SIGNAL = "signal"
    BANKRUPTCY = "bankruptcy"
    """Of a liquidation: the price at which the margin is just gone (rules LIQ-3)."""


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
    reference: Decimal | None = None
    """Price before slippage; None where slippage plays no part."""
    candle: str = ""
    """Timeframe of the candle that took the place of the print; empty for a print."""
    candle_ms: int | None = None
    """When that candle opened."""
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
class Payment:
    """One funding payment of a futures trade (rules §9)."""

    time_ms: int
    """When it was due, milliseconds UTC."""
    rate: Decimal
    """Fraction of the notional; above 0 longs pay."""
    mark: Decimal
    """Mark price then, quote per base."""
    amount: Decimal
    """Quote; positive is received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A paper trade from its order to its end: the sum of its fills."""

    id: int
    account: str
    session: int = 1
    """Of the account, in which the order was given."""
    symbol: str
    market: Market
    direction: Direction
    status: TradeStatus
    close_reason: CloseReason | None = None
    signal: Signal | None = None
    """The whole idea as it was at opening."""
    entry_mode: EntryMode
    entry_price: Decimal
    """Fill price of the entry; while pending, the price it waits for."""
    initial_quantity: Decimal
    quantity: Decimal
    """Base asset still open; while pending, what was ordered."""
    cost: Decimal
    """Cost pool of the open quantity, quote (rules PRT-1)."""
    stake: Decimal
    """What the trader put in, quote: the stake asked for, else the entry's notional."""
    leverage: int = 1
    margin: Decimal = ZERO
    """Quote. Futures: the isolated wallet; pending: what is set aside for the entry; else 0."""
    initial_stop: Decimal
    fixed_stop: Decimal
    """The stop set by hand or by a target; `stop` is the one in force."""
    fixed_reason: StopReason = StopReason.INITIAL
    targets: tuple[Target, ...]
    """Nearest first, filled ones too; what they leave over runs without a target."""
    after_target: StopPolicy = StopPolicy.KEEP
    trailing: Trailing | None = None
    break_even: BreakEven | None = None
    hold_ms: int | None = None
    """How long it is held at most, from the entry fill."""
    costs: Costs
    placed_ms: int = 0
    """When the order was given, milliseconds UTC."""
    expires_ms: int | None = None
    """When a pending order ends."""
    opened_ms: int
    """Exchange time of the entry fill; of the order while it is pending."""
    closed_ms: int | None = None
    """Exchange time of the last fill, or of the cancellation."""
    cancel_reason: CancelReason | None = None
    exit_price: Decimal | None = None
    gross: Decimal = ZERO
    """Realised result before fees, quote."""
    fees: Decimal = ZERO
    """All fees so far, quote."""
    funding: Decimal = ZERO
    """All funding received minus paid, quote."""
    payments: tuple[Payment, ...] = ()
    best: Decimal
    """Most favourable print since the opening."""
    worst: Decimal
    """Most adverse print since the opening."""
    note: str = ""
    fills: tuple[Fill, ...] = ()

    @property
    def stop(self) -> Decimal:
        """The tightest of its stops: the one in force."""
        return self._tightest[0]

    @property
    def stop_reason(self) -> StopReason:
        """Which of its stops is in force."""
        return self._tightest[1]

    @property
    def _tightest(self) -> tuple[Decimal, StopReason]:
        stop, reason, sign = self.fixed_stop, self.fixed_reason, self.direction.sign
        for moving, its_reason in (
            (self.break_even, StopReason.BREAK_EVEN),
            (self.trailing, StopReason.TRAILING),
        ):
            if moving and moving.stop is not None and sign * (moving.stop - stop) > 0:
                stop, reason = moving.stop, its_reason
        return stop, reason

    @property
    def next_target(self) -> Target | None:
        """The nearest target that has not filled; None where the rest runs without one."""
        return next((target for target in self.targets if not target.filled), None)

    @property
    def deadline_ms(self) -> int | None:
        """When the time stop is due, milliseconds UTC; None without one."""
        if self.hold_ms is None or self.status is TradeStatus.PENDING:
            return None
        return self.opened_ms + self.hold_ms

    @property
    def used(self) -> Decimal:
        """What it takes of the account's available money, quote (rules ACC-2)."""
        spot = self.market is Market.SPOT and self.status is TradeStatus.OPEN
        return self.cost if spot else self.margin

    @property
    def net(self) -> Decimal:
        """Realised result after fees and funding, quote (rules PNL-2)."""
        return self.gross - self.fees + self.funding
