"""A desk of a page: fixed clock, prices that a test sets, the rules of the real book."""

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from desk.accounts import AccountView
from desk.figures import trade_view
from desk.view import Fact, Header, SignalView, TradeView
from engine.account import Account
from engine.banking import restarted, transferred
from engine.book import Book
from engine.commands import (
    BreakEvenOrder,
    CancelTrade,
    Command,
    OpenTrade,
    TrailOrder,
    one_target,
)
from engine.events import Event
from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import (
    Candle,
    Direction,
    EntryMode,
    Market,
    Quote,
    Signal,
    Source,
    Tick,
    TradeStatus,
)
from engine.money import ZERO
from engine.plan import Plan
from engine.planning import drift_r
from engine.pnl import reward_risk
from engine.sizes import Size, Stake
from engine.stops import StopPolicy
from market.board import SymbolPrice
from market.errors import Unreachable
from market.feed import FeedState, FeedStatus

NOW_MS = 1_767_323_002_000
"""2026-01-02 03:03:22 UTC."""

MINUTE_MS = 60_000

LIVE = FeedStatus(state=FeedState.LIVE, latency_ms=38, since_ms=NOW_MS - 600_000)


def an_instrument(
    symbol: str, tick: str, step: str = "0.0001", market: Market = Market.SPOT
) -> Instrument:
    return Instrument(
        market=market,
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        tick=Decimal(tick),
        step=Decimal(step),
        min_notional=Decimal(5),
    )


def a_signal(
    symbol: str,
    entry: str,
    stop: str,
    target: str,
    *,
    id: str = "",
    score: int | None = 80,
    timeframe: str = "15m",
    source: str = "ema_cross_adx",
    reason: str = "EMA 9 crossed EMA 21, ADX 28",
    age_ms: int = 2 * MINUTE_MS,
) -> Signal:
    return Signal(
        id=id or f"s-{symbol}",
        symbol=symbol,
        market=Market.SPOT,
        direction=Direction.LONG if Decimal(stop) < Decimal(entry) else Direction.SHORT,
        entry=Decimal(entry),
        stop=Decimal(stop),
        targets=(Decimal(target),),
        source=source,
        timeframe=timeframe,
        score=None if score is None else Decimal(score),
        reason=reason,
        created_ms=NOW_MS - age_ms,
        expires_ms=NOW_MS + 240 * MINUTE_MS,
    )


@dataclass
class Defaults:
    """What the trader's settings would give the order ticket."""

    account: str = "main"
    accounts: tuple[str, ...] = ("main",)
    deposit: Decimal = Decimal(10_000)
    market: Market = Market.SPOT
    entry: EntryMode = EntryMode.MARKET
    all_targets: bool = True
    leverage: int = 1
    trailing: TrailOrder | None = None
    break_even: BreakEvenOrder | None = None
    after_target: StopPolicy = StopPolicy.BREAK_EVEN
    hold_ms: int | None = None


class FakeSession:
    """Everything in memory; nothing moves unless a test moves it."""

    def __init__(
        self,
        instruments: Sequence[Instrument] = (),
        deposit: str = "10000",
        market: Market = Market.SPOT,
    ) -> None:
        self.instruments = {instrument.symbol: instrument for instrument in instruments}
        self.book = Book(
            Account(name="main", currency="USDT", deposits=Decimal(deposit), market=market),
            self.instruments,
        )
        self.settings = Defaults()
        self.signals: list[Signal] = []
        self.prices: dict[str, Decimal] = {}
        self.marks: dict[str, Decimal] = {}
        self.opened_24h: dict[str, Decimal] = {}
        self.stale: set[str] = set()
        self.feed = LIVE
        self.simulated = False
        self.halted = ""
        self.now_ms = NOW_MS
        self.today = ZERO
        self.listeners: list[Callable[[Fact], None]] = []
        self.looked_at: frozenset[str] = frozenset()
        self.asked_for: list[tuple[str, str]] = []
        self.commands: list[Command] = []
        self.failure: Exception | None = None
        self.no_candles = False
        self.others: dict[str, Account] = {}
        """Accounts beside the one that this desk runs."""
        self.booked: list[tuple[str, Decimal, str]] = []
        self.stop = asyncio.Event()

    # What a test does.

    def price(self, symbol: str, price: str) -> None:
        """Move the market, without telling the book."""
        self.prices[symbol] = Decimal(price)

    def print(self, symbol: str, price: str) -> None:
        """Move the market and let the book see the print; what happens is announced."""
        self.price(symbol, price)
        self.now_ms += 1000
        tick = Tick(symbol, Decimal(price), Decimal(1), self.now_ms, self.now_ms)
        self.announce(self.book.on_tick(tick))

    def mark(self, symbol: str, price: str) -> None:
        """Move the mark price of a futures symbol; what that does is announced."""
        self.marks[symbol] = Decimal(price)
        self.now_ms += 1000
        mark = MarkPrice(symbol, Decimal(price), self.now_ms)
        self.announce(self.book.on_mark(mark, Source.STREAM))

    def fund(self, symbol: str, rate: str, mark: str) -> None:
        """Settle funding; what was paid is announced."""
        self.now_ms += 1000
        due = FundingDue(symbol, self.now_ms, Decimal(rate), Decimal(mark))
        self.announce(self.book.on_funding(due))

    def announce(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            for listener in list(self.listeners):
                listener(fact)

    def open(
        self, signal: Signal, stake: str = "500", note: str = "", **order: Any
    ) -> Sequence[Event]:
        """Open a trade at once, without a word to the listeners; *order* changes the order."""
        command = OpenTrade(
            symbol=signal.symbol,
            direction=signal.direction,
            stop=signal.stop,
            targets=one_target(signal.targets[0]),
            size=Stake(Decimal(stake)),
            signal=signal,
            note=note,
        )
        return self.book.submit(self._stamped(replace(command, **order)))

    # What the screens ask.

    @property
    def default_size(self) -> Size:
        return Stake(Decimal(100))

    async def run(self) -> None:
        await self.stop.wait()
        if self.failure is not None:
            raise self.failure

    def header(self) -> Header:
        account = self.book.account
        views = self.trade_views()
        result = sum((view.unrealised or ZERO for view in views), ZERO)
        waiting = sum(view.trade.status is TradeStatus.PENDING for view in views)
        return Header(
            account="main",
            currency="USDT",
            balance=account.balance,
            reserved=self.book.reserved,
            available=self.book.available,
            equity=account.balance + result,
            unrealised=result,
            complete=all(view.mark is not None for view in views),
            today=self.today,
            today_percent=self.today / account.deposits,
            win_rate=account.win_rate,
            closed=account.closed,
            open=len(views) - waiting,
            pending=waiting,
            risk=Decimal("0.021") if views else ZERO,
            feed=self.feed,
            simulated=self.simulated,
            halted=self.halted,
            now_ms=self.now_ms,
        )

    def signal_views(self) -> list[SignalView]:
        taken = {trade.signal.id: trade.id for trade in self.book.active() if trade.signal}
        return [self._signal_view(signal, taken.get(signal.id)) for signal in self.signals]

    def trade_views(self) -> list[TradeView]:
        return [
            trade_view(trade, self._market(trade.symbol), self.instruments.get(trade.symbol))
            for trade in self.book.active()
        ]

    def instrument(self, symbol: str, /) -> Instrument | None:
        return self.instruments.get(symbol)

    def preview(self, command: OpenTrade, /) -> Plan:
        return self.book.preview(self._stamped(command))

    async def submit(self, command: Command, /) -> Sequence[Event]:
        self.commands.append(command)
        await asyncio.sleep(0)
        if isinstance(command, OpenTrade):
            events = self.book.submit(self._stamped(command))
        else:
            trade = self.book.get(command.trade_id)
            if isinstance(command, CancelTrade):
                command = replace(command, now_ms=self.now_ms)
            else:
                quote = self._quote(trade.symbol) if trade is not None else None
                command = replace(command, quote=quote)
            events = self.book.submit(command)
        self.announce(events)
        return events

    def look_at(self, symbols: Collection[str], /) -> None:
        self.looked_at = frozenset(symbols)

    async def candles(self, symbol: str, timeframe: str, limit: int, /) -> list[Candle]:
        self.asked_for.append((symbol, timeframe))
        if self.no_candles:
            raise Unreachable("No host answered.")
        last = self.prices.get(symbol)
        return wave(symbol, timeframe, last or Decimal(1), limit, self.now_ms) if last else []

    async def accounts(self) -> list[AccountView]:
        booked = [self.book.account, *self.others.values()]
        active = len(list(self.book.active()))
        return [
            AccountView(name=one.name, account=one, active=active if one.name == "main" else 0)
            for one in booked
        ]

    async def transfer(self, name: str, amount: Decimal, note: str, /) -> Account:
        self.booked.append((name, amount, note))
        if name == self.settings.account:
            self.book.account = transferred(self.book.account, amount, self.book.available)
            return self.book.account
        account = self.others[name]
        self.others[name] = transferred(account, amount, account.balance)
        return self.others[name]

    async def new_session(self, name: str, balance: Decimal, /) -> Account:
        active = list(self.book.active())
        self.book.account = restarted(self.book.account, balance, self.now_ms, active)
        return self.book.account

    def subscribe(self, callback: Callable[[Fact], None], /) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def _market(self, symbol: str) -> SymbolPrice:
        mark = self.marks.get(symbol)
        return SymbolPrice(
            symbol,
            last=self.prices.get(symbol),
            live=self._live(symbol),
            mark=mark,
            mark_fresh=mark is not None,
        )

    def _live(self, symbol: str) -> bool:
        return self.feed.state is FeedState.LIVE and symbol not in self.stale

    def _signal_view(self, signal: Signal, trade_id: int | None) -> SignalView:
        last = self.prices.get(signal.symbol)
        before = self.opened_24h.get(signal.symbol)
        return SignalView(
            signal=signal,
            last=last,
            live=self._live(signal.symbol),
            change_24h=last / before - 1 if last is not None and before else None,
            reward_risk=reward_risk(signal.entry, signal.stop, signal.targets[0]),
            drift_r=drift_r(signal, last) if last is not None else None,
            trade_id=trade_id,
        )

    def _quote(self, symbol: str) -> Quote | None:
        last = self.prices.get(symbol)
        if last is None or not self._live(symbol):
            return None
        return Quote(bid=last, ask=last, last=last, last_trade_id=1, time_ms=self.now_ms)

    def _stamped(self, command: OpenTrade) -> OpenTrade:
        return replace(
            command, quote=self._quote(command.symbol), equity=self.book.account.balance
        )


def futures_desk() -> FakeSession:
    """A futures account with a signal on SOLUSDT: LONG 100, stop 95, targets 110 and 120."""
    session = FakeSession(
        [an_instrument("SOLUSDT", "0.01", "0.01", Market.FUTURES)], market=Market.FUTURES
    )
    session.settings.leverage = 5
    session.price("SOLUSDT", "100")
    signal = a_signal("SOLUSDT", "100", "95", "110")
    targets = (Decimal(110), Decimal(120))
    session.signals.append(replace(signal, market=Market.FUTURES, targets=targets))
    return session


def wave(symbol: str, timeframe: str, last: Decimal, count: int, now_ms: int) -> list[Candle]:
    """Make candles that look like a market and end at *last*."""
    span = 15 * MINUTE_MS
    start = now_ms // span * span - (count - 1) * span
    closes = [
        last * Decimal(str(round(1 + _swing(i) - _swing(count - 1), 6)))
        for i in range(count + 1)
    ]
    candles = []
    for i in range(count):
        opened, closed = closes[i], closes[i + 1] if i < count - 1 else last
        reach = last * Decimal(str(round(0.0003 * (1 + (i * 7) % 5), 6)))
        candles.append(
            Candle(
                symbol=symbol,
                timeframe=timeframe,
                open_ms=start + i * span,
                open=opened,
                high=max(opened, closed) + reach,
                low=min(opened, closed) - reach,
                close=closed,
                volume=Decimal(10),
                close_ms=start + (i + 1) * span - 1,
                trades=5,
                closed=i < count - 1,
            )
        )
    return candles


def _swing(i: int) -> float:
    return 0.006 * math.sin(i / 7) + 0.007 * math.sin(i / 17 + 1) + 0.0012 * math.sin(i * 1.7)


SAMPLE = [
    # symbol, tick, 24 h ago, last, signal entry, stop, target, score, timeframe, age in minutes
    ("BTCUSDT", "0.01", "104900", "104250.10", "104300", "105100", "102700", 90, "5m", 2),
    ("ETHUSDT", "0.01", "3370", "3412.44", "3401", "3370", "3455", 87, "5m", 34),
    ("SOLUSDT", "0.01", "150.8", "152.41", "151.20", "148.18", "155.74", 84, "15m", 2),
    ("BNBUSDT", "0.01", "655", "641.20", "640", "631", "655", 81, "15m", 11),
    ("XRPUSDT", "0.0001", "2.31", "2.2114", "2.2200", "2.2900", "2.0800", 78, "15m", 55),
    ("DOGEUSDT", "0.00001", "0.181", "0.17123", "0.17000", "0.16500", "0.18500", 75, "15m", 16),
    ("ADAUSDT", "0.0001", "0.4490", "0.4564", "0.4520", "0.4430", "0.4656", 72, "1h", 1),
    ("AVAXUSDT", "0.01", "22.10", "23.40", "23.20", "22.70", "24.40", 69, "1h", 55),
    ("LINKUSDT", "0.01", "18.90", "18.42", "18.40", "18.05", "19.10", 66, "15m", 11),
    ("DOTUSDT", "0.001", "6.10", "6.233", "6.240", "6.400", "5.950", 63, "5m", 3),
    ("PEPEUSDT", "0.00000001", "0.00001201", "0.00001234", "0.00001230", "0.00001190",
     "0.00001310", 60, "1h", 10),
    ("LTCUSDT", "0.01", "88.4", "87.95", "87.90", "86.20", "91.30", 57, "5m", 59),
    ("NEARUSDT", "0.001", "2.81", "2.760", "2.765", "2.830", "2.570", 54, "15m", 38),
    ("ARBUSDT", "0.0001", "0.5110", "0.5145", "0.5140", "0.5040", "0.5290", 48, "1h", 8),
    ("SUIUSDT", "0.0001", "3.10", "3.3087", "3.3100", "3.4000", "3.0400", 42, "15m", 44),
    ("ATOMUSDT", "0.001", "4.60", "4.320", "4.318", "4.210", "4.640", 36, "1h", 53),
]  # fmt: skip


def sample_desk(*, trades: int = 4) -> FakeSession:
    """A desk in the middle of a day: 16 signals, some of them traded."""
    session = FakeSession([an_instrument(row[0], row[1], _step(row[3])) for row in SAMPLE])
    for symbol, _, before, last, entry, stop, target, score, timeframe, minutes in SAMPLE:
        session.opened_24h[symbol] = Decimal(before)
        session.price(symbol, entry)
        session.signals.append(
            a_signal(
                symbol,
                entry,
                stop,
                target,
                score=score,
                timeframe=timeframe,
                age_ms=minutes * MINUTE_MS,
            )
        )
        if symbol in [row[0] for row in (SAMPLE[2], SAMPLE[0], SAMPLE[1], SAMPLE[6])][:trades]:
            session.now_ms = NOW_MS - 72 * MINUTE_MS
            session.open(session.signals[-1], stake="1000", note="breakout retest")
        session.now_ms = NOW_MS
        session.price(symbol, last)
    session.today = Decimal("132.55")
    return session


def _step(last: str) -> str:
    return "0.00001" if Decimal(last) > 1000 else "0.01" if Decimal(last) > 1 else "1"
