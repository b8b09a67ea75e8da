"""Stream frames that no exchange should send.

Each is one that a careless reader believes, chokes on or dies of. None says anything true, so
a client that skips them all has missed nothing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

_PRINT = {
    "e": "aggTrade",
    "E": 1_790_000_000_123,
    "s": "BTCUSDT",
    "a": 7,
    "p": "1.00000000",
    "q": "1.00000000",
    "f": 7,
    "l": 7,
    "T": 1_790_000_000_120,
    "m": False,
    "M": True,
}


def _with(**changes: Any) -> bytes:
    event = {"stream": "btcusdt@aggTrade", "data": {**_PRINT, **changes}}
    return msgspec.json.encode(event)


GARBAGE: Mapping[str, bytes] = {
    "empty": b"",
    "not_json": b"{garbage",
    "cut_short": _with()[:-9],
    "not_an_object": b"[1,null,[]]",
    "wrong_types": _with(E="now", a="7", p=1.5, q=None, T=[]),
    "nan": _with(p="NaN").replace(b'"q":"1.00000000"', b'"q":NaN'),
    "infinite": _with(p="Infinity").replace(b'"q":"1.00000000"', b'"q":1e999'),
    "zero": _with(p="0.00000000"),
    "negative": _with(p="-1.00000000"),
    "deep": b'{"stream":"btcusdt@aggTrade","data":' + b"[" * 100_000,
    "lone_surrogate": _with().replace(b"BTCUSDT", b"BTC\\ud800USDT"),
    "huge_int": _with().replace(b'"a":7', b'"a":' + b"7" * 5_000),
    "unknown_event": _with(e="noSuchEvent"),
    "unknown_symbol": _with(s="NOSUCHUSDT").replace(b"btcusdt", b"nosuchusdt"),
}
"""By what is wrong with it."""

BAD_UTF8 = b'{"stream":"btcusdt@aggTrade","data":"\xff\xfe\xc3("}'
"""A text frame that is no text: a client must close with 1007."""


def huge_frame(size: int) -> bytes:
    """Return a frame of valid JSON, *size* bytes long."""
    begin, end = b'{"stream":"!huge","data":"', b'"}'
    return begin + b"x" * (size - len(begin) - len(end)) + end
