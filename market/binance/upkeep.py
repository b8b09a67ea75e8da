"""What REST adds to a stream: prints that were missed, and first prices of new symbols.

Failures are waited out and tried again: a symbol behind a hole stays there until it is filled.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from market.binance.intake import Intake
from market.binance.limits import Timings
from market.binance.rest import RestClient
from market.errors import BadRequest, Limited, MarketError, TooOld

log = logging.getLogger(__name__)

POLL_S = 0.05
AT_ONCE = 4
"""Symbols repaired at the same time."""
REFUSED_PAUSE_S = 60.0
"""A symbol that the exchange refuses to speak about may be back later."""


class Upkeep:
    """Fills holes and seeds prices for one intake."""

    def __init__(
        self,
        intake: Intake,
        timings: Timings,
        rest: Callable[[], RestClient | None],
        live: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            intake: Knows the holes, takes the pages.
            timings: Pauses.
            rest: Returns the host in use, or None while there is none.
            live: Returns whether the stream is live: only then a seed is worth something.
        """
        self._intake = intake
        self._timings = timings
        self._rest = rest
        self._live = live
        self._not_before: dict[str, float] = {}
        self._unseeded: set[str] = set()
        self._seed_asked = asyncio.Event()

    def seed(self, symbols: Iterable[str]) -> None:
        """Fetch first prices of *symbols* as soon as possible."""
        self._unseeded.update(symbols)
        self._seed_asked.set()

    def postpone(self, symbol: str) -> None:
        """Give a symbol's next print the time to come by itself before it is asked for."""
        self._not_before[symbol] = time.monotonic() + self._timings.repair_wait_s

    async def keep_repairing(self) -> None:
        """Fill holes as they are found, for ever; the longest waiting first."""
        while True:
            await asyncio.sleep(POLL_S)
            while (rest := self._rest()) and (due := self._due()):
                async with asyncio.TaskGroup() as pages:
                    for symbol, from_id in due:
                        pages.create_task(self._repair(rest, symbol, from_id))

    def _due(self) -> list[tuple[str, int]]:
        now_s = time.monotonic()
        since = self._not_before
        due = [hole for hole in self._intake.holes(now_s) if since.get(hole[0], 0.0) <= now_s]
        due.sort(key=lambda hole: since.get(hole[0], 0.0))
        return due[:AT_ONCE]

    async def _repair(self, rest: RestClient, symbol: str, from_id: int) -> None:
        from market.binance import questions

        pause_s = 0.0
        try:
            page, more = await questions.prints_from(rest, symbol, from_id)
        except MarketError as exc:
            log.warning("prints of %s from %d not read: %s", symbol, from_id, exc)
            pause_s = self._pause_after(exc)
            if isinstance(exc, TooOld):
                self._intake.give_up(symbol)
        else:
            now_s = time.monotonic()
            if self._intake.repair(symbol, from_id, page, now_s, more=more):
                pause_s = self._timings.repair_wait_s
        self._not_before[symbol] = time.monotonic() + pause_s

    async def keep_seeding(self) -> None:
        """Fetch first prices as they are asked for, for ever."""
        from market.binance import questions

        while True:
            await self._seed_asked.wait()
            self._seed_asked.clear()
            while (rest := self._rest()) and self._live() and self._unseeded:
                symbols = sorted(self._unseeded)[: questions.SYMBOLS_PER_QUESTION]
                if await self._seed(rest, symbols):
                    self._unseeded.difference_update(symbols)

    async def _seed(self, rest: RestClient, symbols: list[str]) -> bool:
        from market.binance import questions

        try:
            rows = await questions.tickers(rest, symbols)
        except MarketError as exc:
            log.warning("first prices of %d symbols not read: %s", len(symbols), exc)
            await asyncio.sleep(self._pause_after(exc))
            return False
        if self._live():
            for row in rows:
                self._intake.symbols.seed_day(row)
        return True

    def _pause_after(self, error: MarketError) -> float:
        if isinstance(error, Limited):
            return error.retry_after_s
        if isinstance(error, BadRequest | TooOld):
            return REFUSED_PAUSE_S
        return self._timings.repair_wait_s
