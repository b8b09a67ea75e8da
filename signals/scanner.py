"""Runs strategies on closed candles and turns their ideas into signals.

Does no I/O and reads no clock. A pair is a symbol on a timeframe; its state follows from the
closed candles it was fed, in order and without gaps, so a restart finds the same signals with
the same ids.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha1

from engine.instrument import Instrument
from engine.model import Candle, Direction, Signal
from engine.text import clean
from signals.errors import SignalRejected
from signals.levels import make_levels
from signals.strategy import Bar, Idea, Pair, Strategy

log = logging.getLogger(__name__)

MAX_COST_R = Decimal("0.15")
"""Ideas whose round-trip fee eats more of the risk than this are not worth showing, R."""
LIFE_BARS = 3
"""How many candles long a signal stands."""
MAX_ERRORS = 3
"""Errors in a row that switch a strategy off on one pair."""


@dataclass(slots=True)
class _Runner:
    """One strategy on one pair."""

    strategy: Strategy
    errors: int = 0
    live: dict[Direction, Signal] = field(default_factory=dict)
    """Signals that have neither expired nor met one of their levels."""


@dataclass(slots=True)
class _PairState:
    runners: list[_Runner]
    bars: int = 0
    next_open_ms: int | None = None
    """When the candle that must come next opens; None before the first."""


class Scanner:
    """All strategies on all pairs."""

    def __init__(
        self,
        strategies: Sequence[type[Strategy]],
        timeframes: Sequence[str],
        costs_rate: Decimal,
        *,
        life_bars: int = LIFE_BARS,
    ) -> None:
        """Prepare to scan.

        Args:
            strategies: Classes; one instance is made per pair.
            timeframes: In Binance's spelling; the caller follows these.
            costs_rate: Fee of one taker fill, a fraction of the notional.
            life_bars: How many candles long a signal stands.
        """
        self.timeframes = tuple(timeframes)
        self.dropped: Counter[str] = Counter()
        """Ideas that became no signal, by reason: cost, repeat, levels, error."""
        self._strategies = tuple(strategies)
        self._costs_rate = costs_rate
        self._life_bars = life_bars
        self._pairs: dict[tuple[str, str], _PairState] = {}

    def warm_up(
        self, instrument: Instrument, timeframe: str, candles: Iterable[Candle], now_ms: int
    ) -> list[Signal]:
        """Begin a pair with its past, forgetting what was known of it.

        Args:
            instrument: The symbol's rules.
            timeframe: Of the candles.
            candles: Oldest first; open ones are left out.
            now_ms: Exchange time, milliseconds UTC.

        Returns:
            Signals of the last candles that still stand: neither expired nor overtaken by
            later candles that met their stop or target.
        """
        state = self._begin(instrument, timeframe)
        for candle in candles:
            if not candle.closed:
                continue
            if _gap_before(state, candle.open_ms):
                state = self._begin(instrument, timeframe)
            self._step(state, instrument, candle)
        return [
            signal
            for runner in state.runners
            for signal in runner.live.values()
            if signal.expires_ms > now_ms
        ]

    def needs_warm_up(self, symbol: str, timeframe: str, open_ms: int) -> bool:
        """Tell whether a pair cannot take the candle that opened at *open_ms*.

        That is so when the pair is unknown, or when candles before this one are missing.
        """
        state = self._pairs.get((symbol, timeframe))
        return state is None or _gap_before(state, open_ms)

    def on_candle(self, instrument: Instrument, candle: Candle, now_ms: int) -> list[Signal]:
        """Take one candle of a warmed-up pair.

        Open candles, candles seen before and pairs never warmed up change nothing. A gap makes
        the pair forget its past; it then needs a warm-up.

        Args:
            instrument: The symbol's rules.
            candle: As it came from the market.
            now_ms: Exchange time, milliseconds UTC.

        Returns:
            New signals, none of them expired.
        """
        key = (candle.symbol, candle.timeframe)
        state = self._pairs.get(key)
        if state is None or not candle.closed:
            return []
        if _gap_before(state, candle.open_ms):
            del self._pairs[key]
            return []
        return [
            signal
            for signal in self._step(state, instrument, candle)
            if signal.expires_ms > now_ms
        ]

    def _begin(self, instrument: Instrument, timeframe: str) -> _PairState:
        pair = Pair(
            symbol=instrument.symbol,
            market=instrument.market,
            timeframe=timeframe,
            tick=instrument.tick,
        )
        state = _PairState([_Runner(make(pair)) for make in self._strategies])
        self._pairs[instrument.symbol, timeframe] = state
        return state

    def _step(self, state: _PairState, instrument: Instrument, candle: Candle) -> list[Signal]:
        if state.next_open_ms is not None and candle.open_ms < state.next_open_ms:
            return []
        state.next_open_ms = candle.close_ms + 1
        state.bars += 1
        bar = _bar(candle)
        found = []
        for runner in state.runners:
            _retire(runner, candle)
            idea = self._ask(runner, candle, bar)
            if idea is None or state.bars <= runner.strategy.warmup:
                continue
            if signal := self._accept(runner, idea, instrument, candle):
                runner.live[signal.direction] = signal
                found.append(signal)
        return found

    def _ask(self, runner: _Runner, candle: Candle, bar: Bar) -> Idea | None:
        if runner.errors >= MAX_ERRORS:
            return None
        try:
            idea = runner.strategy.update(bar)
        except Exception:
            # Strategies are guests: whatever one of them does, the others go on.
            runner.errors += 1
            self.dropped["error"] += 1
            log.exception(
                "strategy %s failed on %s %s, %s in a row (it stops there at %s)",
                runner.strategy.name,
                candle.symbol,
                candle.timeframe,
                runner.errors,
                MAX_ERRORS,
            )
            return None
        runner.errors = 0
        return idea

    def _accept(
        self, runner: _Runner, idea: Idea, instrument: Instrument, candle: Candle
    ) -> Signal | None:
        if idea.direction in runner.live:
            self.dropped["repeat"] += 1
            return None
        try:
            life_ms = self._life_bars * (candle.close_ms + 1 - candle.open_ms)
            signal = _signal(runner.strategy.name, idea, instrument, candle, life_ms)
        except SignalRejected as exc:
            self.dropped["levels"] += 1
            log.warning("%s on %s: %s", runner.strategy.name, candle.symbol, exc)
            return None
        if self._cost_r(signal) > MAX_COST_R:
            self.dropped["cost"] += 1
            return None
        return signal

    def _cost_r(self, signal: Signal) -> Decimal:
        """Fees of getting in and out, in units of what the stop would lose."""
        return 2 * self._costs_rate * signal.entry / abs(signal.entry - signal.stop)


def _gap_before(state: _PairState, open_ms: int) -> bool:
    return state.next_open_ms is not None and open_ms > state.next_open_ms


def _bar(candle: Candle) -> Bar:
    return Bar(
        open_ms=candle.open_ms,
        open=float(candle.open),
        high=float(candle.high),
        low=float(candle.low),
        close=float(candle.close),
        volume=float(candle.volume),
    )


def _retire(runner: _Runner, candle: Candle) -> None:
    """Forget signals that this candle expired or whose stop or target it met."""
    for direction, signal in tuple(runner.live.items()):
        low, high = sorted((signal.stop, signal.targets[0]))
        met = candle.low <= low or candle.high >= high
        if met or signal.expires_ms <= candle.close_ms + 1:
            del runner.live[direction]


def _signal(
    source: str, idea: Idea, instrument: Instrument, candle: Candle, life_ms: int
) -> Signal:
    if not all(map(math.isfinite, (idea.stop, idea.target, idea.score or 0.0))):
        raise SignalRejected("bad_number", "The idea's numbers are not finite.")
    stop, target = Decimal(str(idea.stop)), Decimal(str(idea.target))
    levels = make_levels(idea.direction, instrument, candle.close, stop, [target])
    closed_ms = candle.close_ms + 1
    name = (source, instrument.market, candle.symbol, candle.timeframe, idea.direction)
    return Signal(
        id=_short_hash("|".join((*name, str(closed_ms)))),
        symbol=candle.symbol,
        market=instrument.market,
        direction=idea.direction,
        entry=levels.entry,
        stop=levels.stop,
        targets=levels.targets,
        source=source,
        timeframe=candle.timeframe,
        score=None if idea.score is None else Decimal(f"{idea.score:.1f}"),
        reason=clean(idea.reason),
        created_ms=closed_ms,
        expires_ms=closed_ms + life_ms,
    )


def _short_hash(text: str) -> str:
    return sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
