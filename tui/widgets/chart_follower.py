"""Keeps the chart on the row under the cursor: asks for candles, and again when one closes.

Passing quickly over many rows asks for nothing; a row is asked for once the cursor rests on it.
"""

import logging
from collections.abc import Sequence

from textual.content import Content

from desk.view import SignalView, TradeView
from engine.model import Candle
from market.errors import MarketError
from tui.port import DeskSession, tick_of
from tui.text import ui_text
from tui.trade_words import stop_tag, target_tags
from tui.widgets.candle_chart import CandleChart
from tui.widgets.plot import Level

TIMEFRAMES = frozenset(
    ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
)
DEFAULT_TIMEFRAME = "15m"

RETRY_MS = 15_000
"""Exchange time to wait after candles could not be had."""

Pair = tuple[str, str]
"""Symbol and timeframe."""

log = logging.getLogger(__name__)


class ChartFollower:
    """Feeds one chart."""

    def __init__(self, session: DeskSession, chart: CandleChart) -> None:
        self._session = session
        self._chart = chart
        self._wanted: Pair | None = None
        self._shown: Pair | None = None
        self._candles: Sequence[Candle] = ()
        self._levels: tuple[Level, ...] = ()
        self._due_ms = 0
        self._asking = False

    def follow(self, row: SignalView | TradeView | None, now_ms: int) -> None:
        """Show the market of *row* with its levels.

        Args:
            row: The row under the cursor, if there is one.
            now_ms: Exchange time, milliseconds UTC.
        """
        chart = self._chart
        if not chart.size.width:
            return
        if row is None:
            self._wanted = None
            chart.border_title = "Chart"
            chart.say("Choose a signal")
            return
        pair = chart_pair(row)
        rested = pair == self._wanted
        if not rested:
            self._turn_to(pair)
        levels = levels_of(row)
        if levels != self._levels:
            self._levels = levels
            if self._candles:
                chart.show(self._candles, levels)
        chart.follow(row.last, tick_of(self._session, pair[0]))
        if rested and not self._asking and (self._shown != pair or now_ms > self._due_ms):
            self._asking = True
            chart.app.run_worker(self._ask(pair, now_ms), name="candles", exit_on_error=False)

    def _turn_to(self, pair: Pair) -> None:
        self._wanted, self._shown, self._candles = pair, None, ()
        symbol, timeframe = pair
        self._chart.border_title = Content(f"{ui_text(symbol, 20)} · {timeframe}")
        self._chart.say("loading…")

    async def _ask(self, pair: Pair, now_ms: int) -> None:
        try:
            candles = await self._session.candles(*pair, self._chart.room)
        except MarketError as error:
            log.info("no candles of %s: %s", pair, error)
            if pair == self._wanted:
                self._shown, self._due_ms = pair, now_ms + RETRY_MS
                if not self._candles:
                    self._chart.say("No candles at present")
        else:
            if pair == self._wanted:
                self._take(pair, candles, now_ms)
        finally:
            self._asking = False

    def _take(self, pair: Pair, candles: Sequence[Candle], now_ms: int) -> None:
        self._shown, self._candles = pair, candles
        if not candles:
            self._due_ms = now_ms + RETRY_MS
            self._chart.say("No candles yet")
            return
        self._due_ms = max(candles[-1].close_ms, now_ms + 1000)
        self._chart.show(candles, self._levels)


def chart_pair(row: SignalView | TradeView) -> Pair:
    """Return the symbol and timeframe that *row* is best looked at with."""
    signal = row.trade.signal if isinstance(row, TradeView) else row.signal
    symbol = row.trade.symbol if isinstance(row, TradeView) else row.signal.symbol
    timeframe = signal.timeframe if signal is not None else ""
    return symbol, timeframe if timeframe in TIMEFRAMES else DEFAULT_TIMEFRAME


def levels_of(row: SignalView | TradeView) -> tuple[Level, ...]:
    """Return the lines to draw, what matters most last: it hides what is at the same price."""
    if isinstance(row, TradeView):
        return _levels_of_trade(row)
    signal = row.signal
    several = len(signal.targets) > 1
    return (
        *(
            Level(f"TP{number}" if several else "TP", price, "profit")
            for number, price in enumerate(signal.targets, start=1)
        ),
        Level("SL", signal.stop, "loss"),
        Level("IN", signal.entry, "entry", "─"),
    )


def _levels_of_trade(view: TradeView) -> tuple[Level, ...]:
    trade = view.trade
    levels = [
        Level(tag, target.price, "profit")
        for tag, target in target_tags(trade)
        if not target.filled
    ]
    if view.liquidation is not None:
        levels.append(Level("LQ", view.liquidation, "loss", "╌"))
    stop_in_profit = trade.direction.sign * (trade.stop - trade.entry_price) > 0
    levels += [
        Level(stop_tag(trade), trade.stop, "profit" if stop_in_profit else "loss"),
        Level("IN", trade.entry_price, "entry", "─"),
    ]
    return tuple(levels)
