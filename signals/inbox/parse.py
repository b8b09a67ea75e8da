"""Messages as JSON, JSON lines and CSV, read into raw signals.

Each message is read on its own: a bad one becomes its refusal and its neighbours stand. What
breaks the delivery as a whole (too large, not JSON, quotes that never close) refuses all of it,
so that a delivery is never taken by half.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from signals.errors import SignalRejected
from signals.validate import RawSignal

MAX_MESSAGE: Final = 4_096
"""Characters in one message."""
MAX_ROWS: Final = 20_000
"""Messages in one delivery."""
MAX_FILE_BYTES: Final = 16_000_000
"""Bytes of a file, or characters of a text, read in one go."""

Parsed = RawSignal | SignalRejected
"""A message, or why it is none."""

_KEYS: Final = {
    "symbol": ("symbol", "ticker", "pair", "instrument", "tvinstrument", "coin"),
    "direction": ("direction", "signaltype", "side", "action", "signal", "sentiment"),
    "position": ("marketposition",),
    "entry": (
        *("entry", "entryprice", "entries", "entryzone", "limitprice", "price"),
        *("triggerprice", "openrate", "close"),
    ),
    "stop": ("sl", "stop", "stoploss", "stopprice"),
    "score": ("score", "confidence"),
    "timeframe": ("timeframe", "tf", "interval"),
    "market": ("market", "markettype"),
    "leverage": ("leverage", "lev"),
    "source": ("source", "strategy"),
    "id": ("id", "uuid", "alertid"),
    "time": ("time", "timenow", "timestamp"),
    "note": ("note", "comment", "description", "reason"),
}
"""What messages call our fields, the best word first, in the form of `_key`."""
_TARGETS: Final = ("tp", "takeprofit", "target", "targets", *(f"tp{n}" for n in range(1, 11)))


def parse_json(text: str) -> list[Parsed]:
    """Read one JSON object, a list of them, or one object a line.

    Returns:
        One entry per message, in order.

    Raises:
        SignalRejected: If the text as a whole is not JSON, or too much of it.
    """
    if len(text) > MAX_FILE_BYTES:
        raise _too_large(f"The text is longer than {MAX_FILE_BYTES // 1_000_000} MB")
    text = text.removeprefix("\ufeff").strip()
    if text.startswith("["):
        found = _load(text)
        messages = found if isinstance(found, list) else [found]
        return _limited(_raw_or_refusal(message) for message in messages)
    lines = [line for line in text.split("\n") if line.strip()]
    if not any(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        lines = [text]
        _load_message(text)
    return _limited(map(_parse_message, lines))


def read_csv(stream: TextIO) -> Iterator[tuple[int, Parsed]]:
    """Read CSV with a header; columns are parted by comma, semicolon, tab or bar.

    Args:
        stream: Opened with ``newline=""``.

    Yields:
        Each row with the number of the line it began on.

    Raises:
        SignalRejected: If columns are missing or double, the quoting is broken, or there are
            too many rows; none of the rows is to be used then.
    """
    lines = _without_nul(stream)
    header = next(lines, "").removeprefix("\ufeff")
    separator = max(",;\t|", key=header.count)
    columns = _columns(next(_rows([header], separator), []))
    line = 2
    taken = 0
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while (cells := _next_row(rows, line)) is not None:
        if any(map(str.strip, cells)):
            taken += 1
            if taken > MAX_ROWS:
                raise _too_large(f"The file has more than {MAX_ROWS} rows")
            yield line, _parse_row(columns, cells)
        line = rows.line_num + 2


def _load(text: str) -> object:
    try:
        # Numbers stay text: no float ever touches a price, and no digit run is computed.
        return json.loads(
            text,
            parse_float=str,
            parse_int=str,
            parse_constant=str,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as exc:
        raise SignalRejected("bad_json", f"This is not JSON: {exc}.") from exc
