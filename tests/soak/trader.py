"""A desk that trades at random and knows at every moment what the books must say."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from engine.account import Account
from engine.commands import CloseTrade
from engine.events import Event
from engine.model import Signal, SignalStatus, Trade
from store.ledger import Books, Checkpoint, Ledger
from tests.engine.desk import quote, signal, tick
from tests.feeds import START_MS
from tests.store.desk import Desk, check_balance, load

SYMBOLS = [f"{letter}USDT" for letter in "ABCDEFGH"]
ALL = 1_000_000


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
        AssertionError: If SQLite finds damage, or the sums are not those of the fills.
    """
    ledger = await Ledger.open(path)
    try:
        books, trades = await load(ledger), await ledger.trades("main", limit=ALL)
        signals = await ledger.signals(limit=ALL)
        requests = await ledger.pending_commands()
    finally:
        await ledger.close()
    assert _damage(path) == "ok"
    check_balance(books, trades)
    return State(
        account=books.account,
        trades={trade.id: trade for trade in trades},
        signals={signal.id: signal.status for signal in signals},
        checkpoints=books.checkpoints,
        requests=tuple(request.payload for request in requests),
    )


def _damage(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Step:
    """One commit that is about to be made."""

    change: State
    write: Callable[[], Awaitable[object]]


class Trader:
    """Ideas, openings, closings, market moves and requests, one commit each."""

    def __init__(self, ledger: Ledger, books: Books, chance: Random) -> None:
        """Go on from *books*."""
        self._ledger = ledger
        self._desk = Desk(ledger, books, SYMBOLS)
        self._chance = chance
        self._ideas = {s.symbol: s for s in books.signals if s.status is SignalStatus.ACTIVE}
        self._print_id = max((c.trade_id for c in books.checkpoints.values()), default=1000)

    def plan(self) -> Step:
        """Decide on the next commit; the book has it already, the disk has not."""
        held = {trade.symbol: trade for trade in self._desk.book.active()}
        free = [symbol for symbol in SYMBOLS if symbol not in held]
        possible: list[Callable[[], Step]] = [self._think, self._ask]
        if free:
            possible += 3 * [lambda: self._record(self._open(self._chance.choice(free)))]
        if held:
            trade = self._chance.choice(list(held.values()))
            possible += 2 * [lambda: self._record(self._close(trade))]
            possible += 2 * [
                lambda: self._record((*self._close(trade), *self._open(trade.symbol)))
            ]
            possible += 3 * [lambda: self._record(self._move(trade.symbol))]
        return self._chance.choice(possible)()

    def _think(self) -> Step:
        symbols = self._chance.sample(SYMBOLS, 2)
        ideas = [signal(name=f"s{self._chance.getrandbits(48)}", symbol=s) for s in symbols]
        self._ideas |= {idea.symbol: idea for idea in ideas}
        change = self._change(signals={idea.id: idea.status for idea in ideas})
        return Step(change, lambda: self._ledger.add_signals(ideas))

    def _ask(self) -> Step:
        payload = str(self._chance.getrandbits(48))
        change = replace(self._change(), requests=(payload,))
        return Step(change, lambda: self._ledger.post_command("open", payload, START_MS))

    def _open(self, symbol: str) -> tuple[Event, ...]:
        idea: Signal | None = self._ideas.pop(symbol, None)
        return tuple(self._desk.book.submit(self._desk.buy(symbol, idea)))

    def _close(self, trade: Trade) -> tuple[Event, ...]:
        command = CloseTrade(trade_id=trade.id, quote=quote("101"))
        return tuple(self._desk.book.submit(command))

    def _move(self, symbol: str) -> tuple[Event, ...]:
        self._print_id += 1
        price = str(self._chance.randint(93, 112))
        return tuple(
            self._desk.book.on_tick(tick(price, symbol=symbol, trade_id=self._print_id))
        )

    def _record(self, events: tuple[Event, ...]) -> Step:
        """Plan what the session does with events: one commit with totals and checkpoints."""
        self._print_id += 1
        account, moved = self._desk.book.account, self._desk.book.active()
        reached = Checkpoint(trade_id=self._print_id, time_ms=START_MS + self._print_id)
        checkpoints = {event.trade.symbol: reached for event in events}
        trades = {trade.id: trade for trade in moved} | {e.trade.id: e.trade for e in events}
        taken = [trade.signal.id for trade in trades.values() if trade.signal]
        change = self._change(
            trades=trades,
            signals=dict.fromkeys(taken, SignalStatus.TAKEN),
            checkpoints=checkpoints,
        )
        return Step(
            change, lambda: self._ledger.record(events, account, checkpoints, tuple(moved))
        )

    def _change(
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
