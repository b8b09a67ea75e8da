"""A market that does only what the test says: the hand-made fake at the market's port."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import Candle, Tick
from market.board import Board
from market.clock import ExchangeClock
from market.errors import Unreachable
from market.feed import (
    Deliver,
    FeedState,
    FeedStatus,
    Meeting,
    OnCandle,
    OnLongGap,
    OnMark,
)

START_MS = 1_790_000_000_000


class FixedClock(ExchangeClock):
    """An exchange clock that stands still until a test moves it."""

    def __init__(self, now_ms: int = START_MS) -> None:
        super().__init__()
        self.fixed_ms = now_ms

    def observe(self, exchange_ms: int) -> None:
        self.fixed_ms = max(self.fixed_ms, exchange_ms)

    def now_ms(self) -> int:
        return self.fixed_ms


def instrument(symbol: str = "BTCUSDT", **changes: object) -> Instrument:
    """Return a plain USDT instrument: tick 0.01, step 0.00001, minimum value 5."""
    values: dict[str, object] = {
        "symbol": symbol,
        "base": symbol.removesuffix("USDT"),
        "quote": "USDT",
        "tick": Decimal("0.01"),
        "step": Decimal("0.00001"),
        "min_price": Decimal("0.01"),
        "max_price": Decimal(1_000_000),
        "min_quantity": Decimal("0.00001"),
        "max_quantity": Decimal(9_000),
        "min_notional": Decimal(5),
    }
    return Instrument(**(values | changes))  # type: ignore[arg-type]  # values of one table


@dataclass
class ScriptedFeed:
    """Prices by hand: `print_price` lets the market trade."""

    known: dict[str, Instrument] = field(default_factory=dict)
    simulated: bool = False
    board: Board = field(default_factory=Board)
    clock: ExchangeClock = field(default_factory=FixedClock)
    status: FeedStatus = field(
        default_factory=lambda: FeedStatus(
            state=FeedState.LIVE, host="test.example", latency_ms=38, since_ms=START_MS
        )
    )
    active: frozenset[str] = frozenset()
    visible: frozenset[str] = frozenset()
    resumed: list[tuple[str, int]] = field(default_factory=list)
    history: dict[str, list[Candle]] = field(default_factory=dict)
    tape: dict[str, list[Tick]] = field(default_factory=dict)
    mark_history: dict[str, list[Candle]] = field(default_factory=dict)
    settled: dict[str, list[FundingDue]] = field(default_factory=dict)
    """Settlements of funding by symbol, oldest first."""
    intervals: dict[str, int] = field(default_factory=dict)
    frames: tuple[str, ...] = ("1h", "1m", "1s")
    on_mark: OnMark | None = None
    on_long_gap: OnLongGap | None = None
    held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._deliver: Deliver | None = None
        self._ids: dict[str, int] = {}
        self.running = asyncio.Event()

    async def run(self, deliver: Deliver, on_candle: OnCandle) -> None:
        self._deliver, self._on_candle = deliver, on_candle
        self.running.set()
        await asyncio.Event().wait()

    def follow(self, active: Collection[str], visible: Collection[str]) -> None:
        self.active, self.visible = frozenset(active), frozenset(visible)

    def follow_candles(self, pairs: Collection[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)

    def resume(self, symbol: str, after_trade_id: int) -> None:
        self.resumed.append((symbol, after_trade_id))
        self.held.discard(symbol)

    def hold(self, symbol: str, timeframe: str = "") -> None:
        self.held.add(symbol)

    def meeting(self, symbol: str) -> Meeting | None:
        return None

    def going_on(self, symbol: str) -> bool:
        return symbol not in self.held

    async def past_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        return []

    async def past_prints(
        self, symbol: str, start_ms: int, end_ms: int | None
    ) -> AsyncIterator[Sequence[Tick]]:
        yield [
            tick
            for tick in self.tape.get(symbol, [])
            if tick.time_ms >= start_ms and (end_ms is None or tick.time_ms < end_ms)
        ]

    async def mark_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        return [
            candle
            for candle in self.mark_history.get(symbol, [])
            if candle.timeframe == timeframe and start_ms <= candle.open_ms < end_ms
        ]

    async def fundings(self, symbol: str, start_ms: int, end_ms: int) -> list[FundingDue]:
        settled = self.settled.get(symbol, [])
        return [due for due in settled if start_ms <= due.time_ms < end_ms]

    async def funding_intervals(self) -> dict[str, int]:
        return self.intervals

    async def ready(self, symbol: str) -> bool:
        return self.board[symbol].live

    async def instruments(
        self, symbols: Collection[str] | None = None
    ) -> dict[str, Instrument]:
        if not self.known:
            raise Unreachable("No host answered.")
        return {s: i for s, i in self.known.items() if symbols is None or s in symbols}

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        return self.history.get(symbol, [])[-limit:]

    async def busiest(self, quote: str, count: int) -> list[str]:
        return [s for s, i in self.known.items() if i.quote == quote][:count]

    # -- the market's side --------------------------------------------------------------------

    def quote(self, symbol: str, bid: str, ask: str, last: str | None = None) -> None:
        """Set the touch, and the last price where none is known."""
        price = self.board[symbol]
        price.bid, price.ask, price.touch_fresh, price.live = (
            Decimal(bid),
            Decimal(ask),
            True,
            True,
        )
        if last or price.last is None:
            price.last = Decimal(last or bid)
        self._ids.setdefault(symbol, 1000)
        price.last_trade_id, price.last_ms = self._ids[symbol], self.clock.now_ms()

    def print_price(self, symbol: str, *prices: str, skip: int = 0) -> None:
        """Let the symbol trade at these prices, in order, as one batch.

        Args:
            symbol: Which market.
            prices: One print each.
            skip: How many ids to lose before the first.
        """
        ticks = []
        self._ids.setdefault(symbol, 1000)
        self._ids[symbol] += skip
        for text in prices:
            self._ids[symbol] += 1
            now = self.clock.now_ms()
            ticks.append(Tick(symbol, Decimal(text), Decimal(1), self._ids[symbol], now))
            price = self.board[symbol]
            price.last, price.last_trade_id = ticks[-1].price, ticks[-1].trade_id
        self.deliver(ticks)

    def mark(self, symbol: str, price: str, rate: str = "0.0001", in_ms: int = 0) -> None:
        """Let the mark price be told.

        Args:
            symbol: Which market.
            price: Mark price.
            rate: Funding rate as it stands.
            in_ms: Time to the next settlement; 0 leaves it unknown.
        """
        now = self.clock.now_ms()
        shown = self.board[symbol]
        shown.mark, shown.mark_fresh = Decimal(price), True
        shown.funding_rate = Decimal(rate)
        shown.next_funding_ms = now + in_ms if in_ms else None
        if self.on_mark is not None and symbol in self.active:
            self.on_mark(MarkPrice(symbol, Decimal(price), now))

    def deliver(self, ticks: Sequence[Tick]) -> None:
        """Hand prints over if anybody runs and follows them."""
        if self._deliver is not None:
            self._deliver([tick for tick in ticks if tick.symbol in self.active])
