"""What every fault that can be ordered is: a JSON object, read and checked."""

import re
from abc import abstractmethod
from typing import Annotated, Literal

import msgspec

from market.simulator.venue import Venue

Seconds = Annotated[float, msgspec.Meta(gt=0, le=31 * 86_400)]
Millis = Annotated[int, msgspec.Meta(ge=1, le=86_400_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Status = Literal[403, 418, 429, 451, 500, 502, 503, 504]


class Fault(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="fault",
    tag=lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(),
):
    """Something that happens once."""

    def carry_out(self, venue: Venue) -> None:
        """Let it happen.

        Raises:
            BadOrder: If it makes no sense here and now.
            UnknownSymbol: If it is about a symbol that does not exist.
            ValueError: If the market cannot do that.
        """
        self._do(venue)

    @abstractmethod
    def _do(self, venue: Venue) -> None:
        """Do what makes this fault what it is."""


class Lasting(Fault, frozen=True, kw_only=True):
    """Something that lasts."""

    for_s: Seconds | None = None
    """Real seconds; without it the fault lasts until it is cleared."""

    def _do(self, venue: Venue) -> None:
        name, value = self._setting()
        venue.set(name, value, self.for_s)

    @abstractmethod
    def _setting(self) -> tuple[str, object]:
        """Return a field of `Faults` and the value it takes."""
