"""Frames in every shape Binance sends, and what becomes of them on a very bad day."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from tests.feeds import START_MS

FIRST_ID = 700_000_001
DEEP = 3_000
"""Levels of nesting, far beyond what a decoder follows."""
LONG = 100_000
"""Characters of a very long string."""

SHAPES: dict[str, str] = {
    "aggTrade": """{"e":"aggTrade","E":1790000000123,"s":"","a":0,"p":"141.2700","q":"3.1100",
        "f":900000010,"l":900000012,"T":1790000000120,"m":false,"M":true}""",
    "trade": """{"e":"trade","E":1790000000123,"s":"","t":900000010,"p":"141.2700","q":"1.0000",
        "T":1790000000120,"m":false,"M":true}""",
    "bookTicker": """{"u":0,"s":"","b":"141.26000000","B":"12.30","a":"141.27","A":"4.0"}""",
    "miniTicker": """{"e":"24hrMiniTicker","E":1790000000500,"s":"","c":"141.27","o":"139.80",
        "h":"143.00","l":"138.10","v":"2500000.0","q":"351000000.0"}""",
    "kline_1m": """{"e":"kline","E":1790000040004,"s":"","k":{"t":1789999980000,
        "T":1790000039999,"s":"","i":"1m","f":900000000,"L":900000040,"o":"141.00",
        "c":"141.27","h":"141.30","l":"140.95","v":"512.4","n":41,"x":true,"q":"72300.5",
        "V":"260.1","Q":"36700.2","B":"0"}}""",
    "avgPrice": """{"e":"avgPrice","E":1790000001000,"s":"","i":"5m","w":"141.10420000",
        "T":1790000000998}""",
    "ticker": """{"e":"24hrTicker","E":1790000000500,"s":"","p":"1.4","P":"1.05","w":"140.9",
        "x":"139.8","c":"141.27","Q":"0.5","b":"141.26","B":"12.3","a":"141.27","A":"4.0",
        "o":"139.8","h":"143","l":"138.1","v":"2500000","q":"351000000","O":1789913600500,
        "C":1790000000500,"F":899000000,"L":900000012,"n":1000013}""",
    "depth": """{"e":"depthUpdate","E":1790000000123,"s":"","U":157,"u":160,
        "b":[["141.26","10"]],"a":[["141.27","0.00000000"]]}""",
}
"""Data of a combined frame by stream; symbol and numbers are filled in."""

UNASKED = (
    '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1790000000000}}',
    '{"e":"serverShutdown","E":1790000000000}',
    '{"result":null,"id":7}',
    '{"result":["btcusdt@aggTrade"],"id":"x-1"}',
    '{"error":{"code":2,"msg":"Invalid request"},"id":3}',
    '{"code":4,"msg":"Too many subscriptions","id":19}',
)


class Exchange:
    """Says the truth, print after print."""

    def __init__(self, symbols: tuple[str, ...], chance: Random) -> None:
        """Trade in *symbols*."""
        self.newest = dict.fromkeys(symbols, FIRST_ID - 1)
        """Aggregate-trade id of each symbol's last print."""
        self._symbols = symbols
        self._chance = chance
        self._count = 0
        shapes = {name: json.loads(text) for name, text in SHAPES.items()}
        self._shapes = [*shapes.items(), *(4 * [("aggTrade", shapes["aggTrade"])])]
        self._unasked = [json.loads(text) for text in UNASKED]

    def frame(self) -> dict[str, Any]:
        """Return the next frame, before it is written as JSON."""
        self._count += 1
        if self._chance.random() < 0.03:
            return deepcopy(self._chance.choice(self._unasked))
        symbol = self._chance.choice(self._symbols)
        name, shape = self._chance.choice(self._shapes)
        data = {**shape, "s": symbol}
        if name == "aggTrade":
            self.newest[symbol] += 1
            data |= {"a": self.newest[symbol], "E": START_MS + self._count}
        elif name == "bookTicker":
            data["u"] = self._count
        elif name == "kline_1m":
            data["k"] = {**shape["k"], "s": symbol}
        return {"stream": f"{symbol.lower()}@{name}", "data": data}


def written(frame: dict[str, Any]) -> bytes:
    """Return a frame as it travels."""
    return json.dumps(frame, separators=(",", ":")).encode()


# -- what may go wrong ------------------------------------------------------------------------

_RAW = "@raw:"
"""Marks a string that stands in the frame without its quotes."""
_JSON = json.JSONDecoder()
_NUMBERS = frozenset("abchlopqv")
"""Fields that hold prices and sizes; in a touch `a` is the ask."""

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**40),
    *("", "0", "0.00000000", "-5", "+5", "5.", ".5", " 5", "5\n", "1_000", "٣", "5,0", "0x10"),
    *("NaN", "Infinity", "-Infinity", "1e999", "1e5", "0.000000001", "9999999999", "1" * 40),
    *("\ud800", "\u202e", "\x1b[2J", "\0", "BTCUSDT", "XRPUSDT", "btcusdt", "GRÜßE", "A" * 99),
    *(_RAW + token for token in ("[]", "{}", '["1"]', '{"p":"1"}', "[" * 50 + "]" * 50)),
    *(_RAW + token for token in ("NaN", "Infinity", "-Infinity", "1e999", "1E5", "01", "'1'")),
    _RAW + "9" * 400,
)
"""Values that stand where another was expected."""
_PLAIN = 30
"""How many of them are plain JSON."""
HEAVY: tuple[str, ...] = (
    *("7" * LONG, "\ud83d" * 500, _RAW + "9" * 5_000),
    *(
        _RAW + "[" * DEEP + "]" * DEEP,
        _RAW + '{"a":' * DEEP + "1" + "}" * DEEP,
        _RAW + "[" * DEEP,
    ),
)
"""The same, but too slow to come often."""
BAD_TEXT = (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\0")
"""What is no UTF-8, or has no place in JSON."""


def mutated(frame: dict[str, Any], chance: Random) -> bytes:
    """Return *frame* as it travels with one to three things gone wrong; it may be changed."""
    times = chance.choice((1, 1, 1, 2, 3))
    by_value = chance.random() < 0.6
    if by_value:
        for _ in range(times):
            chance.choice(_IN_VALUES)(_part(frame, chance), chance)
    text = _unquoted(written(frame))
    if not by_value:
        for _ in range(times):
            text = chance.choice(_IN_BYTES)(text, chance)
    return text


def _part(frame: dict[str, Any], chance: Random) -> dict[str, Any]:
    """Choose an object of the frame to spoil: mostly the innermost one."""
    part = frame
    while True:
        inner = [value for value in part.values() if isinstance(value, dict) and value]
        if not inner or chance.random() < 0.1:
            return part
        part = inner[0]


def _replace(part: dict[str, Any], chance: Random) -> None:
    values = HEAVY if chance.random() < 0.002 else NASTY
    part[_key(part, chance)] = chance.choice(values)


def _misprice(part: dict[str, Any], chance: Random) -> None:
    """Put nonsense where a price or a size stands."""
    key = chance.choice([key for key in part if key in _NUMBERS] or list(part))
    part[key] = chance.choice(NASTY)


def _remove(part: dict[str, Any], chance: Random) -> None:
    del part[_key(part, chance)]
    part.setdefault("", None)


def _swap(part: dict[str, Any], chance: Random) -> None:
    one, other = _key(part, chance), _key(part, chance)
    part[one], part[other] = part[other], part[one]


def _retype(part: dict[str, Any], chance: Random) -> None:
    key = _key(part, chance)
    value = part[key]
    part[key] = _RAW + value if isinstance(value, str) else str(value)


def _shift(part: dict[str, Any], chance: Random) -> None:
    """Change a number a little or a lot: it stays a number."""
    key = _key(part, chance)
    if isinstance(part[key], int):
        part[key] += chance.choice((-1, 1, 2, 50, 10**6, -(10**12)))


def _repeat(part: dict[str, Any], chance: Random) -> None:
    """Say a key twice, with another value the first time."""
    key = _key(part, chance)
    name, wrong = json.dumps(key), json.dumps(chance.choice(NASTY[:_PLAIN]))
    items = list(part.items())
    part.clear()
    for other, value in items:
        part[f"{_RAW}{name}:{wrong},{name}" if other == key else other] = value


def _key(part: dict[str, Any], chance: Random) -> str:
    return str(chance.choice(list(part)))


def _unquoted(frame: bytes) -> bytes:
    text = frame.decode("ascii")
    while (start := text.find(f'"{_RAW}')) >= 0:
        raw, end = _JSON.raw_decode(text, start)
        text = text[:start] + raw.removeprefix(_RAW) + text[end:]
    return text.encode("utf-8", "surrogatepass")


def _flip(text: bytes, chance: Random) -> bytes:
    spoilt = bytearray(text)
    for _ in range(chance.randint(1, 3)):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(text: bytes, chance: Random) -> bytes:
    return text[: chance.randint(0, len(text))]


def _lose(text: bytes, chance: Random) -> bytes:
    start = chance.randint(0, len(text))
    return text[:start] + text[start + chance.randint(1, 20) :]


def _double(text: bytes, chance: Random) -> bytes:
    start = chance.randint(0, len(text))
    return text[: start + chance.randint(1, 20)] + text[start:]


def _insert(text: bytes, chance: Random) -> bytes:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(BAD_TEXT) + text[at:]


def _noise(text: bytes, chance: Random) -> bytes:
    return chance.randbytes(chance.randint(0, len(text)))


_IN_VALUES: tuple[Callable[[dict[str, Any], Random], None], ...] = (
    *(
        _misprice,
        _misprice,
        _misprice,
        _replace,
        _replace,
        _remove,
        _swap,
        _retype,
        _shift,
        _repeat,
    ),
)
_IN_BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _flip, _cut, _lose, _double, _insert, _noise),
)
