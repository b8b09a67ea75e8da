"""What can go wrong on purpose: settings that a running server obeys at once.

A fault touches only what is sent, never the market behind it: once it is over, REST tells what
really happened.
"""

from dataclasses import MISSING, InitVar, dataclass, field, fields
from random import Random
from typing import TypeVar

from engine.model import Market
from market.simulator.refusals import Refusal, wall_ms

Event = TypeVar("Event")

DAY_S = 86_400.0
LONGEST_BAN_S = 3 * DAY_S


@dataclass(eq=False)
class Faults:
    """What the server does wrong now; everything is off at first."""

    seed: InitVar[int] = 1
    """Of the order that `reorder` makes."""

    rest: Refusal | None = None
    """Answer to every REST request."""
    rest_delay_s: float = 0.0
    """Pause before every REST answer, seconds."""
    rest_drip_s: float = 0.0
    """Pause before every byte of a REST answer, seconds."""
    truncate: bool = False
    """Break REST answers off in the middle."""
    rest_lag_ms: int = 0
    """How far aggTrades, trades and klines of REST lag behind, exchange time."""
    banned_until_ms: int = 0
    """Until when REST and streams answer 418, wall time, milliseconds UTC."""

    handshake: Refusal | None = None
    """Answer to every attempt to open a stream."""
    close_on_accept: bool = False
    """Accept streams and close them at once."""
    most_age_s: float = DAY_S
    """Age at which streams are cut, real seconds; Binance's is a day."""
    stream_lag_ms: int = 0
    """How long events of the streams are held back, exchange time."""
    clock_offset_ms: int = 0
    """How far the clock is off that `time` and the events' `E` tell."""

    dropped: dict[str, int] = field(default_factory=dict)
    """By symbol, how many aggTrade events more are not sent."""
    duplicated: dict[str, int] = field(default_factory=dict)
    """By symbol, how many aggTrade events more are sent twice."""
    windows: dict[str, int] = field(default_factory=dict)
    """By symbol, among how many neighbours aggTrade events are shuffled."""

    def __post_init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._held: dict[tuple[Market, str], list[object]] = {}
        self._bans = 0

    def on(self) -> dict[str, object]:
        """Return every setting that is not what it was at first."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values |= {name: _left(values[name]) for name in ("dropped", "duplicated", "windows")}
        return {name: value for name, value in values.items() if value != _at_first(name)}

    def reset(self, name: str) -> None:
        """Switch one setting off."""
        setattr(self, name, _at_first(name))

    def clear(self) -> None:
        """Switch everything off; what `reorder` holds back is sent with the next event."""
        windows = dict.fromkeys(self.windows, 0)
        for name in self.on():
            self.reset(name)
        self.windows = windows

    def ban(self, first_s: float) -> None:
        """Ban everyone for *first_s* seconds, or twice as long as the last time."""
        seconds = min(first_s * 2.0 ** min(self._bans, 30), LONGEST_BAN_S)
        self._bans += 1
        self.banned_until_ms = wall_ms() + int(seconds * 1_000)

    def banned(self) -> Refusal | None:
        """Return the answer to somebody who is banned now."""
        if self.banned_until_ms <= wall_ms():
            return None
        return Refusal.banned(self.banned_until_ms)

    # -- prints of one symbol -----------------------------------------------------------------

    def drop(self, symbol: str, count: int) -> None:
        """Do not send the next *count* aggTrade events of *symbol*."""
        self.dropped[symbol] = count

    def duplicate(self, symbol: str, count: int) -> None:
        """Send each of the next *count* aggTrade events of *symbol* twice."""
        self.duplicated[symbol] = count

    def reorder(self, symbol: str, window: int) -> None:
        """Shuffle aggTrade events of *symbol* among *window* neighbours; 0 ends it."""
        self.windows[symbol] = window

    def disturb(
        self, symbol: str, events: list[Event], market: Market = Market.SPOT
    ) -> list[Event]:
        """Return the aggTrade events of *symbol* that are sent in place of *events*.

        What is told of a symbol goes for both markets; their events are never mixed.
        """
        dropped = min(self.dropped.get(symbol, 0), len(events))
        if dropped:
            self.dropped[symbol] -= dropped
            events = events[dropped:]
        doubled = min(self.duplicated.get(symbol, 0), len(events))
        if doubled:
            self.duplicated[symbol] -= doubled
            twice = [event for event in events[:doubled] for _ in range(2)]
            events = twice + events[doubled:]
        return self._shuffle(symbol, events, market) if symbol in self.windows else events

    def _shuffle(self, symbol: str, events: list[Event], market: Market) -> list[Event]:
        held: list[object] = self._held.pop((market, symbol), [])
        waiting, sent = [*held, *events], []
        window = self.windows[symbol]
        while len(waiting) >= window > 1:
            group, waiting = waiting[:window], waiting[window:]
            self._rng.shuffle(group)
            sent += group
        if window > 1:
            self._held[market, symbol] = waiting
            return sent  # type: ignore[return-value]  # held were given here as Event
        return waiting  # type: ignore[return-value]  # held were given here as Event


def _at_first(name: str) -> object:
    one = next(one for one in fields(Faults) if one.name == name)
    return one.default if one.default_factory is MISSING else one.default_factory()


def _left(counts: dict[str, int]) -> dict[str, int]:
    return {symbol: count for symbol, count in counts.items() if count}
