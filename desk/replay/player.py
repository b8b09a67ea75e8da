"""Brings a tape's prints and candles, and the signals in between, to a book.

A signal becomes an order at the first price of its symbol at or behind its time. With prints
that print has worked on the open trades before; with candles the order is filled at the open,
and the whole candle works on the new trade.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from desk.replay.market import SymbolState, permissive
from desk.replay.scan import TapeScanner
from desk.replay.signals import Refusal, Waiting
from desk.settings import Settings
from engine.book import Book
from engine.commands import CloseTrade, OpenTrade, equal_targets
from engine.errors import Refused
from engine.events import Event, TradeClosed
from engine.instrument import Instrument
from engine.model import Candle, Direction, EntryMode, Signal, Source, Tick, Trade
from engine.money import ZERO, plain
from market.tape.tape import Item
from store.ledger import Books


@dataclass(slots=True)
class Tally:
    """What a replay adds up."""

    prints: int = 0
    candles: int = 0
    last_ms: int = 0
    """How far the tape is, milliseconds UTC."""
    result: Decimal = ZERO
    """Net results of the closed trades, quote asset."""
    peak: Decimal = ZERO
    max_drawdown: Decimal = ZERO
    """Largest fall of `result` from a peak."""

    def add(self, net: Decimal) -> None:
        """Add a closed trade's net result."""
        self.result += net
        self.peak = max(self.peak, self.result)
        self.max_drawdown = max(self.max_drawdown, self.peak - self.result)


class Player:
    """One account on one tape."""

    def __init__(
        self,
        settings: Settings,
        books: Books,
        waiting: Waiting,
        *,
        rules: Mapping[str, Instrument],
        decimals: Mapping[str, int],
        entry: EntryMode,
        scanner: TapeScanner | None,
        on_event: Callable[[Event], None],
    ) -> None:
        """Begin with the books as they stand.

        Args:
            settings: Account, size, exits, costs.
            books: The account and its open trades.
            waiting: Signals that the tape will come to.
            rules: Trading rules where they are known.
            decimals: By symbol, of the prices at the start of the tape.
            entry: How signals are entered.
            scanner: Finds signals on the way, or None.
            on_event: Hears what the book says happened.
        """
        self.tally = Tally()
        self.states: dict[str, SymbolState] = {}
        self.events: list[Event] = []
        self.signals: list[Signal] = []
        """Those that the tape came to, opened or not."""
        self.warnings: list[str] = []
        self._settings = settings
        self._books = books
        self._waiting = waiting
        self._rules = dict(rules)
        self._decimals = decimals
        self._entry = entry
        self._scanner = scanner
        self._on_event = on_event
        self._refused: list[Refusal] = []
        self._met: set[str] = set()
        """Ids of `signals`."""
        self.book = Book(
            books.account,
            self._rules,
            trades=books.active,
            next_trade_id=books.next_trade_id,
            spot_short=settings.spot_short,
        )

    @property
    def refusals(self) -> list[Refusal]:
        """Signals that were not opened so far, those of the file in its order."""
        found = [*self._waiting.refused, *self._waiting.not_reached(), *self._refused]
        return sorted(found, key=lambda refusal: refusal.line or len(found))

    def trades(self) -> list[Trade]:
        """Return what was opened or closed here or is still open, by id."""
        found = {event.trade.id: event.trade for event in self.events}
        found |= {trade.id: trade for trade in self.book.active()}
        return [found[trade_id] for trade_id in sorted(found)]

    def take(self, item: Item) -> None:
        """Take the next item of the tape."""
        if isinstance(item, Tick):
            self._on_tick(item)
        elif isinstance(item, Candle):
            self._on_candle(item)
        else:
            self._state(item.symbol, item.time_ms).touch = item

    def close_all(self) -> None:
        """Close by hand what is open, at the last price of the tape."""
        for trade in self.book.active():
            state = self.states.get(trade.symbol)
            if state is None or state.last is None:
                self.warnings.append(
                    f"Trade #{trade.id} stays open: the tape has no price of {trade.symbol}."
                )
                continue
            quote = state.quote(touch=False)
            self._happened(self.book.submit(CloseTrade(trade_id=trade.id, quote=quote)))

    # -- the tape -----------------------------------------------------------------------------

    def _on_tick(self, tick: Tick) -> None:
        time_ms = tick.time_ms
        state = self._state(tick.symbol, time_ms)
        if state.behind is not None and state.seen_before(tick):
            return
        state.tick = tick
        self.tally.prints += 1
        self.tally.last_ms = time_ms
        if self._scanner is not None:
            self._found(state, self._scanner.on_tick(state.instrument, tick))
        if events := self.book.on_tick(tick):
            self._happened(events)
        if time_ms >= state.due_ms:
            self._open_due(state)

    def _on_candle(self, candle: Candle) -> None:
        state = self._state(candle.symbol, candle.open_ms)
        if state.behind is not None and state.seen_before(candle):
            return
        state.candle, state.at_open = candle, True
        if candle.open_ms >= state.due_ms and candle.trades:
            # The jump to the open comes before the order that is filled there.
            opens = candle.open
            self._happened(
                self.book.on_candle(
                    candle._replace(high=opens, low=opens, close=opens), Source.REPLAY
                )
            )
            self._open_due(state)
        self._happened(self.book.on_candle(candle, Source.REPLAY))
        state.at_open = False
        self.tally.candles += 1
        self.tally.last_ms = candle.close_ms
        if self._scanner is not None:
            self._found(state, self._scanner.on_candle(state.instrument, candle))

    def _state(self, symbol: str, now_ms: int) -> SymbolState:
        return self.states.get(symbol) or self._meet(symbol, now_ms)

    def _meet(self, symbol: str, now_ms: int) -> SymbolState:
        instrument = self._rules.get(symbol)
        if instrument is None:
            instrument = self._rules[symbol] = self._made_up(symbol)
        state = SymbolState(instrument, self._books.checkpoints.get(symbol))
        self.states[symbol] = state
        self._waiting.meet(instrument, now_ms)
        state.due_ms = self._waiting.due_ms(symbol)
        return state

    def _made_up(self, symbol: str) -> Instrument:
        currency = self._settings.currency
        finest = permissive(symbol, 8, currency)
        on_tape = self._decimals.get(symbol)
        if on_tape is None:
            instrument = finest
        else:
            # A signal's own levels are taken as they are written.
            decimals = max(on_tape, self._waiting.decimals(finest))
            instrument = permissive(symbol, decimals, currency)
        self.warnings.append(
            f"The exchange's rules for {symbol} are not known here: prices move in steps of "
            f"{plain(instrument.tick)}, and any size is taken."
        )
        return instrument

    # -- signals ------------------------------------------------------------------------------

    def _found(self, state: SymbolState, signals: Sequence[Signal]) -> None:
        for signal in signals:
            self._waiting.add(signal)
            state.due_ms = self._waiting.due_ms(signal.symbol)

    def _open_due(self, state: SymbolState) -> None:
        symbol, last = state.instrument.symbol, state.last
        assert last is not None  # a price has called for it
        for line, signal in self._waiting.take(symbol, state.time_ms, last):
            try:
                self._open(state, signal)
            except Refused as exc:
                self._refused.append(
                    Refusal(line=line, symbol=symbol, code=exc.code, message=str(exc))
                )
        state.due_ms = self._waiting.due_ms(symbol)

    def _open(self, state: SymbolState, signal: Signal) -> None:
        if signal.id in self._met:
            raise Refused("repeated", "The same idea stands in the file twice.")
        self._met.add(signal.id)
        self.signals.append(signal)
        unrealised, complete = self.book.unrealised(self._mark)
        settings = self._settings
        prices = signal.targets if settings.all_targets else signal.targets[:1]
        order = OpenTrade(
            symbol=signal.symbol,
            direction=signal.direction,
            stop=signal.stop,
            targets=equal_targets(prices),
            size=settings.size,
            signal=signal,
            entry_mode=self._entry,
            trailing=settings.trailing,
            break_even=settings.break_even,
            after_target=settings.after_target,
            hold_ms=settings.hold_ms,
            costs=settings.costs,
            quote=state.quote(),
            equity=self.book.account.balance + unrealised if complete else None,
            source=Source.REPLAY,
        )
        self._happened(self.book.submit(order))

    def _mark(self, symbol: str, direction: Direction) -> Decimal | None:
        state = self.states.get(symbol)
        return None if state is None else state.mark(direction)

    def _happened(self, events: Sequence[Event]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, TradeClosed):
                self.tally.add(event.trade.net)
            self._on_event(event)
