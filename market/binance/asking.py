"""What a desk asks Binance now and then: trading rules, candles, prints of the past.

The questions are loaded with the first one that is asked: a desk paints before it asks.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from engine.instrument import Bracket, Instrument
from engine.marks import FundingDue
from engine.model import Candle, Market, Tick
from market.binance.connector import Connector
from market.binance.rest import RestClient
from market.binance.venue import Venue
from market.clock import ExchangeClock


class Asking:
    """The questions of a `Feed`, put to whichever host answers."""

    def __init__(
        self,
        venue: Venue,
        connector: Connector,
        clock: ExchangeClock,
        brackets: Mapping[str, tuple[Bracket, ...]],
    ) -> None:
        self.frames = venue.frames
        self._futures = venue.market is Market.FUTURES
        self._hosts = connector
        self._time = clock
        self._brackets = brackets
        self._rules: dict[str, Instrument] = {}
        """Of all symbols, as they were read last."""

    async def instruments(
        self, symbols: Collection[str] | None = None
    ) -> dict[str, Instrument]:
        """Return trading rules by symbol; see `Feed.instruments`."""
        from market.binance import questions

        rules = await questions.instruments(await self._hosts.any_rest(), symbols)
        if self._futures:
            from market.binance.futures import with_brackets

            rules = {s: with_brackets(known, self._brackets) for s, known in rules.items()}
        if symbols is None:
            self._rules = rules
        return rules

    async def candles(self, symbol: str, timeframe: str, limit: int) -> list[Candle]:
        """Return the newest candles, at most 1000, oldest first; see `Feed.candles`."""
        from market.binance import questions

        rest = await self._rest_and_time()
        return await questions.candles(rest, symbol, timeframe, limit, self._time.now_ms())

    async def past_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        """Return closed candles that open in [start, end); see `Feed.past_candles`."""
        from market.binance import questions

        rest, now_ms = await self._rest_and_time(), self._time.now_ms()
        span = range(start_ms, end_ms)
        found = await questions.candles_since(rest, (symbol, timeframe), span, now_ms)
        return _settled(found, now_ms)

    async def mark_candles(
        self, symbol: str, timeframe: str, start_ms: int, end_ms: int
    ) -> list[Candle]:
        """Return closed candles of the mark price; see `Feed.mark_candles`."""
        if not self._futures:
            return []
        from market.binance import futures

        rest, now_ms = await self._rest_and_time(), self._time.now_ms()
        span = range(start_ms, end_ms)
        found = await futures.mark_candles(rest, (symbol, timeframe), span, now_ms)
        return _settled(found, now_ms)

    async def fundings(self, symbol: str, start_ms: int, end_ms: int) -> list[FundingDue]:
        """Return the settlements of funding due in [start, end); see `Feed.fundings`."""
        if not self._futures:
            return []
        from market.binance import futures

        return await futures.fundings(await self._hosts.any_rest(), symbol, start_ms, end_ms)

    async def funding_intervals(self) -> dict[str, int]:
        """Return hours between settlements where they are not 8; see `Feed`."""
        if not self._futures:
            return {}
        from market.binance import futures

        return await futures.funding_intervals(await self._hosts.any_rest())

    async def past_prints(
        self, symbol: str, start_ms: int, end_ms: int | None
    ) -> AsyncIterator[Sequence[Tick]]:
        """Yield all prints in [start, end), page by page; see `Feed.past_prints`."""
        from market.binance import questions

        rest, now_ms = await self._rest_and_time(), self._time.now_ms()
        page = await questions.prints_since(rest, symbol, start_ms, end_ms, now_ms)
        more = len(page) >= questions.PAGE
        while page:
            inside = [tick for tick in page if end_ms is None or tick.time_ms < end_ms]
            yield inside
            if not more or len(inside) < len(page):
                return
            page, more = await questions.prints_from(rest, symbol, page[-1].trade_id + 1)

    async def busiest(self, quote: str, count: int) -> list[str]:
        """Return the symbols with the largest 24h quote volume; see `Feed.busiest`."""
        from market.binance import questions

        rest = await self._hosts.any_rest()
        known = self._rules or await self.instruments()
        rows = [
            row
            for row in await questions.all_tickers(rest)
            if (rules := known.get(row.symbol)) and rules.quote == quote and rules.trading
        ]
        rows.sort(key=lambda row: row.quote_volume, reverse=True)
        return [row.symbol for row in rows[:count]]

    async def _rest_and_time(self) -> RestClient:
        """Return a host whose clock is known: it decides which candles are closed."""
        from market.binance import questions

        rest = await self._hosts.any_rest()
        if not self._time.synced:
            self._time.observe(await questions.server_time(rest))
        return rest


def _settled(candles: Sequence[Candle], now_ms: int) -> list[Candle]:
    from market.binance.rows import SETTLED_AFTER_MS

    return [candle for candle in candles if candle.close_ms < now_ms - SETTLED_AFTER_MS]
