"""The path that prices are taken to have gone through a candle (rules §13).

Only for times of which no prints can be had. The path is open, adverse extreme, favourable
extreme, close: the trader never gets the benefit of the doubt. The step to the open is a jump;
behind it prices move without gaps, so that a level on the way is met at its own price.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine import waiting
from engine.events import Event, TradeClosed
from engine.exits import Moment, at_price, finished, stop_reached, target_reached
from engine.instrument import Instrument
from engine.margin import liquidated, liquidation_fill
from engine.model import Candle, CloseReason, EntryMode, Source, Trade, TradeStatus
from engine.money import ZERO
from engine.watching import having_seen, levels_in_favour


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A candle that takes the place of its prints, and what a trade needs to go along it."""

    candle: Candle
    source: Source
    """How the desk learned of the candle."""
    instrument: Instrument
    mark: Candle | None = None
    """Futures: the mark prices of the same time, if known."""
    available: Decimal = ZERO
    """What the account could pay for an entry beyond what is set aside, quote."""


def through_candle(trade: Trade, stretch: Stretch) -> tuple[Trade, Sequence[Event]]:
    """Take an active trade along a candle's path.

    Args:
        trade: All of the candle lies behind its opening.
        stretch: The candle.

    Returns:
        The trade as it stands at the close, perhaps finished, and what happened in order.
    """
    walk = _Walk(trade, stretch)
    walk.go()
    return walk.trade, walk.events


class _Walk:
    """One trade's way along one candle."""

    def __init__(self, trade: Trade, stretch: Stretch) -> None:
        candle = stretch.candle
        self.trade = trade
        self.events: list[Event] = []
        self._stretch = stretch
        self._candle = candle
        self._mark = stretch.mark
        self._instrument = stretch.instrument
        long = trade.direction.sign > 0
        self._adverse = candle.low if long else candle.high
        self._favourable = candle.high if long else candle.low
        self._entered_here = False

    def go(self) -> None:
        """Go from the open to the close, as long as the trade is active."""
        if not self._candle.trades:
            self._look_at_marks()  # nothing was traded; its prices mean nothing
            return
        for leg in (self._open, self._to_adverse, self._to_favourable, self._to_close):
            if self.trade.status.active:
                leg()

    # -- the legs -----------------------------------------------------------------------------

    def _open(self) -> None:
        candle = self._candle
        if self._mark:
            self._look_at_mark(self._mark.open, candle.open_ms)
        if self.trade.status.active:
            self._meet(candle.open, candle.open_ms)

    def _to_adverse(self) -> None:
        if self._pending:
            if self._beyond(self.trade.entry_price) and self._limit:
                self._meet(self.trade.entry_price)
            elif not self._limit and self._beyond(self.trade.fixed_stop):
                self._meet(self.trade.fixed_stop)
        if self._pending or not self.trade.status.active:
            return
        if self._mark_first:
            self._look_at_marks()
        if self.trade.status.active and stop_reached(self.trade, self._adverse):
            # An entry at the open may find the open beyond its stop already.
            worst = min if self.trade.direction.sign > 0 else max
            met = worst(self.trade.stop, self._candle.open) if self._entered_here else None
            ambiguous = target_reached(self.trade, self._favourable)
            self._meet(met or self.trade.stop, ambiguous=ambiguous)
        if self.trade.status.active:
            self._look_at_marks()
            self.trade = having_seen(self.trade, self._adverse)

    def _to_favourable(self) -> None:
        if self._pending:
            if self._limit:
                if waiting.target_touched(self.trade, self._favourable):
                    self._meet(self.trade.targets[0].price)
            elif waiting.entry_reached(self.trade, self._favourable):
                self._meet(self.trade.entry_price)
        if self._entered_here or self._pending:
            return  # what came after the entry is not known: only the close is credited
        met = self._candle.open
        while self.trade.status.active and (level := self._next_level(met)) is not None:
            self._meet(level)
            met = level
        if self.trade.status.active:
            self._meet(self._favourable)

    def _to_close(self) -> None:
        if self._pending:
            return
        close = self._candle.close
        self._meet(self.trade.stop if stop_reached(self.trade, close) else close)

    # -- one point ----------------------------------------------------------------------------

    def _meet(
        self, price: Decimal, time_ms: int | None = None, *, ambiguous: bool = False
    ) -> None:
        """Let a point of the path work; without a time of its own it counts as the close."""
        moment = Moment(
            price=price,
            time_ms=self._candle.close_ms if time_ms is None else time_ms,
            source=self._stretch.source,
            candle=self._candle.timeframe,
            candle_ms=self._candle.open_ms,
            ambiguous=ambiguous,
            on_the_way=time_ms is None,
            opens=time_ms is not None,
        )
        if self._pending:
            trade, happened = waiting.at_price(
                self.trade, moment, self._instrument, self._stretch.available
            )
            self._entered_here = trade.status is TradeStatus.OPEN
            self.trade = trade
            self.events += happened
            return
        seen = having_seen(self.trade, price)
        self.trade, exits = at_price(seen, moment, self._instrument)
        self.events += exits

    def _look_at_marks(self) -> None:
        """Look at the mark price's adverse extreme."""
        if self._mark:
            long = self.trade.direction.sign > 0
            self._look_at_mark(self._mark.low if long else self._mark.high, self._mark.close_ms)

    def _look_at_mark(self, price: Decimal, time_ms: int) -> None:
        trade = self.trade
        if self._pending or not liquidated(trade, price, self._instrument):
            return
        fill = liquidation_fill(
            trade,
            price,
            self._instrument,
            time_ms=time_ms,
            source=self._stretch.source,
            candle=self._mark,
        )
        self.trade = finished(trade, fill, CloseReason.LIQUIDATION)
        self.events.append(TradeClosed(self.trade, fill))

    # -- questions ----------------------------------------------------------------------------

    @property
    def _pending(self) -> bool:
        return self.trade.status is TradeStatus.PENDING

    @property
    def _limit(self) -> bool:
        return self.trade.entry_mode is EntryMode.LIMIT

    @property
    def _mark_first(self) -> bool:
        """Whether the stop lies behind the liquidation price, so that it can never work."""
        return self._mark is not None and liquidated(
            self.trade, self.trade.stop, self._instrument
        )

    def _beyond(self, level: Decimal) -> bool:
        return self.trade.direction.sign * (self._adverse - level) <= 0

    def _next_level(self, met: Decimal) -> Decimal | None:
        """Return the next level between what was met and the favourable extreme."""
        sign = self.trade.direction.sign
        on_the_way = [
            level
            for level in levels_in_favour(self.trade)
            if sign * (level - met) > 0 and sign * (self._favourable - level) >= 0
        ]
        return min(on_the_way, key=lambda level: sign * level, default=None)
