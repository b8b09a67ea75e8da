"""A feed that hears one honest exchange through a line that spoils most of what it says.

Whatever arrives, nothing raises, no price that is not plainly positive comes out, and prints
come out without a hole.
"""

import gc
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from random import Random

from engine.model import Candle, Source, Tick
from market.binance.intake import Intake
from market.binance.wire import decode_frame
from market.board import Board
from tests.feeds import START_MS, FixedClock
from tests.soak.frames import FIRST_ID, Exchange, mutated, written

STRICT, LOOSE, UNKNOWN = "BTCUSDT", "ETHUSDT", "XRPUSDT"
HOLD_S = 0.25
FRAME_EVERY_S = 0.01
RECONNECT_EVERY = 5_000
"""Frames between two connections."""
PAGE = 1_000
PRICE = Decimal("141.27")


class Listener:
    """An intake with everything around it that a running feed has."""

    def __init__(self, seed: int) -> None:
        """Listen to a line whose noise *seed* decides."""
        self.counted: Counter[str] = Counter()
        self._chance = Random(seed)
        self._exchange = Exchange((STRICT, LOOSE, UNKNOWN), self._chance)
        self._board = Board()
        self._intake = Intake(self._board, FixedClock(), simulated=False, hold_s=HOLD_S)
        self._intake.deliver, self._intake.on_candle = self._deliver, self._on_candle
        self._last_id = FIRST_ID - 1
        self._now_s = 0.0
        self._connect()

    def hear(self, frames: int) -> None:
        """Take in that many frames, nine in ten of them spoilt."""
        for number in range(1, frames + 1):
            frame = self._exchange.frame()
            if self._chance.random() < 0.1:
                self._take(written(frame))
            else:
                self._take(mutated(frame, self._chance))
            if number % RECONNECT_EVERY == 0:
                self._connect()
        self.counted["dropped"] = self._intake.dropped

    def _connect(self) -> None:
        """Begin anew, as after a cut: what was followed strictly goes on where it was."""
        self._intake.disconnected()
        self._intake.follow((), ())
        self._intake.follow([STRICT], [LOOSE])
        self._intake.follow_candles([(STRICT, "1m"), (LOOSE, "1m")])
        self._intake.connected()
        self._intake.resume(STRICT, self._last_id, self._now_s)

    def _take(self, frame: bytes) -> None:
        self._now_s += FRAME_EVERY_S
        try:
            event = decode_frame(frame)
            self._intake.take([frame], self._now_s)
            self._repair()
        except Exception as exc:
            exc.add_note(f"while taking in {frame[:2000]!r}")
            raise
        self.counted[type(event).__name__ if event else "nothing"] += 1
        self._intake.refused.clear()
        self._check_board()

    def _repair(self) -> None:
        for symbol, from_id in self._intake.holes(self._now_s):
            ids = range(from_id, self._exchange.newest[symbol] + 1)
            page = [
                Tick(symbol, PRICE, PRICE, number, START_MS, Source.BACKFILL)
                for number in islice(ids, PAGE)
            ]
            more = len(ids) > PAGE
            self._intake.repair(symbol, from_id, page, self._now_s, more=more)

    def _deliver(self, ticks: Sequence[Tick]) -> None:
        for tick in ticks:
            assert tick.symbol == STRICT
            assert tick.trade_id == self._last_id + 1
            assert _positive(tick.price)
            assert _positive(tick.quantity)
            self._last_id = tick.trade_id
        self.counted["prints delivered"] += len(ticks)

    def _on_candle(self, candle: Candle) -> None:
        assert all(map(_positive, (candle.open, candle.high, candle.low, candle.close)))
        assert candle.volume.is_finite()
        self.counted["candles delivered"] += 1

    def _check_board(self) -> None:
        for symbol in (STRICT, LOOSE):
            price = self._board[symbol]
            assert all(
                _positive(p) for p in (price.last, price.bid, price.ask) if p is not None
            )
            assert price.open_24h is None or price.open_24h.is_finite()
        assert self._board[UNKNOWN].last is None


def _positive(number: Decimal) -> bool:
    return number.is_finite() and number > 0


def blocks() -> int:
    """Return how many pieces of memory Python holds; whatever is kept is at least one."""
    gc.collect()
    return sys.getallocatedblocks()


def peak_mb() -> float:
    """Return the most memory that this process has ever had, megabytes."""
    unit = 1024 if sys.platform == "linux" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
