"""Where frames become prices: onto the board, and print by print to whoever trades on them.

No sockets, no clock of its own: frames, pages and the time are handed in.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.model import Source, Tick
from market.binance import wire
from market.binance.doubts import Doubts
from market.binance.joint import Joint
from market.binance.wire import (
    AggTrade,
    BookTicker,
    Kline,
    MiniTicker,
    Reply,
    ServerShutdown,
    decode_frame,
)
from market.board import Board, SymbolPrice
from market.clock import ExchangeClock
from market.continuity import Continuity
from market.feed import Deliver, Meeting, OnCandle, OnLongGap

if TYPE_CHECKING:
    from market.binance.rows import Ticker

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
        self._board = board
        self._clock = clock
        self._source = Source.SIMULATED if simulated else Source.STREAM
        self._hold_s = hold_s
        self._followed: dict[str, SymbolPrice] = {}
        self._strict: dict[str, Continuity] = {}
        self._joints: dict[str, Joint] = {}
        """Of the symbols that are held."""
        self._pairs: set[tuple[str, str]] = set()
        self._heard: set[str] = set()
        self._doubts = Doubts(clock)
        self._touch_ids: dict[str, int] = {}
        self._out: list[Tick] = []
        self._now_s = 0.0
        self._handlers: dict[type, Callable[..., bool]] = {
            AggTrade: self._on_trade,
            BookTicker: self._on_touch,
            MiniTicker: self._on_day,
            Kline: self._on_kline,
            ServerShutdown: self._on_shutdown,
            Reply: self._on_reply,
        }

    # -- what is wanted -----------------------------------------------------------------------

    def follow(self, strict: Collection[str], loose: Collection[str]) -> None:
        """Say whose every print is delivered, and whose prices only reach the board."""
        self._strict = {s: self._strict.get(s) or self._begin(s) for s in strict}
        wanted = {*strict, *loose}
        for symbol in self._followed.keys() - wanted:
            self._forget(self._followed.pop(symbol))
        for symbol in wanted:
            self._followed.setdefault(symbol, self._board[symbol])
            self._refresh(symbol)

    def _begin(self, symbol: str) -> Continuity:
        return Continuity(self._hold_s, last_id=self._board[symbol].last_trade_id or None)

    def follow_candles(self, pairs: Collection[tuple[str, str]]) -> None:
        """Say whose candles are passed on."""
        self._pairs = set(pairs)

    def resume(self, symbol: str, after_trade_id: int, now_s: float) -> None:
        """Deliver a strictly followed symbol from right behind *after_trade_id*."""
        self._joints.pop(symbol, None)
        self._out += self._strict[symbol].resume(after_trade_id, now_s)
        self._refresh(symbol)
        self._hand_out()

    def hold(self, symbol: str, timeframe: str) -> None:
        """Keep back the prints of a strictly followed symbol until `resume`."""
        self._strict[symbol].hold()
        self._joints[symbol] = Joint(timeframe)
        self._refresh(symbol)

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
        if not price.low < tick.price < price.high and self._doubts.unbelievable(price, tick):
            if strict is not None:
                strict.doubt()
            return True
        price.show(tick)
        if strict is not None:
            self._out += strict.offer(tick, self._now_s)
        if not price.live:
            self._note_heard(symbol)
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
            self._note_heard(event.symbol)
        return True

    def _on_day(self, event: MiniTicker) -> bool:
        self.event_ms = event.event_ms
        if price := self._followed.get(event.symbol):
            price.open_24h = Decimal(event.open_24h)
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
                self._refresh(symbol)
        return found

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
        self._refresh(symbol)
        self._hand_out()
        return strict.asking and not passed

    def seed_day(self, row: "Ticker") -> None:
        """Show a symbol's last day while the stream has said nothing of it yet."""
        price = self._followed.get(row.symbol)
        if price is None or row.last <= 0:
            return
        price.open_24h = row.open
        if not price.last_trade_id:
            price.last, price.last_ms = row.last, self._clock.now_ms()
        if not price.touch_fresh and row.bid > 0 and row.ask > 0:
            price.bid, price.ask = row.bid, row.ask
        self._note_heard(row.symbol)

    def seed_print(self, tick: Tick) -> None:
        """Show a symbol's newest print, asked for while the connection is live."""
        if price := self._followed.get(tick.symbol):
            price.show(tick)
            self._note_heard(tick.symbol)

    def seed_touch(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Show a symbol's touch, asked for while the connection is live."""
        price = self._followed.get(symbol)
        if price and not price.touch_fresh:
            price.bid, price.ask, price.touch_fresh = bid, ask, True

    # -- the connection -----------------------------------------------------------------------

    def connected(self) -> None:
        """Learn of a new connection: prints may have been missed on the way to it."""
        lost_ms, self._lost_ms = self._lost_ms, None
        if lost_ms and self.on_long_gap and self._clock.now_ms() - lost_ms > LONG_GAP_MS:
            self.on_long_gap([s for s, c in self._strict.items() if c.last_id and not c.held])
        for symbol, strict in self._strict.items():
            strict.doubt()
            self._refresh(symbol)

    def disconnected(self) -> None:
        """Trust no price until it is heard again."""
        self._joints = {s: Joint(joint.timeframe) for s, joint in self._joints.items()}
        if self._lost_ms is None:
            self._lost_ms = self._heard_ms
        self._heard.clear()
        self._touch_ids.clear()
        self._board.mark_all_stale()
        for price in self._followed.values():
            # An order by hand must not begin at a print from before the pause.
            price.last_trade_id = 0

    def silent(self) -> None:
        """Trust no price while an open connection says nothing."""
        self._board.mark_all_stale()

    def audible(self) -> None:
        """Trust again what was heard: an open connection loses nothing while it is silent."""
        for symbol in self._heard:
            self._refresh(symbol)
        for symbol in self._touch_ids:
            self._board[symbol].touch_fresh = True

    def _note_heard(self, symbol: str) -> None:
        self._heard.add(symbol)
        self._refresh(symbol)

    def _refresh(self, symbol: str) -> None:
        price, strict = self._board[symbol], self._strict.get(symbol)
        price.catching_up = strict is not None and not strict.flowing
        price.live = symbol in self._heard and not price.catching_up

    def _forget(self, price: SymbolPrice) -> None:
        self._heard.discard(price.symbol)
        self._touch_ids.pop(price.symbol, None)
        price.live = price.touch_fresh = price.catching_up = False
        price.last_trade_id = 0

    def _hand_out(self) -> None:
        if self._out:
            out, self._out = self._out, []
            self.deliver(out)


def _nobody(_: object) -> None:
    """Stand in for a receiver before there is one."""
