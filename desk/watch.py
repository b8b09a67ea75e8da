"""The desk without a screen: runs it, and tells what happens as it happens.

Works with anything that runs, can be listened to and sums itself up. Telling never waits: who
listens must take a fact and return.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from desk.view import Fact, Header, WhileAway
from engine.events import TradeClosed, TradeOpened, TradeReduced
from market.feed import FeedStatus

log = logging.getLogger(__name__)

FEED_LOOK_S = 0.25
HEARTBEAT_S = 300.0

Happening = Fact | FeedStatus
"""What a watcher is told: facts, and the state of the prices whenever it is another one."""

Tell = Callable[[Happening, int], None]
"""Takes what happened and its time, milliseconds UTC as the exchange counts them."""


class Watchable(Protocol):
    """A desk, or a window on one."""

    async def run(self) -> None:
        """Run until cancelled."""

    def subscribe(self, listener: Callable[[Fact], None], /) -> Callable[[], None]:
        """Have every fact told to *listener*; the answer ends that."""

    def header(self) -> Header:
        """Return the account's figures at this moment."""


async def watch(
    desk: Watchable,
    tell: Tell,
    until: Coroutine[Any, Any, object],
    *,
    heartbeat_s: float = HEARTBEAT_S,
) -> None:
    """Run a desk for as long as *until* takes, and tell what happens.

    Args:
        desk: Loaded; it is not closed here.
        tell: Hears the state of the prices first, then everything in order.
        until: Its end is the end of the watch.
        heartbeat_s: Seconds between two lines in the log that say all is well.

    Raises:
        Exception: Whatever ended the desk before its time.
    """
    forget = desk.subscribe(lambda fact: tell(fact, _moment(fact, desk)))
    parts = (desk.run(), _follow_feed(desk, tell), _keep_pulse(desk, heartbeat_s), until)
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        forget()
        for task in tasks:
            task.cancel()
        endings = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in endings:
        if isinstance(failure, Exception):
            raise failure


def _moment(fact: Fact, desk: Watchable) -> int:
    """Return when the market made it happen, or else the present; milliseconds UTC."""
    match fact:
        case (
            TradeOpened(fill=fill)
            | TradeReduced(fill=fill)
            | TradeClosed(fill=fill)
            | WhileAway(TradeClosed(fill=fill))
        ):
            return fill.time_ms
        case _:
            return desk.header().now_ms


async def _follow_feed(desk: Watchable, tell: Tell) -> None:
    told = None
    while True:
        status = desk.header().feed
        if status.state is not told:
            told = status.state
            tell(status, status.since_ms or desk.header().now_ms)
        await asyncio.sleep(FEED_LOOK_S)


async def _keep_pulse(desk: Watchable, every_s: float) -> None:
    while True:
        figures = desk.header()
        log.info(
            "alive: process %d, %d open trades, prices %s%s",
            os.getpid(),
            figures.open,
            figures.feed.state,
            f", halted: {figures.halted}" if figures.halted else "",
        )
        await asyncio.sleep(every_s)
