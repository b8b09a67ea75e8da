"""What a running desk asks of a market: the one port that session and tests share."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import Candle, Tick
from market.board import Board
from market.clock import ExchangeClock


class FeedState(StrEnum):
    """Whether prices arrive."""

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    """A data frame arrived on this connection within the silence limit."""
    STALE = "STALE"
    """Connected, but silent for too long."""
    OFFLINE = "OFFLINE"
    """Not connected; the feed keeps trying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """The feed's state in words for the screen."""

    state: FeedState
    detail: str = ""
    """A sentence: what was tried, what is being waited for."""
    host: str = ""
    latency_ms: int | None = None
    """Receipt minus event time of recent frames, smoothed; None before the first."""
    since_ms: int = 0
    """Exchange time at which this state began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Candles that reach without a gap to the first of the prints held back."""

    closed: tuple[Candle, ...]
    """Consecutive, oldest first; may be empty."""
    open: Candle
    """The one that follows, which is still growing."""
    trade_id: int
    """Id of the first print held back."""
    time_ms: int
    """Exchange time of that print, milliseconds UTC."""


Deliver = Callable[[Sequence[Tick]], None]
"""Takes prints, per symbol in id order without holes."""

OnCandle = Callable[[Candle], None]
"""Takes candles of the followed pairs as they change and close."""

OnLongGap = Callable[[Collection[str]], None]
"""Hears which symbols are held because too much was missed to be fetched print by print."""

OnMark = Callable[[MarkPrice], None]
"""Takes mark prices of active symbols, each behind the prints that came before it."""


class Feed(Protocol):
    """A source of prices for one market."""

    board: Board
    clock: ExchangeClock
    simulated: bool
    frames: tuple[str, ...]
    """Timeframes that the past is told in, coarsest first; what is finer are prints."""
    on_mark: OnMark | None
    """Hears the mark price of each active symbol about once a second; futures only."""
    on_long_gap: OnLongGap | None
    """Without it long gaps are filled print by print too."""

    @property
    def status(self) -> FeedStatus:
        """How the feed is doing now."""

    async def run(self, deliver: Deliver, on_candle: OnCandle) -> None:
        """Find a host, connect, deliver prints for ever; stops only by cancellation."""

    def follow(self, active: Collection[str], visible: Collection[str]) -> None:
        """Say which symbols are needed now.

        Args:
            active: Symbols with active trades: every print is delivered, holes are repaired.
            visible: Symbols on screen: their prices reach the board, holes do not matter.
        """

    def follow_candles(self, pairs: Collection[tuple[str, str]]) -> None:
        """Say for which (symbol, timeframe) pairs candles are wanted from now on."""

    def resume(self, symbol: str, after_trade_id: int) -> None:
        """Deliver prints of *symbol* again from just behind *after_trade_id*.

        What came after is fetched over REST, unless the next print has arrived already; then
        live prints go on. Ends `hold`.
        """

    def hold(self, symbol: str, timeframe: str = "") -> None:
        """Keep the prints of *symbol* back, in order, until `resume` says where to go on.

        With a *timeframe* its candles are heard too, so that `meeting` may find where they
        meet the prints.
        """

    def meeting(self, symbol: str) -> Meeting | None:
        """Return where candles and held prints meet, or None as long as that is not proved."""

    def going_on(self, symbol: str) -> bool:
        """Tell whether prints of *symbol* flow: nothing is held back or asked for."""

    async def ready(self, symbol: str) -> bool:
        """Wait until the board has a fresh price of *symbol*; False when none comes in time."""

    async def instruments(
        self, symbols: Collection[str] | None = None
    ) -> dict[str, Instrument]:
        """Return trading rules by symbol, all symbols or only those named and known.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        """Return the newest *limit* candles, oldest first; the last may still be open.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    async def past_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        """Return closed candles that open in [start, end), oldest first, at most a page.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    async def mark_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        """Return closed candles of the mark price, as `past_candles`; none on spot.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    def past_prints(
        self, symbol: str, start_ms: int, end_ms: int | None
    ) -> AsyncIterator[Sequence[Tick]]:
        """Yield all prints in [start, end), in id order, page by page; None is up to now.

        Raises:
            TooOld: If the exchange does not keep prints for so long.
            MarketError: If the exchange cannot be asked.
        """

    async def fundings(self, symbol: str, start_ms: int, end_ms: int) -> list[FundingDue]:
        """Return the settlements of funding due in [start, end), oldest first; none on spot.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    async def funding_intervals(self) -> dict[str, int]:
        """Return hours between settlements of the symbols where they are not 8.

        Raises:
            MarketError: If the exchange cannot be asked.
        """

    async def busiest(self, quote: str, count: int) -> list[str]:
        """Return the *count* symbols with the largest 24h quote volume, largest first.

        Raises:
            MarketError: If the exchange cannot be asked.
        """
