"""What futures are asked over REST: their own paths, weights, limits and shapes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from engine.brackets import for_symbol, table
from engine.marks import FundingDue
from engine.model import Market
from market.binance import questions
from market.binance.feed import BinanceFuturesFeed, BinanceSpotFeed
from market.binance.hosts import FUTURES_HOSTS
from market.binance.limits import Timings
from market.binance.venue import FUTURES, HOUR_MS, SPOT
from market.errors import BadAnswer, TooOld
from tests.market.binance_script import FIRST_ID, START_MS, ScriptedExchange

SOL = "SOLUSDT"
MINUTE_MS = 60_000
DUE_MS = START_MS // MINUTE_MS * MINUTE_MS
CONTRACT = {
    "symbol": SOL,
    "pair": SOL,
    "contractType": "PERPETUAL",
    "deliveryDate": 4_133_404_800_000,
    "status": "TRADING",
    "maintMarginPercent": "2.5000",
    "baseAsset": "SOL",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.4200",
            "maxPrice": "6857",
            "tickSize": "0.0100",
        },
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "8000", "stepSize": "1"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDecimal": "4"},
    ],
}
QUARTERLY = {**CONTRACT, "symbol": "SOLUSDT_261225", "contractType": "CURRENT_QUARTER"}
COIN_MARGINED = {**CONTRACT, "symbol": "SOLUSD_PERP", "quoteAsset": "USD", "marginAsset": "SOL"}
SETTLING = {**CONTRACT, "symbol": "1000OLDUSDT", "status": "SETTLING"}
INFO = {
    "serverTime": 1,
    "rateLimits": [
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 1800,
        }
    ],
    "symbols": [CONTRACT, QUARTERLY, COIN_MARGINED, SETTLING],
}


class FuturesMarket(ScriptedExchange):
    """A futures market whose answers a test lays out by path."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {}
        self.refusal = lambda path: (
            web.json_response(self.answers[path]) if path in self.answers else None
        )

    def queries_of(self, path: str) -> list[dict[str, str]]:
        return [query for asked, query in self.queries if asked == path]


@pytest.fixture
async def exchange() -> AsyncIterator[FuturesMarket]:
    async with FuturesMarket() as exchange:
        yield exchange


@asynccontextmanager
async def feed_of(
    exchange: ScriptedExchange, **options: Any
) -> AsyncIterator[BinanceFuturesFeed]:
    feed = BinanceFuturesFeed([exchange.host], timings=Timings(retry_s=0.01), **options)
    try:
        yield feed
    finally:
        await feed.close()


def settlement(time_ms: int, rate: str = "0.00010000", **more: str) -> dict[str, Any]:
    return {"symbol": SOL, "fundingRate": rate, "fundingTime": time_ms, **more}


def candle(open_ms: int, price: str = "100") -> list[Any]:
    prices = [price, "102.5", "99", "101", "0"]
    return [open_ms, *prices, open_ms + MINUTE_MS - 1, "0", 60, "0", "0", "0"]


# -- trading rules ----------------------------------------------------------------------------


async def test_perpetual_contracts_settled_in_their_quote_are_read(
    exchange: FuturesMarket,
) -> None:
    exchange.answers["exchangeInfo"] = INFO
    async with feed_of(exchange) as feed:
        known = await feed.instruments([SOL, "1000OLDUSDT", "NOSUCHUSDT"])
        everything = await feed.instruments()

    sol = known[SOL]
    assert list(known) == [SOL, "1000OLDUSDT"]
    assert list(everything) == [SOL, "1000OLDUSDT"]
    assert (sol.market, sol.base, sol.quote) == (Market.FUTURES, "SOL", "USDT")
    assert (str(sol.tick), str(sol.step), str(sol.market_max_quantity)) == ("0.01", "1", "8000")
    assert sol.min_notional == Decimal(5)
    assert (sol.trading, known["1000OLDUSDT"].trading) == (True, False)
    assert exchange.queries_of("exchangeInfo") == [{}, {}]


async def test_margin_tables_are_the_traders_own_or_else_an_estimate(
    exchange: FuturesMarket,
) -> None:
    exchange.answers["exchangeInfo"] = INFO
    own = table([(Decimal(0), Decimal(1000), Decimal("0.02"), 25)])
    async with feed_of(exchange, brackets={SOL: own}) as feed:
        known = await feed.instruments()

    assert (known[SOL].brackets, known[SOL].brackets_estimated) == (own, False)
    assert known["1000OLDUSDT"].brackets == for_symbol("1000OLDUSDT")[0]
    assert known["1000OLDUSDT"].brackets_estimated


# -- funding ----------------------------------------------------------------------------------


async def test_settlements_are_told_once_each_on_the_minute(exchange: FuturesMarket) -> None:
    exchange.answers["fundingRate"] = [
        settlement(DUE_MS - 11, markPrice="99.5", rateType="FINAL"),
        settlement(DUE_MS + 18, "-0.00020000", markPrice="98"),
        settlement(DUE_MS + HOUR_MS + 3, "-0.00030000", markPrice="101.25"),
        settlement(DUE_MS + 2 * HOUR_MS, markPrice="102"),
    ]
    async with feed_of(exchange) as feed:
        fundings = await feed.fundings(SOL, DUE_MS, DUE_MS + 2 * HOUR_MS)

    assert fundings == [
        FundingDue(SOL, DUE_MS, Decimal("0.0001"), Decimal("99.5")),
        FundingDue(SOL, DUE_MS + HOUR_MS, Decimal("-0.0003"), Decimal("101.25")),
    ]
    [query] = exchange.queries_of("fundingRate")
    assert int(query["startTime"]) < DUE_MS
    assert query["symbol"] == SOL


@pytest.mark.parametrize("missing", [{}, {"markPrice": ""}])
async def test_a_settlement_without_a_mark_takes_the_open_of_its_minute(
    exchange: FuturesMarket, missing: dict[str, str]
) -> None:
    exchange.answers["fundingRate"] = [settlement(DUE_MS + 18, **missing)]
    exchange.answers["markPriceKlines"] = [candle(DUE_MS, "97.5")]
    async with feed_of(exchange) as feed:
        [due] = await feed.fundings(SOL, DUE_MS, DUE_MS + 1)

    assert (due.time_ms, due.mark) == (DUE_MS, Decimal("97.5"))
    [query] = exchange.queries_of("markPriceKlines")
    assert (query["startTime"], query["interval"]) == (str(DUE_MS), "1m")


@pytest.mark.parametrize(
    "row",
    [
        settlement(DUE_MS),  # nobody knows its mark price
        settlement(DUE_MS, "high", markPrice="99"),
        settlement(DUE_MS, "", markPrice="99"),
        settlement(DUE_MS, markPrice="-99"),
        {"symbol": SOL},
    ],
)
async def test_a_settlement_that_cannot_be_used_is_never_stepped_over(
    exchange: FuturesMarket, row: dict[str, Any]
) -> None:
    exchange.answers["fundingRate"] = [row]
    exchange.answers["markPriceKlines"] = [candle(DUE_MS + MINUTE_MS)]
    async with feed_of(exchange) as feed:
        with pytest.raises(BadAnswer):
            await feed.fundings(SOL, DUE_MS, DUE_MS + 1)


async def test_more_settlements_than_one_answer_holds_are_asked_for(
    exchange: FuturesMarket,
) -> None:
    dues = [DUE_MS + number * HOUR_MS for number in range(1500)]
    rows = [settlement(due + 5, markPrice="99") for due in dues]

    def page(path: str) -> web.Response | None:
        if path != "fundingRate":
            return None
        start_ms = int(exchange.queries[-1][1]["startTime"])
        return web.json_response([r for r in rows if r["fundingTime"] >= start_ms][:1000])

    exchange.refusal = page
    async with feed_of(exchange) as feed:
        fundings = await feed.fundings(SOL, DUE_MS, dues[-1] + 1)

    assert [due.time_ms for due in fundings] == dues
    assert len(exchange.queries_of("fundingRate")) == 2


async def test_only_unusual_intervals_of_funding_are_told(exchange: FuturesMarket) -> None:
    rows = [
        {"symbol": SOL, "fundingIntervalHours": 4, "adjustedFundingRateCap": "0.02"},
        {"symbol": "ODDUSDT", "fundingIntervalHours": 0},
    ]
    exchange.answers["fundingInfo"] = rows
    async with feed_of(exchange) as feed:
        assert await feed.funding_intervals() == {SOL: 4}


# -- candles and prints -----------------------------------------------------------------------


async def test_candles_of_the_mark_price_are_closed_ones(exchange: FuturesMarket) -> None:
    exchange.answers["markPriceKlines"] = [
        candle(DUE_MS - 2 * MINUTE_MS, "100.00000001"),
        candle(DUE_MS - MINUTE_MS),
        candle(DUE_MS),
    ]
    async with feed_of(exchange) as feed:
        found = await feed.mark_candles(SOL, "1m", DUE_MS - 2 * MINUTE_MS, DUE_MS + MINUTE_MS)

    assert [c.open_ms for c in found] == [DUE_MS - 2 * MINUTE_MS, DUE_MS - MINUTE_MS]
    assert found[0].open == Decimal("100.00000001")
    [query] = exchange.queries_of("markPriceKlines")
    assert query["limit"] == "4"


async def test_prints_of_the_past_are_asked_for_by_the_hour_then_by_id(
    exchange: FuturesMarket,
) -> None:
    quiet_ms, start_ms = 2 * HOUR_MS, START_MS - 5 * HOUR_MS
    rows: list[dict[str, Any]] = [
        {"a": FIRST_ID + number, "p": "100", "q": "1", "T": start_ms + quiet_ms + number * 3}
        for number in range(1500)
    ]

    def page(path: str) -> web.Response | None:
        if path != "aggTrades":
            return None
        query = exchange.queries[-1][1]
        if "fromId" in query:
            found = [row for row in rows if row["a"] >= int(query["fromId"])]
        else:
            times = range(int(query["startTime"]), int(query["endTime"]) + 1)
            found = [row for row in rows if row["T"] in times]
        return web.json_response(found[:1000])

    exchange.refusal = page
    async with feed_of(exchange) as feed:
        pages = [page async for page in feed.past_prints(SOL, start_ms, None)]

    asked = exchange.queries_of("aggTrades")
    spans = [int(q["endTime"]) - int(q["startTime"]) for q in asked if "startTime" in q]
    assert [len(page) for page in pages] == [1000, 500]
    assert [tick.trade_id for page in pages for tick in page][::1499] == [101, 1600]
    assert spans == [HOUR_MS - 1] * 3
    assert asked[-1].keys() == {"symbol", "fromId", "limit"}


async def test_prints_older_than_the_exchange_keeps_are_not_asked_for(
    exchange: FuturesMarket,
) -> None:
    async with feed_of(exchange) as feed:
        with pytest.raises(TooOld, match="48 hours"):
            await anext(feed.past_prints(SOL, START_MS - 49 * HOUR_MS, None))

    assert "aggTrades" not in exchange.asked


# -- figures of the day -----------------------------------------------------------------------


async def test_few_symbols_are_asked_for_one_by_one_and_many_at_once(
    exchange: FuturesMarket,
) -> None:
    ticker = {"symbol": SOL, "lastPrice": "100.5", "openPrice": "90", "quoteVolume": "7"}
    exchange.answers["ticker/24hr"] = ticker
    async with feed_of(exchange) as feed:
        rest = await feed._connector.any_rest()
        [few] = await questions.tickers(rest, [SOL])
        exchange.answers["ticker/24hr"] = [ticker, {**ticker, "symbol": "ODDUSDT"}]
        many = await questions.tickers(rest, [SOL, *(f"X{n}USDT" for n in range(10))])

    assert many == [few]
    assert exchange.queries_of("ticker/24hr") == [{"symbol": SOL}, {}]


# -- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "spot", "futures"),
    [(1, 2, 1), (99, 2, 1), (100, 2, 2), (499, 2, 2), (500, 2, 5), (1000, 2, 5)],
)
def test_candles_weigh_what_the_exchange_says(rows: int, spot: int, futures: int) -> None:
    assert SPOT.weights.of_candles(rows) == spot
    assert FUTURES.weights.of_candles(rows) == futures


async def test_the_budget_is_that_of_futures_until_the_exchange_names_its_own(
    exchange: FuturesMarket,
) -> None:
    exchange.answers["exchangeInfo"] = INFO
    async with feed_of(exchange) as feed:
        rest = await feed._connector.any_rest()
        at_first = rest.budget.per_minute
        await feed.instruments()

        assert (at_first, rest.budget.per_minute) == (2400, 1800)


# -- spot -------------------------------------------------------------------------------------


async def test_spot_has_no_funding_and_no_mark_price(exchange: FuturesMarket) -> None:
    feed = BinanceSpotFeed([exchange.host])

    assert await feed.fundings(SOL, 0, START_MS) == []
    assert await feed.mark_candles(SOL, "1m", 0, START_MS) == []
    assert await feed.funding_intervals() == {}
    assert exchange.asked == []


def test_futures_are_asked_at_their_own_host() -> None:
    assert [host.name for host in FUTURES_HOSTS] == ["fapi.binance.com"]
    assert FUTURES.hosts is FUTURES_HOSTS
