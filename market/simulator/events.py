"""Events of the streams, in the words of Binance's protocol; times are milliseconds UTC."""

from market.simulator.floor import Kline, Touch
from market.simulator.tape import Print
from market.simulator.words import RAW_AHEAD, Payload, Words


def agg_trade(symbol: str, words: Words, one: Print, now_ms: int) -> Payload:
    """Return an `aggTrade` event."""
    return {
        "e": "aggTrade",
        "E": now_ms,
        "s": symbol,
        "a": one.trade_id,
        "p": words.price(one.price),
        "q": words.quantity(one.quantity),
        "f": one.trade_id + RAW_AHEAD,
        "l": one.trade_id + RAW_AHEAD,
        "T": one.time_ms,
        "m": one.sold,
        "M": True,
    }


def trade(symbol: str, words: Words, one: Print, now_ms: int) -> Payload:
    """Return a `trade` event."""
    return {
        "e": "trade",
        "E": now_ms,
        "s": symbol,
        "t": one.trade_id + RAW_AHEAD,
        "p": words.price(one.price),
        "q": words.quantity(one.quantity),
        "T": one.time_ms,
        "m": one.sold,
        "M": True,
    }


def book_ticker(symbol: str, words: Words, touch: Touch, _: int) -> Payload:
    """Return a `bookTicker` event; on spot it names neither kind nor time."""
    return {
        "u": touch.update_id,
        "s": symbol,
        "b": words.price(touch.bid),
        "B": words.quantity(touch.bid_quantity),
        "a": words.price(touch.ask),
        "A": words.quantity(touch.ask_quantity),
    }


def mini_ticker(symbol: str, words: Words, day: Kline, now_ms: int) -> Payload:
    """Return a `24hrMiniTicker` event."""
    return {
        "e": "24hrMiniTicker",
        "E": now_ms,
        "s": symbol,
        "c": words.price(day.row.close),
        "o": words.price(day.row.open),
        "h": words.price(day.row.high),
        "l": words.price(day.row.low),
        "v": words.quantity(day.row.volume),
        "q": words.value(day.row.value),
    }


def kline(symbol: str, words: Words, interval: str, kline: Kline, now_ms: int) -> Payload:
    """Return a `kline` event."""
    row, some = kline.row, kline.trades > 0
    return {
        "e": "kline",
        "E": now_ms,
        "s": symbol,
        "k": {
            "t": kline.open_ms,
            "T": kline.end_ms - 1,
            "s": symbol,
            "i": interval,
            "f": kline.first_id + RAW_AHEAD if some else -1,
            "L": kline.last_id + RAW_AHEAD if some else -1,
            "o": words.price(row.open),
            "c": words.price(row.close),
            "h": words.price(row.high),
            "l": words.price(row.low),
            "v": words.quantity(row.volume),
            "n": kline.trades,
            "x": now_ms >= kline.end_ms,
            "q": words.value(row.value),
            "V": words.quantity(row.bought),
            "Q": words.value(row.bought_value),
            "B": "0",
        },
    }
