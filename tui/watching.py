"""What `paperdesk watch` does: opens a desk, writes what happens, stops when it is told to.

Told to stop means: SIGTERM, SIGINT or SIGHUP, the time is over, or nobody reads any more. Each
is a good end: the running database job is finished and everything closed. A signal is obeyed
within three seconds, whatever the database does.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

from desk.anydesk import AnyDesk
from desk.logs import log_to_file
from desk.machine import dumps
from desk.machine_events import events_json
from desk.start import Demo, open_any_desk
from desk.view import CaughtUp, Header, Notice
from desk.watch import Happening, watch
from engine.text import clean
from market.feed import FeedStatus
from tui import __version__
from tui import format as fmt
from tui.lines import line
from tui.outlet import Outlet
from tui.work import EXIT_REFUSED, Context

log = logging.getLogger(__name__)

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE_S = 2.0
"""How long a signal to stop waits for the database, which may wait for another program."""


async def watch_desk(
    context: Context,
    *,
    as_json: bool,
    seconds: float | None,
    scan: bool,
    record: Path | None = None,
) -> int:
    """Run the desk and write what happens until told to stop.

    Args:
        context: Which desk.
        as_json: Write events as JSON; otherwise lines for a person.
        seconds: Stop after so long; None goes on.
        scan: Whether the scanner may look for signals.
        record: Where to record all that the exchange sends.

    Returns:
        The exit code.

    Raises:
        DeskError: If another process holds the desk.
        StoreError: If the books cannot be opened.
    """
    log_to_file(context.home.logs)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    outlet = Outlet(sys.stdout, sys.stderr, lambda: loop.call_soon_threadsafe(stop.set))
    try:
        with _stopped_by_signals(outlet, stop), _stopped_by_reader(outlet, stop):
            opening = _open_desk(context, scan=scan, record=record)
            await _watch(context, opening, outlet, _end(stop, seconds), as_json=as_json)
        if outlet.failure:
            why = outlet.failure.strerror
            outlet.narrate(f"paperdesk: Standard output cannot be written: {why}.")
            return EXIT_REFUSED
        return 0
    finally:
        outlet.close()


def _open_desk(
    context: Context, *, scan: bool, record: Path | None
) -> AbstractAsyncContextManager[AnyDesk]:
    demo = Demo() if context.demo else None
    settings, database = context.settings, context.database
    return open_any_desk(settings, database, demo=demo, scan=scan, record=record)


async def _watch(
    context: Context,
    opening: AbstractAsyncContextManager[AnyDesk],
    outlet: Outlet,
    until: Coroutine[None, None, None],
    *,
    as_json: bool,
) -> None:
    async with opening as desk:

        def tell(happening: Happening, time_ms: int) -> None:
            if as_json:
                for event in events_json(happening, time_ms):
                    outlet.data(dumps(event))
                return
            narration = isinstance(happening, Notice | CaughtUp | FeedStatus)
            write = outlet.narrate if narration else outlet.data
            write(line(happening, time_ms, context.settings.currency))

        outlet.narrate(_beginning(context, desk.header()))
        await watch(desk, tell, until)
        left, attached = desk.header().open, desk.header().attached
    log.info("watch ended, %d open trades", left)
    outlet.narrate(_ending(left, attached))


async def _end(stop: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


@contextmanager
def _stopped_by_signals(outlet: Outlet, stop: asyncio.Event) -> Iterator[None]:
    """Take signals as the wish to stop, except those we were started to ignore (nohup)."""
    loop = asyncio.get_running_loop()
    patience = threading.Timer(PATIENCE_S, _leave, (outlet,))
    patience.daemon = True

    def on_signal() -> None:
        if not stop.is_set():
            stop.set()
            patience.start()

    taken = [s for s in STOPPING if signal.getsignal(s) is not signal.SIG_IGN]
    for number in taken:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        patience.cancel()
        for number in taken:
            loop.remove_signal_handler(number)
            # A second signal must not turn a good end into a bad one.
            signal.signal(number, signal.SIG_IGN)


def _leave(outlet: Outlet) -> None:
    """End the process at once: for the books that is a kill, which they survive."""
    log.warning("the database did not finish within %s s; left without it", PATIENCE_S)
    outlet.narrate(
        "Stopped while the database was busy. What is not stored yet is worked out again at "
        "the next start."
    )
    outlet.close()
    os._exit(0)


@contextmanager
def _stopped_by_reader(outlet: Outlet, stop: asyncio.Event) -> Iterator[None]:
    """Notice at once when the other end of a pipe is closed, not only at the next line."""
    loop, pipe = asyncio.get_running_loop(), outlet.pipe
    if pipe is None:
        yield
        return

    def left() -> None:
        loop.remove_reader(pipe)
        stop.set()

    # A pipe's writing end never has anything to read: it wakes the loop only when it breaks.
    loop.add_reader(pipe, left)
    try:
        yield
    finally:
        loop.remove_reader(pipe)


def _beginning(context: Context, figures: Header) -> str:
    place = "Binance futures" if context.settings.market == "FUTURES" else "Binance spot"
    market = "the simulated exchange" if figures.simulated else place
    return (
        f"Paperdesk {__version__}, PAPER: no real order, ever. Account {figures.account}, "
        f"{fmt.money(figures.balance)} {figures.currency}, {_open(figures.open)}, prices from "
        f"{clean(context.settings.rest_url) or market}, books in {clean(str(context.database))}"
    )


def _ending(left: int, attached: str) -> str:
    if attached:
        return f"Stopped. The desk runs on; this was {attached}."
    if not left:
        return "Stopped. No trade is open."
    return (
        f"Stopped. Nothing watches the {_open(left)} now; the next start books what happened "
        "meanwhile."
    )


def _open(count: int) -> str:
    return "1 open trade" if count == 1 else f"{count} open trades"
