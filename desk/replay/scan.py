"""The scanner on a tape: the tape's own candles, or candles folded from its prints."""

from decimal import Decimal

from engine.instrument import Instrument
from engine.model import Candle, Signal, Tick
from market.tape.tape import LENGTHS_MS
from signals.scanner import Scanner
from signals.strategies.ema_cross_adx import EmaCrossAdx


class TapeScanner:
    """Finds signals as the tape goes on; none of them knows what comes behind it."""

    def __init__(self, timeframes: tuple[str, ...], costs_rate: Decimal) -> None:
        """Prepare to scan.

        Args:
            timeframes: Into which prints are folded; candles are taken as they are.
            costs_rate: Fee of one taker fill, a fraction of the notional.
        """
        self._scanner = Scanner([EmaCrossAdx], timeframes, costs_rate)
        self._timeframes = timeframes
        self._folding: dict[str, list[_Fold]] = {}

    def on_candle(self, instrument: Instrument, candle: Candle) -> list[Signal]:
        """Take the next candle; returns the signals that its close gives."""
        scanner, closed_ms = self._scanner, candle.close_ms + 1
        if scanner.needs_warm_up(candle.symbol, candle.timeframe, candle.open_ms):
            # Behind a hole the past says nothing any more: the strategy begins anew.
            scanner.warm_up(instrument, candle.timeframe, (candle,), closed_ms)
            return []
        return scanner.on_candle(instrument, candle, closed_ms)

    def on_tick(self, instrument: Instrument, tick: Tick) -> list[Signal]:
        """Take the next print; returns the signals of the candles that ended before it."""
        folds = self._folding.get(tick.symbol)
        if folds is None:
            folds = [_Fold(tick.symbol, timeframe) for timeframe in self._timeframes]
            self._folding[tick.symbol] = folds
        found: list[Signal] = []
        for fold in folds:
            if tick.time_ms >= fold.end_ms:
                for candle in fold.turn(tick):
                    found += self.on_candle(instrument, candle)
            fold.add(tick)
        return found


class _Fold:
    """One candle that is being made from prints."""

    def __init__(self, symbol: str, timeframe: str) -> None:
        self._symbol = symbol
        self._timeframe = timeframe
        self._length_ms = LENGTHS_MS[timeframe]
        self.end_ms = 0
        """When the candle ends; 0 before the first print."""
        self._last_id = 0
        self._count = 0
        self._open = self._high = self._low = self._close = self._volume = Decimal(0)

    def add(self, tick: Tick) -> None:
        """Put a print into the candle."""
        price = tick.price
        if not self._count:
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close, self._last_id = price, tick.trade_id
        self._volume += tick.quantity
        self._count += 1

    def turn(self, tick: Tick) -> list[Candle]:
        """Begin the candle that holds *tick*; returns those that ended before it.

        As on the exchange, a time without prints has candles too: flat ones. But where the
        tape has a hole nothing is made up.
        """
        length, before_ms = self._length_ms, self.end_ms
        self.end_ms = (tick.time_ms // length + 1) * length
        ended = [self._candle(before_ms)] if self._count else []
        self._count, self._volume = 0, Decimal(0)
        if ended and tick.trade_id == self._last_id + 1:
            self._open = self._high = self._low = self._close
            ends = range(before_ms + length, self.end_ms, length)
            ended += [self._candle(end_ms) for end_ms in ends]
        return ended

    def _candle(self, end_ms: int) -> Candle:
        return Candle(
            symbol=self._symbol,
            timeframe=self._timeframe,
            open_ms=end_ms - self._length_ms,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
            close_ms=end_ms - 1,
            trades=self._count,
            closed=True,
        )
