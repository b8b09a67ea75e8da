"""The simulated exchange: its clock, its spot market, and the futures beside it.

No sockets. The same seed gives the same market; only what a test forces comes on top.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from engine.model import Market
from market.simulator.candles import DAY_MS
from market.simulator.floor import HISTORY_DAYS, Floor
from market.simulator.futures import FuturesFloor
from market.simulator.listings import LISTINGS
from market.simulator.perpetuals import perpetuals
from market.simulator.prices import Path
from market.simulator.tape import Tape


class SimulatedExchange(Floor):
    """A spot market that runs *speed* times as fast as the world, and futures on it."""

    def __init__(
        self,
        *,
        seed: int = 1,
        speed: float = 1.0,
        start_ms: int | None = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        """List all symbols.

        Args:
            seed: Chooses one of many markets.
            speed: Exchange seconds in a real second.
            start_ms: Exchange time at the start, milliseconds UTC; None is the present.
            now_ms: Replaces the running clock; must not step back.
        """
        self.seed = seed
        self._start_ms = time.time_ns() // 1_000_000 if start_ms is None else start_ms
        self._started_ns = time.monotonic_ns()
        self.speed = speed
        clock = now_ms or self._running_ms
        self._first_ms = (clock() // DAY_MS - HISTORY_DAYS) * DAY_MS
        tapes = [Tape(Path(seed, one), self._first_ms) for one in LISTINGS]
        super().__init__(tapes, clock, speed)

    def _running_ms(self) -> int:
        elapsed_ns = time.monotonic_ns() - self._started_ns
        return self._start_ms + int(elapsed_ns * self.speed) // 1_000_000

    @cached_property
    def futures(self) -> FuturesFloor:
        """The perpetuals, on the same clock; made when somebody first asks for them."""
        listed = perpetuals(tape.listing for tape in self._tapes.values())
        return FuturesFloor(self.seed, listed, self._first_ms, self.now_ms, self.speed)

    def check_listed(self, symbol: str) -> None:
        """Check that either market lists a symbol.

        Raises:
            UnknownSymbol: If neither does.
        """
        if symbol not in self.futures.symbols:
            self.tape(symbol)

    def floor(self, market: Market) -> Floor:
        """Return one of the two markets."""
        return self if market is Market.SPOT else self.futures

    def force(self, symbol: str, price: Decimal | str, market: Market = Market.SPOT) -> None:
        """Let the next print of *symbol* be one at *price* (quote per base), at once.

        Raises:
            UnknownSymbol: If nothing of that name is listed.
            ValueError: If the price is not on the symbol's grid, or the symbol is down.
        """
        self.floor(market).print_next(symbol, price)

    def force_mark(self, symbol: str, price: Decimal | str) -> None:
        """Let a perpetual's mark price be *price* from now until the minute ends.

        Raises:
            UnknownSymbol: If no perpetual of that name is listed.
            ValueError: If the price has more than eight decimals, or the symbol is down.
        """
        self.futures.force_mark(symbol, price)

    def set_funding(self, symbol: str, rate: Decimal | str) -> None:
        """Let the next funding of a perpetual be settled at *rate*, a fraction.

        Raises:
            UnknownSymbol: If no perpetual of that name is listed.
            ValueError: If the rate has more than eight decimals or is beyond ±2 %.
        """
        self.futures.set_funding(symbol, rate)
