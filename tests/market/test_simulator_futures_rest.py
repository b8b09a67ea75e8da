"""The futures paths of the simulated exchange, asked by a real HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.money import on_grid
from market.simulator import Limits, SimulatedExchange, SimulatorServer
from market.simulator.futures_rest import FUNDING_REQUESTS, FuturesApi
from market.simulator.query import Refused
from tests.market.simulation import START_MS, rest, stopped_market

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@asynccontextmanager
async def futures(market: SimulatedExchange | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        SimulatorServer(market or stopped_market()[0]) as server,
        httpx.AsyncClient(base_url=server.rest_url + "/fapi/v1/", trust_env=False) as client,
    ):
        yield client


async def ask(path: str, market: SimulatedExchange | None = None) -> Any:
    async with futures(market) as client:
        response = await client.get(path)
        assert response.status_code == 200, response.text
        return response.json()


# -- symbols ----------------------------------------------------------------------------------


async def test_exchange_info_lists_perpetuals_with_their_own_rules() -> None:
    info = await ask("exchangeInfo")

    by_name = {row["symbol"]: row for row in info["symbols"]}
    for row in info["symbols"]:
        filters = {f["filterType"]: f for f in row["filters"]}
        assert row["contractType"] == "PERPETUAL"
        assert row["deliveryDate"] == 4_133_404_800_000
        assert row["symbol"] == row["pair"] == row["baseAsset"] + row["quoteAsset"]
        assert {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"} <= filters.keys()
        assert "minNotional" not in filters["MIN_NOTIONAL"]
        assert Decimal(filters["MIN_NOTIONAL"]["notional"]) >= 5
    assert by_name["BTCUSDT"]["filters"][0]["tickSize"] == "0.10"
    assert by_name["BTCUSDT"]["pricePrecision"] == 2
    assert by_name["1000PEPEUSDT"]["baseAsset"] == "1000PEPE"
    assert by_name["1000LUNCUSDT"]["status"] == "SETTLING"
    [weight] = [one for one in info["rateLimits"] if one["rateLimitType"] == "REQUEST_WEIGHT"]
    assert weight["limit"] == 2_400


async def test_the_time_in_exchange_info_is_old_and_that_of_time_is_not() -> None:
    info, now = await ask("exchangeInfo"), await ask("time")

    assert info["serverTime"] < START_MS - 10 * MINUTE_MS
    assert now == {"serverTime": START_MS}


async def test_every_price_and_quantity_of_futures_lies_on_its_grid() -> None:
    async with futures() as client:
        for row in (await client.get("exchangeInfo")).json()["symbols"]:
            filters = {f["filterType"]: f for f in row["filters"]}
            params: dict[str, str | int] = {"symbol": row["symbol"], "limit": 5}
            for one in (await client.get("trades", params=params)).json():
                assert on_grid(
                    Decimal(one["price"]), Decimal(filters["PRICE_FILTER"]["tickSize"])
                )
                assert on_grid(Decimal(one["qty"]), Decimal(filters["LOT_SIZE"]["stepSize"]))


# -- prints and candles -----------------------------------------------------------------------


async def test_spot_and_futures_of_one_name_are_two_symbols() -> None:
    async with SimulatorServer(stopped_market()[0]) as server, rest(server) as spot:
        mine = (await spot.get("aggTrades?symbol=BTCUSDT&limit=1")).json()
        other = (
            await spot.get(server.rest_url + "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1")
        ).json()

    assert mine[0]["a"] != other[0]["a"]
    assert mine[0].keys() - other[0].keys() == {"M"}
    assert other[0].keys() - mine[0].keys() == {"nq"}


async def test_futures_klines_equal_the_folded_agg_trades() -> None:
    async with futures() as client:
        start, end = START_MS - 4 * MINUTE_MS - 30_000, START_MS - 30_001
        window = f"symbol=1000PEPEUSDT&startTime={start}&endTime={end}&limit=1000"
        klines = (await client.get(f"klines?interval=1m&{window}")).json()
        trades = (await client.get(f"aggTrades?{window}")).json()

    assert len(klines) == 4
    for row in klines:
        inside = [one for one in trades if row[0] <= one["T"] <= row[6]]
        prices = [Decimal(one["p"]) for one in inside]
        assert [Decimal(text) for text in row[1:5]] == [
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        ]
        assert Decimal(row[5]) == sum(Decimal(one["q"]) for one in inside)
        assert row[8] == len(inside)


async def test_futures_klines_come_in_pages_of_up_to_1500() -> None:
    rows = await ask("klines?symbol=BTCUSDT&interval=1m&limit=9999")

    assert len(rows) == 1_500


async def test_agg_trades_by_id_reach_back_48_hours_without_holes() -> None:
    market, _ = stopped_market()
    oldest = market.futures.tape("BTCUSDT").first_id_since(START_MS - 48 * HOUR_MS)
    async with futures(market) as client:
        page = await client.get(f"aggTrades?symbol=BTCUSDT&fromId={oldest}&limit=1000")
        refused = await client.get(f"aggTrades?symbol=BTCUSDT&fromId={oldest - 1}")

    assert [one["a"] for one in page.json()] == list(range(oldest, oldest + 1_000))
    assert (refused.status_code, refused.json()["code"]) == (400, -1127)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("klines?symbol=NOSUCH&interval=1m", 400, -1121),
        ("klines?symbol=PEPEUSDT&interval=1m", 400, -1121),
        ("klines?symbol=BTCUSDT&interval=1s", 400, -1120),
        ("klines?symbol=BTCUSDT", 400, -1102),
        ("klines?symbol=1000LUNCUSDT&interval=1m", 400, -1122),
        ("markPriceKlines?symbol=1000LUNCUSDT&interval=1m", 400, -1122),
        ("indexPriceKlines?interval=1m", 400, -1102),
        ("premiumIndex?symbol=NOSUCH", 400, -1121),
        ("fundingRate?symbol=NOSUCH", 400, -1121),
        ("aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", 400, -1128),
        (f"aggTrades?symbol=BTCUSDT&startTime={START_MS - 49 * HOUR_MS}", 400, -1127),
        (
            f"aggTrades?symbol=BTCUSDT&startTime={START_MS - 2 * HOUR_MS}&endTime={START_MS}",
            400,
            -1127,
        ),
        ("leverageBracket", 401, -2014),
        ("leverageBracket?symbol=BTCUSDT&timestamp=1&signature=ab", 400, -1022),
    ],
)
async def test_a_wrong_question_about_futures_is_refused_with_binance_s_code(
    query: str, status: int, code: int
) -> None:
    async with futures() as client:
        response = await client.get(query)

    assert response.status_code == status
    assert response.json()["code"] == code
    assert response.json()["msg"]


# -- mark prices and funding ------------------------------------------------------------------


async def test_mark_price_candles_agree_with_the_premium_index() -> None:
    async with futures() as client:
        told = (await client.get("premiumIndex?symbol=ETHUSDT")).json()
        rows = (await client.get("markPriceKlines?symbol=ETHUSDT&interval=1m&limit=3")).json()
        index = (await client.get("indexPriceKlines?pair=ETHUSDT&interval=1m&limit=1")).json()
        last = (await client.get("ticker/price?symbol=ETHUSDT")).json()

    assert [len(row) for row in rows] == [12, 12, 12]
    assert rows[-1][4] == told["markPrice"]
    assert index[-1][4] == told["indexPrice"]
    assert Decimal(told["markPrice"]) != Decimal(last["price"])
    assert told["time"] == START_MS
    assert told["nextFundingTime"] % (8 * HOUR_MS) == 0


async def test_funding_history_ascends_and_is_limited_from_its_end_or_its_start() -> None:
    async with futures() as client:
        every = (await client.get("fundingRate?symbol=BTCUSDT&limit=1000")).json()
        newest = (await client.get("fundingRate?symbol=BTCUSDT&limit=2")).json()
        since = every[-5]["fundingTime"]
        first = (
            await client.get(f"fundingRate?symbol=BTCUSDT&startTime={since}&limit=2")
        ).json()
        window = (
            await client.get(f"fundingRate?symbol=BTCUSDT&startTime={since}&endTime={since}")
        ).json()
        all_symbols = (await client.get("fundingRate")).json()

    times = [row["fundingTime"] for row in every]
    assert times == sorted(times)
    assert times[-1] <= START_MS
    assert newest == every[-2:]
    assert first == every[-5:-3]
    assert window == [every[-5]]
    assert len(all_symbols) == 200
    assert len({row["symbol"] for row in all_symbols}) > 20


async def test_only_unusual_intervals_are_told_of() -> None:
    rows = await ask("fundingInfo")

    hours = {row["symbol"]: row["fundingIntervalHours"] for row in rows}
    assert set(hours.values()) == {4, 1}
    assert hours["WIFUSDT"] == 1
    assert "BTCUSDT" not in hours


def test_too_many_questions_about_funding_are_refused_though_they_weigh_nothing() -> None:
    api = FuturesApi(stopped_market()[0].futures, 2_400)
    for _ in range(FUNDING_REQUESTS):
        api.answer("fundingInfo", {})

    with pytest.raises(Refused) as refused:
        api.answer("fundingRate", {"symbol": "BTCUSDT"})

    assert (refused.value.status, refused.value.code) == (429, -1003)
    assert api.weight("fundingRate", {}) == 0


# -- tickers and weights ----------------------------------------------------------------------


async def test_futures_tickers_come_single_or_all_and_tell_their_time() -> None:
    market, _ = stopped_market()
    async with futures(market) as client:
        one = (await client.get("ticker/24hr?symbol=BTCUSDT")).json()
        touch = (await client.get("ticker/bookTicker?symbol=BTCUSDT")).json()
        everything = (await client.get("ticker/price")).json()
        depth = (await client.get("depth?symbol=BTCUSDT&limit=5")).json()

    assert Decimal(one["lowPrice"]) <= Decimal(one["lastPrice"]) <= Decimal(one["highPrice"])
    assert "bidPrice" not in one
    assert touch["time"] == START_MS
    assert depth["bids"][0] == [touch["bidPrice"], touch["bidQty"]]
    assert (depth["E"], depth["T"]) == (START_MS, START_MS)
    assert {row["symbol"] for row in everything} == set(market.futures.symbols)
    assert all("time" in row for row in everything)


async def test_the_price_has_a_second_version_and_nothing_else_does() -> None:
    async with SimulatorServer(stopped_market()[0]) as server, rest(server) as client:
        price = await client.get(server.rest_url + "/fapi/v2/ticker/price?symbol=BTCUSDT")
        klines = await client.get(server.rest_url + "/fapi/v2/klines?symbol=BTCUSDT")

    assert price.json()["symbol"] == "BTCUSDT"
    assert klines.status_code == 404


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("ping", 1),
        ("exchangeInfo", 1),
        ("klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("klines?symbol=BTCUSDT&interval=1m&limit=499", 2),
        ("klines?symbol=BTCUSDT&interval=1m", 5),
        ("markPriceKlines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("aggTrades?symbol=BTCUSDT&limit=1", 20),
        ("ticker/24hr?symbol=BTCUSDT", 1),
        ("ticker/24hr", 40),
        ("ticker/bookTicker", 5),
        ("premiumIndex?symbol=BTCUSDT", 1),
        ("premiumIndex", 10),
        ("fundingRate?symbol=BTCUSDT", 0),
        ("depth?symbol=BTCUSDT", 10),
    ],
)
async def test_every_request_about_futures_has_binance_s_weight(
    query: str, weight: int
) -> None:
    async with futures() as client:
        response = await client.get(query)

    assert response.headers["x-mbx-used-weight-1m"] == str(weight)


async def test_spot_and_futures_have_budgets_of_their_own() -> None:
    limits = Limits(futures_weight_per_minute=10)
    async with (
        SimulatorServer(stopped_market()[0], limits=limits) as server,
        rest(server) as client,
    ):
        path = server.rest_url + "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1"
        limited = await client.get(path)
        spot = await client.get("ping")

    assert limited.status_code == 429
    assert limited.headers["retry-after"]
    assert "2400" not in limited.json()["msg"]
    assert (spot.status_code, spot.headers["x-mbx-used-weight-1m"]) == (200, "1")
    assert dict(server.requests) == {"fapi/aggTrades": 1, "ping": 1}
