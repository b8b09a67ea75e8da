"""Messages as JSON, JSON lines and CSV, read into raw signals.

Each message is read on its own: a bad one becomes its refusal and its neighbours stand. What
breaks the delivery as a whole (too large, not JSON, quotes that never close) refuses all of it,
so that a delivery is never taken by half.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TextIO, TypeVar

from signals.errors import SignalRejected
from signals.validate import RawSignal
from signals.words import shown

MAX_MESSAGE: Final = 4_096
"""Characters in one message."""
MAX_ROWS: Final = 20_000
"""Messages in one delivery."""
MAX_FILE_BYTES: Final = 16_000_000
"""Bytes of a file, or characters of a text, read in one go."""

Parsed = RawSignal | SignalRejected
"""A message, or why it is none."""
_Message = TypeVar("_Message")

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
_REQUIRED: Final = {
    **{name: _KEYS[name] for name in ("symbol", "direction", "entry")},
    "sl": _KEYS["stop"],
    "tp": _TARGETS,
}
"""Columns that a CSV file must have, by the word that asks for them."""


def parse_json(text: str) -> list[Parsed]:
    """Read one JSON object, a list of them, or one object a line.

    Returns:
        One entry per message, in order.

    Raises:
        SignalRejected: If there is no message, too much text, or a list that is not JSON.
    """
    if len(text) > MAX_FILE_BYTES:
        raise _too_much(
            f"The text is longer than {MAX_FILE_BYTES // 1_000_000} million letters"
        )
    text = text.removeprefix("\ufeff").strip()
    if not text:
        raise SignalRejected("bad_json", "There is no message.")
    if text.startswith("["):
        return [_or_refusal(_raw, message) for message in _limited(_load_list(text))]
    lines = [stripped for line in text.split("\n") if (stripped := line.strip())]
    # An object may also be written over many lines; none of those is an object by itself.
    if not any(line.startswith("{") and line.endswith("}") for line in lines):
        lines = [text]
    return [_or_refusal(_raw_line, line) for line in _limited(lines)]


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
    columns = _columns(_next_row(csv.reader([header], delimiter=separator, strict=True), 1))
    read = partial(_raw_row, columns)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    taken = 0
    line = 2
    while (cells := _next_row(rows, line)) is not None:
        if any(map(str.strip, cells)):
            taken += 1
            if taken > MAX_ROWS:
                raise _too_much(f"The file has more than {MAX_ROWS:,} rows")
            yield line, _or_refusal(read, cells)
        line = rows.line_num + 2


def _load(text: str) -> object:
    try:
        # Numbers stay text: no float touches a price, and no endless digit run is computed.
        return json.loads(
            text,
            parse_float=str,
            parse_int=str,
            parse_constant=str,
            object_pairs_hook=_fields,
        )
    except (ValueError, RecursionError) as exc:
        raise SignalRejected("bad_json", f"This is not JSON: {exc}.") from exc


def _load_list(text: str) -> list[object]:
    found = _load(text)
    # What begins with a bracket and is JSON is a list.
    return found if isinstance(found, list) else [found]


def _fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Name the fields by `_key`; the same name twice is two answers to one question."""
    fields: dict[str, object] = {}
    for name, value in pairs:
        key = _key(name)
        if key in fields:
            raise SignalRejected("bad_json", f"The key {shown(name)} is there twice.")
        fields[key] = value
    return fields


def _or_refusal(read: Callable[[_Message], RawSignal], message: _Message) -> Parsed:
    try:
        return read(message)
    except SignalRejected as exc:
        return exc


def _raw_line(line: str) -> RawSignal:
    _check_length(line)
    return _raw(_load(line))


def _raw_row(columns: list[str], cells: list[str]) -> RawSignal:
    _check_length("".join(cells))
    if len(cells) != len(columns):
        raise SignalRejected(
            "bad_csv", f"The row has {len(cells)} columns, the header {len(columns)}."
        )
    return _raw(dict(zip(columns, cells, strict=True)))


def _raw(fields: object) -> RawSignal:
    if not isinstance(fields, dict):
        raise SignalRejected("bad_json", "A message must be a JSON object: {…}.")
    texts = {name: _text(name, _first(fields, keys)) for name, keys in _KEYS.items()}
    return RawSignal(targets=tuple(_target_texts(fields)), **texts)


def _first(fields: dict[str, object], keys: Iterable[str]) -> object:
    said = (value for key in keys if (value := fields.get(key)) is not None)
    return next((value for value in said if value != ""), "")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SignalRejected("bad_value", f"The {name} must be one text or one number.")
    _check_length(value)
    return value


def _target_texts(fields: dict[str, object]) -> Iterator[str]:
    """Yield targets from lists, ``tp1`` … ``tp10``, and texts like ``65600 / 67000``."""
    for key in _TARGETS:
        value = fields.get(key) or ""
        for one in value if isinstance(value, list) else [value]:
            yield from filter(None, re.split(r"[/|;\s]+|,\s+", _text("target", one)))


def _columns(header: list[str] | None) -> list[str]:
    columns = list(map(_key, header or []))
    missing = [
        word for word, keys in _REQUIRED.items() if not any(key in columns for key in keys)
    ]
    if missing:
        raise SignalRejected(
            "bad_csv",
            f"The header lacks {', '.join(missing)}; it must read like "
            "symbol,direction,entry,sl,tp.",
        )
    double = [name for name, count in Counter(filter(None, columns)).items() if count > 1]
    if double:
        raise SignalRejected("bad_csv", f"The header has {', '.join(double)} twice.")
    return columns


def _next_row(rows: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as exc:
        raise SignalRejected(
            "bad_csv", f"Line {line} cannot be read as CSV ({exc}); nothing was taken."
        ) from exc


def _without_nul(stream: TextIO) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line:
            raise SignalRejected(
                "bad_csv", f"Line {number} holds a NUL character; this is not a text file."
            )
        yield line


def _limited(messages: list[_Message]) -> list[_Message]:
    if len(messages) > MAX_ROWS:
        raise _too_much(f"There are more than {MAX_ROWS:,} messages")
    return messages


def _too_much(what: str) -> SignalRejected:
    return SignalRejected("too_many", f"{what}; nothing was taken. Send it in parts.")


def _check_length(message: str) -> None:
    if len(message) > MAX_MESSAGE:
        raise SignalRejected("too_long", f"The message is longer than {MAX_MESSAGE} letters.")


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
