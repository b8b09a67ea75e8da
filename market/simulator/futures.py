"""The USD-M futures of the simulated exchange: perpetuals with mark prices and funding."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from engine.model import Market
from market.simulator.basis import PerpetualPath
from market.simulator.floor import Floor
from market.simulator.funding import CAP, HOUR_MS, Funding, Settlement
from market.simulator.marks import SECOND_MS, Bar, Line
from market.simulator.perpetuals import Perpetual
from market.simulator.tape import Tape
from market.simulator.words import UNIT, PerpetualWords, Words

_MOST_MARK = 2**62
"""10^-8 quote; what still fits 64 bits."""


class Premium(NamedTuple):
    """What is told of a perpetual besides its prints; prices and rates in 10^-8."""

    mark: int
    spot: int
    """The index price."""
    rate: int
    """Of the next settlement, as it looks now."""
    due_ms: int
    """When that is."""
    time_ms: int
    """When the mark price was made."""


class MarkKline(NamedTuple):
    """A candle of mark or index prices with its times."""

    open_ms: int
    end_ms: int
    """First millisecond behind the candle."""
    bar: Bar
    seconds: int
    """How many prices it holds."""


class FuturesFloor(Floor):
    """Where perpetuals are traded, up to now."""

    market = Market.FUTURES
    trading = ("TRADING", "TRADING_HALT")
    down = "SETTLING"

    def __init__(
        self,
        seed: int,
        listed: Iterable[Perpetual],
        first_ms: int,
        now_ms: Callable[[], int],
        speed: float,
    ) -> None:
        """Open the market.

        Args:
            seed: Chooses one of many markets.
            listed: What is traded.
            first_ms: Where history begins, milliseconds UTC.
            now_ms: Exchange time, milliseconds UTC; must not step back.
            speed: Exchange seconds in a real second.
        """
        paths = [PerpetualPath(seed, one) for one in listed]
        self._perpetuals = {path.listing.symbol: path.listing for path in paths}
        self._marks = {path.listing.symbol: _marks(path) for path in paths}
        self._indices = {path.listing.symbol: _indices(path) for path in paths}
        self._funding = {
            path.listing.symbol: Funding(path.name, path.basis, path.listing.interval_h)
            for path in paths
        }
        super().__init__([Tape(path, first_ms) for path in paths], now_ms, speed)

    def perpetual(self, symbol: str) -> Perpetual:
        """Return what is special about how a symbol is traded."""
        self.tape(symbol)
        return self._perpetuals[symbol]

    def words(self, symbol: str) -> Words:
        """Return how the exchange writes a symbol's numbers."""
        return PerpetualWords(self.perpetual(symbol))

    # -- mark and index prices ----------------------------------------------------------------

    def force_mark(self, symbol: str, price: Decimal | str) -> None:
        """Let the mark price be *price* from now until the minute ends.

        Raises:
            ValueError: If the price has more than eight decimals, or the symbol is down.
        """
        amount = _units(price)
        if not 0 < amount < _MOST_MARK:
            raise ValueError(f"{price} can be no mark price.")
        if self.tape(symbol).stopped_ms is not None:
            raise ValueError(f"{symbol} is down for good.")
        self._marks[symbol].force(amount, self.now_ms())

    def forced_marks(self, symbol: str, first_ms: int, last_ms: int) -> list[Premium]:
        """Return what was told of each mark price forced in a time, both ends included."""
        forced = self._marks[symbol].forced(first_ms, last_ms)
        return [self.premium(symbol, time_ms)._replace(mark=price) for time_ms, price in forced]

    def premium(self, symbol: str, time_ms: int | None = None) -> Premium:
        """Return prices and funding as they are told at *time_ms*, or now."""
        now = self.tape(symbol).until(self.now_ms() if time_ms is None else time_ms)
        funding = self._funding[symbol]
        return Premium(
            self._marks[symbol].at(now),
            self._indices[symbol].at(now),
            funding.rate(now),
            funding.next_ms(now),
            now,
        )

    def marks(
        self,
        symbol: str,
        interval: str,
        window: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
        *,
        index: bool = False,
    ) -> list[MarkKline]:
        """Return candles of mark prices, or of index prices, in time order.

        Args:
            symbol: As listed.
            interval: As Binance spells it.
            window: Earliest and latest open time, as for `klines`.
            limit: Most candles; without an earliest time the newest.
            now_ms: Up to when prices are known.
            index: Whether it is about the index price.
        """
        line = (self._indices if index else self._marks)[symbol]
        tape, found = self.tape(symbol), []
        for start, end in self._spans(tape, interval, window, limit, now_ms):
            begin, until = max(start, tape.first_ms), min(end, tape.until(now_ms) + 1)
            seconds = -(-(until - begin) // SECOND_MS)
            found.append(MarkKline(start, end, line.bar(begin, until), seconds))
        return found

    # -- funding ------------------------------------------------------------------------------

    def funding(self, symbol: str) -> Funding:
        """Return a symbol's funding."""
        self.tape(symbol)
        return self._funding[symbol]

    def set_funding(self, symbol: str, rate: Decimal | str) -> None:
        """Let the next funding be settled at *rate*, a fraction of the notional.

        Raises:
            ValueError: If the rate has more than eight decimals or is beyond ±2 %.
        """
        amount = _units(rate)
        if abs(amount) > CAP:
            raise ValueError(f"A funding rate of {rate} is beyond the cap of 2 %.")
        self.funding(symbol).set_next(amount, self.now_ms())

    def settled(self, symbol: str, first_ms: int, last_ms: int) -> list[Settlement]:
        """Return the settlements told in a time, both ends included."""
        tape = self.tape(symbol)
        first_ms, last_ms = max(first_ms, tape.first_ms + HOUR_MS), tape.until(last_ms)
        return self._funding[symbol].settled(first_ms, last_ms)

    def mark_at(self, symbol: str, time_ms: int) -> int:
        """Return the mark price of a moment that is not in the future, 10^-8 quote."""
        return self._marks[symbol].at(time_ms)


def _marks(path: PerpetualPath) -> Line:
    return Line(lambda block: [edge.mark for edge in path.edges(block)], path.listing.tick)


def _indices(path: PerpetualPath) -> Line:
    return Line(lambda block: [edge.spot for edge in path.edges(block)], 1)


def _units(amount: Decimal | str) -> int:
    """Return a number in 10^-8.

    Raises:
        ValueError: If it has more than eight decimals.
    """
    units = Decimal(amount) * UNIT
    if units % 1:
        raise ValueError(f"{amount} has more than eight decimals.")
    return int(units)
