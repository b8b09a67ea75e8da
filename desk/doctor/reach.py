"""Can the exchange be reached? Each host is asked what a desk asks of it, and then let go.

Only questions that change nothing and cost next to nothing; no host is asked for long.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from desk.settings import Settings
from engine.model import Market
from market.binance import questions
from market.binance.hosts import Host
from market.binance.limits import Timings, WeightBudget
from market.binance.rest import RestClient
from market.binance.stream import Stream, open_stream
from market.binance.venue import FUTURES, SPOT, Route, Venue
from market.binance.wanted import CANARIES
from market.binance.wire import AggTrade, BookTicker, decode_frame
from market.errors import MarketError

TIMINGS = Timings(request_s=5.0, connect_s=5.0, silence_s=5.0)
SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RestReach:
    """What became of asking a host over REST."""

    trouble: MarketError | None = None
    round_trip_ms: int | None = None
    """Of the quickest answer."""
    skew_ms: int | None = None
    """The exchange's clock minus this machine's, off by half the round trip at most."""
    weight: int | None = None
    """Request weight that the host says was used by this address in this minute."""
    weight_limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReach:
    """What became of opening one of a host's streams."""

    route: Route = SPOT.routes[0]
    trouble: MarketError | None = None
    opened_ms: int | None = None
    """Time to the end of the handshake."""
    first_ms: int | None = None
    """Time from there to the first market data."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a host can be reached."""

    host: Host
    rest: RestReach
    streams: tuple[StreamReach, ...]
    """One by each route of the market."""

    @property
    def usable(self) -> bool:
        """Whether a desk can trade on this host."""
        return not self.rest.trouble and not any(one.trouble for one in self.streams)


def venue_of(settings: Settings) -> Venue:
    """Return the market that a desk with these settings trades on."""
    return FUTURES if settings.market is Market.FUTURES else SPOT


def hosts_of(settings: Settings) -> Sequence[Host]:
    """Return the hosts that a desk with these settings would try, in order."""
    if settings.rest_url:
        return (Host(rest_url=settings.rest_url, stream_url=settings.stream_url),)
    return venue_of(settings).hosts


async def reach(
    hosts: Sequence[Host], timings: Timings = TIMINGS, venue: Venue = SPOT
) -> list[Reach]:
    """Try all hosts of a market at the same time."""
    return list(await asyncio.gather(*(_reach(host, timings, venue) for host in hosts)))


async def _reach(host: Host, timings: Timings, venue: Venue) -> Reach:
    listening = asyncio.gather(*(_listen(host, timings, route) for route in venue.routes))
    rest, streams = await asyncio.gather(_ask(host, timings, venue), listening)
    return Reach(host, rest, tuple(streams))


class _Told(WeightBudget):
    """Remembers what the host said was used."""

    used: int | None = None

    def observe(self, used: int) -> None:
        self.used = used
        super().observe(used)


async def _ask(host: Host, timings: Timings, venue: Venue) -> RestReach:
    client = RestClient(host, timings, random.Random(), venue)
    client.budget = budget = _Told(venue.weight_per_minute)
    try:
        await questions.ping(client)
        samples = [await _compare_clocks(client) for _ in range(SAMPLES)]
    except MarketError as exc:
        return RestReach(trouble=exc, weight=budget.used, weight_limit=budget.per_minute)
    finally:
        await client.close()
    round_trip_ms, skew_ms = min(samples)
    return RestReach(
        round_trip_ms=round(round_trip_ms),
        skew_ms=round(skew_ms),
        weight=budget.used,
        weight_limit=budget.per_minute,
    )


async def _compare_clocks(client: RestClient) -> tuple[float, float]:
    """Return the round trip, and how far the exchange's clock is ahead; milliseconds."""
    asked_ns, asked_at_ms = time.monotonic_ns(), time.time_ns() / 1e6
    server_ms = await questions.server_time(client)
    round_trip_ms = (time.monotonic_ns() - asked_ns) / 1e6
    return round_trip_ms, server_ms - (asked_at_ms + round_trip_ms / 2)


async def _listen(host: Host, timings: Timings, route: Route) -> StreamReach:
    began_s = time.monotonic()
    try:
        stream = await open_stream(host, timings, _hears, route)
    except MarketError as exc:
        return StreamReach(route=route, trouble=exc)
    opened_s = time.monotonic()
    try:
        stream.want([name for name in CANARIES if route.carries(name)])
        await stream.until(stream.live)
    except MarketError as exc:
        return StreamReach(route=route, trouble=exc, opened_ms=_ms(opened_s - began_s))
    finally:
        await stream.stop()
    return StreamReach(
        route=route,
        opened_ms=_ms(opened_s - began_s),
        first_ms=_ms(time.monotonic() - opened_s),
    )


def _hears(stream: Stream, frames: Sequence[bytes]) -> bool:
    awaited = AggTrade if stream.route.prints else BookTicker
    return any(isinstance(decode_frame(frame), awaited) for frame in frames)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
