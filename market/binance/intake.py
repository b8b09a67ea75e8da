"""Where frames become prices: onto the board, and print by print to whoever trades on them.

No sockets, no clock of its own: frames, pages and the time are handed in.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal

from engine.model import Source, Tick
from market.binance import wire
from market.binance.doubts import Doubts
from market.binance.followed import Followed
from market.binance.joint import Joint
from market.binance.marks import Marks
from market.binance.wire import (
    AggTrade,
    BookTicker,
    Kline,
    MarkUpdate,
    MiniTicker,
    Reply,
    ServerShutdown,
    decode_frame,
)
from market.board import Board
from market.clock import ExchangeClock
from market.feed import Deliver, Meeting, OnCandle, OnLongGap

LONG_GAP_MS = 300_000
"""What was missed for longer is not fetched print by print: candles tell more for less."""


class Intake:
    """Takes in all data of one market, from any number of connections at once."""

    def __init__(
        self, board: Board, clock: ExchangeClock, *, simulated: bool, hold_s: float
    ) -> None:
        self.deliver: Deliver = _nobody
        self.on_candle: OnCandle = _nobody
        self.on_long_gap: OnLongGap | None = None
        """Without it long gaps are filled print by print too."""
        self.dropped = 0
        """Frames that could not be used."""
        self.refused: list[Reply] = []
        """Answers to control messages that were not carried out, for the owner to empty."""
        self.shutdown_announced = False
        """Whether the last batch said that its connection will be cut."""
        self.event_ms = 0
        """Event time of the last batch, milliseconds UTC; 0 if it named none."""
        self._heard_ms = 0
        """Event time of the newest batch that named one."""
        self._lost_ms: int | None = None
        """`_heard_ms` when the last connection was lost; None while there is one."""
        self._clock = clock
        self._source = Source.SIMULATED if simulated else Source.STREAM
        self.symbols = Followed(board, clock, hold_s)
        # Each frame is looked up here: one step less counts.
        self._followed, self._strict = self.symbols.prices, self.symbols.strict
        self._touch_ids = self.symbols.touch_ids
        self._joints: dict[str, Joint] = {}
        """Of the symbols that are held."""
        self._pairs: set[tuple[str, str]] = set()
        self._doubts = Doubts(clock)
        self.marks = Marks(Doubts(clock))
        self._out: list[Tick] = []
        self._now_s = 0.0
        self._handlers: dict[type, Callable[..., bool]] = {
            AggTrade: self._on_trade,
            BookTicker: self._on_touch,
            MiniTicker: self._on_day,
            MarkUpdate: self._on_mark,
            Kline: self._on_kline,
            ServerShutdown: self._on_shutdown,
            Reply: self._on_reply,
        }

    # -- what is wanted -----------------------------------------------------------------------

    def follow(self, strict: Collection[str], loose: Collection[str]) -> None:
        """Say whose every print is delivered, and whose prices only reach the board."""
        self.symbols.follow(strict, loose)

    def follow_candles(self, pairs: Collection[tuple[str, str]]) -> None:
        """Say whose candles are passed on."""
        self._pairs = set(pairs)

    def resume(self, symbol: str, after_trade_id: int, now_s: float) -> None:
        """Deliver a strictly followed symbol from right behind *after_trade_id*."""
        self._joints.pop(symbol, None)
        self._out += self._strict[symbol].resume(after_trade_id, now_s)
        self.symbols.refresh(symbol)
        self._hand_out()

    def hold(self, symbol: str, timeframe: str) -> None:
        """Keep back the prints of a strictly followed symbol until `resume`."""
        self._strict[symbol].hold()
        self._joints[symbol] = Joint(timeframe)
        self.symbols.refresh(symbol)

    def meeting(self, symbol: str) -> Meeting | None:
        """Return where candles and held prints meet; see `Feed.meeting`."""
        return self._joints[symbol].meeting() if symbol in self._joints else None

    def holds(self, symbol: str) -> bool:
        """Tell whether the prints of a symbol are kept back."""
        return symbol in self._strict and self._strict[symbol].held

    def going_on(self, symbol: str) -> bool:
        """Tell whether prints of a symbol flow: nothing is held back or asked for."""
        return symbol not in self._strict or self._strict[symbol].flowing

    # -- frames -------------------------------------------------------------------------------

    def take(self, frames: Iterable[bytes], now_s: float) -> bool:
        """Take in frames that arrived together; returns whether market data was among them."""
        self._now_s, self.event_ms, self.shutdown_announced = now_s, 0, False
        handlers, heard = self._handlers, False
        for frame in frames:
            event = decode_frame(frame)
            if event is None:
                self.dropped += 1
            elif handlers[type(event)](event):
                heard = True
        if self.event_ms and not self._doubts.absurd_time(self.event_ms):
            self._clock.observe(self.event_ms)
            self._heard_ms = self.event_ms
        self._hand_out()
        return heard

    def _on_trade(self, event: AggTrade) -> bool:
        self.event_ms = event.event_ms
        symbol = event.symbol
        price = self._followed.get(symbol)
        if price is None:
            return True
        if self._doubts.absurd_id(price, event.trade_id):
            self.dropped += 1
            return False
        tick = Tick(
            symbol,
            wire.price(event.price),
            Decimal(event.quantity),
            event.trade_id,
            event.time_ms,
            self._source,
        )
        strict = self._strict.get(symbol)
        if not price.low < tick.price < price.high and self._doubts.unbelievable(
            symbol, tick.price, price.last
        ):
            if strict is not None:
                strict.doubt()
            return True
        price.show(tick)
        if strict is not None:
            self._out += strict.offer(tick, self._now_s)
        if not price.live:
            self.symbols.note_heard(symbol)
            if joint := self._joints.get(symbol):
                joint.on_print(event)
        return True

    def _on_touch(self, event: BookTicker) -> bool:
        price = self._followed.get(event.symbol)
        if price is None or event.update_id <= self._touch_ids.get(event.symbol, -1):
            return True
        self._touch_ids[event.symbol] = event.update_id
        price.bid, price.ask, price.touch_fresh = (
            wire.price(event.bid),
            wire.price(event.ask),
            True,
        )
        if not price.live:
            self.symbols.note_heard(event.symbol)
        return True

    def _on_day(self, event: MiniTicker) -> bool:
        self.event_ms = event.event_ms
        if price := self._followed.get(event.symbol):
            price.open_24h = Decimal(event.open_24h)
        return True

    def _on_mark(self, event: MarkUpdate) -> bool:
        self.event_ms = event.event_ms
        if price := self._followed.get(event.symbol):
            if self.marks.take(event, price):
                self.symbols.marked.add(event.symbol)
            self._hand_out()  # the mark must not overtake the prints before it
        return True

    def _on_kline(self, event: Kline) -> bool:
        self.event_ms = event.event_ms
        symbol = event.body.symbol
        if joint := self._joints.get(symbol):
            joint.on_candle(event)
        if (symbol, event.body.timeframe) in self._pairs:
            self._hand_out()  # the candle must not overtake its own prints
            self.on_candle(event.to_candle())
        return True

    def _on_shutdown(self, _: ServerShutdown) -> bool:
        self.shutdown_announced = True
        return False

    def _on_reply(self, event: Reply) -> bool:
        if event.code is not None:
            self.refused.append(event)
        return False

    # -- REST ---------------------------------------------------------------------------------

    def holes(self, now_s: float) -> list[tuple[str, int]]:
        """Return the symbols behind a hole, each with the first id that is needed."""
        found = []
        for symbol, strict in self._strict.items():
            from_id = strict.missing_from(now_s)
            if from_id is not None:
                found.append((symbol, from_id))
                self.symbols.refresh(symbol)
        return found

    def give_up(self, symbol: str) -> None:
        """Learn that what was missed of a symbol is not to be had print by print."""
        if self.on_long_gap:
            self.on_long_gap([symbol])

    def repair(
        self, symbol: str, from_id: int, page: Sequence[Tick], now_s: float, *, more: bool
    ) -> bool:
        """Take in a page asked from *from_id*; returns whether REST lags and needs a pause."""
        strict = self._strict.get(symbol)
        if strict is None:
            return False
        passed = strict.repair(from_id, page, now_s, more=more)
        for tick in passed[-1:]:
            self._followed[symbol].show(tick)
        self._out += passed
        self.symbols.refresh(symbol)
        self._hand_out()
        return strict.asking and not passed

    # -- the connection -----------------------------------------------------------------------

    def connected(self) -> None:
        """Learn of a new connection: prints may have been missed on the way to it."""
        lost_ms, self._lost_ms = self._lost_ms, None
        if lost_ms and self.on_long_gap and self._clock.now_ms() - lost_ms > LONG_GAP_MS:
            self.on_long_gap([s for s, c in self._strict.items() if c.last_id and not c.held])
        for symbol, strict in self._strict.items():
            strict.doubt()
            self.symbols.refresh(symbol)

    def disconnected(self) -> None:
        """Trust no price until it is heard again."""
        self._joints = {s: Joint(joint.timeframe) for s, joint in self._joints.items()}
        if self._lost_ms is None:
            self._lost_ms = self._heard_ms
        self.symbols.disconnected()

    def _hand_out(self) -> None:
        if self._out:
            out, self._out = self._out, []
            self.deliver(out)
        if self.marks.waiting:
            self.marks.hand_out(self._strict)


def _nobody(_: object) -> None:
    """Stand in for a receiver before there is one."""
