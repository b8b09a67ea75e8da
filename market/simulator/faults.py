"""What can go wrong on purpose: settings that a running server obeys at once.

A fault of the stream touches only what is sent, never the market behind it: REST keeps telling
what really happened.
"""

from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer in place of the right one."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Faults:
    """What the server does wrong now; everything is off at first."""

    def __init__(self, seed: int = 1) -> None:
        self.rest: Refusal | None = None
        """Answer to every REST request."""
        self.rest_delay_s = 0.0
        """Pause before every REST answer, seconds."""
        self.truncate = False
        """Break REST answers off in the middle."""
        self.handshake: Refusal | None = None
        """Answer to every attempt to open a stream."""
        self.close_on_accept = False
        """Accept streams and close them at once."""
        self._rng = Random(seed)
        self._dropped: dict[str, int] = {}
        self._duplicated: dict[str, int] = {}
        self._windows: dict[str, int] = {}
        self._held: dict[str, list[object]] = {}

    def drop(self, symbol: str, count: int) -> None:
        """Do not send the next *count* aggTrade events of *symbol*."""
        self._dropped[symbol] = count

    def duplicate(self, symbol: str, count: int) -> None:
        """Send each of the next *count* aggTrade events of *symbol* twice."""
        self._duplicated[symbol] = count

    def reorder(self, symbol: str, window: int) -> None:
        """Shuffle aggTrade events of *symbol* among *window* neighbours; 0 ends it."""
        self._windows[symbol] = window

    def disturb(self, symbol: str, events: list[Event]) -> list[Event]:
        """Return the aggTrade events of *symbol* that are sent in place of *events*."""
        dropped = min(self._dropped.get(symbol, 0), len(events))
        if dropped:
            self._dropped[symbol] -= dropped
            events = events[dropped:]
        doubled = min(self._duplicated.get(symbol, 0), len(events))
        if doubled:
            self._duplicated[symbol] -= doubled
            twice = [event for event in events[:doubled] for _ in range(2)]
            events = twice + events[doubled:]
        return self._shuffle(symbol, events) if symbol in self._windows else events

    def _shuffle(self, symbol: str, events: list[Event]) -> list[Event]:
        held: list[object] = self._held.pop(symbol, [])
        waiting, sent = [*held, *events], []
        window = self._windows[symbol]
        while len(waiting) >= window > 1:
            group, waiting = waiting[:window], waiting[window:]
            self._rng.shuffle(group)
            sent += group
        if window > 1:
            self._held[symbol] = waiting
            return sent  # type: ignore[return-value]  # held were given here as Event
        del self._windows[symbol]
        return waiting  # type: ignore[return-value]  # held were given here as Event
