"""What waits for the desk's one hand, in order: prices, and work that needs the book."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from engine.errors import Refused
from engine.marks import MarkPrice
from engine.model import Tick
from store.errors import StoreError

T = TypeVar("T")

Errand = Callable[[], Awaitable[None]]
Prices = Sequence[Tick] | MarkPrice

LIMIT = 20_000
"""Batches that may wait; beyond it prices are dropped, and prints fetched again by id."""


class Inbox:
    """A queue with one reader."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Prices | Errand] = asyncio.Queue()

    def put(self, prices: Prices) -> bool:
        """Let prices wait; returns False where they are dropped because too many do."""
        if self._waiting.qsize() >= LIMIT:
            return False
        self._waiting.put_nowait(prices)
        return True

    async def errand(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have *work* done behind what waits already; returns what it returns.

        Raises:
            Refused: As the work raised it.
            StoreError: As the work raised it.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                result = await work()
            except (Refused, StoreError) as exc:
                if not done.done():
                    done.set_exception(exc)
            except BaseException:
                done.cancel()
                raise
            else:
                if not done.done():
                    done.set_result(result)

        self._waiting.put_nowait(run)
        return await done

    async def get(self) -> Prices | Errand:
        """Return what came in first; waits for it."""
        return await self._waiting.get()
