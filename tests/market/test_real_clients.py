"""Other people's Binance clients, unmodified but for the address, against the simulator."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from market.simulator import SimulatedExchange, SimulatorServer

# python-binance imports the deprecated client of websockets.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.*:DeprecationWarning")


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(SimulatedExchange(speed=120.0)) as running:
        yield running


async def ccxt_client(server: SimulatorServer) -> Any:
    import ccxt.pro

    client = ccxt.pro.binance({"options": {"fetchMarkets": {"types": ["spot"]}}})
    client.urls["api"]["public"] = server.rest_url + "/api/v3"
    # ccxt takes a stream's address for one of futures unless it contains `/stream`.
    client.urls["api"]["ws"]["spot"] = server.stream_url + "/streams/ws"
    return client


async def test_ccxt_reads_markets_tickers_candles_and_trades(server: SimulatorServer) -> None:
    client = await ccxt_client(server)
    try:
        markets = await client.load_markets()
        ticker = await client.fetch_ticker("BTC/USDT")
        tickers = await client.fetch_tickers(["BTC/USDT", "PEPE/USDT"])
        candles = await client.fetch_ohlcv("BTC/USDT", "1m", limit=50)
        trades = await client.fetch_trades("ETH/BTC", limit=20)
        book = await client.fetch_order_book("BTC/USDT", limit=5)
    finally:
        await client.close()

    assert markets["BTC/USDT"]["precision"]["price"] == 0.01
    assert markets["PEPE/USDT"]["limits"]["cost"]["min"] == 5
    assert not markets["LUNC/USDT"]["active"]
    assert ticker["bid"] < ticker["ask"]
    assert tickers.keys() == {"BTC/USDT", "PEPE/USDT"}
    assert len(candles) == 50
    assert all(low <= close <= high for _, _, high, low, close, _ in candles)
    assert len(trades) == 20
    assert book["bids"][0][0] < book["asks"][0][0]


async def test_ccxt_pro_watches_every_kind_of_stream(server: SimulatorServer) -> None:
    client = await ccxt_client(server)
    try:
        async with asyncio.timeout(5):
            trades = await client.watch_trades("ETH/USDT")
            ticker = await client.watch_ticker("BTC/USDT")
            candles = await client.watch_ohlcv("SOL/USDT", "1m")
            touch = await client.watch_bids_asks(["BTC/USDT"])
    finally:
        await client.close()

    assert trades[-1]["price"] > 0
    assert ticker["symbol"] == "BTC/USDT"
    assert candles[-1][4] > 0
    assert touch["BTC/USDT"]["bid"] < touch["BTC/USDT"]["ask"]


async def ccxt_futures_client(server: SimulatorServer) -> Any:
    import ccxt.pro

    options = {"fetchMarkets": {"types": ["linear"]}, "defaultType": "swap"}
    client = ccxt.pro.binance({"options": options})
    client.urls["api"]["fapiPublic"] = server.rest_url + "/fapi/v1"
    client.urls["api"]["fapiPublicV2"] = server.rest_url + "/fapi/v2"
    client.urls["api"]["ws"]["linear"] = server.stream_url + "/f/ws"
    return client


async def test_ccxt_reads_perpetuals_mark_prices_and_funding(server: SimulatorServer) -> None:
    client, symbol = await ccxt_futures_client(server), "BTC/USDT:USDT"
    try:
        markets = await client.load_markets()
        ticker = await client.fetch_ticker(symbol)
        candles = await client.fetch_ohlcv(symbol, "1m", limit=50)
        marks = await client.fetch_mark_ohlcv(symbol, "1m", limit=5)
        trades = await client.fetch_trades(symbol, limit=20)
        book = await client.fetch_order_book(symbol, limit=5)
        rate = await client.fetch_funding_rate(symbol)
        history = await client.fetch_funding_rate_history(symbol, limit=3)
        intervals = await client.fetch_funding_intervals(["WIF/USDT:USDT"])
    finally:
        await client.close()

    pepe = markets["1000PEPE/USDT:USDT"]
    assert (pepe["id"], pepe["linear"], pepe["contract"]) == ("1000PEPEUSDT", True, True)
    assert markets[symbol]["precision"]["price"] == 0.1
    assert markets[symbol]["limits"]["cost"]["min"] == 50
    assert not markets["1000LUNC/USDT:USDT"]["active"]
    assert ticker["last"] > 0
    assert len(candles) == 50
    assert len(marks) == 5
    assert len(trades) == 20
    assert book["bids"][0][0] < book["asks"][0][0]
    assert rate["markPrice"] > 0
    assert rate["fundingTimestamp"] > history[-1]["timestamp"]
    assert len(history) == 3
    assert intervals["WIF/USDT:USDT"]["interval"] == "1h"


async def test_ccxt_pro_watches_streams_of_futures(server: SimulatorServer) -> None:
    client, symbol = await ccxt_futures_client(server), "BTC/USDT:USDT"
    try:
        async with asyncio.timeout(5):
            trades = await client.watch_trades(symbol)
            ticker = await client.watch_ticker(symbol)
            candles = await client.watch_ohlcv(symbol, "1m")
            touch = await client.watch_bids_asks([symbol])
            mark = await client.watch_mark_price(symbol)
    finally:
        await client.close()

    assert trades[-1]["price"] > 0
    assert ticker["symbol"] == symbol
    assert candles[-1][4] > 0
    assert touch[symbol]["bid"] < touch[symbol]["ask"]
    assert mark["markPrice"] > 0


async def binance_client(server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    from binance import AsyncClient, BinanceSocketManager
    from binance.base_client import BaseClient

    monkeypatch.setattr(BaseClient, "API_URL", server.rest_url + "/api")
    monkeypatch.setattr(BaseClient, "FUTURES_URL", server.rest_url + "/fapi")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", server.stream_url + "/")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", server.stream_url + "/")
    return await AsyncClient.create()


async def test_python_binance_reads_symbols_tickers_candles_and_trades(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await binance_client(server, monkeypatch)
    try:
        info = await client.get_symbol_info("PEPEUSDT")
        price = await client.get_symbol_ticker(symbol="BTCUSDT")
        day = await client.get_ticker(symbol="BTCUSDT")
        candles = await client.get_klines(symbol="BTCUSDT", interval="1m", limit=20)
        history = await client.get_historical_klines("BTCUSDT", "1h", "2 days ago UTC")
        trades = await client.get_aggregate_trades(symbol="BTCUSDT", limit=10)
    finally:
        await client.close_connection()

    assert info["filters"][0]["tickSize"] == "0.00000001"
    assert Decimal(price["price"]) > 0
    assert Decimal(day["lowPrice"]) <= Decimal(day["highPrice"])
    assert len(candles) == 20
    assert len(history) >= 48
    assert [t["a"] for t in trades] == list(range(trades[0]["a"], trades[0]["a"] + 10))


async def test_python_binance_hears_every_kind_of_stream(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from binance import BinanceSocketManager

    client = await binance_client(server, monkeypatch)
    manager = BinanceSocketManager(client)
    heard = []
    try:
        async with asyncio.timeout(5):
            for socket in (
                manager.aggtrade_socket("BTCUSDT"),
                manager.kline_socket("BTCUSDT", "1m"),
                manager.symbol_book_ticker_socket("BTCUSDT"),
                manager.miniticker_socket(),
                manager.multiplex_socket(["btcusdt@aggTrade", "ethusdt@aggTrade"]),
            ):
                async with socket as stream:
                    heard.append(await stream.recv())
    finally:
        await client.close_connection()

    trade, candle, touch, market, combined = heard
    assert (trade["e"], trade["s"]) == ("aggTrade", "BTCUSDT")
    assert candle["k"]["i"] == "1m"
    assert Decimal(touch["b"]) < Decimal(touch["a"])
    assert len(market) > 10
    assert combined["stream"] in {"btcusdt@aggTrade", "ethusdt@aggTrade"}


async def test_python_binance_reads_futures_mark_prices_and_funding(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await binance_client(server, monkeypatch)
    try:
        info = await client.futures_exchange_info()
        price = await client.futures_symbol_ticker(symbol="BTCUSDT")
        day = await client.futures_ticker(symbol="BTCUSDT")
        candles = await client.futures_klines(symbol="1000PEPEUSDT", interval="1m", limit=20)
        history = await client.futures_historical_klines("BTCUSDT", "1h", "2 days ago UTC")
        marks = await client.futures_mark_price_klines(symbol="BTCUSDT", interval="1m", limit=4)
        trades = await client.futures_aggregate_trades(symbol="BTCUSDT", limit=10)
        premium = await client.futures_mark_price(symbol="BTCUSDT")
        rates = await client.futures_funding_rate(symbol="BTCUSDT", limit=3)
        touch = await client.futures_orderbook_ticker(symbol="BTCUSDT")
    finally:
        await client.close_connection()

    assert {row["contractType"] for row in info["symbols"]} == {"PERPETUAL"}
    assert Decimal(price["price"]) > 0
    assert Decimal(day["lowPrice"]) <= Decimal(day["highPrice"])
    assert len(candles) == 20
    assert len(history) >= 48
    assert len(marks) == 4
    assert [t["a"] for t in trades] == list(range(trades[0]["a"], trades[0]["a"] + 10))
    assert Decimal(premium["markPrice"]) > 0
    assert [row["symbol"] for row in rates] == ["BTCUSDT"] * 3
    assert Decimal(touch["bidPrice"]) < Decimal(touch["askPrice"])


async def test_python_binance_hears_streams_of_futures(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from binance import BinanceSocketManager

    client = await binance_client(server, monkeypatch)
    manager = BinanceSocketManager(client)
    heard = []
    try:
        async with asyncio.timeout(5):
            for socket in (
                manager.aggtrade_futures_socket("BTCUSDT"),
                manager.kline_futures_socket("BTCUSDT", "1m"),
                manager.symbol_ticker_futures_socket("BTCUSDT"),
                manager.individual_symbol_ticker_futures_socket("BTCUSDT"),
                manager.futures_multiplex_socket(["btcusdt@aggTrade", "btcusdt@markPrice"]),
            ):
                async with socket as stream:
                    heard.append(await stream.recv())
    finally:
        await client.close_connection()

    trade, candle, touch, day, combined = heard
    assert (trade["data"]["e"], trade["data"]["s"]) == ("aggTrade", "BTCUSDT")
    assert candle["k"]["i"] == "1m"
    assert Decimal(touch["data"]["b"]) < Decimal(touch["data"]["a"])
    assert day["data"]["e"] == "24hrTicker"
    assert combined["stream"] in {"btcusdt@aggTrade", "btcusdt@markPrice"}
