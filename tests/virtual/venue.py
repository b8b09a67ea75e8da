"""The exchange at the other end of the wire: its real rules, its real words, no sockets.

It also watches the client's manners: limits that Binance punishes are never to be run into.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import msgspec

from market.simulator import Faults, SimulatedExchange
from market.simulator.control import Subscriptions
from market.simulator.listings import Listing
from market.simulator.query import Refused
from market.simulator.rest import RestApi
from market.simulator.streams import Publisher
from tests.virtual.loop import Process

WEIGHT_PER_MINUTE = 6_000
MESSAGES_PER_SECOND = 5
CONNECTS = 60
CONNECTS_WINDOW_S = 300.0

LISTINGS = (
    Listing(
        base="BTC", price=104_250.1, tick_decimals=2, step_decimals=5, prints=30, worth=9e3
    ),
    Listing(base="ETH", price=3_518.42, tick_decimals=2, step_decimals=4, prints=12, worth=4e3),
    Listing(base="SOL", price=141.27, tick_decimals=2, step_decimals=3, prints=6, worth=2e3),
    Listing(
        base="ADA",
        price=0.5231,
        tick_decimals=4,
        step_decimals=1,
        prints=4,
        every=2,
        worth=1e3,
    ),
)
"""A thin market: 72,000 prints a day. BTC is never silent for more than four seconds."""

TICKER_PACE = 40.0
"""Tickers come every ten seconds, as they would at this speed of the market."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Manners:
    """What one client process did, for the rules of the house."""

    connects: deque[float] = field(default_factory=deque)
    quiet_until: dict[str, float] = field(default_factory=dict)
    """By host, until when it was told to say nothing."""


class Line:
    """The server's end of one stream connection."""

    def __init__(self, venue: "Venue", process: Process | None) -> None:
        self.muted = False
        """Whether the peer gets nothing any more without being told."""
        self.process = process
        self.waiting: list[bytes] = []
        self.messages: deque[float] = deque(maxlen=MESSAGES_PER_SECOND)
        self.subscriptions = Subscriptions(
            combined=True,
            added=lambda name: venue.listen(name, self),
            removed=lambda name: venue.unlisten(name, self),
        )


class Venue:
    """One exchange behind any number of hosts, with switches for what goes wrong."""

    def __init__(self, exchange: SimulatedExchange, rng: Random) -> None:
        self.exchange = exchange
        self.faults = Faults(rng.randrange(2**32))
        self.lines: list[Line] = []
        self.broken_rules: list[str] = []
        self.rest_lag_ms = 0
        """How far REST is behind the streams."""
        self._listeners: dict[str, list[Line]] = {}
        self._publisher = Publisher(exchange, self.faults)
        self._api = RestApi(exchange, WEIGHT_PER_MINUTE)
        self._manners: dict[Process | None, Manners] = {}
        self._minute = 0
        self._used = 0
        self._asked = False
        """Whether REST is being answered right now."""
        self._clock = exchange.now_ms
        exchange.now_ms = self._now_ms

    def heal(self) -> None:
        """End what goes wrong with the market data itself."""
        self.rest_lag_ms = 0
        for symbol in self.exchange.symbols:
            self.faults.drop(symbol, 0)
            self.faults.duplicate(symbol, 0)
            self.faults.reorder(symbol, 0)

    def _now_ms(self) -> int:
        return self._clock() - (self.rest_lag_ms if self._asked else 0)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        self._asked = True
        try:
            yield
        finally:
            self._asked = False

    # -- streams ------------------------------------------------------------------------------

    def connect(self, process: Process | None, now_s: float) -> Line:
        """Take in a client."""
        recent = self._manners.setdefault(process, Manners()).connects
        recent.append(now_s)
        while recent[0] <= now_s - CONNECTS_WINDOW_S:
            recent.popleft()
        if len(recent) > CONNECTS:
            self.broken_rules.append(f"{len(recent)} connects in five minutes")
        line = Line(self, process)
        self.lines.append(line)
        return line

    def hang_up(self, line: Line) -> None:
        """Let a client go."""
        if line in self.lines:
            self.lines.remove(line)
            line.subscriptions.remove(list(line.subscriptions.names))

    def take(self, line: Line, text: str, now_s: float) -> None:
        """Take a control message."""
        recent = line.messages
        if len(recent) == MESSAGES_PER_SECOND and now_s - recent[0] < 1.0:
            self.broken_rules.append("more than five messages in a second")
        recent.append(now_s)
        line.waiting.append(msgspec.json.encode(line.subscriptions.reply(text)))

    def listen(self, name: str, line: Line) -> None:
        """Send a stream to a client."""
        self._listeners.setdefault(name, []).append(line)
        self._publisher.watch(name)

    def unlisten(self, name: str, line: Line) -> None:
        """Send a stream to a client no longer."""
        self._listeners[name].remove(line)
        if not self._listeners[name]:
            del self._listeners[name]
            self._publisher.unwatch(name)

    def publish(self) -> None:
        """Put all that is due on the lines."""
        for name, payload in self._publisher.due():
            frame = b'{"stream":"' + name.encode() + b'","data":' + payload + b"}"
            self.send(frame, self._listeners.get(name, ()))

    def send(self, frame: bytes, lines: Iterable[Line]) -> None:
        """Put a frame on some lines."""
        for line in lines:
            if not line.muted:
                line.waiting.append(frame)

    # -- REST ---------------------------------------------------------------------------------

    def answer(self, path: str, values: Mapping[str, str]) -> Answer:
        """Answer a question as the exchange would."""
        weight = self._api.weight(path, values)
        if weight is None:
            return Answer(404, b"")
        headers = self._weigh(weight)
        try:
            with self._answering():
                value = self._api.answer(path, values)
        except Refused as refused:
            error = {"code": refused.code, "msg": str(refused)}
            return Answer(400, msgspec.json.encode(error), headers)
        return Answer(200, msgspec.json.encode(value), headers)

    def _weigh(self, weight: int) -> dict[str, str]:
        minute = self._clock() // 60_000
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += weight
        if self._used > WEIGHT_PER_MINUTE:
            self.broken_rules.append(f"request weight {self._used} in a minute")
        headers = {"x-mbx-used-weight-1m": str(self._used)}
        return headers | {"content-type": "application/json;charset=UTF-8"}

    def silence(self, process: Process | None, host: str, until_s: float) -> None:
        """Remember that a client was told to leave a host alone."""
        self._manners.setdefault(process, Manners()).quiet_until[host] = until_s

    def quiet_until_s(self, process: Process | None) -> float:
        """Return until when a client was told to leave some host alone."""
        quiet = self._manners.setdefault(process, Manners()).quiet_until
        return max(quiet.values(), default=0.0)

    def note_question(self, process: Process | None, host: str, now_s: float) -> None:
        """Check that a client may ask a host now."""
        until_s = self._manners.setdefault(process, Manners()).quiet_until.get(host, 0.0)
        if now_s < until_s - 0.01:
            self.broken_rules.append(
                f"{host} was asked {until_s - now_s:.1f} s too early at {now_s:.1f} s"
            )
