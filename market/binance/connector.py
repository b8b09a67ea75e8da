"""Staying connected: choose a host, open its stream, replace it before it is cut, try again.

Reconnecting is done here and nowhere else: with pauses that grow, within a budget, and without
ever replaying an old list of subscriptions. What is wanted now is what is subscribed.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence

from market.binance.hosts import Host
from market.binance.limits import Backoff, ConnectBudget, Timings
from market.binance.probe import HostChooser
from market.binance.rest import RestClient
from market.binance.stream import OnFrames, Stream, open_stream
from market.binance.venue import Route, Venue
from market.clock import ExchangeClock
from market.errors import Blocked, Limited, MarketError, NoHost, Unreachable

log = logging.getLogger(__name__)

OnLost = Callable[[MarketError], None]
"""Hears why there is no connection (any more)."""


class Connector:
    """The connection to whichever host answers: a stream by each route of the market.

    There is one more while one is replaced. All end together: what comes by one route is worth
    little without the other.
    """

    def __init__(
        self,
        venue: Venue,
        hosts: Sequence[Host],
        timings: Timings,
        rng: random.Random,
        *,
        on_frames: OnFrames,
        on_lost: OnLost,
    ) -> None:
        self.rest: RestClient | None = None
        """The host in use; None while there is none."""
        self._venue = venue
        self._hosts = HostChooser(hosts, timings, rng, venue)
        self._timings = timings
        self._on_frames = on_frames
        self._on_lost = on_lost
        self._rng = rng
        self._connects = ConnectBudget(timings)
        self._backoff = Backoff(timings, rng)
        self._streams: list[Stream] = []
        self._names: Sequence[str] = ()

    def want(self, names: Sequence[str]) -> None:
        """Say which streams are needed from now on, the most important first."""
        self._names = names
        for stream in self._streams:
            stream.want(names)

    def abandon(self, why: str) -> None:
        """Give up the present connections, whatever still comes over them."""
        for stream in self._streams:
            stream.abandon(why)

    async def any_rest(self) -> RestClient:
        """Return the host in use, or else the first that answers.

        Raises:
            MarketError: If none does.
        """
        return self.rest or await self._hosts.choose()

    async def close(self) -> None:
        """Close the connections to all hosts."""
        await self._hosts.close()

    async def stay_connected(self, clock: ExchangeClock) -> None:
        """Connect, and connect again, for ever; sets *clock* each time."""
        while True:
            try:
                await self._live_once(clock)
            except MarketError as exc:
                self._on_lost(exc)
                await asyncio.sleep(self._pause_s(exc))

    def _pause_s(self, error: MarketError) -> float:
        if isinstance(error, Limited):
            return error.retry_after_s
        if isinstance(error, NoHost):  # asking whether somebody is back costs nobody much
            return self._rng.uniform(self._timings.probe_s / 4, self._timings.probe_s)
        return self._backoff.next_s()

    async def _live_once(self, clock: ExchangeClock) -> None:
        self.rest = rest = await self._hosts.choose()
        began_s = time.monotonic()
        try:
            streams = [await self._open(rest, route) for route in self._venue.routes]
            await _read_clock(rest, clock)
            await self._keep_all(streams, rest)
        finally:
            self._backoff.lived(time.monotonic() - began_s)
            self.rest = None
            await asyncio.gather(*map(self._close, tuple(self._streams)))

    async def _keep_all(self, streams: Sequence[Stream], rest: RestClient) -> None:
        lost: list[MarketError] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                for stream in streams:
                    tasks.create_task(self._keep(stream, rest))
        except* MarketError as errors:
            lost += [error for error in errors.exceptions if isinstance(error, MarketError)]
        raise lost[0]

    async def _keep(self, stream: Stream, rest: RestClient) -> None:
        """Replace a stream when it is worn, again and again until one is lost."""
        while True:
            await stream.until(stream.worn)
            stream = await self._replace(stream, rest)

    async def _open(self, rest: RestClient, route: Route) -> Stream:
        host = rest.host
        if (quiet_s := rest.quiet_s) > 0:
            raise Limited(f"{host.name} asked for silence.", quiet_s)
        if (pause_s := self._connects.pause_s()) > 0:
            log.warning("too many connects, waiting %.0f s", pause_s)
            await asyncio.sleep(pause_s)
        self._connects.note()
        try:
            stream = await open_stream(host, self._timings, self._on_frames, route)
        except Blocked as exc:
            self._hosts.block(host, str(exc))
            raise
        except Limited as exc:
            rest.be_quiet(exc.retry_after_s)
            raise
        except Unreachable:
            self._hosts.demote(host)
            raise
        self._streams.append(stream)
        stream.want(self._names)
        return stream

    async def _replace(self, old: Stream, rest: RestClient) -> Stream:
        """Open the next stream before the old one is closed; keep the old one if that fails."""
        fresh: Stream | None = None
        try:
            fresh = await self._open(rest, old.route)
            await fresh.until(fresh.settled)
            await fresh.until(fresh.live)
        except MarketError as exc:
            log.warning("no replacement for a worn stream yet: %s", exc)
            if fresh:
                await self._close(fresh)
            pause_s = self._backoff.next_s()
            await asyncio.sleep(exc.retry_after_s if isinstance(exc, Limited) else pause_s)
            return old
        await self._close(old)
        return fresh

    async def _close(self, stream: Stream) -> None:
        self._streams.remove(stream)
        await stream.stop()


async def _read_clock(rest: RestClient, clock: ExchangeClock) -> None:
    """Set the clock from the quickest of three answers."""
    from market.binance import questions

    samples = []
    try:
        for _ in range(3):
            asked_ns = time.monotonic_ns()
            server_ms = await questions.server_time(rest)
            samples.append((time.monotonic_ns() - asked_ns, server_ms))
    except MarketError as exc:
        log.warning("the exchange's clock was not read: %s", exc)
    if samples:
        clock.observe(min(samples)[1])
