"""The active trades of one account, their levels and sums kept in step.

Law: after every call the sums are those of the trades, and every level is watched.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from engine.account import Account
from engine.commands import OpenTrade
from engine.events import Event
from engine.levels import LevelIndex
from engine.model import Direction, Trade, TradeStatus
from engine.money import ZERO, money
from engine.watching import SymbolTrades

Mark = Callable[[str, Direction], Decimal | None]
"""Gives the price at which a symbol's open quantity could be closed now, if known."""


class ActiveTrades:
    """All active trades of one account, and the account's totals."""

    __slots__ = (
        "_before_edit",
        "_by_signal",
        "_where",
        "account",
        "indexes",
        "reserved",
        "symbols",
    )

    def __init__(self, account: Account, trades: Iterable[Trade]) -> None:
        self.account = account
        self.reserved = ZERO
        """What active trades take of the balance, quote (rules ACC-2)."""
        self.symbols: dict[str, SymbolTrades] = {}
        self.indexes: dict[str, LevelIndex] = {}
        """The indexes of `symbols`, one step nearer for every print."""
        self._where: dict[int, SymbolTrades] = {}
        """By trade id, in id order."""
        self._by_signal: dict[str, int] = {}
        self._before_edit: dict[int, Trade] = {}
        """By trade id, the trade before its last edit, while that can be taken back."""
        for trade in trades:
            self.insert(trade)

    # -- reading ------------------------------------------------------------------------------

    def get(self, trade_id: int) -> Trade | None:
        """Return a trade as it stands after the last print, or None."""
        where = self._where.get(trade_id)
        return None if where is None else where.get(trade_id)

    def listed(self, symbols: Iterable[str] | None = None) -> list[Trade]:
        """Return trades in id order, all or only those of *symbols*."""
        if symbols is None:
            return [where.get(trade_id) for trade_id, where in self._where.items()]
        found = [self.symbols[symbol] for symbol in symbols if symbol in self.symbols]
        trades = [where.get(trade_id) for where in found for trade_id in where]
        return sorted(trades, key=lambda trade: trade.id)

    def unrealised(self, mark: Mark) -> tuple[Decimal, bool]:
        """Return the open result before fees, quote, and whether every trade had a price."""
        total, complete = ZERO, True
        for trade_id, where in self._where.items():
            trade = where.plain(trade_id)
            if trade.status is TradeStatus.PENDING:
                continue
            price = mark(trade.symbol, trade.direction)
            if price is None:
                complete = False
            else:
                total += trade.direction.sign * (price * trade.quantity - trade.cost)
        return money(total), complete

    def duplicate_of(self, command: OpenTrade) -> Trade | None:
        """Return the trade that forbids *command* (rules §18), if any."""
        if command.signal and command.signal.id in self._by_signal:
            return self.get(self._by_signal[command.signal.id])
        for trade_id in self.symbols.get(command.symbol, ()):
            trade = self._where[trade_id].plain(trade_id)
            if trade.direction is command.direction:
                return trade
        return None

    def before_edit(self, trade_id: int) -> Trade | None:
        """Return a trade as it was before its last edit, if nothing has happened since."""
        return self._before_edit.get(trade_id)

    # -- changing -----------------------------------------------------------------------------

    def insert(self, trade: Trade) -> None:
        """Take in a trade."""
        where = self.symbols.setdefault(trade.symbol, SymbolTrades())
        self.indexes[trade.symbol] = where.index
        where.begin(trade)
        self._where[trade.id] = where
        if trade.signal:
            self._by_signal[trade.signal.id] = trade.id
        self.reserved += trade.used

    def book(self, events: Sequence[Event]) -> Sequence[Event]:
        """Bring the account's totals in step with what happened; returns it."""
        for event in events:
            self.account = self.account.after(event)
        return events

    def follow(self, before: Trade, after: Trade, happened: Sequence[Event]) -> Sequence[Event]:
        """Bring everything in step with what happened to one trade; returns what happened."""
        where = self._where[before.id]
        if happened:
            self.book(happened)
            self._before_edit.pop(before.id, None)
        if not after.status.active:
            self._remove(before)
            return happened
        self.reserved += after.used - before.used
        if before.status is TradeStatus.PENDING and after.status is TradeStatus.OPEN:
            where.begin(after)  # it has not lived through what the others have seen
        else:
            where.put(after)
        return happened

    def edit(self, before: Trade, after: Trade, *, undo: bool = False) -> None:
        """Go on with a trade whose exits were changed: what it saw before is done with."""
        self.reserved += after.used - before.used
        self._where[after.id].begin(after)
        if undo:
            del self._before_edit[after.id]
        else:
            self._before_edit[after.id] = before

    def _remove(self, trade: Trade) -> None:
        where = self._where.pop(trade.id)
        where.remove(trade.id)
        if trade.signal:
            del self._by_signal[trade.signal.id]
        self.reserved -= trade.used
        if not len(where):
            del self.symbols[trade.symbol]
            del self.indexes[trade.symbol]
