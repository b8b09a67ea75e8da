"""Events of the futures streams, in the words of Binance's protocol; times are ms UTC."""

from market.simulator import events
from market.simulator.floor import Kline, Touch
from market.simulator.futures import Premium
from market.simulator.tape import Print
from market.simulator.words import RAW_AHEAD, Payload, Words, fixed

_USD_M = 1
"""The family of contracts, among those that share these streams."""


def agg_trade(symbol: str, words: Words, one: Print, now_ms: int) -> Payload:
    """Return an `aggTrade` event."""
    event = events.agg_trade(symbol, words, one, now_ms)
    del event["M"]
    return event | {"nq": event["q"], "st": _USD_M}


def trade(symbol: str, words: Words, one: Print, now_ms: int) -> Payload:
    """Return a `trade` event."""
    event = events.trade(symbol, words, one, now_ms)
    del event["M"]
    return event | {"X": "MARKET", "st": _USD_M}


def book_ticker(symbol: str, words: Words, touch: Touch, now_ms: int) -> Payload:
    """Return a `bookTicker` event; on futures it names its kind and times."""
    event = events.book_ticker(symbol, words, touch, now_ms)
    return {"e": "bookTicker", "E": now_ms, "T": now_ms, **event, **_family(symbol)}


def mini_ticker(symbol: str, words: Words, day: Kline, now_ms: int) -> Payload:
    """Return a `24hrMiniTicker` event."""
    return events.mini_ticker(symbol, words, day, now_ms) | _family(symbol)


def ticker(symbol: str, words: Words, day: Kline, now_ms: int) -> Payload:
    """Return a `24hrTicker` event."""
    row, some = day.row, day.trades > 0
    return {
        **events.mini_ticker(symbol, words, day, now_ms),
        "e": "24hrTicker",
        "p": words.price(row.close - row.open),
        "P": f"{100 * (row.close - row.open) / row.open:.3f}",
        "w": words.average(row.value, row.volume),
        "O": day.open_ms,
        "C": day.end_ms - 1,
        "F": day.first_id + RAW_AHEAD if some else -1,
        "L": day.last_id + RAW_AHEAD if some else -1,
        "n": day.trades,
        **_family(symbol),
    }


def kline(symbol: str, words: Words, interval: str, kline: Kline, now_ms: int) -> Payload:
    """Return a `kline` event."""
    return events.kline(symbol, words, interval, kline, now_ms) | _family(symbol)


def continuous_kline(
    symbol: str, words: Words, interval: str, kline: Kline, now_ms: int
) -> Payload:
    """Return a `continuous_kline` event of a pair's perpetual."""
    candle = events.kline(symbol, words, interval, kline, now_ms)["k"]
    del candle["s"]
    return {
        "e": "continuous_kline",
        "E": now_ms,
        "ps": symbol,
        "ct": "PERPETUAL",
        "k": candle,
        "st": _USD_M,
    }


def mark_price(symbol: str, premium: Premium) -> Payload:
    """Return a `markPriceUpdate` event."""
    return {
        "e": "markPriceUpdate",
        "E": premium.time_ms,
        "s": symbol,
        "p": fixed(premium.mark),
        "i": fixed(premium.spot),
        "P": fixed(premium.spot),
        "r": fixed(premium.rate),
        "T": premium.due_ms,
        "st": _USD_M,
    }


def _family(symbol: str) -> Payload:
    return {"st": _USD_M, "ps": symbol}
