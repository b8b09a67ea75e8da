"""What prices do to the active trades of one account: prints, candles, marks, funding.

Law: every price reaches the trades through here, live, in replay and in catch-up.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from engine import exits, waiting
from engine.account import Account
from engine.actives import ActiveTrades, Mark
from engine.commands import OpenTrade
from engine.events import Event, FundingPaid, TradeClosed
from engine.exits import Moment
from engine.funding import owes, paid, payment_of
from engine.instrument import Instrument, unlisted
from engine.margin import liquidated, liquidation_fill
from engine.marks import FundingDue, MarkPrice
from engine.model import Candle, CloseReason, Source, Tick, Trade, TradeStatus
from engine.paths import Stretch, through_candle
from engine.watching import SymbolTrades, having_lived, having_seen


class Reactions:
    """The active trades and totals of one account, as prices change them."""

    __slots__ = ("_actives", "_indexes", "_instruments", "_symbols")

    def __init__(
        self, account: Account, instruments: Mapping[str, Instrument], trades: Iterable[Trade]
    ) -> None:
        self._instruments = instruments
        self._actives = ActiveTrades(account, trades)
        self._symbols = self._actives.symbols
        self._indexes = self._actives.indexes

    # -- reading ------------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The account's totals."""
        return self._actives.account

    @account.setter
    def account(self, after: Account) -> None:
        """Take totals that were changed beside trading: money was paid in or out."""
        self._actives.account = after

    @property
    def reserved(self) -> Decimal:
        """What active trades take of the balance, quote (rules ACC-2)."""
        return self._actives.reserved

    @property
    def available(self) -> Decimal:
        """What a new trade may cost, quote (rules ACC-2)."""
        return self.account.balance - self.reserved

    @property
    def symbols(self) -> frozenset[str]:
        """Symbols with active trades: every print of these must reach the book."""
        return frozenset(self._symbols)

    def get(self, trade_id: int) -> Trade | None:
        """Return an active trade as it stands after the last print, or None."""
        return self._actives.get(trade_id)

    def active(self, symbols: Iterable[str] | None = None) -> list[Trade]:
        """Return active trades in id order, all or only those of *symbols*."""
        return self._actives.listed(symbols)

    def unrealised(self, mark: Mark) -> tuple[Decimal, bool]:
        """Return the open result before fees, quote, and whether every trade had a price."""
        return self._actives.unrealised(mark)

    def duplicate_of(self, command: OpenTrade) -> Trade | None:
        """Return the active trade that forbids *command* (rules §18), if any."""
        return self._actives.duplicate_of(command)

    # -- prices -------------------------------------------------------------------------------

    def on_tick(self, tick: Tick) -> Sequence[Event]:
        """Let a print work on the trades of its symbol and return what happened, in order."""
        try:
            index = self._indexes[tick.symbol]
        except KeyError:
            return ()
        if index.low < tick.price < index.high or index.noted(tick.price, tick.time_ms):
            return ()
        return self._on_print(self._symbols[tick.symbol], tick)

    def _on_print(self, where: SymbolTrades, tick: Tick) -> Sequence[Event]:
        if tick.time_ms < where.index.begun_ms:
            return self._late(where, Moment.of(tick))
        lived = where.index.run_low, where.index.run_high
        hit = where.index.reached(tick.price, tick.time_ms)
        if not hit:
            return ()
        moment, events = Moment.of(tick), list[Event]()
        for trade in [where.after(trade_id, *lived) for trade_id in hit]:
            events += self._meet(trade, moment)
        return events

    def _late(self, where: SymbolTrades, moment: Moment) -> Sequence[Event]:
        """Let a print that came late work only on the trades that it found open."""
        where.fold()
        events: list[Event] = []
        for trade_id in sorted(where):
            trade = where.get(trade_id)
            if moment.time_ms >= trade.opened_ms:
                events += self._meet(trade, moment)
        return events

    def _meet(self, trade: Trade, moment: Moment) -> Sequence[Event]:
        """Let a price work on one trade."""
        instrument = self._instrument(trade)
        happened: Sequence[Event]
        if trade.status is TradeStatus.PENDING:
            after, happened = waiting.at_price(trade, moment, instrument, self.available)
        else:
            seen = having_seen(trade, moment.price)
            after, happened = exits.at_price(seen, moment, instrument)
        return self._actives.follow(trade, after, happened)

    def on_time(self, symbol: str, time_ms: int) -> Sequence[Event]:
        """End the pending trades whose time has come, all earlier prints having been seen."""
        events: list[Event] = []
        for trade in self.active((symbol,)):
            if trade.status is TradeStatus.PENDING and (
                expired := waiting.expired_at(trade, time_ms)
            ):
                events += self._actives.follow(trade, expired.trade, [expired])
        return events

    def on_mark(self, mark: MarkPrice, source: Source) -> Sequence[Event]:
        """Let a mark price work on the futures trades of its symbol (rules LIQ-2, LIQ-3)."""
        events: list[Event] = []
        for trade in self.active((mark.symbol,)):
            rules = self._instrument(trade)
            if mark.time_ms >= trade.opened_ms and liquidated(trade, mark.price, rules):
                fill = liquidation_fill(
                    trade, mark.price, rules, time_ms=mark.time_ms, source=source
                )
                gone = exits.finished(trade, fill, CloseReason.LIQUIDATION)
                events += self._actives.follow(trade, gone, [TradeClosed(gone, fill)])
        return events

    def on_funding(self, due: FundingDue) -> Sequence[Event]:
        """Settle funding; it comes before the prints of the same time (rules FND-2)."""
        events: list[Event] = []
        for trade in self.active((due.symbol,)):
            if owes(trade, due):
                payment = payment_of(trade, due)
                after = paid(trade, payment)
                events += self._actives.follow(trade, after, [FundingPaid(after, payment)])
        return events

    def on_candle(
        self, candle: Candle, source: Source, mark: Candle | None = None
    ) -> Sequence[Event]:
        """Let a candle of which no prints can be had work on the trades of its symbol.

        All of the candle must lie behind the opening of these trades.

        Args:
            candle: Of last prices.
            source: How the desk learned of it.
            mark: Of mark prices at the same time, for futures.
        """
        where = self._symbols.get(candle.symbol)
        if where is None:
            return ()
        if self.quiet(candle, mark):
            if candle.trades:
                where.index.note(candle.low, candle.high)
            return ()
        where.fold()
        events: list[Event] = []
        for trade_id in sorted(where):
            trade = where.get(trade_id)
            stretch = Stretch(
                candle=candle,
                source=source,
                instrument=self._instrument(trade),
                mark=mark,
                available=self.available,
            )
            after, happened = through_candle(trade, stretch)
            events += self._actives.follow(trade, after, happened)
        return events

    def quiet(self, candle: Candle, mark: Candle | None = None) -> bool:
        """Tell whether nothing is lost if *candle* works in place of its prints.

        Args:
            candle: Of last prices.
            mark: Of mark prices at the same time, for futures.
        """
        where = self._symbols.get(candle.symbol)
        if where is None:
            return True
        if candle.trades and not where.index.clear(candle.low, candle.high, candle.close_ms):
            return False
        return mark is None or not any(
            liquidated(trade, price, self._instrument(trade))
            for trade in self.active((candle.symbol,))
            for price in (mark.low, mark.high)
        )

    def indifferent(self, candle: Candle, mark: Candle | None = None) -> bool:
        """Tell whether no print inside a quiet candle could even be a trade's new extreme."""
        return self.quiet(candle, mark) and all(
            having_lived(trade, candle.low, candle.high) is trade
            for trade in self.active((candle.symbol,))
            if candle.trades
        )

    def _instrument(self, trade: Trade) -> Instrument:
        """Return the trade's instrument, also when the exchange no longer lists the symbol."""
        found = self._instruments.get(trade.symbol)
        return found or unlisted(trade.symbol, self.account.currency)
