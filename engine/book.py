"""The book: all active trades of one account, changed by commands and prints alone.

Law: this is the only place where a trade is opened or closed. The same start and the same
inputs give the same events, ids included; a refusal changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.account import Account
from engine.commands import CloseTrade, Command, OpenTrade
from engine.costs import REALISTIC, Costs
from engine.entries import duplicate_sentence, opened_by
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeClosed, TradeOpened, TradeReduced
from engine.exits import closed_at_print, closed_by_hand, exit_due
from engine.levels import LevelIndex
from engine.model import (
    Candle,
    Direction,
    EntryMode,
    Fill,
    Instrument,
    Source,
    Tick,
    Trade,
    unlisted,
)
from engine.money import ZERO, money
from engine.paths import closed_in_candle, having_seen
from engine.plan import Plan
from engine.planning import check_tradable, plan_open

Mark = Callable[[str, Direction], Decimal | None]
"""Gives the price at which a symbol's open quantity could be closed now, if known."""


class Book:
    """One account's active trades and totals."""

    __slots__ = (
        "_by_signal",
        "_indexes",
        "_instruments",
        "_last_opened_ms",
        "_next_id",
        "_reserved",
        "_spot_short",
        "_trades",
        "account",
    )

    def __init__(
        self,
        account: Account,
        instruments: Mapping[str, Instrument],
        *,
        trades: Iterable[Trade] = (),
        next_trade_id: int = 1,
        spot_short: bool = True,
    ) -> None:
        """Start from stored state.

        Args:
            account: Totals as booked so far.
            instruments: Trading rules by symbol; read at each use, so it may be refreshed.
            trades: The account's active trades.
            next_trade_id: First id to give away.
            spot_short: Whether a paper short on a spot symbol is allowed.
        """
        self.account = account
        self._instruments = instruments
        self._next_id = next_trade_id
        self._spot_short = spot_short
        self._trades: dict[int, Trade] = {}
        self._by_signal: dict[str, int] = {}
        self._indexes: dict[str, LevelIndex] = {}
        self._last_opened_ms: dict[str, int] = {}
        """By symbol, when the newest of its trades was opened."""
        self._reserved = ZERO
        for trade in trades:
            self._insert(trade)

    # -- reading ------------------------------------------------------------------------------

    @property
    def reserved(self) -> Decimal:
        """Cost of what is open, quote (rules ACC-2)."""
        return self._reserved

    @property
    def available(self) -> Decimal:
        """What a new trade may cost, quote (rules ACC-2)."""
        return self.account.balance - self._reserved

    @property
    def symbols(self) -> frozenset[str]:
        """Symbols with active trades: every print of these must reach the book."""
        return frozenset(self._indexes)

    def get(self, trade_id: int) -> Trade | None:
        """Return an active trade with its extremes up to the last print, or None."""
        trade = self._trades.get(trade_id)
        return trade and self._with_extremes(trade)

    def active(self, symbols: Iterable[str] | None = None) -> list[Trade]:
        """Return active trades in id order, all or only those of *symbols*."""
        if symbols is None:
            ids: Iterable[int] = self._trades
        else:
            indexes = (self._indexes[s] for s in symbols if s in self._indexes)
            ids = sorted(trade_id for index in indexes for trade_id in index)
        return [self._with_extremes(self._trades[trade_id]) for trade_id in ids]

    def unrealised(self, mark: Mark) -> tuple[Decimal, bool]:
        """Return the open result before fees, quote, and whether every trade had a price."""
        total, complete = ZERO, True
        for trade in self._trades.values():
            price = mark(trade.symbol, trade.direction)
            if price is None:
                complete = False
            else:
                total += trade.direction.sign * (price * trade.quantity - trade.cost)
        return money(total), complete

    def duplicate_of(self, command: OpenTrade) -> Trade | None:
        """Return the active trade that forbids *command* (rules §18), if any."""
        if command.signal and command.signal.id in self._by_signal:
            return self._trades[self._by_signal[command.signal.id]]
        for trade_id in self._indexes.get(command.symbol, ()):
            if self._trades[trade_id].direction is command.direction:
                return self._trades[trade_id]
        return None

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what *command* would do now, changing nothing.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self._plan(command)[2]

    # -- changing -----------------------------------------------------------------------------

    def submit(self, command: Command) -> Sequence[Event]:
        """Carry out a command and return what happened, in order.

        Raises:
            Refused: If the rules do not allow it; nothing has changed then.
        """
        match command:
            case OpenTrade():
                return [self._open(command)]
            case CloseTrade():
                return [self._close(command)]

    def on_tick(self, tick: Tick) -> Sequence[Event]:
        """Let a print work on the trades of its symbol and return what happened, in order."""
        try:
            index = self._indexes[tick.symbol]
        except KeyError:
            return ()
        if index.low < tick.price < index.high:
            return ()
        if tick.time_ms < self._last_opened_ms[tick.symbol]:
            return self._late(index, tick)
        return self._exits(index.reached(tick.price), tick)

    def quiet(self, candle: Candle) -> bool:
        """Tell whether nothing is lost if *candle* works in place of its prints."""
        index = self._indexes.get(candle.symbol)
        return index is None or not candle.trades or index.clear(candle.low, candle.high)

    def indifferent(self, candle: Candle) -> bool:
        """Tell whether no print inside a quiet candle could even be a trade's new extreme."""
        return self.quiet(candle) and all(
            having_seen(trade, candle.low, candle.high) is trade
            for trade in self.active((candle.symbol,))
            if candle.trades
        )

    def on_candle(self, candle: Candle, source: Source) -> Sequence[Event]:
        """Let a candle of which no prints can be had work on the trades of its symbol.

        All of the candle must lie behind the opening of these trades.
        """
        index = self._indexes.get(candle.symbol)
        if index is None or not candle.trades:
            return ()
        hit = index.hit_by(candle.low, candle.high)
        if hit:
            self._fold(index)
        trades = [self._trades[trade_id] for trade_id in hit]
        events = [
            self._finish(*closed_in_candle(trade, candle, source, self._instrument(trade)))
            for trade in trades
        ]
        index.note(candle.low, candle.high)
        return events

    # -- inside -------------------------------------------------------------------------------

    def _plan(self, command: OpenTrade) -> tuple[Instrument, Costs, Plan]:
        instrument = check_tradable(
            self._instruments.get(command.symbol),
            command,
            self.account.currency,
            spot_short=self._spot_short,
        )
        if earlier := self.duplicate_of(command):
            same = bool(
                command.signal and earlier.signal and earlier.signal.id == command.signal.id
            )
            raise DuplicateTrade(duplicate_sentence(earlier, same_signal=same), earlier.id)
        costs = command.costs or REALISTIC
        if costs.enter_at_signal and command.signal:
            command = replace(command, entry_mode=EntryMode.CLASSIC)
        return instrument, costs, plan_open(command, instrument, costs, self.available)

    def _open(self, command: OpenTrade) -> TradeOpened:
        instrument, costs, plan = self._plan(command)
        quote = command.quote
        assert quote is not None  # the plan refuses an order without one
        trade, fill = opened_by(
            command,
            plan,
            quote,
            trade_id=self._next_id,
            account=self.account.name,
            instrument=instrument,
            costs=costs,
        )
        self._next_id += 1
        self.account = self.account.after_opening(fill)
        self._insert(trade)
        return TradeOpened(trade, fill)

    def _close(self, order: CloseTrade) -> TradeReduced | TradeClosed:
        trade = self._trades.get(order.trade_id)
        if trade is None:
            raise NotOpen(f"Trade #{order.trade_id} is not open (any more).", order.trade_id)
        instrument = self._instrument(trade)
        if not instrument.trading:
            raise Refused(
                "not_trading", f"{trade.symbol} is not trading now ({instrument.status})."
            )
        after, fill = closed_by_hand(self._with_extremes(trade), order, instrument)
        return self._reduce(after, fill) if after.quantity else self._finish(after, fill)

    def _exits(self, reached: Iterable[int], tick: Tick) -> Sequence[Event]:
        # A method of its own: variables of a comprehension would slow `on_tick` down.
        trades = [self._with_extremes(self._trades[trade_id]) for trade_id in reached]
        return [self._exit(trade, tick) for trade in trades]

    def _exit(self, trade: Trade, tick: Tick) -> TradeClosed:
        return self._finish(*closed_at_print(trade, tick, self._instrument(trade)))

    def _late(self, index: LevelIndex, tick: Tick) -> Sequence[Event]:
        """Let a print that came late work only on the trades that it found open."""
        self._fold(index)
        events: list[Event] = []
        for trade_id in sorted(index):
            trade = self._trades[trade_id]
            if tick.time_ms < trade.opened_ms:
                continue
            self._trades[trade_id] = trade = having_seen(trade, tick.price)
            if exit_due(trade, tick.price):
                events.append(self._exit(trade, tick))
        return events

    def _reduce(self, reduced: Trade, fill: Fill) -> TradeReduced:
        """Go on with what is left of a trade; its levels stay where they are."""
        self._reserved += reduced.cost - self._trades[reduced.id].cost
        self._trades[reduced.id] = reduced
        self.account = self.account.after_part(fill)
        return TradeReduced(reduced, fill)

    def _finish(self, closed: Trade, fill: Fill) -> TradeClosed:
        self._remove(self._trades[closed.id])
        self.account = self.account.after_close(closed, fill)
        return TradeClosed(closed, fill)

    def _instrument(self, trade: Trade) -> Instrument:
        """Return the trade's instrument, also when the exchange no longer lists the symbol."""
        found = self._instruments.get(trade.symbol)
        return found or unlisted(trade.symbol, self.account.currency)

    def _insert(self, trade: Trade) -> None:
        index = self._indexes.setdefault(trade.symbol, LevelIndex())
        self._fold(index)
        self._trades[trade.id] = trade
        last_ms = self._last_opened_ms.get(trade.symbol, 0)
        self._last_opened_ms[trade.symbol] = max(last_ms, trade.opened_ms)
        if trade.signal:
            self._by_signal[trade.signal.id] = trade.id
        self._reserved += trade.cost
        levels = sorted((trade.stop, trade.targets[-1].price))
        index.add(trade.id, levels[0], levels[1])

    def _remove(self, trade: Trade) -> None:
        index = self._indexes[trade.symbol]
        del self._trades[trade.id]
        if trade.signal:
            del self._by_signal[trade.signal.id]
        index.discard(trade.id)
        self._reserved -= trade.cost
        if not len(index):
            del self._indexes[trade.symbol]

    def _fold(self, index: LevelIndex) -> None:
        """Give the running extremes to the trades that lived through them; begin a new run."""
        if index.running:
            for trade_id in index:
                self._trades[trade_id] = self._with_extremes(self._trades[trade_id])
            index.start_run()

    def _with_extremes(self, trade: Trade) -> Trade:
        index = self._indexes[trade.symbol]
        return having_seen(trade, index.run_low, index.run_high) if index.running else trade
