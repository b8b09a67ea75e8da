"""A desk that trades at random and knows at every moment what the books must say."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from engine.account import Account
from engine.commands import CancelTrade, CloseTrade, Command, OpenTrade
from engine.errors import Refused
from engine.events import Event
from engine.model import Direction, Quote, Signal, SignalStatus, Tick, Trade, TradeStatus
from store.health import findings
from store.ledger import Books, Checkpoint, Ledger
from tests.desk.plans import Planner
from tests.engine.desk import signal
from tests.feeds import START_MS
from tests.store.desk import Desk, load

SYMBOLS = [f"{letter}USDT" for letter in "ABCDEFGH"]
ALL = 1_000_000
PRINT_EVERY_MS = 1_000
TICK = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the books say, or that one commit changes in them."""

    account: Account
    trades: Mapping[int, Trade]
    signals: Mapping[str, SignalStatus]
    checkpoints: Mapping[str, Checkpoint]
    requests: tuple[str, ...] = ()
    """What other processes have asked for and nobody has taken yet, in order."""

    def after(self, change: "State") -> "State":
        """Return the books with one more commit in them."""
        return State(
            account=change.account,
            trades={**self.trades, **change.trades},
            signals={**self.signals, **change.signals},
            checkpoints={**self.checkpoints, **change.checkpoints},
            requests=self.requests + change.requests,
        )


async def read(path: Path) -> State:
    """Start as the product does and return the books; waiting requests count as taken then.

    Raises:
        StoreError: If the product refuses the file.
        AssertionError: If the file is damaged, or the books do not add up.
    """
    ledger = await Ledger.open(path)
    try:
        books, trades = await load(ledger), await ledger.trades("main", limit=ALL)
        signals = await ledger.signals(limit=ALL)
        requests = await ledger.pending_commands()
    finally:
        await ledger.close()
    assert findings(path, full=True) == []
    return State(
        account=books.account,
        trades={trade.id: trade for trade in trades},
        signals={signal.id: signal.status for signal in signals},
        checkpoints=books.checkpoints,
        requests=tuple(request.payload for request in requests),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One commit that is about to be made."""

    change: State
    write: Callable[[], Awaitable[object]]


class Trader:
    """Ideas, orders, edits, closings, market moves and requests, one commit each."""

    def __init__(self, ledger: Ledger, books: Books, chance: Random) -> None:
        """Go on from *books*."""
        self._ledger = ledger
        self._desk = Desk(ledger, books, SYMBOLS)
        self._chance = chance
        self._planner = Planner(chance, reach=0.05, within_ms=60 * PRINT_EVERY_MS)
        self._ideas = {s.symbol: s for s in books.signals if s.status is SignalStatus.ACTIVE}
        self._print_id = max((c.trade_id for c in books.checkpoints.values()), default=1000)

    def plan(self) -> Step:
        """Decide on the next commit; the book has it already, the disk has not."""
        possible: list[Callable[[], Step | None]] = [self._think, self._ask]
        possible += 4 * [self._open]
        if self._desk.book.active():
            possible += 3 * [self._change] + 2 * [self._end] + 2 * [self._swap]
            possible += 6 * [self._move]
        while True:
            if step := self._chance.choice(possible)():
                return step

    def _think(self) -> Step:
        symbols = self._chance.sample(SYMBOLS, 2)
        ideas = [signal(name=f"s{self._chance.getrandbits(48)}", symbol=s) for s in symbols]
        self._ideas |= {idea.symbol: idea for idea in ideas}
        change = self._state(signals={idea.id: idea.status for idea in ideas})
        return Step(change, lambda: self._ledger.add_signals(ideas))

    def _ask(self) -> Step:
        payload = str(self._chance.getrandbits(48))
        change = replace(self._state(), requests=(payload,))
        return Step(change, lambda: self._ledger.post_command("open", payload, START_MS))

    def _open(self) -> Step | None:
        return self._record(self._submit(self._order(self._chance.choice(SYMBOLS))))

    def _change(self) -> Step | None:
        return self._record(self._submit(self._planner.change(self._any())))

    def _end(self) -> Step | None:
        return self._record(self._submit(_ending(self._any())))

    def _swap(self) -> Step | None:
        """End a trade and place the next one of its kind in the same commit."""
        trade = self._any()
        ended = self._submit(_ending(trade))
        return self._record((*ended, *self._submit(self._order(trade.symbol))))

    def _move(self) -> Step | None:
        """Let one symbol trade; also where nothing happens, stops may have moved along."""
        symbol = self._any().symbol
        price = Decimal(self._chance.randint(9_400, 10_600)) / 100
        tick = Tick(symbol, price, Decimal(1), self._print_id + 1, self._now_ms)
        return self._record(tuple(self._desk.book.on_tick(tick)), moved=symbol)

    def _any(self) -> Trade:
        return self._chance.choice(self._desk.book.active())

    def _order(self, symbol: str) -> OpenTrade:
        direction = self._chance.choice(list(Direction))
        order = self._planner.order(symbol, direction, Decimal(100), TICK)
        idea: Signal | None = None
        if direction is Direction.LONG:
            idea = self._ideas.pop(symbol, None)
        return replace(order, signal=idea, equity=Decimal(1_000_000))

    def _submit(self, command: Command) -> tuple[Event, ...]:
        """Carry out a command at the market of the moment; nothing happens if refused."""
        if isinstance(command, CancelTrade):
            command = replace(command, now_ms=self._now_ms)
        else:
            command = replace(command, quote=self._quote)
        try:
            return tuple(self._desk.book.submit(command))
        except Refused:
            return ()

    @property
    def _now_ms(self) -> int:
        return START_MS + self._print_id * PRINT_EVERY_MS

    @property
    def _quote(self) -> Quote:
        price = Decimal(100)
        return Quote(
            bid=price,
            ask=price,
            last=price,
            last_trade_id=self._print_id,
            time_ms=self._now_ms,
        )

    def _record(self, events: Sequence[Event], moved: str = "") -> Step | None:
        """Plan what the session does with events: one commit with totals and checkpoints."""
        if not events and not moved:
            return None
        self._print_id += 1
        account, active = self._desk.book.account, self._desk.book.active()
        reached = Checkpoint(trade_id=self._print_id, time_ms=self._now_ms)
        symbols = {event.trade.symbol for event in events} | ({moved} if moved else set())
        checkpoints = dict.fromkeys(symbols, reached)
        trades = {e.trade.id: e.trade for e in events} | {trade.id: trade for trade in active}
        taken = [trade.signal.id for trade in trades.values() if trade.signal]
        change = self._state(
            trades=trades,
            signals=dict.fromkeys(taken, SignalStatus.TAKEN),
            checkpoints=checkpoints,
        )
        return Step(
            change, lambda: self._ledger.record(events, account, checkpoints, tuple(active))
        )

    def _state(
        self,
        *,
        trades: Mapping[int, Trade] | None = None,
        signals: Mapping[str, SignalStatus] | None = None,
        checkpoints: Mapping[str, Checkpoint] | None = None,
    ) -> State:
        return State(
            account=self._desk.book.account,
            trades=trades or {},
            signals=signals or {},
            checkpoints=checkpoints or {},
        )


def _ending(trade: Trade) -> Command:
    if trade.status is TradeStatus.PENDING:
        return CancelTrade(trade_id=trade.id)
    return CloseTrade(trade_id=trade.id)
