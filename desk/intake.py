"""Signals from outside: read, judged one by one, stored together, answered in JSON.

A good row is kept whatever its neighbours are; every refused row is named with its reason.
"""

import asyncio
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from desk.machine import signal_json
from desk.session import Session
from engine.errors import Refused
from engine.model import Signal
from market.errors import MarketError
from signals.errors import SignalRejected
from signals.inbox.parse import parse_json, read_csv
from signals.symbols import find_instrument
from signals.validate import RawSignal, validate

ROWS_AT_ONCE = 100
MAX_PRICE_QUESTIONS = 20
"""Symbols not on screen whose price is asked for, to judge one delivery."""

Row = tuple[int, RawSignal | SignalRejected]


async def take_signals(session: Session, text: str, form: str) -> dict[str, Any]:
    """Read signals from text and put the good ones into the table.

    Args:
        session: The running desk.
        text: One delivery, as it came.
        form: ``json`` (also JSON lines) or ``csv``.

    Returns:
        ``signals``: stored or already known ones; ``added``: how many were new;
        ``refused``: line and reason of every row that was not taken.

    Raises:
        Refused: If the delivery as a whole cannot be read.
        StoreError: If nothing can be stored; nothing is, then.
    """
    try:
        rows = _rows(text, form)
    except SignalRejected as exc:
        raise Refused("bad_signal", str(exc)) from exc
    if not session.instruments:
        raise Refused("no_rules", "The exchange's symbols are not known yet; try again.")
    taken, refused = await _judge(session, rows)
    new = await session.signals.add(taken)
    return {
        "signals": [signal_json(signal) for signal in taken],
        "added": len(new),
        "refused": refused,
    }


def _rows(text: str, form: str) -> list[Row]:
    if form == "csv":
        return list(read_csv(io.StringIO(text, newline="")))
    return list(enumerate(parse_json(text), start=1))


async def _judge(
    session: Session, rows: Iterable[Row]
) -> tuple[list[Signal], list[dict[str, Any]]]:
    prices: dict[str, Decimal | None] = {}
    taken, refused = [], []
    for count, (line, row) in enumerate(rows):
        if count % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)  # a large file must not stop the prices
        try:
            if isinstance(row, SignalRejected):
                raise row
            symbol = find_instrument(row.symbol, session.instruments).symbol
            taken.append(
                validate(
                    row,
                    instruments=session.instruments,
                    now_ms=session.now_ms,
                    last=await _last_price(session, symbol, prices),
                )
            )
        except SignalRejected as exc:
            refused.append({"line": line, "error": exc.code, "message": str(exc)})
    return taken, refused


async def _last_price(
    session: Session, symbol: str, asked: dict[str, Decimal | None]
) -> Decimal | None:
    price = session.feed.board[symbol]
    if price.live and price.last is not None:
        return price.last
    if symbol not in asked and len(asked) < MAX_PRICE_QUESTIONS:
        try:
            candles = await session.candles(symbol, "1m", 1)
            asked[symbol] = candles[-1].close if candles else None
        except MarketError:
            asked[symbol] = None
    return asked.get(symbol)
