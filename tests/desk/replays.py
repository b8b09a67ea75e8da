"""Tapes and signals for replays, in short words."""

import json
from decimal import Decimal
from pathlib import Path

from desk.machine import dumps, trade_json
from desk.replay.run import ReplayResult
from desk.replay.signals import Ideas, read_ideas
from tests.tapes import (
    CANDLES_NAME,
    PRINTS_NAME,
    TAPE_MS,
    candle_rows,
    print_rows,
    write,
)

D = Decimal


def idea(direction: str = "LONG", **changes: object) -> dict[str, object]:
    """Return a signal as a file says it: 100, stop 95, target 110, at the tape's beginning."""
    prices: dict[str, object] = {"entry": "100", "sl": "95", "tp": ["110"]}
    if direction == "SHORT":
        prices = {"entry": "100", "sl": "105", "tp": ["90"]}
    return {"symbol": "BTCUSDT", "direction": direction} | prices | changes


def ideas(*found: dict[str, object]) -> Ideas:
    return read_ideas(json.dumps(found), "json")


def after_ms(milliseconds: int) -> str:
    return str(TAPE_MS + milliseconds)


def candle_tape(folder: Path, *candles: tuple[str, str, str, str]) -> Path:
    return write(folder / CANDLES_NAME, candle_rows(candles))


def print_tape(folder: Path, *prices: str) -> Path:
    """Return a tape of prints; the first has id 1 and comes a second after `TAPE_MS`."""
    return write(folder / PRINTS_NAME, print_rows(prices))


def as_json(result: ReplayResult) -> str:
    prices = result.last_prices
    return dumps([trade_json(trade, prices.get(trade.symbol)) for trade in result.trades])
