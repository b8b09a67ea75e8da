from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.money import on_grid
from market.simulator import SimulatedExchange, SimulatorServer
from tests.market.simulation import START_MS, rest, stopped_market

MINUTE_MS = 60_000


async def ask(path: str, market: SimulatedExchange | None = None) -> Any:
    async with SimulatorServer(market or stopped_market()[0]) as server, rest(server) as client:
        response = await client.get(path)
        assert response.status_code == 200, response.text
        return response.json()


async def test_ping_time_and_headers_are_binance_s() -> None:
    async with SimulatorServer(stopped_market()[0]) as server, rest(server) as client:
        ping, now = await client.get("ping"), await client.get("time")

    assert ping.text == "{}"
    assert ping.headers["content-type"] == "application/json;charset=UTF-8"
    assert now.text == f'{{"serverTime":{START_MS}}}'


async def test_exchange_info_lists_each_symbol_with_its_rules() -> None:
    info = await ask("exchangeInfo")

    assert len(info["symbols"]) >= 40
    for row in info["symbols"]:
        filters = {f["filterType"]: f for f in row["filters"]}
        assert row["filters"][0]["filterType"] == "PRICE_FILTER"
        assert {"LOT_SIZE", "MARKET_LOT_SIZE", "NOTIONAL"} <= filters.keys()
        assert row["symbol"] == row["baseAsset"] + row["quoteAsset"]
    by_name = {row["symbol"]: row for row in info["symbols"]}
    assert by_name["BTCUSDT"]["filters"][0]["tickSize"] == "0.01000000"
    assert by_name["PEPEUSDT"]["filters"][0]["tickSize"] == "0.00000001"
    assert by_name["LUNCUSDT"]["status"] == "BREAK"
    assert by_name["ETHBTC"]["quoteAsset"] == "BTC"
    assert "币安人生USDT" in by_name


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("symbol=BTCUSDT", ["BTCUSDT"]),
        ('symbols=["ETHBTC","BTCUSDT"]', ["ETHBTC", "BTCUSDT"]),
        ("symbols=%5B%22ETHBTC%22%5D", ["ETHBTC"]),
        ('symbols=["币安人生USDT"]', ["币安人生USDT"]),
        ("symbolStatus=BREAK", ["LUNCUSDT"]),
    ],
)
async def test_exchange_info_can_be_narrowed(query: str, symbols: list[str]) -> None:
    info = await ask(f"exchangeInfo?{query}")

    assert [row["symbol"] for row in info["symbols"]] == symbols


async def test_klines_are_rows_of_twelve_the_last_one_open() -> None:
    rows = await ask("klines?symbol=BTCUSDT&interval=1m&limit=3")

    assert [len(row) for row in rows] == [12, 12, 12]
    assert rows[-1][0] == START_MS // MINUTE_MS * MINUTE_MS
    assert rows[-1][6] == rows[-1][0] + MINUTE_MS - 1 > START_MS
    assert isinstance(rows[0][1], str)
    assert isinstance(rows[0][8], int)


async def test_klines_equal_the_folded_agg_trades() -> None:
    market, _ = stopped_market()
    async with SimulatorServer(market) as server, rest(server) as client:
        query = "symbol=DOGEUSDT&startTime={}&endTime={}&limit=1000"
        window = query.format(START_MS - 9 * MINUTE_MS, START_MS)
        klines = (await client.get(f"klines?interval=3m&{window}")).json()
        for row in klines:
            span = query.format(row[0], row[6])
            trades = (await client.get(f"aggTrades?{span}")).json()
            prices = [Decimal(one["p"]) for one in trades]
            values = [Decimal(one["p"]) * Decimal(one["q"]) for one in trades]
            bought = [Decimal(one["q"]) for one in trades if not one["m"]]

            assert [Decimal(text) for text in row[1:5]] == [
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
            ]
            assert Decimal(row[5]) == sum(Decimal(one["q"]) for one in trades)
            assert Decimal(row[7]) == sum(values)
            assert row[8] == len(trades)
            assert Decimal(row[9]) == sum(bought)
    assert len(klines) == 3


async def test_klines_from_the_beginning_of_time_begin_with_the_first_candle() -> None:
    [first] = await ask("klines?symbol=BTCUSDT&interval=1d&startTime=0&limit=1")
    all_days = await ask("klines?symbol=BTCUSDT&interval=1d&limit=1000")

    assert first == all_days[0]


@pytest.mark.parametrize(
    ("query", "opens"),
    [
        ("startTime={0}", [0, 1, 2, 3]),
        ("endTime={1}&limit=2", [0, 1]),
        ("startTime={0}&endTime={2}&limit=2", [0, 1]),
        ("startTime={0}000&limit=1", [0]),  # microseconds
        ("startTime=99999999999999999999", []),
        ("endTime=0", []),
    ],
)
async def test_kline_windows_follow_binance_s_rules(query: str, opens: list[int]) -> None:
    base = START_MS // MINUTE_MS * MINUTE_MS - 3 * MINUTE_MS
    moments = [base + i * MINUTE_MS for i in range(4)]

    rows = await ask("klines?symbol=BTCUSDT&interval=1m&" + query.format(*moments))

    assert [row[0] for row in rows] == [moments[i] for i in opens]


async def test_agg_trades_page_by_id_without_holes() -> None:
    market, _ = stopped_market()
    last = market.last_print("BTCUSDT").trade_id
    async with SimulatorServer(market) as server, rest(server) as client:
        first_page = await client.get(
            f"aggTrades?symbol=BTCUSDT&fromId={last - 1_500}&limit=1000"
        )
        ids = [one["a"] for one in first_page.json()]
        rest_page = await client.get(
            f"aggTrades?symbol=BTCUSDT&fromId={ids[-1] + 1}&limit=1000"
        )
        ids += [one["a"] for one in rest_page.json()]
        newest = await client.get("aggTrades?symbol=BTCUSDT&limit=1")
        beyond = await client.get(f"aggTrades?symbol=BTCUSDT&fromId={last + 1}")

    assert ids == list(range(last - 1_500, last + 1))
    assert newest.json()[0]["a"] == last
    assert beyond.json() == []


async def test_agg_trades_by_time_are_the_oldest_of_the_window() -> None:
    start, end = START_MS - 5 * MINUTE_MS, START_MS - 2 * MINUTE_MS

    rows = await ask(f"aggTrades?symbol=BTCUSDT&startTime={start}&endTime={end}&limit=50")

    times = [one["T"] for one in rows]
    assert len(rows) == 50
    assert times == sorted(times)
    assert start <= times[0] < start + 3_000


async def test_a_symbol_that_is_down_keeps_its_last_price() -> None:
    price = await ask("ticker/price?symbol=LUNCUSDT")
    trades = await ask("aggTrades?symbol=LUNCUSDT&limit=1")
    klines = await ask("klines?symbol=LUNCUSDT&interval=1h&limit=1")

    assert price["price"] == trades[0]["p"] == klines[0][4]
    assert trades[0]["T"] < START_MS - 86_400_000


async def test_tickers_come_single_listed_or_all() -> None:
    market, _ = stopped_market()
    async with SimulatorServer(market) as server, rest(server) as client:
        one = (await client.get("ticker/24hr?symbol=BTCUSDT")).json()
        two = (await client.get('ticker/bookTicker?symbols=["BTCUSDT","PEPEUSDT"]')).json()
        everything = (await client.get("ticker/price")).json()
        mini = (await client.get("ticker/24hr?type=MINI&symbol=BTCUSDT")).json()
        hour = (await client.get("ticker?symbol=BTCUSDT&windowSize=1h")).json()

    assert one["symbol"] == "BTCUSDT"
    assert Decimal(one["lowPrice"]) <= Decimal(one["lastPrice"]) <= Decimal(one["highPrice"])
    assert [row["symbol"] for row in two] == ["BTCUSDT", "PEPEUSDT"]
    assert Decimal(two[1]["bidPrice"]) < Decimal(two[1]["askPrice"])
    assert len(everything) == len(market.symbols)
    assert mini.items() <= one.items()
    assert hour["lastPrice"] == one["lastPrice"]
    assert hour["count"] < one["count"]


async def test_the_book_the_average_and_raw_trades_agree_with_the_last_price() -> None:
    market, _ = stopped_market()
    async with SimulatorServer(market) as server, rest(server) as client:
        depth = (await client.get("depth?symbol=SOLUSDT&limit=5")).json()
        touch = (await client.get("ticker/bookTicker?symbol=SOLUSDT")).json()
        [trade] = (await client.get("trades?symbol=SOLUSDT&limit=1")).json()
        average = (await client.get("avgPrice?symbol=SOLUSDT")).json()

    assert depth["bids"][0] == [touch["bidPrice"], touch["bidQty"]]
    assert [Decimal(p) for p, _ in depth["asks"]] == sorted(
        Decimal(p) for p, _ in depth["asks"]
    )
    assert trade["price"] in (touch["bidPrice"], touch["askPrice"])
    assert average["mins"] == 5
    assert average["closeTime"] == trade["time"]


async def test_every_price_and_quantity_lies_on_its_grid() -> None:
    market, _ = stopped_market()
    async with SimulatorServer(market) as server, rest(server) as client:
        info = (await client.get("exchangeInfo")).json()
        for row in info["symbols"]:
            filters = {f["filterType"]: f for f in row["filters"]}
            params: dict[str, str | int] = {"symbol": row["symbol"], "limit": 20}
            for one in (await client.get("aggTrades", params=params)).json():
                assert on_grid(Decimal(one["p"]), Decimal(filters["PRICE_FILTER"]["tickSize"]))
                assert on_grid(Decimal(one["q"]), Decimal(filters["LOT_SIZE"]["stepSize"]))
                assert Decimal(one["p"]) > 0
                assert Decimal(one["q"]) > 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("klines?symbol=NOSUCH&interval=1m", -1121),
        ('exchangeInfo?symbols=["BTCUSDT","NOSUCH"]', -1121),
        ("klines?symbol=BTCUSDT&interval=7m", -1120),
        ("klines?symbol=btcusdt&interval=1m", -1100),
        ("klines?symbol=BTCUSDT&interval=1m&limit=many", -1100),
        ("klines?symbol=BTCUSDT&interval=1m&startTime=-5", -1100),
        ("ticker/price?symbols=BTCUSDT", -1100),
        ("ticker?symbol=BTCUSDT&windowSize=90m", -1100),
        ("klines?interval=1m", -1102),
        ("klines?symbol=BTCUSDT", -1102),
        ("aggTrades?symbol=", -1102),
        ("ticker", -1102),
        ("aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", -1128),
        ("ticker/price?symbol=BTCUSDT&symbols=%5B%5D", -1128),
        ("klines?symbol=BTCUSDT&interval=1m&limit=0", -1130),
        ("ticker/price?symbol=LUNCUSDT&symbolStatus=TRADING", -1220),
    ],
)
async def test_a_wrong_question_is_refused_with_binance_s_code(query: str, code: int) -> None:
    async with SimulatorServer(stopped_market()[0]) as server, rest(server) as client:
        response = await client.get(query)

    assert response.status_code == 400
    assert response.json()["code"] == code
    assert response.json()["msg"]


@pytest.mark.parametrize(
    "path", ["/api/v3/nothing", "/api/v1/klines", "/", "/fapi/v1/nothing", "/fapi/v2/klines"]
)
async def test_an_unknown_path_is_not_found(path: str) -> None:
    async with (
        SimulatorServer(stopped_market()[0]) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        response = await client.get(server.rest_url + path)

    assert response.status_code == 404


async def test_any_prefix_may_stand_before_the_paths() -> None:
    async with (
        SimulatorServer(stopped_market()[0]) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        response = await client.get(server.rest_url + "/proxy/eu/api/v3/ping")

    assert response.text == "{}"


# -- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("ping", 1),
        ("exchangeInfo?symbol=BTCUSDT", 20),
        ("klines?symbol=BTCUSDT&interval=1m&limit=1", 2),
        ("aggTrades?symbol=BTCUSDT&limit=1", 4),
        ("trades?symbol=BTCUSDT&limit=1", 25),
        ("ticker/price?symbol=BTCUSDT", 2),
        ("ticker/price", 4),
        ("ticker/24hr?symbol=BTCUSDT", 2),
        ('ticker/24hr?symbols=["BTCUSDT","ETHBTC"]', 2),
        ("ticker/24hr", 80),
        ('ticker?symbols=["BTCUSDT","ETHBTC"]&windowSize=1m', 8),
        ("depth?symbol=BTCUSDT&limit=100", 5),
        ("depth?symbol=BTCUSDT&limit=500", 25),
        ("klines?symbol=NOSUCH&interval=1m", 2),
    ],
)
async def test_every_request_has_binance_s_weight(query: str, weight: int) -> None:
    async with SimulatorServer(stopped_market()[0]) as server, rest(server) as client:
        response = await client.get(query)

    assert response.headers["x-mbx-used-weight-1m"] == str(weight)
    assert response.headers["x-mbx-used-weight"] == str(weight)
