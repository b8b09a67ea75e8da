"""Rows of the futures' REST answers, in the words of Binance's protocol; times are ms UTC."""

from typing import Any

from market.simulator import rows
from market.simulator.floor import Kline
from market.simulator.funding import CAP, HOUR_MS, Funding, Settlement
from market.simulator.futures import FuturesFloor, MarkKline, Premium
from market.simulator.perpetuals import NEVER_DELIVERED_MS, Perpetual
from market.simulator.tape import Print
from market.simulator.words import UNIT, Payload, Words, fixed, written

USUAL_INTERVAL_H = 8
"""Hours between settlements that need no mention."""


def agg_trade(words: Words, one: Print) -> Payload:
    """Return a row of `aggTrades`."""
    row = rows.agg_trade(words, one)
    del row["M"]
    return row | {"nq": row["q"]}


def trade(words: Words, one: Print) -> Payload:
    """Return a row of `trades`."""
    row = rows.trade(words, one)
    del row["isBestMatch"]
    return row


def mark_kline(kline: MarkKline) -> list[Any]:
    """Return a row of `markPriceKlines` or `indexPriceKlines`."""
    prices = [fixed(price) for price in kline.bar]
    return [kline.open_ms, *prices, "0", kline.end_ms - 1, "0", kline.seconds, "0", "0", "0"]


def day(symbol: str, words: Words, day: Kline, last: Print) -> Payload:
    """Return a row of `ticker/24hr`."""
    return {
        **rows.window(symbol, words, day),
        **rows.change(words, day),
        "lastQty": words.quantity(last.quantity),
    }


def premium(symbol: str, told: Premium, interest: int, now_ms: int) -> Payload:
    """Return a row of `premiumIndex`.

    Its `lastFundingRate` is, whatever its name says, what the next settlement looks like now.
    """
    return {
        "symbol": symbol,
        "markPrice": fixed(told.mark),
        "indexPrice": fixed(told.spot),
        "estimatedSettlePrice": fixed(told.spot),
        "lastFundingRate": fixed(told.rate),
        "interestRate": fixed(interest),
        "nextFundingTime": told.due_ms,
        "time": now_ms,
    }


def settlement(symbol: str, one: Settlement, rate: int, mark: int) -> Payload:
    """Return a row of `fundingRate`."""
    return {
        "symbol": symbol,
        "fundingTime": one.time_ms,
        "fundingRate": fixed(rate),
        "markPrice": fixed(mark),
        "rateType": "NORMAL",
    }


def funding_info(symbol: str, funding: Funding) -> Payload:
    """Return a row of `fundingInfo`."""
    return {
        "symbol": symbol,
        "adjustedFundingRateCap": fixed(CAP),
        "adjustedFundingRateFloor": fixed(-CAP),
        "fundingIntervalHours": funding.interval_ms // HOUR_MS,
        "disclaimer": False,
    }


def symbol_info(floor: FuturesFloor, symbol: str) -> Payload:
    """Return a symbol's entry of `exchangeInfo`."""
    listing = floor.perpetual(symbol)
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_DELIVERED_MS,
        "onboardDate": floor.tape(symbol).first_ms,
        "status": floor.status(symbol),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": listing.price_decimals,
        "quantityPrecision": listing.step_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(listing, floor.rules(symbol).tick),
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _filters(listing: Perpetual, tick: int) -> list[Payload]:
    decimals = max(listing.price_decimals, listing.tick_decimals)
    grid = written(tick * 10**decimals // UNIT, decimals)
    step = written(1, listing.step_decimals)
    most = max(10, int(20_000_000 / listing.price))
    top = 10 ** (len(str(int(listing.price))) + 1)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": grid,
            "maxPrice": str(top),
            "tickSize": grid,
        },
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": str(most), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": step,
            "maxQty": str(most // 10),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": str(listing.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
    ]
