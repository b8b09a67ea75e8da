"""A market of Binance as a `Feed`: wishes go to the streams, what arrives goes to the desk.

The whole client meets here: connector, intake, upkeep and questions know nothing of each other.
"""

import asyncio
import logging
import random
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from market.binance.asking import Asking
from market.binance.connector import Connector
from market.binance.health import Health
from market.binance.hosts import Host
from market.binance.intake import Intake
from market.binance.limits import Timings
from market.binance.stream import Stream
from market.binance.upkeep import Upkeep
from market.binance.venue import FUTURES, SPOT, Venue
from market.binance.wanted import Wanted
from market.board import Board
from market.clock import ExchangeClock
from market.errors import MarketError, Unreachable
from market.feed import Deliver, FeedState, FeedStatus, Meeting, OnCandle, OnLongGap, OnMark

if TYPE_CHECKING:
    from engine.instrument import Bracket
    from market.tape.recording import Recording

log = logging.getLogger(__name__)

BORROW_S = 60.0
"""How long a symbol stays followed after somebody asked for a fresh price of it."""
WATCH_EVERY_S = 0.25


class BinanceFeed(Asking):
    """Prices of one market of Binance, or of any server that speaks its protocol."""

    venue: ClassVar[Venue]

    def __init__(
        self,
        hosts: Sequence[Host] = (),
        *,
        simulated: bool = False,
        rng: random.Random | None = None,
        timings: Timings | None = None,
        recording: "Recording | None" = None,
        brackets: "Mapping[str, tuple[Bracket, ...]] | None" = None,
    ) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            hosts: Tried in order; without any, those of Binance.
            simulated: Whether the prices are made up, with a clock that may run fast.
            rng: Jitter of the pauses.
            timings: Limits and pauses; the defaults are Binance's, with a margin.
            recording: Gets every frame as it came; the owner closes it.
            brackets: The trader's own margin tables by symbol; futures only.
        """
        self.board = Board()
        self.clock = ExchangeClock()
        self.simulated = simulated
        self._timings = timings or Timings()
        self._recording = recording
        self._health = Health(self.venue.routes, self._timings, self.clock)
        self._connector = Connector(
            self.venue,
            hosts or self.venue.hosts,
            self._timings,
            rng or random.Random(),
            on_frames=self._on_frames,
            on_lost=self._on_lost,
        )
        super().__init__(self.venue, self._connector, self.clock, brackets or {})
        self._intake = Intake(
            self.board, self.clock, simulated=simulated, hold_s=self._timings.reorder_s
        )
        self._upkeep = Upkeep(
            self._intake,
            self._timings,
            rest=lambda: self._connector.rest,
            live=lambda: self._health.state is FeedState.LIVE,
        )
        self._wanted = Wanted(self.venue.kinds)
        self._followed: frozenset[str] = frozenset()
        self._names: list[str] = []
        self._update_wanted()

    @property
    def status(self) -> FeedStatus:
        """How the feed is doing now."""
        return self._health.status(rest.host.name if (rest := self._connector.rest) else "")

    @property
    def on_long_gap(self) -> OnLongGap | None:
        """Hears which symbols are held because too much of them was missed."""
        return self._intake.on_long_gap

    @on_long_gap.setter
    def on_long_gap(self, heard: OnLongGap | None) -> None:
        self._intake.on_long_gap = heard

    @property
    def on_mark(self) -> OnMark | None:
        """Hears the mark prices of active symbols; see `Feed.on_mark`."""
        return self._intake.marks.on_mark

    @on_mark.setter
    def on_mark(self, heard: OnMark | None) -> None:
        self._intake.marks.on_mark = heard

    @property
    def dropped_frames(self) -> int:
        """How many frames so far could not be used."""
        return self._intake.dropped

    async def run(self, deliver: Deliver, on_candle: OnCandle) -> None:
        """Find a host, connect, deliver prints for ever; stops only by cancellation."""
        self._intake.deliver, self._intake.on_candle = deliver, on_candle
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._connector.stay_connected(self.clock))
                tasks.create_task(self._watch())
                tasks.create_task(self._upkeep.keep_repairing())
                tasks.create_task(self._upkeep.keep_seeding())
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connections of questions asked outside of `run`."""
        await self._connector.close()

    # -- what is wanted -----------------------------------------------------------------------

    def follow(self, active: Collection[str], visible: Collection[str]) -> None:
        """Say which symbols are needed now; see `Feed.follow`."""
        wanted = self._wanted
        wanted.active, wanted.visible = frozenset(active), frozenset(visible)
        wanted.resumed -= wanted.active
        wanted.candles_held = {
            s: t for s, t in wanted.candles_held.items() if s in wanted.active | wanted.resumed
        }
        self._update_wanted()

    def follow_candles(self, pairs: Collection[tuple[str, str]]) -> None:
        """Say for which (symbol, timeframe) pairs candles are wanted from now on."""
        self._wanted.pairs = tuple(dict.fromkeys(pairs))
        self._intake.follow_candles(pairs)
        self._update_wanted()

    def resume(self, symbol: str, after_trade_id: int) -> None:
        """Deliver prints of *symbol* again from just behind *after_trade_id*."""
        if self._intake.holds(symbol):  # its past has just been read
            self._upkeep.postpone(symbol)
        self._wanted.candles_held.pop(symbol, None)
        self._want_strictly(symbol)
        self._intake.resume(symbol, after_trade_id, time.monotonic())

    def hold(self, symbol: str, timeframe: str = "") -> None:
        """Keep the prints of *symbol* back, in order, until `resume`; see `Feed.hold`."""
        if timeframe:
            self._wanted.candles_held[symbol] = timeframe
        self._want_strictly(symbol)
        self._intake.hold(symbol, timeframe)

    def meeting(self, symbol: str) -> Meeting | None:
        """Return where candles and held prints meet; see `Feed.meeting`."""
        return self._intake.meeting(symbol)

    def _want_strictly(self, symbol: str) -> None:
        if symbol not in self._wanted.active:
            self._wanted.resumed.add(symbol)
        self._update_wanted()

    def going_on(self, symbol: str) -> bool:
        """Tell whether prints of *symbol* flow: nothing is held back or asked for."""
        return self._intake.going_on(symbol)

    async def ready(self, symbol: str) -> bool:
        """Wait until the board has a fresh price of *symbol*; False when none comes in time."""
        self._wanted.borrow(symbol, time.monotonic() + BORROW_S)
        self._update_wanted()
        try:
            async with asyncio.timeout(self._timings.ready_s):
                return await self._freshen(symbol)
        except (TimeoutError, MarketError) as exc:
            log.info("no fresh price of %s: %s", symbol, exc)
            return False

    async def _freshen(self, symbol: str) -> bool:
        from market.binance import questions

        seeded = False
        while self.board.quote(symbol, self.clock.now_ms()) is None:
            if self._health.state is FeedState.OFFLINE:
                return False
            rest = self._connector.rest
            if self._health.state is FeedState.LIVE and rest and not seeded:
                newest = await questions.newest_print(rest, symbol)
                bid, ask = await questions.touch(rest, symbol)
                seeded = self._health.state is FeedState.LIVE
                if seeded and newest:
                    self._intake.symbols.seed_touch(symbol, bid, ask)
                    self._intake.symbols.seed_print(newest)
            else:
                await asyncio.sleep(0.02)
        return True

    def _update_wanted(self) -> None:
        strict, loose = self._wanted.strict, self._wanted.loose
        self._intake.follow(strict, loose)
        followed = frozenset((*strict, *loose))
        if new := followed - self._followed:
            self._upkeep.seed(new)
        self._followed = followed
        names = self._wanted.names()
        if names != self._names:
            self._names = names
            self._connector.want(names)

    # -- what arrives -------------------------------------------------------------------------

    def _on_frames(self, stream: Stream, frames: Sequence[bytes]) -> bool:
        now_s = time.monotonic()
        if self._recording:
            self._recording.write(frames, self.clock.now_ms())
        heard = self._intake.take(frames, now_s)
        if self._intake.shutdown_announced:
            stream.worn.set()
        while self._intake.refused:
            log.warning("a control message was refused: %s", self._intake.refused.pop())
        if heard:
            self._health.hear(stream.route, now_s)
            first = not stream.live.is_set()
            if first and stream.route.prints:
                self._intake.connected()
            self._judge(now_s, first=first)
        return heard

    def _judge(self, now_s: float, *, first: bool) -> None:
        """Say how the feed is, now that market data came; *first* over its connection."""
        health = self._health
        if self._intake.event_ms and not self.simulated:
            health.time(self._intake.event_ms)
            if health.late_s > self._timings.too_late_s and not first:
                raise Unreachable(f"Prices arrive {health.late_s:.0f} s late.")
        if health.late_s > self._timings.late_s:
            self._go_stale(f"Prices arrive {health.late_s:.0f} s late.")
        elif not health.silent(now_s):
            self._go_live()
        elif health.state is FeedState.STALE:
            self._intake.symbols.silent()  # what came is worth no more than what is missing

    def _on_lost(self, error: MarketError) -> None:
        self._intake.disconnected()
        self._health.lose(str(error))

    def _go_live(self) -> None:
        if self._health.state is FeedState.LIVE:
            return
        if self._health.state is FeedState.STALE:
            self._intake.symbols.audible()
        self._health.become(FeedState.LIVE, "")
        self._upkeep.seed(self._followed)

    def _go_stale(self, why: str) -> None:
        self._intake.symbols.silent()
        self._health.become(FeedState.STALE, why)

    async def _watch(self) -> None:
        """Notice silence and sleep, and let go of symbols that were followed for a moment."""
        ahead_s = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now_s = time.monotonic()
            slept_s = time.time() - now_s - ahead_s
            ahead_s += slept_s
            if slept_s > self._timings.asleep_s:
                # Nothing that waits in buffers is to be trusted now.
                self._connector.abandon(f"The machine slept for {slept_s:.0f} s.")
            if self._health.state is FeedState.LIVE and self._health.silent(now_s):
                self._go_stale("Connected, but no prices arrive.")
            if self._wanted.return_borrowed(now_s):
                self._update_wanted()


class BinanceSpotFeed(BinanceFeed):
    """Prices of Binance spot."""

    venue = SPOT


class BinanceFuturesFeed(BinanceFeed):
    """Prices of Binance's USD-M perpetual futures, mark prices and funding included."""

    venue = FUTURES
