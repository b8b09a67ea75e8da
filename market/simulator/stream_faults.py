"""Faults of the streams."""

from typing import Annotated

import msgspec

from market.simulator.fault import Count, Fault, Lasting, Millis, Seconds, Status
from market.simulator.garbage import BAD_UTF8, GARBAGE, huge_frame
from market.simulator.refusals import Refusal
from market.simulator.venue import BadOrder, Venue

# -- once ------------------------------------------------------------------------------------


class Cut(Fault, frozen=True):
    """Streams end without a close frame."""

    connection: int | None = None
    """Number of the only one meant."""

    def _do(self, venue: Venue) -> None:
        venue.hub.cut(self.connection)


class Mute(Fault, frozen=True):
    """Present streams are half open: they answer pings and send no more data."""

    connection: int | None = None
    """Number of the only one meant."""

    def _do(self, venue: Venue) -> None:
        venue.hub.mute(self.connection)


class Shutdown(Fault, frozen=True):
    """`serverShutdown` is announced; the streams are closed some seconds later."""

    delay_s: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 2.0

    def _do(self, venue: Venue) -> None:
        now_ms = venue.exchange.now_ms() + venue.faults.clock_offset_ms
        venue.hub.announce_shutdown(now_ms, self.delay_s)


class Garbage(Fault, frozen=True):
    """A frame that means nothing, or one of every kind."""

    kind: str | None = None

    def _do(self, venue: Venue) -> None:
        if self.kind is not None and self.kind not in GARBAGE:
            raise BadOrder(f"Garbage is one of {', '.join(GARBAGE)}.")
        for kind, frame in GARBAGE.items():
            if self.kind in {None, kind}:
                venue.hub.send_raw(frame)


class BadUtf8(Fault, frozen=True):
    """A text frame that is no text."""

    def _do(self, venue: Venue) -> None:
        venue.hub.send_raw(BAD_UTF8)


class Huge(Fault, frozen=True):
    """A very long frame."""

    bytes: Annotated[int, msgspec.Meta(ge=100, le=64 * 2**20)] = 5 * 2**20

    def _do(self, venue: Venue) -> None:
        venue.hub.send_raw(huge_frame(self.bytes))


# -- prints of one symbol, on either market ---------------------------------------------------


class Drop(Fault, frozen=True):
    """Some aggTrade events are not sent."""

    symbol: str
    count: Count

    def _do(self, venue: Venue) -> None:
        venue.exchange.check_listed(self.symbol)
        venue.faults.drop(self.symbol, self.count)


class Duplicate(Fault, frozen=True):
    """Some aggTrade events are sent twice."""

    symbol: str
    count: Count

    def _do(self, venue: Venue) -> None:
        venue.exchange.check_listed(self.symbol)
        venue.faults.duplicate(self.symbol, self.count)


class Reorder(Fault, frozen=True):
    """The aggTrade events of a symbol are shuffled among neighbours; 0 ends it."""

    symbol: str
    window: Annotated[int, msgspec.Meta(ge=0, le=1_000)]

    def _do(self, venue: Venue) -> None:
        venue.exchange.check_listed(self.symbol)
        venue.faults.reorder(self.symbol, self.window)


# -- for a while -----------------------------------------------------------------------------


class Late(Lasting, frozen=True):
    """Events come late, and their `E` says so; milliseconds of exchange time."""

    by_ms: Millis

    def _setting(self) -> tuple[str, object]:
        return "stream_lag_ms", self.by_ms


class Rotate(Lasting, frozen=True):
    """Streams are cut at an age; Binance cuts them after a day."""

    age_s: Seconds

    def _setting(self) -> tuple[str, object]:
        return "most_age_s", self.age_s


class Handshake(Lasting, frozen=True):
    """Streams are refused."""

    status: Status
    retry_after_s: Count | None = None

    def _setting(self) -> tuple[str, object]:
        return "handshake", Refusal.of(self.status, self.retry_after_s)


class AcceptThenClose(Lasting, frozen=True):
    """Streams are closed as soon as they are open."""

    def _setting(self) -> tuple[str, object]:
        return "close_on_accept", True
