"""Faults of the REST interface and of the clock."""

from market.simulator.fault import Count, Fault, Lasting, Millis, Seconds, Status
from market.simulator.refusals import Refusal
from market.simulator.venue import Venue


class Rest(Lasting, frozen=True):
    """REST answers with an error."""

    status: Status
    retry_after_s: Count | None = None

    def _setting(self) -> tuple[str, object]:
        return "rest", Refusal.of(self.status, self.retry_after_s)


class Ban(Fault, frozen=True):
    """418 everywhere until a time that is told; each ban is twice as long as the one before."""

    first_s: Seconds = 120.0

    def _do(self, venue: Venue) -> None:
        venue.faults.ban(self.first_s)


class Redirect(Lasting, frozen=True):
    """REST points elsewhere."""

    def _setting(self) -> tuple[str, object]:
        return "rest", Refusal.redirect()


class Portal(Lasting, frozen=True):
    """REST answers 200 with a web page."""

    def _setting(self) -> tuple[str, object]:
        return "rest", Refusal.portal()


class Bomb(Lasting, frozen=True):
    """REST answers with a small body that unpacks to 64 MiB."""

    def _setting(self) -> tuple[str, object]:
        return "rest", Refusal.bomb()


class Slow(Lasting, frozen=True):
    """REST thinks before it answers."""

    delay_s: Seconds

    def _setting(self) -> tuple[str, object]:
        return "rest_delay_s", self.delay_s


class Drip(Lasting, frozen=True):
    """REST answers byte by byte."""

    pause_s: Seconds = 0.2

    def _setting(self) -> tuple[str, object]:
        return "rest_drip_s", self.pause_s


class Truncate(Lasting, frozen=True):
    """REST answers break off in the middle."""

    def _setting(self) -> tuple[str, object]:
        return "truncate", True


class RestLag(Lasting, frozen=True):
    """History of REST ends some time ago, while streams are up to date; exchange time."""

    by_ms: Millis

    def _setting(self) -> tuple[str, object]:
        return "rest_lag_ms", self.by_ms


class Clock(Lasting, frozen=True):
    """The clock is wrong that `time` and `E` tell."""

    offset_ms: int

    def _setting(self) -> tuple[str, object]:
        return "clock_offset_ms", self.offset_ms
