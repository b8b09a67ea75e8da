"""Rows of REST answers, in the words of Binance's protocol; times are milliseconds UTC."""

from typing import Any

from market.simulator.floor import Floor, Kline, Touch
from market.simulator.listings import Listing
from market.simulator.tape import Print
from market.simulator.words import RAW_AHEAD, UNIT, Payload, Words, fixed


def agg_trade(words: Words, one: Print) -> Payload:
    """Return a row of `aggTrades`."""
    return {
        "a": one.trade_id,
        "p": words.price(one.price),
        "q": words.quantity(one.quantity),
        "f": one.trade_id + RAW_AHEAD,
        "l": one.trade_id + RAW_AHEAD,
        "T": one.time_ms,
        "m": one.sold,
        "M": True,
    }


def trade(words: Words, one: Print) -> Payload:
    """Return a row of `trades`."""
    return {
        "id": one.trade_id + RAW_AHEAD,
        "price": words.price(one.price),
        "qty": words.quantity(one.quantity),
        "quoteQty": words.value(one.price * one.quantity),
        "time": one.time_ms,
        "isBuyerMaker": one.sold,
        "isBestMatch": True,
    }


def kline(words: Words, kline: Kline) -> list[Any]:
    """Return a row of `klines`."""
    row = kline.row
    return [
        kline.open_ms,
        words.price(row.open),
        words.price(row.high),
        words.price(row.low),
        words.price(row.close),
        words.quantity(row.volume),
        kline.end_ms - 1,
        words.value(row.value),
        kline.trades,
        words.quantity(row.bought),
        words.value(row.bought_value),
        "0",
    ]


def window(symbol: str, words: Words, window: Kline) -> Payload:
    """Return what `ticker` and `ticker/24hr` with `type=MINI` say of a symbol."""
    row, some = window.row, window.trades > 0
    return {
        "symbol": symbol,
        "openPrice": words.price(row.open),
        "highPrice": words.price(row.high),
        "lowPrice": words.price(row.low),
        "lastPrice": words.price(row.close),
        "volume": words.quantity(row.volume),
        "quoteVolume": words.value(row.value),
        "openTime": window.open_ms,
        "closeTime": window.end_ms - 1,
        "firstId": window.first_id + RAW_AHEAD if some else -1,
        "lastId": window.last_id + RAW_AHEAD if some else -1,
        "count": window.trades,
    }


def change(words: Words, window: Kline) -> Payload:
    """Return what the full rows of `ticker` add."""
    row = window.row
    change = row.close - row.open
    return {
        "priceChange": words.price(change),
        "priceChangePercent": f"{100 * change / row.open:.3f}",
        "weightedAvgPrice": words.average(row.value, row.volume),
    }


def touch(symbol: str, words: Words, touch: Touch) -> Payload:
    """Return a row of `ticker/bookTicker`."""
    return {
        "symbol": symbol,
        "bidPrice": words.price(touch.bid),
        "bidQty": words.quantity(touch.bid_quantity),
        "askPrice": words.price(touch.ask),
        "askQty": words.quantity(touch.ask_quantity),
    }


def rate_limits(*limits: tuple[str, str, int, int]) -> list[Payload]:
    """Return what `exchangeInfo` tells of limits: kind, interval, how many of it, limit."""
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return [dict(zip(names, limit, strict=True)) for limit in limits]


def symbol_info(exchange: Floor, symbol: str) -> Payload:
    """Return a symbol's entry of `exchangeInfo`."""
    listing = exchange.rules(symbol)
    return {
        "symbol": symbol,
        "status": exchange.status(symbol),
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(listing: Listing) -> list[Payload]:
    tick, step = fixed(listing.tick), fixed(listing.step)
    top = 10 ** len(str(int(listing.price)))
    most = max(1, int(2_000_000 / listing.price)) if listing.quote == "USDT" else 100_000
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": fixed(top * 10 * UNIT),
            "tickSize": tick,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": step,
            "maxQty": fixed(most * 10 * UNIT),
            "stepSize": step,
        },
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": fixed(0),
            "maxQty": fixed(most * UNIT),
            "stepSize": fixed(0),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": fixed(5 * UNIT if listing.quote == "USDT" else UNIT // 10_000),
            "applyMinToMarket": True,
            "maxNotional": fixed(9_000_000 * UNIT),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
