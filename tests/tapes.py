"""Tapes for tests, written as the archive and the desk write them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.feeds import START_MS

HOUR_MS = 3_600_000
PRINTS_NAME = "BTCUSDT-aggTrades-2026-09-21.csv"
CANDLES_NAME = "BTCUSDT-1h-2026-09.csv"
CANDLE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
PRINT_HEADER = (
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
)
TAPE_MS = START_MS - START_MS % HOUR_MS
"""Where test tapes begin: a full hour."""


def print_row(
    trade_id: int,
    price: str,
    *,
    at_ms: int | None = None,
    quantity: str = "1.5",
    last: str = "True,True",
) -> str:
    """Return one row of spot aggTrades; without a time, one second per id."""
    time_ms = TAPE_MS + trade_id * 1_000 if at_ms is None else at_ms
    return f"{trade_id},{price},{quantity},{trade_id * 2},{trade_id * 2 + 1},{time_ms},{last}"


def print_rows(prices: Sequence[str], first_id: int = 1) -> list[str]:
    """Return rows of spot aggTrades, a second apart."""
    return [print_row(first_id + number, price) for number, price in enumerate(prices)]


def candle_row(
    number: int,
    prices: tuple[str, str, str, str],
    *,
    length_ms: int = HOUR_MS,
    count: int = 10,
    volume: str = "12.5",
) -> str:
    """Return one row of klines: open, high, low, close of the candle with this number."""
    opens = TAPE_MS + number * length_ms
    figures = f"{volume},{opens + length_ms - 1},1250.0,{count},6.1,600.0,0"
    return f"{opens},{','.join(prices)},{figures}"


def candle_rows(candles: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Return rows of hourly klines that follow each other."""
    return [candle_row(number, prices) for number, prices in enumerate(candles)]


def write(path: Path, rows: Iterable[str]) -> Path:
    """Write lines, each with its end."""
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def frame(trade_id: int, price: str, symbol: str = "BTCUSDT") -> bytes:
    """Return a print as it comes off the stream."""
    data = {
        "e": "aggTrade",
        "E": TAPE_MS + trade_id * 1_000 + 3,
        "s": symbol,
        "a": trade_id,
        "p": price,
        "q": "1.5",
        "f": trade_id * 2,
        "l": trade_id * 2 + 1,
        "T": TAPE_MS + trade_id * 1_000,
        "m": True,
        "M": True,
    }
    return _combined(f"{symbol.lower()}@aggTrade", data)


def quote_frame(update_id: int, bid: str, ask: str, symbol: str = "BTCUSDT") -> bytes:
    """Return a touch as it comes off the stream."""
    data = {"u": update_id, "s": symbol, "b": bid, "B": "1.0", "a": ask, "A": "2.0"}
    return _combined(f"{symbol.lower()}@bookTicker", data)


def _combined(stream: str, data: object) -> bytes:
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()
