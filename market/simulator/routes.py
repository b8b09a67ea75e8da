"""Which streams an address leads to.

Spot and futures share one port. What leads to futures is told by the path: its streams are
split into `/public`, `/market` and `/private`. Behind the prefix `/f` lies what Binance left of
the old addresses without that split: they take any subscription, and only the book flows.
"""

import re
from enum import StrEnum
from typing import NamedTuple


class Route(StrEnum):
    """A family of streams."""

    SPOT = "spot"
    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    """Of accounts; there are none here, so it is silent."""


class Address(NamedTuple):
    """What a client asks for by its address."""

    route: Route
    combined: bool
    """Whether payloads come in envelopes."""
    names: list[str]
    """Streams it is subscribed to at once."""


_PATH = re.compile(
    r"(?P<prefix>.*?)(?:/(?P<route>public|market|private))?/(?P<form>ws|stream)(?:/(?P<names>.*))?"
)
_LEGACY = re.compile(r".*/f(?:stream)?")


def address(path: str, streams: str) -> Address | None:
    """Return what a path with its parameter `streams` means, None where there is nothing."""
    match = _PATH.fullmatch(path)
    if not match:
        return None
    combined = match["form"] == "stream"
    # Some clients append `?timeUnit=…` behind a query that has begun already.
    listed = streams.partition("?")[0] if combined else match["names"] or ""
    names = [name for name in listed.split("/") if name]
    return Address(_route(match["route"], match["prefix"]), combined, names)


def _route(named: str | None, prefix: str) -> Route:
    if named:
        return Route(named)
    return Route.PUBLIC if _LEGACY.fullmatch(prefix) else Route.SPOT
